//! An advisory of which several hosts are told: in the dialog one of them is named, and the others still ask.

use super::Home;

pub fn decided(home: &Home) {
    let ids = home.write_list();
    home.round();
    let key = format!("advisories/{}", ids[0]);
    let mut terminal = home.console();
    terminal.press("1");
    terminal.press(&format!("/{}\r", ids[0]));
    terminal.shows("host lab17: vulnerable");
    terminal.press("d");
    terminal.shows(&format!("Decide: {}", ids[0]));
    terminal.press("\x1b[B\x1b[B/lab17");
    terminal.shows("lab17 only");
    terminal.press("\x1b[Bit is rebuilt today\r");
    terminal.shows(&format!("{key} acknowledged until"));
    // Of the three that are vulnerable, two still ask.
    terminal.shows("it asks again: host lab16: vulnerable, and 1 more");
    terminal.press("u");
    terminal.shows(&format!("taken back: {key} acknowledged"));
    terminal.hides("it asks again");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    let shown = home.matins(&["log", "show"]);
    assert!(shown.contains(&format!("acknowledged {key} on lab17 only until")), "{shown}");
}
