//! The probe's answer as sections: which command said what, and how it ended.

use std::collections::BTreeMap;

use crate::domain::{Fault, Shown};

/// What one command said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    pub lines: Vec<String>,
    /// Its exit status.
    pub code: i32,
}

impl Section {
    /// The last line that says something: where a command failed, that is why.
    pub fn last_words(&self) -> Shown {
        self.lines
            .iter()
            .rev()
            .map(|line| line.trim())
            .find(|line| !line.is_empty())
            .map(Shown::line)
            .unwrap_or_default()
    }

    pub fn first_line(&self) -> &str {
        self.lines.first().map_or("", |line| line.trim())
    }
}

/// All sections, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sections(BTreeMap<String, Section>);

impl Sections {
    pub fn get(&self, name: &str) -> Option<&Section> {
        self.0.get(name)
    }

    /// A section whose command ended well; else why there is nothing to read.
    pub fn sound(&self, name: &str, tool: &str) -> Result<&Section, Fault> {
        match self.0.get(name) {
            None => Err(Fault::new(format!("the probe did not answer `{name}` to its end"))),
            Some(section) if section.code == 0 => Ok(section),
            Some(section) => Err(failed(section, tool)),
        }
    }
}

impl Sections {
    /// The same of a command that needs root: where the login may not run it, the mend says how to allow it.
    pub fn rooted(&self, name: &str, tool: &str, what: &str) -> Result<&Section, Fault> {
        match self.0.get(name) {
            Some(section) if section.code == 77 => Err(needs_root(what)),
            Some(section) if section.code == 1 && section.last_words().as_str().starts_with("sudo: ") => {
                Err(needs_root(what))
            }
            _ => self.sound(name, tool),
        }
    }
}

/// What the login may not do there.
pub fn needs_root(what: &str) -> Fault {
    Fault::new(format!("{what} needs root"))
        .mend("`matins probe sudoers` prints the lines for /etc/sudoers.d that allow it")
}

/// A command that did not end well, in its own words.
pub fn failed(section: &Section, tool: &str) -> Fault {
    match section.code {
        127 => match package_of(tool) {
            Some(package) => {
                Fault::new(format!("{tool} is not there")).mend(format!("apt-get install {package} on the server"))
            }
            None => Fault::new(format!("{tool} is not there: not Debian or a relative")),
        },
        124 | 137 => Fault::new(format!("{tool} hung on the server and was ended")),
        code => {
            let words = section.last_words();
            let words = if words.is_empty() { String::new() } else { format!(": {words}") };
            Fault::new(format!("{tool} failed with {code}{words}"))
        }
    }
}

/// Where a tool comes from that a Debian system may lack; what none lacks has no package here.
fn package_of(tool: &str) -> Option<&'static str> {
    match tool {
        "ssh-keygen" => Some("openssh-client"),
        "ss" => Some("iproute2"),
        "cvtsudoers" => Some("sudo"),
        "gpgv" => Some("gpgv"),
        "lastlog" => Some("login"),
        // Until bookworm it is in util-linux, which no system lacks.
        "last" => Some("wtmpdb"),
        "needrestart" => Some("needrestart"),
        _ => None,
    }
}

/// Headings are lines that begin with `#`, bodies' lines begin with a space, a body's last line is `rc=N`. A section
/// without its end is left out: nobody knows what it lacks.
pub fn parse_sections(output: &[u8]) -> Sections {
    let text = String::from_utf8_lossy(output);
    let mut sections = BTreeMap::new();
    let mut open: Option<(String, Vec<String>)> = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('#') {
            close(&mut sections, open.take());
            open = Some((name.to_owned(), Vec::new()));
        } else if let (Some(body), Some((_, lines))) = (line.strip_prefix(' '), &mut open) {
            lines.push(body.to_owned());
        }
    }
    close(&mut sections, open);
    Sections(sections)
}

fn close(sections: &mut BTreeMap<String, Section>, open: Option<(String, Vec<String>)>) {
    let Some((name, mut lines)) = open else { return };
    let Some(code) = lines.pop().and_then(|last| last.strip_prefix("rc=")?.parse().ok()) else { return };
    // The probe puts a line feed in front of the status, so that it always has a line of its own.
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    sections.insert(name, Section { lines, code });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_look_like_a_heading_or_a_status() {
        let sections = parse_sections(b"#a\n #b\n rc=0\n x\n\n rc=7\n#c\n\n rc=0\n");
        let a = sections.get("a").unwrap();
        assert_eq!((a.lines.as_slice(), a.code), (["#b".to_owned(), "rc=0".into(), "x".into()].as_slice(), 7));
        assert!(sections.get("b").is_none());
        assert_eq!(sections.get("c").unwrap().lines.len(), 0);
    }

    #[test]
    fn a_section_without_its_end_is_no_section() {
        let sections = parse_sections(b"#a\n x\n rc=0\n#b\n y\n");
        assert!(sections.get("a").is_some() && sections.get("b").is_none());
        assert!(sections.sound("b", "dpkg").unwrap_err().said.as_str().contains("did not answer"));
    }

    #[test]
    fn a_status_is_never_taken_for_nothing_found() {
        let sections = parse_sections(b"#a\n sh: dpkg-query: not found\n\n rc=127\n#b\n E: broken\n\n rc=100\n");
        assert!(sections.sound("a", "dpkg").unwrap_err().said.as_str().contains("not Debian"));
        let lacking = sections.sound("a", "ss").unwrap_err();
        assert_eq!(lacking.said, "ss is not there");
        assert!(lacking.mend.unwrap().as_str().contains("iproute2"));
        assert_eq!(sections.sound("b", "apt").unwrap_err().said, "apt failed with 100: E: broken");
    }
}
