//! What a server must be told so that the probe can do its work: a key that may do nothing else, and sudo's rules.

use super::{PROBE, fingerprint};
use crate::collect::tools::shell;

/// Where the probe lies on a server whose key is forced to run it.
pub const PROBE_PATH: &str = "/usr/local/lib/matins/probe";

/// What the probe runs as root, word for word as it runs it, out of its own list; sudo compares all of it. Those that start
/// other programs, or the others.
fn commands(starters: bool) -> impl Iterator<Item = &'static str> {
    let list = PROBE.split("<<'RULES'\n").nth(1).and_then(|rest| rest.split("\nRULES\n").next()).unwrap_or_default();
    list.lines().filter(move |line| line.starts_with('+') == starters).map(|line| line.trim_start_matches('+'))
}

/// The probe as a file to install: it takes a question from stdin, matches it word by word, and runs nothing of it.
pub fn installed_probe() -> String {
    shell::forced(PROBE, &fingerprint())
}

/// Lines for a file in /etc/sudoers.d. Nothing in them is a pattern, and each command is ended by sudo after 20 seconds.
pub fn sudoers(login: &str) -> String {
    let list = |starters: bool| commands(starters).collect::<Vec<_>>().join(", \\\n    ");
    format!(
        "# What matins' probe may do as root. Keep it as /etc/sudoers.d/matins (0440); check it: visudo -cf FILE\n\
         Defaults:{login} !requiretty, !use_pty, noexec\n\
         {login} ALL=(root) TIMEOUT=20 NOPASSWD: \\\n    {}\n\
         # These start other programs: find ssh-keygen, needrestart its checks.\n\
         {login} ALL=(root) TIMEOUT=20 NOPASSWD: EXEC: \\\n    {}\n",
        list(false),
        list(true)
    )
}

/// A line for the login's `authorized_keys`, of a public key's `TYPE BASE64 COMMENT`.
pub fn authorized_key(public: &str, from: Option<&str>) -> String {
    let from = from.map_or_else(String::new, |from| format!("from=\"{from}\","));
    format!("restrict,{from}command=\"{PROBE_PATH}\" {}\n", public.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_rules_is_one_that_the_probe_asks() {
        assert_eq!((commands(false).count(), commands(true).count()), (8, 3));
        for command in commands(false).chain(commands(true)) {
            let (path, arguments) = command.split_once(' ').unwrap_or((command, ""));
            let name = path.rsplit('/').next().unwrap();
            let asked = match name {
                // Its words stand quoted there.
                "find" if arguments.contains("-exec") => {
                    format!("sudo -n {}", command.replace("/usr/bin/find", "find").replace("{} ;", "'{}' ';'"))
                }
                _ if name.ends_with("tables-save") || name.ends_with("legacy-save") => "as_root \"$1\"".to_owned(),
                _ => format!("as_root {name} {arguments}"),
            };
            assert!(PROBE.contains(&asked), "{asked}");
        }
    }

    #[test]
    fn the_rules_hold_no_pattern() {
        let rules = sudoers("matins");
        assert!(!rules.contains('*') && !rules.contains('?') && !rules.contains('['), "{rules}");
    }

    #[test]
    fn a_key_is_restricted_to_the_probe() {
        assert_eq!(
            authorized_key("ssh-ed25519 AAAA me\n", Some("10.8.0.0/24")),
            "restrict,from=\"10.8.0.0/24\",command=\"/usr/local/lib/matins/probe\" ssh-ed25519 AAAA me\n"
        );
    }
}
