//! What the hosts' recording shells (`tests/lab/recorder`) were asked while somebody opened every action and confirmed none:
//! the probe, and looks that change nothing. Then, of what was confirmed, the very command that the screen had shown.

use std::collections::BTreeMap;

use super::pty::Terminal;
use super::{HOSTS, Home, PATIENCE, ask_for_all};

/// What only the recordings' own reading has.
const READING: &str = "for file in /srv/asked";
const PROBE: &str = include_str!("../../src/collect/servers/probe.sh");
/// What a look may be besides the probe: a rehearsal by apt, and whether a host has booted anew.
const LOOKS: [&str; 2] =
    ["LC_ALL=C apt-get -s -q --no-remove --only-upgrade install -- ", "cat /proc/sys/kernel/random/boot_id"];

/// Whether packages were changed as they should.
const PROOF: &str = r"dpkg-query -W -f='${Package} ${db:Status-Status} ${Version}\n' ";

/// From now on the hosts keep what they are asked.
pub fn record(home: &Home) {
    for host in HOSTS {
        home.on(host, "sudo -n sh -c 'rm -rf /srv/asked; mkdir -m 1777 /srv/asked'");
    }
}

pub fn forget(home: &Home) {
    for host in HOSTS {
        home.on(host, "sudo -n rm -rf /srv/asked");
    }
}

/// Every recording, which is gone then.
pub fn read(home: &Home) -> Vec<String> {
    HOSTS.iter().flat_map(|host| read_of(home, host)).collect()
}

fn read_of(home: &Home, host: &str) -> Vec<String> {
    let script = format!("{READING}/*; do echo; echo %%; cat \"$file\"; done; rm -f /srv/asked/*");
    let all = home.on(host, &script);
    let files = all.split("\n%%\n").map(str::trim).filter(|file| file.starts_with("ran") && !file.contains(READING));
    files.map(str::to_owned).collect()
}

/// What was run: what stands inside the frame that matins puts around it.
fn run(recording: &str) -> &str {
    let framed = recording.split_once("\n(\n").and_then(|(_, rest)| rest.split_once("\n) </dev/null"));
    framed.map_or(recording, |(inside, _)| inside).trim()
}

/// What is none of the looks that change nothing.
fn acts(asked: &[String]) -> Vec<&str> {
    asked.iter().map(|one| run(one)).filter(|run| !is_of_a_round(run) && !is_look(run)).collect()
}

/// What no round asks, which looks at servers and sites.
pub fn beyond_a_round(asked: &[String]) -> Vec<&str> {
    asked.iter().map(|one| run(one)).filter(|run| !is_of_a_round(run)).collect()
}

fn is_look(run: &str) -> bool {
    let known = |look: &str| LOOKS.iter().any(|known| look.starts_with(known));
    run.strip_prefix("id -u || exit\n").is_some_and(|look| look.lines().count() == 1 && known(look))
        || (run.starts_with(PROOF) && run.lines().count() == 1)
}

fn is_of_a_round(run: &str) -> bool {
    is_probe(run) || (run.starts_with("p='/srv/www/composer.lock'\n") && !run.contains("drush"))
}

fn is_probe(run: &str) -> bool {
    run.split_once('\n').is_some_and(|(given, rest)| given.starts_with("known=") && rest.trim() == PROBE.trim())
}

/// Confirms the upgrade whose question is in view, and waits for its end. What then ran on these hosts is what was shown of
/// them, once, and on no other anything.
pub fn confirmed(home: &Home, terminal: &mut Terminal, [title, word, end]: [&str; 3], ran: &[&str]) {
    terminal.until("a whole question", |screen| shown(&screen.contents(), title).is_some());
    let shown = shown(&terminal.screen.screen().contents(), title).unwrap();
    record(home);
    terminal.press(&format!("\t{word}\r"));
    terminal.within(PATIENCE, end, |screen| screen.contents().contains(end));
    for host in HOSTS {
        let asked = read_of(home, host);
        let acts: Vec<String> = acts(&asked).into_iter().map(without_blanks).collect();
        let expected: Vec<&String> = ran.iter().filter(|name| **name == host).map(|name| &shown[*name]).collect();
        assert_eq!(acts.iter().collect::<Vec<_>>(), expected, "{host}: {asked:#?}");
    }
    forget(home);
}

/// What a question shows to be run on each host: below `on HOST`, indented by three. Where it is broken into lines, and
/// blanks, does not count. `None` until all of it is there.
fn shown(screen: &str, title: &str) -> Option<BTreeMap<String, String>> {
    let rows: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
    let corner = format!("┌ {title} ");
    let mut rows = rows.iter().skip_while(|row| !row.iter().collect::<String>().contains(&corner));
    let top: String = rows.next()?.iter().collect();
    let left = top[..top.find(&corner)?].chars().count();
    let width = top.chars().skip(left).position(|c| c == '┐')?;
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    let mut host = String::new();
    // It is drawn from its top to its bottom.
    for row in rows {
        match row.get(left)? {
            '│' => {}
            '└' => return Some(shown),
            _ => return None,
        }
        let inner: String = row.get(left + 1..left + width)?.iter().collect();
        if let Some(name) = inner.strip_prefix(" on ") {
            name.trim().clone_into(&mut host);
        } else if inner.starts_with("   ") && !inner.starts_with("    ") {
            shown.entry(host.clone()).or_default().push_str(&without_blanks(&inner));
        }
    }
    None
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

pub fn nothing_unconfirmed(home: &Home) {
    record(home);
    home.command(env!("CARGO_BIN_EXE_matins"), &["round", "--only", "servers"]);
    let asked = read(home);
    assert_eq!(asked.len(), HOSTS.len(), "{asked:#?}");
    assert!(asked.iter().all(|one| is_probe(run(one))), "{asked:#?}");
    let mut terminal = home.console();
    terminal.press("g");
    // Enter on what is chosen, which is Cancel; Esc after the other choice.
    for answer in ["\r", "\t\x1b"] {
        for (key, shown) in
            [("s", "ssh -- lab16"), ("l", "/srv/www/vendor/bin/drush --root"), ("B", "sudo -n systemctl reboot")]
        {
            terminal.press(key);
            terminal.shows(shown);
            terminal.press(answer);
            terminal.hides(shown);
        }
        ask_for_all(&mut terminal, "Install security updates on 3 servers");
        terminal.press(answer);
        terminal.hides("Install security updates on 3 servers");
    }
    let asked = read(home);
    assert!(!asked.is_empty() && acts(&asked).is_empty(), "nobody had confirmed {asked:#?}");

    let login = "/srv/www/vendor/bin/drush --root=/srv/www --uri=https://www.lab.example uli";
    terminal.press("l");
    terminal.shows(login);
    terminal.press("\t\r");
    terminal.shows("/user/reset/1/");
    terminal.press("\x1b");
    terminal.hides("/user/reset/1/");
    let asked = read(home);
    assert_eq!(acts(&asked), [login]);

    terminal.press("s");
    terminal.shows("ssh -- lab16");
    terminal.press("\t\r");
    terminal.until("a prompt", |screen| !screen.alternate_screen() && screen.contents().contains("$ "));
    terminal.press("exit\r");
    terminal.until("the console again", |screen| screen.alternate_screen() && screen.contents().contains("back from"));
    let asked = read(home);
    assert_eq!(acts(&asked), ["ran"]);
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    forget(home);
}
