//! Backups whose lists come from a provider, or are huge, through the built program: from the configuration to the verdict.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod command;
mod hetzner;
#[path = "../support/home.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod home;
mod many;
mod proxmox;
#[path = "../support/web.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod web;

use home::{Home, text};
use serde_json::Value;

/// What a round made of one backup of web1, which is called `box`.
#[derive(Debug)]
struct Judged {
    verdict: String,
    title: String,
    detail: String,
    mend: String,
}

/// A register with web1, and this machine's for everything.
fn register(backup: &str) -> String {
    format!(
        "[console]\ntimezone = \"UTC\"\n[[server]]\nname = \"web1\"\nssh = \"local\"\n\
         [[backup]]\nname = \"box\"\nof = [\"web1\"]\n{backup}\n"
    )
}

/// One round that asks `box` and nothing else.
fn judged(home: &Home) -> Judged {
    judged_with(home, &[])
}

/// The same with these variables in its environment.
fn judged_with(home: &Home, variables: &[(&str, &str)]) -> Judged {
    let mut command = home.command(&["round", "--json", "--only", "backups/box"]);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    for text in [&said, &complained] {
        assert!(!text.contains("canary"), "a secret was said: {text}");
        let unclean = |mark: char| mark.is_control() && mark != '\n';
        assert!(!text.contains(unclean) && !text.contains('\u{202e}'), "not clean: {text:?}");
    }
    let round: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{complained}"));
    let findings = round["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["key"] == "backup-on-site/web1/box");
    let found = found.unwrap_or_else(|| panic!("nothing is said of it: {said}"));
    let word = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    let judged = Judged { verdict: word("verdict"), title: word("title"), detail: word("detail"), mend: word("mend") };
    // What is stored is judged alike.
    let check = home.run(&["check", "backup-on-site", "web1"]);
    let code = match judged.verdict.as_str() {
        "ok" => 0,
        "due" => 1,
        "broken" => 2,
        _ => 3,
    };
    assert_eq!(check.status.code(), Some(code), "{}", text(&check.stdout));
    judged
}

/// So many hours ago, as RFC 3339.
fn ago(hours: i64) -> String {
    (home::jiff_now() - jiff::SignedDuration::from_hours(hours)).to_string()
}
