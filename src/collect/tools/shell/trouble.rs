//! What ssh says when it could not do its work, in words for the person who can mend it.

use std::io;

use super::super::run::Ran;
use crate::domain::{Fault, Shown};

/// ssh ended without an answer. The texts are OpenSSH's own (sshconnect.c, sshconnect2.c, packet.c, kex.c), which it does
/// not translate.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) fault: Fault,
    /// The server dropped us before the login, as it does when too many come at once (sshd's `MaxStartups`).
    pub(super) crowded: bool,
}

/// What ssh's stderr holds, what it is called, what mends it, and whether it may pass by itself.
type Known = (&'static str, &'static str, &'static str, bool);

/// In this order: the first that fits is the most particular.
const KNOWN: &[Known] = &[
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "its host key changed, ssh refused to log in",
        "compare its new fingerprint with the server's own (ssh-keygen -lf on its console); only if they are equal: ssh-keygen -R HOST, then ssh HOST once",
        false,
    ),
    (
        "REVOKED HOST KEY DETECTED",
        "its host key is revoked, ssh refused to log in",
        "find out why the key was revoked before anything else",
        false,
    ),
    (
        "requested strict checking",
        "its host key is not known yet",
        "run `ssh HOST` once and check the fingerprint it shows",
        false,
    ),
    (
        "Host key verification failed",
        "its host key could not be verified",
        "run `ssh HOST` once and read what it says",
        false,
    ),
    ("UNPROTECTED PRIVATE KEY FILE", "ssh refuses the key: others can read it", "chmod 600 the key", false),
    (
        "Too many authentication failures",
        "login refused: the agent offered too many keys",
        "name the right key: `key = \"…\"` of the server, or IdentityFile in ssh's configuration",
        false,
    ),
    (
        "passphrase",
        "its key needs a passphrase",
        "load it with ssh-add, or give the server a key without one that may run the probe and nothing else",
        false,
    ),
    (
        "Permission denied",
        "login refused: permission denied",
        "run `ssh HOST true`; is the key in the login's authorized_keys there, and loaded here (ssh-add -l)?",
        false,
    ),
    (
        "Could not resolve hostname",
        "its name can't be resolved",
        "check `ssh` of the server, HostName in ssh's configuration, and the network",
        true,
    ),
    ("Connection refused", "connection refused", "is sshd running there, on this port?", true),
    ("No route to host", "no route to host", "is it up, and is the VPN connected?", true),
    ("Network is unreachable", "network unreachable", "is this machine online, and is the VPN connected?", true),
    ("timed out", "connection timed out", "is it up, and does a firewall let us through?", true),
    ("Timeout, server", "the connection died", "is it up, and is the network stable?", true),
    ("banner line contains invalid", "what answers there is not ssh", "check the port in ssh's configuration", false),
    ("Bad packet length", "what answers there is not ssh", "check the port in ssh's configuration", false),
    ("banner line too long", "what answers there is not ssh", "check the port in ssh's configuration", false),
    ("banner exchange: Connection to", "what answers there is not ssh", "check the port in ssh's configuration", false),
    ("Protocol major versions differ", "what answers there is not ssh", "check the port in ssh's configuration", false),
    ("Unable to negotiate", "no common method with its sshd", "one of both sides is too old: update it", false),
    (
        "Bad configuration option",
        "ssh does not understand its configuration",
        "run `ssh -G HOST` and mend what it names",
        false,
    ),
    (
        "Bad owner or permissions",
        "ssh refuses its configuration file",
        "chmod 600 ~/.ssh/config, and let it be yours",
        false,
    ),
    (
        "kex_exchange_identification",
        "it hung up before the login",
        "too many logins at once (MaxStartups), a firewall, or no sshd on this port: look at its log",
        true,
    ),
    ("Connection reset", "connection reset", "look at its sshd's log", true),
    ("Connection closed", "connection closed before the login", "look at its sshd's log", true),
    ("closed by remote host", "the connection broke", "look at its sshd's log", true),
    ("Broken pipe", "the connection broke", "is it up, and is the network stable?", true),
];

/// Dropped before the login.
const CROWDED: &[&str] = &["kex_exchange_identification", "Connection reset", "ssh_exchange_identification"];

/// Why there is no answer.
pub(super) fn trouble(name: &str, ran: &Ran) -> Trouble {
    let text = String::from_utf8_lossy(&ran.complaints);
    if ran.status != Some(255) {
        return Trouble { fault: no_shell(name, ran, &text), crowded: false };
    }
    let known = KNOWN.iter().find(|(sign, ..)| text.contains(sign));
    let fault = match known {
        Some((_, said, mend, passing)) => {
            Fault { passing: *passing, ..Fault::new(*said) }.mend(mend.replace("HOST", name))
        }
        None => Fault::passing(format!("ssh failed: {}", last_line(&text)))
            .mend(format!("run `ssh {name} true` and read what it says")),
    };
    let not_ssh = known.is_some_and(|(_, said, ..)| said.contains("not ssh"));
    Trouble { fault, crowded: !not_ssh && CROWDED.iter().any(|sign| text.contains(sign)) }
}

/// The login worked, and then nothing ran our script.
fn no_shell(name: &str, ran: &Ran, text: &str) -> Fault {
    let said = [&String::from_utf8_lossy(&ran.output), text].map(last_line);
    let said = said.iter().find(|said| !said.is_empty()).cloned().unwrap_or_default();
    if said.as_str().contains("not available") || said.as_str().contains("nologin") {
        return Fault::new("the login's shell refuses everybody (nologin)")
            .mend("give the login a shell on the server: usermod -s /bin/sh");
    }
    let ended = ran.status.map_or_else(|| "was ended by a signal".to_owned(), |status| format!("ended with {status}"));
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    Fault::new(format!("logged in, but the script did not run; ssh {ended}{said}"))
        .mend(format!("run `ssh {name} sh -c true` and read what it says"))
}

fn last_line(text: &str) -> Shown {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(Shown::line).unwrap_or_default()
}

/// An I/O error without the number that nobody needs.
pub(super) fn plain(error: &io::Error) -> Shown {
    let text = error.to_string();
    Shown::line(text.split(" (os error").next().unwrap_or(&text)).cut(200)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: i32, complaints: &str) -> Trouble {
        trouble(
            "web1",
            &Ran { status: Some(status), output: Vec::new(), complaints: complaints.as_bytes().to_vec(), noise: 0 },
        )
    }

    #[test]
    fn a_changed_host_key_is_said_plainly_and_never_tried_again() {
        let text = "@@@@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key for [127.0.0.1]:28022 has changed and you have requested strict checking.\r\nHost key verification failed.\r\n";
        let trouble = said(255, text);
        assert_eq!(trouble.fault.said, "its host key changed, ssh refused to log in");
        assert!(trouble.fault.mend.unwrap().as_str().contains("ssh-keygen -R web1"));
        assert!(!trouble.fault.passing && !trouble.crowded);
    }

    #[test]
    fn every_text_of_ssh_has_its_own_words() {
        for (text, words) in [
            (
                "No ED25519 host key is known for web1 and you have requested strict checking.\r\nHost key verification failed.",
                "not known yet",
            ),
            ("probe@web1: Permission denied (publickey).", "permission denied"),
            ("ssh: connect to host web1 port 22: Connection refused", "connection refused"),
            ("ssh: connect to host web1 port 22: No route to host", "no route to host"),
            ("ssh: connect to host web1 port 22: Connection timed out", "timed out"),
            ("ssh: Could not resolve hostname web1: Name or service not known", "resolved"),
            ("kex_exchange_identification: banner line contains invalid characters", "not ssh"),
            ("Received disconnect from 127.0.0.1 port 22:2: Too many authentication failures", "too many keys"),
            ("something new", "ssh failed: something new"),
        ] {
            assert!(said(255, text).fault.said.as_str().contains(words), "{text}: {}", said(255, text).fault);
        }
    }

    #[test]
    fn only_being_dropped_before_the_login_is_tried_again() {
        assert!(said(255, "kex_exchange_identification: read: Connection reset by peer").crowded);
        assert!(said(255, "kex_exchange_identification: Connection closed by remote host").crowded);
        assert!(!said(255, "kex_exchange_identification: banner line contains invalid characters").crowded);
        assert!(!said(255, "Permission denied (publickey)").crowded);
    }

    #[test]
    fn a_login_without_a_shell_says_so() {
        let ran = Ran {
            status: Some(1),
            output: b"This account is currently not available.\n".to_vec(),
            complaints: Vec::new(),
            noise: 0,
        };
        assert!(trouble("web1", &ran).fault.said.as_str().contains("nologin"));
        assert!(said(127, "sh: not found").fault.said.as_str().ends_with("ended with 127: sh: not found"));
    }
}
