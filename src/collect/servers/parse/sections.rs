//! The probe's answer as sections: which command said what, and how it ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::{Fault, Shown};

/// As in the probe: of a body that is longer than this many bytes a digest may be sent in its place.
const LONG: usize = 500;

/// What one command said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Section {
    pub lines: Vec<String>,
    /// Its exit status.
    pub code: i32,
    /// Of a long body, byte for byte as it came.
    pub digest: Option<String>,
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sections(BTreeMap<String, Section>);

impl Sections {
    /// Those that are worth remembering.
    pub fn long(self) -> Self {
        Self(self.0.into_iter().filter(|(_, section)| section.digest.is_some()).collect())
    }

    /// `NAME:DIGEST NAME:DIGEST`, as the probe is told what it need not send again.
    pub fn offer(&self) -> String {
        let digests = self.0.iter().filter_map(|(name, section)| Some(format!("{name}:{}", section.digest.as_ref()?)));
        digests.filter(|word| is_offer(word)).collect::<Vec<_>>().join(" ")
    }
}

/// Only this goes back to a server.
fn is_offer(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    word.split_once(':').is_some_and(|(name, digest)| name.bytes().all(plain) && super::is_digest(digest))
}

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
            Some(section) if section.code == 77 => Err(match section.last_words().as_str().strip_prefix("no rule: ") {
                Some(command) => Fault::new(format!("{what} needs root, and sudo's rules there lack a command"))
                    .mend(format!("add to them `{command}`: `matins probe sudoers` prints all")),
                None => needs_root(what),
            }),
            Some(section) if section.code == 78 => Err(blind(what)),
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

/// What not even root sees there.
pub fn blind(what: &str) -> Fault {
    Fault::new(format!("{what} needs the capability SYS_PTRACE, which not even root has there"))
        .mend("give it to the container in which the server runs; without it nobody in there sees what others run")
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
        "needrestart" => Some("needrestart"),
        _ => None,
    }
}

/// Headings are lines that begin with `#`, bodies' lines begin with a space, a body's last line is `rc=N`. A section
/// without its end is left out: nobody knows what it lacks. One that says it is as `known` is taken from there.
pub fn parse_beside(output: &[u8], known: &Sections) -> Sections {
    let mut sections = BTreeMap::new();
    let mut open: Option<Open> = None;
    for line in output.split(|byte| *byte == b'\n') {
        if let Some(name) = line.strip_prefix(b"#") {
            close(&mut sections, open.take(), known);
            open = Some(Open { name: String::from_utf8_lossy(name).into_owned(), ..Open::default() });
        } else if let Some(open) = &mut open {
            if line.starts_with(b" ") {
                // As the probe has it before it puts the space in front.
                open.long += line.len();
                open.digest.update(&line[1..]);
                open.digest.update(b"\n");
                open.lines.push(String::from_utf8_lossy(&line[1..]).trim_end_matches('\r').to_owned());
            } else if let Some(digest) = line.strip_prefix(b"=") {
                open.same = std::str::from_utf8(digest).ok().map(str::to_owned);
            }
        }
    }
    close(&mut sections, open, known);
    Sections(sections)
}

/// Of an answer to somebody who remembers nothing.
pub fn parse_sections(output: &[u8]) -> Sections {
    parse_beside(output, &Sections::default())
}

/// A section whose end has not come yet.
#[derive(Default)]
struct Open {
    name: String,
    lines: Vec<String>,
    long: usize,
    digest: Sha256,
    same: Option<String>,
}

fn close(sections: &mut BTreeMap<String, Section>, open: Option<Open>, known: &Sections) {
    let Some(Open { name, mut lines, long, digest, same }) = open else { return };
    if same.is_some() && lines.is_empty() {
        let kept = known.get(&name).filter(|section| section.digest == same);
        sections.extend(kept.map(|section| (name, section.clone())));
        return;
    }
    let Some(code) = lines.pop().and_then(|last| last.strip_prefix("rc=")?.parse().ok()) else { return };
    // The probe puts a line feed in front of the status, so that it always has a line of its own.
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    // What sudo says of itself although it did what it was asked ("unable to resolve host NAME") is none of the answer.
    if code == 0 {
        lines.retain(|line| !line.starts_with("sudo: "));
    }
    let digest =
        (long > LONG).then(|| digest.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}")));
    sections.insert(name, Section { lines, code, digest });
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

    #[test]
    fn sudo_that_cannot_resolve_its_host_spoils_no_answer() {
        let said = "sudo: unable to resolve host db1: Name or service not known";
        let sections = parse_sections(format!("#a\n {said}\n {{}}\n\n rc=0\n#b\n {said}\n\n rc=1\n").as_bytes());
        assert_eq!(sections.get("a").unwrap().lines, ["{}"]);
        assert_eq!(sections.get("b").unwrap().last_words(), said);
    }

    #[test]
    fn what_is_as_it_was_comes_from_what_is_remembered_and_a_stranger_digest_is_no_answer() {
        let long = format!("#packages\n {}\n\n rc=0\n#short\n x\n\n rc=0\n", "x".repeat(LONG));
        let first = parse_sections(long.as_bytes());
        let remembered = first.clone().long();
        let offer = remembered.offer();
        let digest = offer.strip_prefix("packages:").unwrap();
        let same = format!("#packages\n={digest}\n#short\n x\n\n rc=0\n");
        assert_eq!(parse_beside(same.as_bytes(), &remembered), first);
        assert!(parse_sections(same.as_bytes()).get("packages").is_none());
        let other = same.replace(digest, &"0".repeat(64));
        assert!(parse_beside(other.as_bytes(), &remembered).get("packages").is_none());
        // A line of data always stands behind a space.
        let said = parse_beside(b"#short\n =00\n\n rc=0\n", &remembered);
        assert_eq!(said.get("short").unwrap().lines, ["=00"]);
    }

    #[test]
    fn a_name_that_could_be_anything_goes_back_to_nobody() {
        let hostile = format!("#x'; id; '\n {}\n\n rc=0\n", "x".repeat(LONG));
        assert_eq!(parse_sections(hostile.as_bytes()).long().offer(), "");
    }

    #[test]
    fn a_rule_that_sudo_lacks_is_named() {
        let output = b"#nft\n no rule: /usr/sbin/nft -s -j list ruleset\n\n rc=77\n#x\n needs root\n\n rc=77\n";
        let sections = parse_sections(output);
        let fault = sections.rooted("nft", "nft", "the packet filter").unwrap_err();
        assert!(fault.mend.unwrap().as_str().contains("`/usr/sbin/nft -s -j list ruleset`"));
        assert_eq!(sections.rooted("x", "nft", "the packet filter").unwrap_err().said, "the packet filter needs root");
    }
}
