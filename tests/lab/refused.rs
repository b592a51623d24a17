//! Without `actions = true` no key that begins something reaches a server or a VPN: not even the look before a question.

use std::sync::PoisonError;

use super::super::vpn;
use super::pty::Terminal;
use super::{HOSTS, Home, Lab, asked};

pub fn nothing_while_actions_are_off(lab: &Lab) {
    let _turn = vpn::TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let gate = format!(
        "[[vpn]]\nname = \"gate\"\nkind = \"openvpn\"\nmanagement = \"{}\"\n\
         [[peer]]\nname = \"roman's laptop\"\ncommon_name = \"roman\"\n",
        vpn::socket(lab)
    );
    let sessions = vpn::connected(lab);
    assert!(sessions.iter().any(|(name, _)| name == "mallory"), "{sessions:?}");
    // As it is when nobody has written anything, and when it is written out.
    for line in ["", "actions = false\n"] {
        let home = Home::with(lab, line, &gate);
        asked::record(&home);
        // So that the console has nothing to ask, which leaving it would break off in the middle.
        home.command(env!("CARGO_BIN_EXE_matins"), &["round"]);
        let round = asked::read(&home);
        assert!(round.len() >= HOSTS.len() && asked::beyond_a_round(&round).is_empty(), "{round:#?}");
        let mut terminal = home.console();
        for keys in ["s", "U", "l", "B", ":upgrade\r", ":reboot\r"] {
            terminal.press("g");
            refused(&mut terminal, keys);
            // Back from wherever Tab and Enter led.
            terminal.press("2\x1b[Z");
        }
        terminal.press("3/mallory\r");
        terminal.shows("\"mallory\" is in nobody's register, connected");
        refused(&mut terminal, "K");
        terminal.press("q");
        assert_eq!(terminal.end().exit_code(), 0);
        let asked = asked::read(&home);
        let beyond = asked::beyond_a_round(&asked);
        assert!(beyond.is_empty(), "nothing is allowed, and there ran {beyond:#?}");
        let record = home.matins(&["log", "show"]);
        for title in ["ssh to", "updates on", "login to", "Reboot", "Disconnect"] {
            assert!(!record.contains(title), "{record}");
        }
        asked::forget(&home);
    }
    assert_eq!(vpn::connected(lab), sessions);
}

/// Presses it, then what would confirm it.
fn refused(terminal: &mut Terminal, keys: &str) {
    terminal.press(keys);
    terminal.shows("actions are off: `actions = true` below [console]");
    assert!(!terminal.screen.screen().contents().contains("Cancel"), "{keys}");
    terminal.press("\t\r");
    terminal.hides("actions are off");
}
