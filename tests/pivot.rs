//! The built console on real sites: what Drupal's advisories mean for each of them, from `tab` to the row.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "support/pty.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod pty;

use std::path::Path;

use portable_pty::CommandBuilder;
use pty::Terminal;
use serde_json::json;

/// Three sites, of which one is gone, and a checkout of the database with one advisory on `webform` of `today`.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let lock = |version: &str| json!({"packages": [{"name": "drupal/webform", "version": version}]}).to_string();
    write("shop/composer.lock", &lock("6.2.2"));
    write("blog/composer.lock", &lock("6.2.9"));
    for number in 100..220 {
        write(&format!("db/advisories/maps/DRUPAL-CONTRIB-2020-{number}.json"), &record("2020", number, "maps"));
    }
    write("db/advisories/webform/DRUPAL-CONTRIB-2026-101.json", &record("2026", 101, "webform"));
    let root = home.path().display();
    let sites =
        ["shop", "blog", "gone"].map(|name| format!("{{ name = \"{name}\", root = \"{root}/{name}\" }}")).join(", ");
    let toml = format!(
        "[console]\ntimezone = \"UTC\"\noperator = \"mona\"\n\
         [[server]]\nname = \"here\"\nssh = \"local\"\nsites = [{sites}]\n\
         [advisories]\ndrupal_osv = \"file://{root}/db\"\n"
    );
    write("config/matins/matins.toml", &toml);
    home
}

fn record(year: &str, number: u32, module: &str) -> String {
    let now = jiff::Timestamp::now().to_string();
    json!({
        "id": format!("DRUPAL-CONTRIB-{year}-{number}"), "modified": now, "published": now,
        "affected": [{
            "package": {"ecosystem": "Packagist:https://packages.drupal.org/8", "name": format!("drupal/{module}")},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "6.2.9"}]}],
        }],
    })
    .to_string()
}

fn open(home: &Path, columns: u16, rows: u16) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_matins"));
    command.env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.env("HOME", home);
    command.env("XDG_CONFIG_HOME", home.join("config"));
    command.env("XDG_STATE_HOME", home.join("state"));
    Terminal::start(command, columns, rows)
}

#[test]
fn tab_shows_which_site_is_vulnerable_and_by_what() {
    let home = home();
    for (columns, rows) in [(120, 40), (80, 24)] {
        let mut terminal = open(home.path(), columns, rows);
        terminal.shows("Needs you");
        terminal.press("1");
        terminal.shows("SA-CONTRIB-2026-101");
        for pivot in ["by package", "by server", "by site"] {
            terminal.press("\t");
            terminal.shows(pivot);
        }
        let line = |terminal: &Terminal, name: &str| {
            let contents = terminal.screen.screen().contents();
            contents.lines().find(|line| line.contains(name)).map(str::to_owned).unwrap_or_default()
        };
        terminal.shows("1 not affected");
        assert!(line(&terminal, " shop ").contains("1 vulnerable"), "{}", terminal.screen.screen().contents());
        assert!(line(&terminal, " blog ").contains("1 not affected"), "{}", terminal.screen.screen().contents());
        terminal.press("kkk");
        terminal.shows("shop ─ site");
        // Opened, the group leads to the advisory and from there to its reasons.
        terminal.press("\r");
        terminal.shows("▸ ▲ SA-CONTRIB-2026-101  vulnerable");
        terminal.press("w");
        terminal.shows("drupal/webform 6.2.2: vulnerable");
        terminal.press("\x1b");
        terminal.hides("drupal/webform 6.2.2: vulnerable");
        terminal.press("q");
        terminal.end();
    }
}
