//! What the hosts' recording shells (`tests/lab/recorder`) were asked while somebody opened every action and confirmed none:
//! the probe, and looks that change nothing. Then, of what was confirmed, the very command that the screen had shown.

use super::{HOSTS, Home, ask_for_all};

/// What only the recordings' own reading has.
const READING: &str = "for file in /srv/asked";
const PROBE: &str = include_str!("../../src/collect/servers/probe.sh");
/// What a look may be besides the probe: a rehearsal by apt, and whether a host has booted anew.
const LOOKS: [&str; 2] =
    ["LC_ALL=C apt-get -s -q --no-remove --only-upgrade install -- ", "cat /proc/sys/kernel/random/boot_id"];

/// Every recording, which is gone then.
fn read(home: &Home) -> Vec<String> {
    let script = format!("{READING}/*; do echo; echo %%; cat \"$file\"; done; rm -f /srv/asked/*");
    let all = HOSTS.iter().map(|host| home.on(host, &script)).collect::<String>();
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
    let reads_site = |run: &str| run.starts_with("p='/srv/www/composer.lock'\n") && !run.contains("drush");
    asked.iter().map(|one| run(one)).filter(|run| !changes_nothing(run) && !reads_site(run)).collect()
}

fn changes_nothing(run: &str) -> bool {
    let look = run.strip_prefix("id -u || exit\n");
    let look = look.is_some_and(|look| look.lines().count() == 1 && LOOKS.iter().any(|known| look.starts_with(known)));
    look || run.split_once('\n').is_some_and(|(given, rest)| given.starts_with("known=") && rest.trim() == PROBE.trim())
}

pub fn nothing_unconfirmed(home: &Home) {
    for host in HOSTS {
        home.on(host, "sudo -n sh -c 'rm -rf /srv/asked; mkdir -m 1777 /srv/asked'");
    }
    home.command(env!("CARGO_BIN_EXE_matins"), &["round", "--only", "servers"]);
    let asked = read(home);
    assert_eq!(asked.len(), HOSTS.len(), "{asked:#?}");
    assert!(asked.iter().all(|one| changes_nothing(run(one))), "{asked:#?}");
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
    for host in HOSTS {
        home.on(host, "sudo -n rm -rf /srv/asked");
    }
}
