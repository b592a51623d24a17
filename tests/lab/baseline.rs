//! `matins baseline learn`: what a role's real servers have becomes TOML that loads, and what one of them has beyond it is due.

use std::fs;
use std::process::Output;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use super::Lab;

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let lab = lab.clone();
    vec![Trial::test("baseline: a role is learned from its servers, loads as it is, and shows who drifts", move || {
        learned(&lab)
    })]
}

struct Home<'a> {
    lab: &'a Lab,
    folder: tempfile::TempDir,
}

impl Home<'_> {
    #[expect(clippy::disallowed_methods, reason = "a test runs what it tests")]
    fn matins(&self, arguments: &[&str]) -> Output {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_matins"));
        let path = format!("{}:{}", self.lab.path("bin").display(), std::env::var("PATH").unwrap());
        command.args(arguments).env_clear().env("PATH", path).env("HOME", self.folder.path());
        command.env("XDG_CONFIG_HOME", self.folder.path()).env("XDG_STATE_HOME", self.folder.path().join("state"));
        command.output().unwrap()
    }

    fn configure(&self, role: &str) {
        let servers = [("lab1", "web"), ("lab14", "web"), ("lab3", "web"), ("labdead", "web"), ("labmute", "dark")];
        let servers =
            servers.map(|(name, role)| format!("[[server]]\nname = \"{name}\"\nrole = \"{role}\"\n")).concat();
        fs::create_dir_all(self.folder.path().join("matins")).unwrap();
        let toml = format!("{servers}[[role]]\nname = \"dark\"\n{role}");
        fs::write(self.folder.path().join("matins/matins.toml"), toml).unwrap();
    }

    /// What is said of the packages of each server.
    fn drift(&self) -> Vec<(String, String, String)> {
        let round: Value =
            serde_json::from_slice(&self.matins(&["round", "--json", "--only", "servers"]).stdout).unwrap();
        let word = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let findings = round["findings"].as_array().unwrap().iter();
        let drift = findings.filter(|finding| finding["measure"] == "software-selection");
        drift.map(|one| (word(one, "key"), word(one, "verdict"), word(one, "title"))).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn learned(lab: &Lab) -> Result<(), Failed> {
    let home = Home { lab, folder: tempfile::tempdir_in("/tmp")? };
    home.configure("[[role]]\nname = \"web\"\n");
    let none = home.matins(&["baseline", "learn", "web"]);
    assert_eq!((none.status.code(), text(&none.stdout)), (Some(66), String::new()), "nobody was asked yet");
    home.drift();
    let role = home.matins(&["baseline", "learn", "web"]);
    let role = text(&role.stdout);
    let line =
        |start: &str| role.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{role}")).to_owned();
    assert!(line("# Learned from").starts_with("# Learned from lab1, lab14."), "{role}");
    // Silent and unreadable are not the same.
    let (unread, silent) = (line("# Left out, lab3"), line("# Left out, labdead"));
    assert!(silent.contains("it has not answered lately") && !unread.contains("answered"), "{unread} {silent}");
    assert!(role.contains("    \"bash\",\n") && role.contains("# \"needrestart\",  # only on lab14\n"), "{role}");
    home.configure(&role);
    let checked = home.matins(&["config", "check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
    let drift = home.drift();
    let of = |name: &str| drift.iter().find(|(key, ..)| key.ends_with(name)).unwrap_or_else(|| panic!("{drift:#?}"));
    assert_eq!(of("/lab1").1, "ok", "{drift:#?}");
    assert!(of("/lab14").1 != "ok" && of("/lab14").2.contains("beyond its role"), "{drift:#?}");
    for unknown in ["/lab3", "/labdead"] {
        assert_eq!(of(unknown).1, "unknown", "{drift:#?}");
    }
    // A role of which nobody answered, and one that nobody has.
    let dark = home.matins(&["baseline", "learn", "dark"]);
    assert_eq!((dark.status.code(), text(&dark.stdout)), (Some(66), String::new()));
    assert!(text(&dark.stderr).contains("labmute: it has not answered lately"), "{}", text(&dark.stderr));
    assert_eq!(home.matins(&["baseline", "learn", "nobody"]).status.code(), Some(64));
    Ok(())
}
