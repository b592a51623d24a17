//! The logs of unattended-upgrades, as logrotate leaves them.

use super::*;

const LOG: &str = "log/unattended-upgrades.log";
const DPKG_LOG: &str = "log/unattended-upgrades-dpkg.log";

async fn says(machine: &Machine, call: &str) -> (String, Option<i32>) {
    machine.says(&format!("log={}", machine.path(LOG).display()), &["runs", "dpkg_log"], call).await
}

/// As logrotate does it: packed, with an empty one in its place.
async fn rotate(machine: &Machine, name: &str) {
    let file = machine.path(name).display().to_string();
    let packed = format!("cd /; mv {file} {file}.1; gzip -f {file}.1; : >{file}");
    assert_eq!(run(Program::new("sh").arguments(["-c", &packed])).await.unwrap().status, Some(0));
}

fn lines(day: u32, count: u32) -> String {
    (1..=count)
        .map(|line| format!("2026-11-{day:02} 06:00:{line:02},1 INFO line {line}"))
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}

#[tokio::test]
async fn a_log_that_was_packed_is_read_until_the_new_one_tells_enough() {
    let machine = Machine::new();
    fs::create_dir_all(machine.path("log")).unwrap();
    assert_eq!(says(&machine, "runs").await, (String::new(), Some(1)));
    let old = lines(1, 40);
    machine.write(LOG, &format!("2026-11-01 05:00:00,1 DEBUG x\nTraceback\n{old}"));
    assert_eq!(says(&machine, "runs").await, (old.clone(), Some(0)));
    rotate(&machine, LOG).await;
    assert_eq!(says(&machine, "runs").await, (old.clone(), Some(0)));
    machine.write(LOG, &lines(2, 20));
    assert_eq!(says(&machine, "runs").await, (format!("{old}{}", lines(2, 20)), Some(0)));
    machine.write(LOG, &lines(2, 50));
    assert_eq!(says(&machine, "runs").await, (lines(2, 50), Some(0)));
    // Without an empty one in its place, and where nobody may read it.
    fs::remove_file(machine.path(LOG)).unwrap();
    assert_eq!(says(&machine, "runs").await, (old, Some(0)));
    lock(&machine.path(&format!("{LOG}.1.gz")), 0o000);
    assert_eq!(says(&machine, "runs").await, (String::new(), Some(3)));
}

#[tokio::test]
async fn what_dpkg_complained_of_is_read_where_it_was_packed() {
    let machine = Machine::new();
    fs::create_dir_all(machine.path("log")).unwrap();
    assert_eq!(says(&machine, "dpkg_log").await, (String::new(), Some(1)));
    let told = "Log started: 2026-11-24  06:00:30\ndpkg: error processing package x (--configure):\n gone\n\
        dpkg: erreur de traitement du paquet y (--configure)\u{a0}:\n parti\n";
    machine.write(DPKG_LOG, &format!("{told}dpkg: warning: x\nLog ended: 2026-11-24  06:00:31\n"));
    assert_eq!(says(&machine, "dpkg_log").await, (told.into(), Some(0)));
    rotate(&machine, DPKG_LOG).await;
    assert_eq!(says(&machine, "dpkg_log").await, (told.into(), Some(0)));
    machine.write(DPKG_LOG, "Log started: 2026-12-01  06:00:30\nLog ended: 2026-12-01  06:00:31\n");
    assert_eq!(says(&machine, "dpkg_log").await, (String::new(), Some(0)));
}
