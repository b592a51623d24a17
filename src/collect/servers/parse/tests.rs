//! The parsers against what real machines said: our own recordings, and the collection of real output where it is.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
/// When the recordings were made, within minutes.
fn recorded() -> Timestamp {
    "2026-11-24T00:09:45Z".parse().unwrap()
}

fn recording(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/servers").join(name);
    fs::read(path).unwrap()
}

fn answer(name: &str) -> (HostSeen, Option<Packages>) {
    match parse_answer(&recording(name), recorded(), &Sections::default()).unwrap() {
        Answer::Whole { host, packages, digest, .. } => {
            assert!(digest.is_some());
            (*host, packages)
        }
        Answer::Same { .. } => panic!("{name} is whole"),
    }
}

fn said<T>(part: &Read<T>) -> String {
    part.as_result().err().unwrap().said.to_string()
}

#[test]
fn a_machine_with_updates_pending_is_read_in_every_part() {
    let (host, packages) = answer("before.txt");
    let pending = host.pending.seen().unwrap();
    assert_eq!((pending.len(), pending.iter().filter(|update| update.security).count()), (17, 17), "{pending:?}");
    let openssl = pending.iter().find(|update| update.package == "libssl3").unwrap();
    assert_eq!(openssl.origin, "Debian-Security:12/oldstable-security");
    assert_eq!(host.held.seen().unwrap(), &["tzdata"]);
    assert_eq!(host.half_configured.seen().unwrap().len(), 0);
    let packages = packages.unwrap().packages;
    assert!(packages.len() > 100 && packages.iter().any(|package| package.source != package.name));
    assert_eq!(host.release.seen().unwrap().pretty, "Debian GNU/Linux 12 (bookworm)");
    assert_eq!(host.kernel.seen().unwrap().installed, None);
    assert!(host.uptime_seconds.seen().is_some());
    assert!(recorded().duration_since(*host.lists_at.seen().unwrap()).as_hours() < 1);
    let unattended = host.unattended.seen().unwrap();
    assert!(unattended.installed && unattended.enabled);
    assert_eq!(unattended.last, Read::Seen(None));
    assert_eq!(host.reboot.seen(), Some(&Reboot { flag: None, kernel: false, needrestart: None }));
}

#[test]
fn where_nobody_knows_what_is_offered_no_package_is_called_nobodys() {
    let unsourced = |output: &[u8]| match parse_answer(output, recorded(), &Sections::default()).unwrap() {
        Answer::Whole { software, .. } => software.unsourced.clone(),
        Answer::Same { .. } => panic!("it is whole"),
    };
    let text = String::from_utf8(recording("before.txt")).unwrap();
    let local = text.replace("\n packages=", "\n local=tool:amd64\n packages=");
    assert_eq!(unsourced(local.as_bytes()).seen().unwrap(), &["tool"]);
    let lost = unsourced(local.replace("#lists\n", "#lost\n").as_bytes());
    assert!(said(&lost).contains("did not answer `lists`"), "{}", said(&lost));
}

#[test]
fn runs_of_unattended_upgrades_are_read_in_the_machines_zone() {
    let run = |name| answer(name).0.unattended.seen().unwrap().last.clone();
    let locked = run("locked.txt").seen().cloned().unwrap().unwrap();
    assert!(locked.failed);
    assert_eq!(locked.said, "Lock could not be acquired (another package manager running?)");
    assert_eq!(locked.at.to_string(), "2026-11-24T00:08:33Z");
    let after = run("after.txt").seen().cloned().unwrap().unwrap();
    assert_eq!((after.failed, after.said.as_str()), (false, "All upgrades installed"));
    let hidden = run("nobody.txt");
    assert!(said(&hidden).contains("permission denied"));
    assert!(hidden.as_result().unwrap_err().mend.as_ref().unwrap().as_str().contains("group adm"));
}

#[test]
fn what_is_left_after_an_upgrade_is_named() {
    let (host, _) = answer("after.txt");
    let pending: Vec<String> = host.pending.seen().unwrap().iter().map(|update| update.package.to_string()).collect();
    assert_eq!(pending, ["tzdata"]);
    assert_eq!(host.half_configured.seen().unwrap(), &["broken-on-purpose half configured"]);
    assert_eq!(host.reboot.seen().unwrap().flag, Some(vec!["linux-image-6.1.0-49-amd64".into()]));
}

#[test]
fn origins_of_unattended_upgrades_that_were_not_told_are_a_doubt() {
    let doubt = |more: &str| {
        let mut output = recording("after.txt");
        output.extend(more.as_bytes());
        let Answer::Whole { host, .. } = parse_answer(&output, recorded(), &Sections::default()).unwrap() else {
            panic!("it is whole")
        };
        let unattended = host.unattended.seen().unwrap().clone();
        (unattended.covers_security, unattended.covers_doubt.map(|fault| fault.said.to_string()))
    };
    assert_eq!(doubt(""), (None, Some("the probe did not answer `intent` to its end".into())));
    assert_eq!(doubt("#intent\n E: x\n\n rc=100\n"), (None, Some("apt-config failed with 100: E: x".into())));
    let origins = " Unattended-Upgrade::Origins-Pattern:: \"label=Debian-Security\";";
    assert_eq!(doubt(&format!("#intent\n{origins}\n\n rc=0\n")), (Some(true), None));
}

#[test]
fn a_damaged_database_takes_what_follows_from_it_and_nothing_else() {
    for (name, words) in [("emptied.txt", "no package at all"), ("truncated.txt", "dpkg-query failed with 2")] {
        let (host, packages) = answer(name);
        assert!(packages.is_none());
        for said in [
            said(&host.pending),
            said(&host.held),
            said(&host.half_configured),
            said(&host.kernel),
            said(&host.unattended),
        ] {
            assert!(said.contains(words), "{name}: {said}");
        }
        assert!(
            host.release.seen().is_some() && host.lists_at.seen().is_some() && host.clock_skew_seconds.seen().is_some()
        );
        // The flag was there, whatever dpkg says.
        assert!(host.reboot.seen().unwrap().required());
    }
}

#[test]
fn a_clock_counts_against_ours_when_the_answer_came() {
    let skew = |ours: &str| match parse_answer(&recording("after.txt"), ours.parse().unwrap(), &Sections::default())
        .unwrap()
    {
        Answer::Whole { host, .. } => *host.clock_skew_seconds.seen().unwrap(),
        Answer::Same { .. } => panic!(),
    };
    let far = skew("2026-11-23T23:00:00Z") - skew("2026-11-24T01:00:00Z");
    // Cut towards zero on both sides.
    assert!((7_199..=7_200).contains(&far), "{far}");
    let same = b"#same\n rc=0\n#clock\n 1795478984.5\n rc=0\n";
    let same = parse_answer(same, Timestamp::from_second(1_795_478_984).unwrap(), &Sections::default()).unwrap();
    assert_eq!(same, Answer::Same { clock_skew_seconds: Read::Seen(0) });
}

#[test]
fn an_answer_of_something_else_is_a_fault() {
    for nonsense in [&b""[..], b"hello", b"#digest\n x", b"#clock\n 1\n rc=0\n"] {
        assert!(parse_answer(nonsense, recorded(), &Sections::default()).is_err());
    }
}

proptest! {
    /// A part is whole or unreadable, wherever the answer ends.
    #[test]
    fn an_answer_that_ends_early_never_looks_better(cut in 0usize..16_000) {
        let bytes = recording("before.txt");
        let whole = answer("before.txt").0;
        if let Ok(Answer::Whole { host, .. }) = parse_answer(&bytes[..cut.min(bytes.len())], recorded(), &Sections::default()) {
            prop_assert!(host.pending.seen().is_none() || host.pending == whole.pending);
            prop_assert!(host.held.seen().is_none() || host.held == whole.held);
            prop_assert!(host.lists_at.seen().is_none() || host.lists_at == whole.lists_at);
            prop_assert!(host.clock_skew_seconds.seen().is_none() || cut + 20 > bytes.len());
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        parse_answer(&bytes, recorded(), &Sections::default()).ok();
        let mut broken = recording("after.txt");
        for (at, byte) in bytes.iter().enumerate() {
            let place = (at * 7_919 + usize::from(*byte) * 31) % broken.len();
            broken[place] = *byte;
        }
        parse_answer(&broken, recorded(), &Sections::default()).ok();
    }
}

/// Real output of other machines, where it is at hand.
fn data(name: &str) -> Option<String> {
    let folder = std::env::var_os("MATINS_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = folder.join("debian-host").join(name);
    let text = fs::read(&path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if text.is_none() {
        eprintln!("skipped: {} is not here", path.display());
    }
    text
}

#[test]
fn real_package_lists_are_read_whole() {
    for name in ["bookworm/dpkg-query-W.tsv", "trixie/dpkg-query-W.tsv"] {
        let Some(text) = data(name) else { return };
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        let there = rows.iter().filter(|row| !matches!(row[3].as_bytes()[1], b'n' | b'c')).count();
        // Recorded with another order of columns.
        let order = |row: &Vec<&str>| [row[3], row[0], row[1], row[4], row[5], row[2]].join("\t");
        let section = Section { lines: rows.iter().map(order).collect(), code: 0, digest: None };
        let installed = packages::parse_packages(&section).unwrap();
        assert_eq!(installed.packages.len(), there, "{name}");
        assert!(there > 250);
    }
}

#[test]
fn real_logs_of_unattended_upgrades_are_judged_by_their_last_run() {
    let zone = "#zone\n /usr/share/zoneinfo/Etc/UTC\n +0000\n rc=0\n";
    let periodic =
        "#periodic\n APT::Periodic::Update-Package-Lists \"1\";\n APT::Periodic::Unattended-Upgrade \"1\";\n rc=0\n";
    for (name, failed, words) in [
        ("bookworm/uu-A-download-failure.log", true, "failed to download, aborting"),
        ("bookworm/uu-B-locked.log", true, "Lock could not be acquired"),
        ("bookworm/uu-C-dpkg-failure.log", true, "Installing the upgrades failed!"),
        ("bookworm/uu-D-success-with-holds.log", false, "All upgrades installed"),
        ("bookworm/uu-E-success.log", false, "All upgrades installed"),
        ("bookworm/uu-EF-success-then-nothing.log", false, "No packages found that can be upgraded unattended"),
        ("trixie/uu-success.log", false, "All upgrades installed"),
    ] {
        let Some(text) = data(name) else { return };
        let body: Vec<String> = text.lines().map(|line| format!(" {line}")).collect();
        let sections =
            sections::parse_sections(format!("{zone}{periodic}#runs\n{}\n rc=0\n", body.join("\n")).as_bytes());
        let unattended =
            unattended::parse_unattended(&sections, true, Ok(None), "2026-11-24T08:00:00Z".parse().unwrap());
        let run = unattended.seen().unwrap().last.seen().unwrap().clone().unwrap();
        assert_eq!(run.failed, failed, "{name}");
        assert!(run.said.as_str().contains(words), "{name}: {}", run.said);
    }
    // What could not be upgraded is named, whatever the last line says.
    let Some(text) = data("bookworm/uu-C-dpkg-failure.log") else { return };
    let Some(dpkg) = data("bookworm/uu-C-dpkg-failure-dpkg.log") else { return };
    let lines = |text: &str| text.lines().map(|line| format!(" {line}\n")).collect::<Vec<_>>().concat();
    let dpkg: String = dpkg
        .lines()
        .filter(|line| line.starts_with(['L', ' ']) || line.starts_with("dpkg: error"))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let answer = format!("{zone}{periodic}#runs\n{}\n rc=0\n#dpkg-log\n{}\n rc=0\n", lines(&text), lines(&dpkg));
    let sections = sections::parse_sections(answer.as_bytes());
    let unattended = unattended::parse_unattended(&sections, true, Ok(None), "2026-11-24T08:00:00Z".parse().unwrap());
    let run = unattended.seen().unwrap().last.seen().unwrap().clone().unwrap();
    assert!(run.causes[0].as_str().starts_with("libde265-0: unable to make backup link of"), "{:?}", run.causes);
    assert!(run.causes.iter().any(|cause| cause.as_str().starts_with("nginx: Unable to correct problems")));
    assert_eq!(run.kept.iter().filter(|kept| kept.as_str().ends_with("is blacklisted")).count(), 5);
    // A simulated run leaves a log that looks like a run.
    let Some(text) = data("bookworm/uu-log-after-dryrun.log") else { return };
    let body: Vec<String> = text.lines().map(|line| format!(" {line}")).collect();
    let sections = sections::parse_sections(format!("{zone}{periodic}#runs\n{}\n rc=0\n", body.join("\n")).as_bytes());
    let unattended = unattended::parse_unattended(&sections, true, Ok(None), "2026-11-24T08:00:00Z".parse().unwrap());
    assert_eq!(unattended.seen().unwrap().last, Read::Seen(None));
}

#[test]
fn real_needrestart_and_policy_answers_are_read() {
    for name in ["vm/needrestart-b.txt", "vm/needrestart-b-k.txt", "trixie/needrestart-b.txt"] {
        let Some(text) = data(name) else { return };
        assert_eq!(needrestart(&packages::tests::section(&text)), Some(true), "{name}");
    }
    let Some(policy) = data("bookworm/apt-cache-policy-some.txt") else { return };
    let machine = packages::tests::machine(
        "ii \topenssl\t1\to\t1\ta\nii \tnginx\t1\tn\t1\ta\nii \tlinux-image-cloud-amd64\t1\tl\t1\ta\n",
    );
    let section = packages::tests::section(&format!("{policy}\npackages=53"));
    let pending =
        pending::parse_pending(&section, &machine, &pending::Offers::new(&lists::Lists::default(), None)).unwrap();
    assert_eq!(pending.len(), 3);
    assert!(pending.iter().all(|update| update.security), "{pending:?}");
    // In another language nothing is recognised: the probe counts no tables then, and that is a fault.
    let Some(german) = data("trixie/apt-cache-policy.de.txt") else { return };
    let section = packages::tests::section(&format!("{german}\npackages=0"));
    assert!(pending::parse_pending(&section, &machine, &pending::Offers::new(&lists::Lists::default(), None)).is_err());
}
