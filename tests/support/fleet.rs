//! A small register whose rounds need no network, and the program run on it.

use serde_json::Value;

use crate::home::{Home, backups, text};

pub const KEY: &str = "backup-on-site/web1/dumps";

/// A server whose only backup stopped that many days ago, and one with a name that means something elsewhere.
pub fn fleet(days: i64) -> Home {
    let home = Home::new("");
    let toml = backups(home.path(), days).replace("of = []", "of = [\"web1\"]")
        + "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n[[server]]\nname = \"=evil<script>|x\"\nssh = \"127.0.0.1\"\n[[person]]\nname = \"mona\"\n[[person]]\nname = \"anna\"\n";
    home.configure(&toml);
    home
}

pub fn ok(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

pub fn json(home: &Home, arguments: &[&str]) -> Value {
    serde_json::from_str(&text(&home.run(arguments).stdout)).unwrap()
}

pub fn store(home: &Home) -> rusqlite::Connection {
    rusqlite::Connection::open(home.path().join("state/matins/matins.db")).unwrap()
}
