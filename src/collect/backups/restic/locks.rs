//! restic's locks. A run writes its lock anew every five minutes, and restic itself takes one that is half an hour old for
//! left behind.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::collect::tools::run::is_gone;
use crate::domain::Shown;

const STALE: SignedDuration = SignedDuration::from_mins(30);

/// `restic cat lock`.
#[derive(Debug, Deserialize)]
pub struct Lock {
    time: Timestamp,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    pid: Option<u32>,
}

impl Lock {
    /// Whether somebody works behind it: it is young, and its process was not on this machine and is gone.
    pub fn lives(&self, now: Timestamp) -> bool {
        now.duration_since(self.time) < STALE && !self.pid.is_some_and(|pid| is_gone(&self.hostname, pid))
    }

    pub fn host(&self) -> Shown {
        if self.hostname.is_empty() { "somebody".into() } else { Shown::line(&self.hostname).cut(60) }
    }
}

pub fn parse_lock(said: &[u8]) -> Option<Lock> {
    serde_json::from_slice(said).ok()
}

/// `restic list locks`: an id a line.
pub fn parse_ids(said: &[u8]) -> impl Iterator<Item = &str> {
    let lines = said.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    lines.map(str::trim).filter(|line| line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(more: &str) -> Option<Lock> {
        parse_lock(format!(r#"{{"time": "2026-11-23T01:14:00Z", "exclusive": false{more}}}"#).as_bytes())
    }

    #[test]
    fn a_lock_lives_for_half_an_hour_unless_its_process_is_seen_to_be_gone() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let other = lock(r#", "hostname": "nas\u001b[2J", "pid": 7"#).unwrap();
        assert!(other.lives(at("2026-11-23T01:43:59Z")) && !other.lives(at("2026-11-23T01:44:00Z")));
        assert!(other.lives(at("2026-11-23T01:00:00Z")), "its clock may be a little ahead");
        assert_eq!(other.host(), "nas␛[2J");
        let uname = rustix::system::uname();
        let here = |pid: u32| {
            lock(&format!(r#", "hostname": "{}", "pid": {pid}"#, uname.nodename().to_string_lossy())).unwrap()
        };
        assert!(here(std::process::id()).lives(at("2026-11-23T01:15:00Z")));
        assert!(!here(u32::MAX).lives(at("2026-11-23T01:15:00Z")));
        assert!(lock("").unwrap().lives(at("2026-11-23T01:15:00Z")));
        assert!(lock(r#", "pid": "x""#).is_none() && parse_lock(b"").is_none());
    }

    #[test]
    fn only_ids_are_ids() {
        let id = "4a97881d6abf4b16985c013171aad8cb4626feb81374d0c7755e92beb8babf9b";
        let said = format!("repository opened\n{id}\n-{}\n\n", &id[1..]);
        assert_eq!(parse_ids(said.as_bytes()).collect::<Vec<_>>(), [id]);
        assert_eq!(parse_ids(b"[]\xff\n").count(), 0);
    }
}
