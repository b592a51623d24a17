//! Parsers of advisories, of VPNs, of what backup tools say beside their lists and of who has power on a server against thousands of damaged copies of good data: whatever comes is a fact or a fault, soon.
//! The same seeds each time; `fuzz/` looks further.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use matins::collect::advisories::parse;
use matins::collect::{backups, feeds, parse_power, vpn};
use matins::domain::Fact;
use matins::domain::facts::{FeedKind, VpnPki};
use matins::domain::version::compare;

/// Damaged copies of each.
const COPIES: usize = 1_500;

const TRACKER: &[u8] = br#"{"linux":{"CVE-2026-7":{"description":"x \u00fc","scope":"remote","debianbug":7,"releases":{"trixie":
    {"status":"resolved","repositories":{"trixie":"6.12-1"},"fixed_version":"6.12-1","urgency":"high**"},"sid":{"status":"open",
    "urgency":"low","nodsa":"Minor","nodsa_reason":"postponed"}}}},"perl":{"TEMP-0000000-0CA7E3":{"releases":[]}}}"#;
const BULLETINS: &[u8] = b"[29 Mar 2023] DSA-5380-1 xorg-server - security update\n\t{CVE-2023-1393 DSA-5380-1}\n\
    \t[bullseye] - xorg-server  2:1.20.11-1+deb11u6\n\t[buster] - xorg-server <not-affected>\n\tNOTE: x\n\
    [18 Apr 2018] DSA-4205-1 jessie end-of-life\n";
const KEV: &[u8] = br#"{"dateReleased": "2026-11-20T17:04:19.9796Z", "count": 2, "vulnerabilities": [
    {"cveID": "CVE-2026-1", "dateAdded": "2026-11-20", "cwes": []}, {"cveID": "CVE-2017-1000253", "dateAdded": "2025-01-02"}]}"#;
const EPSS: &[u8] = b"#model_version:v2025.03.14,score_date:2026-11-22T00:00:00+0000\ncve,epss,percentile\n\
    CVE-2026-1,0.00042,0.05\nCVE-2026-2,0.97,0.999\n";
const RELEASES: &[u8] = b"version,codename,series,created,release,eol,eol-lts,eol-elts\n\
    12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30,2033-06-30\n14,Forky,forky,2025-08-09\n";
const SUPPORT: &[u8] =
    b"adns      limited  Stub resolver\nconsul\tnon-supported\t1.10-1 2023-09-20  x\nrust.*   limited  y\n";
const RECORD: &[u8] = br#"{"id": "DRUPAL-CORE-2026-008", "modified": "2026-08-19T17:25:00.000Z", "published":
    "2026-08-12T17:25:00Z", "aliases": ["CVE-2026-7", "SA-CORE-2026-008"], "affected": [{"package": {"ecosystem": "Packagist",
    "name": "drupal/core"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "8.0.0"}, {"fixed": "10.5.4"}]}],
    "versions": ["7.1"], "database_specific": {"affected_versions": ">=8.0.0 <10.5.4 || 11.0.*"}}]}"#;

fn packed(path: &str, bytes: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for path in [path, "x/README.md"] {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, path, bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A copy in which a few things are wrong.
fn damaged(random: &mut fastrand::Rng, whole: &[u8]) -> Vec<u8> {
    const TOKENS: [&[u8]; 14] = [
        b"null", b"{", b"]", b"\"", b",", b"\n", b"-1", b"1e999", b"<html>", b"\0", b"\xff", b"0000", b":", b"\x1b[2J",
    ];
    let mut bytes = whole.to_vec();
    for _ in 0..random.usize(1..5) {
        let at = random.usize(..=bytes.len().saturating_sub(1));
        let end = (at + random.usize(..40)).min(bytes.len());
        match random.u8(..6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.u8(..8),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.truncate(at),
            3 => {
                let part = bytes[at..end].to_vec();
                let to = random.usize(..=bytes.len());
                bytes.splice(to..to, part.repeat(random.usize(1..50)));
            }
            _ => drop(bytes.splice(at..at, TOKENS[random.usize(..TOKENS.len())].iter().copied())),
        }
    }
    bytes
}

fn survive<T>(name: &str, copies: usize, whole: &[u8], read: impl Fn(&[u8]) -> Option<T>) {
    assert!(read(whole).is_some(), "{name}: the undamaged one is no good");
    let mut random = fastrand::Rng::with_seed(7);
    let mut refused = 0;
    for number in 0..copies {
        let bytes = damaged(&mut random, whole);
        let started = Instant::now();
        refused += usize::from(read(&bytes).is_none());
        assert!(started.elapsed() < Duration::from_secs(2), "{name}: copy {number} takes too long");
    }
    assert!(refused > copies / 50, "{name}: {refused} of {copies} refused: nothing was damaged");
}

#[test]
fn damaged_lists_are_facts_or_faults() {
    let sources = [
        ("debian_tracker", TRACKER),
        ("debian_dsa", BULLETINS),
        ("debian_dla", BULLETINS),
        ("kev", KEV),
        ("epss", EPSS),
        ("debian_releases", RELEASES),
    ];
    for (key, whole) in sources {
        survive(key, COPIES, whole, |bytes| parse(key, bytes).unwrap().ok());
    }
    assert!(parse("cisa", b"").is_none());
}

#[test]
fn damaged_archives_and_damaged_files_in_them_are_facts_or_faults() {
    let record = "main/advisories/core/DRUPAL-CORE-2026-008.json";
    for (key, path, whole) in
        [("drupal_osv", record, RECORD), ("debian_support", "main/security-support.deb13", SUPPORT)]
    {
        survive(key, COPIES, &packed(path, whole), |bytes| parse(key, bytes).unwrap().ok());
        survive(key, COPIES, whole, |bytes| {
            let fact = parse(key, &packed(path, bytes)).unwrap().ok()?;
            let lost = matches!(&fact, Fact::DrupalDatabase(database) if database.records.is_empty());
            (!lost).then_some(fact)
        });
    }
}

#[test]
fn damaged_feeds_are_facts_or_faults() {
    let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
    for name in ["atom.xml", "debian-dsa.rdf", "drupal-all.xml", "feed.json"] {
        let whole = std::fs::read(format!("tests/fixtures/feeds/{name}")).unwrap();
        for kind in [FeedKind::Debian, FeedKind::Drupal, FeedKind::Any] {
            survive(name, COPIES / 25, &whole, |bytes| feeds::parse(kind, bytes, now).ok());
        }
    }
}

#[test]
fn damaged_versions_keep_their_order() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut versions: Vec<String> = (0..300)
        .map(|_| String::from_utf8_lossy(&damaged(&mut random, b"2:1.20.11-1+deb11u6~bpo1")).into_owned())
        .collect();
    versions.sort_by(|a, b| compare(a, b));
    for (at, a) in versions.iter().enumerate() {
        for b in &versions[at..] {
            assert!(compare(a, b).is_le() && compare(b, a).is_ge(), "{a} {b}");
        }
    }
}

#[test]
fn damaged_vpns_are_facts_or_faults() {
    let fixture = |name: &str| std::fs::read(format!("tests/fixtures/vpn/{name}")).unwrap();
    let told = |form: &str, bytes: &[u8]| vpn::parse(form, bytes).unwrap().ok();
    for name in ["v1-2.4.status", "v2-2.3.status", "v3.status", "v3-2.7.status"] {
        let whole = fixture(name);
        survive(name, COPIES, &whole, |bytes| told("status", bytes));
        // Nobody with a password, somebody with one, and a line in between.
        let said = [b"ENTER PASSWORD:SUCCESS: password is correct\r\n>INFO:OpenVPN\r\n>CLIENT:ENV,a=b\r\n", &whole[..]]
            .concat();
        survive(name, COPIES / 5, &said, |bytes| told("management", bytes));
    }
    survive("wireguard", COPIES, &fixture("wireguard.dump"), |bytes| {
        told("wireguard", bytes).filter(|fact| matches!(fact, Fact::WireguardPeers(peers) if peers.odd_rows == 0))
    });
    let readable = |pki: &VpnPki| {
        let parts = [pki.authority.seen().is_some(), pki.servers.seen().is_some(), pki.issued.seen().is_some()];
        parts == [true; 3] && pki.revocations.seen().is_some()
    };
    survive("pki", COPIES, &fixture("pki.txt"), |bytes| {
        told("pki", bytes).filter(|fact| matches!(fact, Fact::VpnPki(pki) if readable(pki)))
    });
    assert!(vpn::parse("ipsec", b"").is_none());
}

/// What restic, borg and a server in a drill say, and what there is not.
const BESIDE: [(&str, &[u8]); 6] = [
    (
        "restic lock",
        br#"{"time": "2026-11-23T02:14:00.5+01:00", "exclusive": false, "hostname": "nas", "username": "root", "pid": 7, "uid": 0, "gid": 0}"#,
    ),
    ("restic locks", b"4a97881d6abf4b16985c013171aad8cb4626feb81374d0c7755e92beb8babf9b\n"),
    ("restic complaints", b"{\"message_type\":\"exit_error\",\"code\":12,\"message\":\"Fatal: wrong password\"}\n"),
    ("borg lock", br#"{"exclusive": true, "hostid": "nas@190e6f85ea3b", "processid": 7, "threadid": 0, "time": "2026-11-23T01:14:00.123+00:00"}"#),
    (
        "borg complaints",
        b"{\"type\": \"log_message\", \"levelname\": \"ERROR\", \"name\": \"borg.archiver\", \"message\": \"x\", \"msgid\": \"LockTimeout\"}\n",
    ),
    ("drill", b"0 7 1795402800 c0ffee\n1 -\n2 7 1795402800 decaf\n3 8 1795402801 c0ffee\n"),
];

#[test]
fn what_is_damaged_beside_a_list_is_understood_or_not() {
    for (what, whole) in BESIDE {
        survive(what, COPIES, whole, |bytes| backups::parse_beside(what, bytes).unwrap().then_some(()));
    }
    assert!(backups::parse_beside("zfs", b"").is_none());
}

const POWER: &[u8] = b"#accounts\n root:x:0:0:root:/root:/bin/bash\n anna:x:1000:1000::/home/anna:/bin/sh\n\n rc=0\n\
    #groups\n sudo:x:27:anna\n\n rc=0\n#sshd\n\n rc=0\n#keys\n /home/anna/.ssh/authorized_keys\n 256 SHA256:AAA anna@laptop (ED25519)\n\n rc=0\n\
    #sudoers\n {\"User_Specs\": [{\"User_List\": [{\"usergroup\": \"sudo\"}], \"Cmnd_Specs\": [{\"Commands\": [{\"command\": \"ALL\"}]}]}]}\n\n rc=0\n\
    #logins\n root pts/1 127.0.0.1 Wed Nov 25 15:19:18 +0000 2026\n\n rc=0\n\
    #visits\n anna     pts/2        203.0.113.7      2026-11-26T08:05:00+00:00   still logged in\n\n rc=0\n";

#[test]
fn damaged_accounts_and_logins_are_facts_or_unreadable() {
    survive("power", COPIES, POWER, |bytes| {
        let power = parse_power(bytes);
        let whole = power.keys.seen().is_some() && power.sudoers.seen().is_some() && power.groups.seen().is_some();
        let told = power.logins.seen()?.len() + power.remote_logins.seen()?.iter().flatten().count();
        (whole && told == 2).then_some(power)
    });
}
