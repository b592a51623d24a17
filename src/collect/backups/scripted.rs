//! Programs that list snapshots, run by the shell on this machine or on a server.

use std::time::Duration;

use crate::collect::tools::Tools;
use crate::collect::tools::shell::quoted;
use crate::domain::Fault;
use crate::domain::register::Server;

pub const DEADLINE: Duration = Duration::from_secs(60);
/// For the program itself.
const RUN: Duration = Duration::from_secs(55);
/// About 200 bytes a snapshot: room for a hundred thousand.
const CAP: usize = 32 << 20;

/// What a program is called, with the words that come after it.
#[derive(Debug, Clone)]
pub struct Line {
    /// For people, and for `sudo`.
    pub program: &'static str,
    /// As sh reads it, in the scope of [`ENVIRONMENT`].
    pub script: String,
}

/// Times without an offset are UTC then, and nothing is translated. Tools of the system are not in everybody's `PATH`.
const ENVIRONMENT: &str = "export TZ=UTC0 LC_ALL=C; PATH=\"$PATH:/usr/local/sbin:/usr/sbin:/sbin\"\n";

/// One word after another, quoted; with `sudo`, as root and without asking.
pub fn words(sudo: bool, words: &[&str]) -> String {
    let start = if sudo { "sudo -n -- " } else { "" };
    words.iter().fold(start.to_owned(), |line, word| line + &quoted(word) + " ")
}

/// Runs it and returns what it printed. Everything but a clean end is a fault: a part of a list is not a list.
pub async fn ask(tools: &Tools, server: &Server, line: &Line) -> Result<Vec<u8>, Fault> {
    let script = format!("{ENVIRONMENT}{}\n", line.script);
    let by_hand = || format!("run {} by hand on that machine", line.program);
    let ran = tools.shell.script(server, &script, RUN, CAP).await.map_err(|fault| match fault.mend {
        // It did not end, or never stopped talking.
        None => fault.mend(by_hand()),
        Some(_) => fault,
    })?;
    if ran.status == Some(0) {
        return Ok(ran.output);
    }
    Err(fault(line.program, ran.status, ran.complaint().as_str()))
}

fn fault(program: &str, status: Option<i32>, complaint: &str) -> Fault {
    let lower = complaint.to_lowercase();
    let said = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if lower.contains("sudo:") {
        return Fault::new(format!("sudo did not run {program}: {complaint}"))
            .mend(format!("let the login run `{program}` without a password, in /etc/sudoers.d"));
    }
    if status == Some(127) || lower.contains("not found") && lower.contains(program) && !lower.contains("config") {
        return Fault::new(format!("{program} is not installed there"))
            .mend(format!("install {program}, or see `path`"));
    }
    if said(&["not permitted", "permission denied", "no permissions"]) {
        return Fault::new(format!("{program} may not list snapshots: {complaint}"))
            .mend("set sudo = true and allow exactly this command in /etc/sudoers.d");
    }
    let how = status.map_or("was ended by a signal".into(), |status| format!("failed with status {status}"));
    Fault::new(format!("{program} {how}: {complaint}")).mend(format!("run {program} by hand on that machine"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_says_what_mends_it() {
        for (program, status, complaint, words) in [
            ("btrfs", 1, "ERROR: can't perform the search: Operation not permitted", "btrfs may not list"),
            ("btrfs", 1, "ERROR: not a btrfs filesystem: /tmp", "failed with status 1: ERROR: not a btrfs"),
            ("snapper", 1, "Config 'nope' not found.", "failed with status 1: Config"),
            ("zfs", 127, "sh: 1: zfs: not found", "zfs is not installed there"),
            ("zfs", 1, "sudo: a password is required", "sudo did not run zfs"),
            ("zfs", 1, "cannot open 'nosuch': dataset does not exist", "dataset does not exist"),
        ] {
            let fault = fault(program, Some(status), complaint);
            assert!(fault.said.as_str().contains(words), "{fault}");
            assert!(fault.mend.is_some());
        }
    }

    #[test]
    fn words_stay_words() {
        assert_eq!(words(true, &["zfs", "list", "a'b; id"]), "sudo -n -- 'zfs' 'list' 'a'\\''b; id' ");
    }
}
