//! Every kind's parser against mutated and huge output.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::thin::thinned;
use super::{kind, parse};

/// What each tool prints, to begin with.
const CORPUS: &[(&str, &str)] = &[
    (
        "restic",
        r#"[{"time":"2026-11-22T02:14:00.5+01:00","hostname":"web1","paths":["/srv"],"id":"30ffc111aa",
            "summary":{"total_files_processed":67,"total_bytes_processed":5724839,"backup_start":"2026-11-22T02:14:00Z",
            "backup_end":"2026-11-22T02:19:00Z"}}]"#,
    ),
    (
        "borg",
        r#"{"archives":[{"id":"a1","name":"web1-2026-11-22","start":"2026-11-22T02:30:10.000000","end":"2026-11-22T02:31:10",
            "hostname":"vm","stats":{"nfiles":67,"original_size":5724839}}],"encryption":{"mode":"repokey-blake2"}}"#,
    ),
    (
        "borg",
        r#"{"archives":[{"archive":"web1","hostname":"vm","id":"3c9858a574a6636e","name":"web1","nfiles":2,"size":200041,
            "start":"2026-11-26T12:28:15.7+00:00","end":"2026-11-26T12:28:15.7+00:00","time":"2026-11-22T02:14:00.000000+00:00"}],
            "encryption":{"encryption":"aes256-ocb","id_hash":"sha256"},"repository":{"id":"6","location":"/srv"}}"#,
    ),
    (
        "directory",
        "alpha.0\nweb1-2026-11-22T0214.tar.gz\n2026-11-22\n20261122021400\nlost+found\n2026-11-22T02:14:00+01:00",
    ),
    ("mirror", "2026-11-20T02:14:00+01:00\n"),
    (
        "zfs",
        "tank/web1\taes-256-gcm\ntank/web1@autosnap_2026-11-23_03:00:00_daily\t1795402807\t114688\ntank@x\t1795402807\t-\n",
    ),
    ("btrfs", "ID 258 gen 8 cgen 8 top level 5 otime 2026-11-23 19:40:33 path @snapshots/root.2026-11-09T03:00\n"),
    ("snapper", r#"{"root":[{"subvolume":"/","number":7,"date":"2026-11-23 01:14:07","description":"nightly"}]}"#),
    (
        "hetzner",
        r#"{"images":[{"id":1,"type":"snapshot","status":"available","description":"x","image_size":2.3,
            "created":"2016-01-30T23:50+00:00","created_from":{"id":1,"name":"web1"}}],"meta":{"pagination":{"next_page":2}}}"#,
    ),
    (
        "proxmox",
        r#"{"data":[{"backup-id":"web1","backup-time":1795402807,"backup-type":"host","size":5,"files":[{"crypt-mode":"encrypt",
            "filename":"root.pxar.didx"}],"verification":{"state":"ok","upid":"UPID:pbs:000003B6:00000FA5:00000012:6B034237:v:"}}]}"#,
    ),
    ("command", r#"{"snapshots":[{"id":"4711","time":"2026-11-23T01:14:00Z","bytes":1}],"verified":1795402807}"#),
];

#[test]
fn every_kind_has_a_corpus_and_reads_it() {
    let words: Vec<&str> = kind::ALL.iter().map(|kind| kind.word).collect();
    let mut known: Vec<&str> = CORPUS.iter().map(|(word, _)| *word).collect();
    known.sort_unstable();
    known.dedup();
    let mut sorted = words.clone();
    sorted.sort_unstable();
    assert_eq!(known, sorted);
    for (word, text) in CORPUS {
        let list = parse(word, text.as_bytes()).unwrap().unwrap();
        assert!(!list.snapshots.is_empty(), "{word}");
    }
    assert!(parse("nonsense", b"").is_none());
}

/// A hundred thousand snapshots in the form of each tool.
#[test]
fn a_hundred_thousand_snapshots_are_read_and_thinned() {
    const COUNT: i64 = 100_000;
    let at = |n: i64| jiff::Timestamp::from_second(1_400_000_000 + n * 3_600).unwrap();
    let each = |one: &dyn Fn(i64) -> String, between: &str| (0..COUNT).map(one).collect::<Vec<_>>().join(between);
    let restic =
        format!("[{}]", each(&|n| format!(r#"{{"time":"{}","hostname":"h{}","id":"{n:064x}"}}"#, at(n), n % 3), ","));
    let borg = each(&|n| format!(r#"{{"id":"{n:064x}","name":"web1-{n}","start":"{}"}}"#, at(n)), ",");
    let borg = format!(r#"{{"archives":[{borg}],"encryption":{{"mode":"none"}}}}"#);
    let zfs = format!("tank/web1\toff\n{}", each(&|n| format!("tank/web1@s{n}\t{}\t4096", at(n).as_second()), "\n"));
    let mut btrfs = String::new();
    for n in 0..COUNT {
        let (otime, name) = (at(n).strftime("%F %T").to_string(), at(n).strftime("%FT%H%M").to_string());
        writeln!(btrfs, "ID {n} gen 8 cgen 8 top level 5 otime {otime} path @snapshots/web1.{name}").unwrap();
    }
    for (word, text) in [("restic", restic), ("borg", borg), ("zfs", zfs), ("btrfs", btrfs)] {
        let list = parse(word, text.as_bytes()).unwrap().unwrap();
        assert_eq!(i64::try_from(list.snapshots.len()).unwrap(), COUNT, "{word}");
        let kept = thinned(list.snapshots);
        assert_eq!(kept[0].at, at(COUNT - 1), "{word}");
        assert!(kept.len() < 16_000, "{word}: {}", kept.len());
    }
}

#[derive(Debug, Clone)]
enum Change {
    Cut(usize),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    Flip(usize, u8),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..6),
        Just(b"99999999999999999999".to_vec()),
        Just(b"-1".to_vec()),
        Just(b"null".to_vec()),
        Just("\u{202e}\u{1b}[2J".as_bytes().to_vec()),
        Just(vec![b'['; 200]),
    ];
    let change = prop_oneof![
        (0_usize..600).prop_map(Change::Cut),
        (0_usize..600, 1_usize..40).prop_map(|(at, count)| Change::Remove(at, count)),
        (0_usize..600, piece).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (0_usize..600, any::<u8>()).prop_map(|(at, byte)| Change::Flip(at, byte)),
    ];
    proptest::collection::vec(change, 1..5)
}

fn changed(text: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for change in changes {
        let at = |index: usize| index % (bytes.len() + 1);
        match change {
            Change::Cut(index) => bytes.truncate(at(*index)),
            Change::Remove(index, count) => {
                let from = at(*index);
                let until = (from + count).min(bytes.len());
                bytes.drain(from..until);
            }
            Change::Insert(index, piece) => {
                let from = at(*index);
                bytes.splice(from..from, piece.iter().copied());
            }
            Change::Flip(index, byte) => {
                let from = at(*index);
                if let Some(old) = bytes.get_mut(from) {
                    *old ^= byte;
                }
            }
        }
    }
    bytes
}

proptest! {
    #[test]
    fn mutated_output_is_a_list_or_a_fault_and_never_unclean(which in 0..CORPUS.len(), changes in changes()) {
        let (word, text) = CORPUS[which];
        match parse(word, &changed(text, &changes)).unwrap() {
            Ok(list) => {
                for snapshot in &list.snapshots {
                    prop_assert!(!snapshot.id.as_str().chars().any(char::is_control));
                }
                // It can be stored and read again.
                let stored = serde_json::to_string(&list).unwrap();
                prop_assert_eq!(serde_json::from_str::<crate::domain::facts::Snapshots>(&stored).unwrap(), list);
            }
            Err(fault) => prop_assert!(!fault.said.as_str().chars().any(char::is_control)),
        }
    }

    #[test]
    fn any_bytes_are_survived(which in 0..CORPUS.len(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse(CORPUS[which].0, &bytes).is_some(), "whether it is a list or a fault is no matter here");
    }
}
