//! Where sshd takes keys from beside the places that the probe looks at.

use super::super::sections::Section;
use crate::domain::Shown;

/// As `sshd_config(5)` may name the places that the probe looks at.
const KNOWN: &[&str] = &[
    ".ssh/authorized_keys",
    ".ssh/authorized_keys2",
    "%h/.ssh/authorized_keys",
    "%h/.ssh/authorized_keys2",
    "/root/.ssh/authorized_keys",
    "/root/.ssh/authorized_keys2",
    "/etc/ssh/authorized_keys/%u",
    "/etc/ssh/authorized_keys.d/%u",
    "none",
];
/// What is read with the main file.
const INCLUDED: &[&str] = &["/etc/ssh/sshd_config.d/*.conf", "sshd_config.d/*.conf"];

/// Lines of sshd's configuration by which keys lie where nobody looked, or come from a program or an authority; and its files
/// that may not be read, which may hold such. In a block for some accounts or overruled, a line counts the same.
pub(super) fn parse_elsewhere(section: &Section) -> Vec<Shown> {
    let mut hidden: Vec<Shown> = section.lines.iter().filter_map(|line| elsewhere(line)).collect();
    hidden.sort();
    hidden.dedup();
    hidden
}

fn elsewhere(line: &str) -> Option<Shown> {
    if let Some(file) = line.strip_prefix("? ") {
        return Some(format!("unreadable {file}").into());
    }
    let line = line.trim();
    let (keyword, rest) = line.split_at(line.find(|end: char| end.is_whitespace() || matches!(end, '=' | '"'))?);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    let (keyword, known) = match keyword.to_ascii_lowercase().as_str() {
        "authorizedkeysfile" => ("AuthorizedKeysFile", KNOWN),
        "authorizedkeyscommand" => ("AuthorizedKeysCommand", &["none"][..]),
        "trustedusercakeys" => ("TrustedUserCAKeys", &["none"][..]),
        "include" => ("Include", INCLUDED),
        _ => return None,
    };
    let words: Vec<&str> = rest.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
    let is_known = |word: &&str| known.iter().any(|known| word.trim_matches('"').eq_ignore_ascii_case(known));
    if words.iter().all(is_known) { None } else { Some(Shown::line(&format!("{keyword} {}", words.join(" ")))) }
}

#[cfg(test)]
mod tests {
    use super::super::super::sections::parse_sections;
    use super::*;

    fn told(lines: &str) -> Vec<String> {
        let sections = parse_sections(format!("#sshd\n {}\n\n rc=0\n", lines.replace('\n', "\n ")).as_bytes());
        parse_elsewhere(sections.get("sshd").unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_debian_has_and_what_says_the_same_is_no_other_place() {
        for known in [
            "",
            "Include /etc/ssh/sshd_config.d/*.conf",
            "AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2",
            "AuthorizedKeysFile\t%h/.ssh/authorized_keys   # ours",
            "  authorizedkeysfile=\".ssh/authorized_keys\"",
            "AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u .ssh/authorized_keys",
            "AuthorizedKeysCommand none\nTrustedUserCAKeys = none",
            "AuthorizedKeysCommandUser nobody",
        ] {
            assert_eq!(told(known), Vec::<String>::new(), "{known}");
        }
    }

    #[test]
    fn another_place_a_program_and_an_authority_are_told() {
        let lines = "? /etc/ssh/sshd_config.d/x.conf\nAUTHORIZEDKEYSFILE\t/etc/ssh/keys/%u .ssh/authorized_keys\n\
            AuthorizedKeysCommand=/usr/bin/sss_ssh_authorizedkeys\n  TrustedUserCAKeys \"/etc/ssh/ca.pub\"\n\
            Include /etc/ssh/other.conf\nAuthorizedKeysFile /etc/ssh/authorized_keys/all";
        assert_eq!(
            told(lines),
            [
                "AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys",
                "AuthorizedKeysFile /etc/ssh/authorized_keys/all",
                "AuthorizedKeysFile /etc/ssh/keys/%u .ssh/authorized_keys",
                "Include /etc/ssh/other.conf",
                "TrustedUserCAKeys \"/etc/ssh/ca.pub\"",
                "unreadable /etc/ssh/sshd_config.d/x.conf",
            ]
        );
    }
}
