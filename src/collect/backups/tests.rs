use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::json;

use super::directory::{parse_folder, snapshots_of};
use super::names::{Stamp, parse_name, undated};
use super::*;
use crate::collect::tools::run::{Program, run};
use crate::collect::tools::shell::FolderEntry;
use crate::domain::facts::{Slot, Snapshot};
use crate::domain::register::Server;

mod stamps;

fn register() -> Register {
    let server = |name: &str| Server { name: name.into(), ..Server::local() };
    Register { servers: vec![server("web1"), server("db1"), server("backup")], persons: Vec::new(), configured: true }
}

fn entry(value: serde_json::Value) -> Entry {
    Entry { section: "backup", value, place: "register.toml:3".into(), index: 0 }
}

fn planned(value: serde_json::Value) -> Result<Vec<Source>, Vec<Misfit>> {
    plan(&[entry(value)], &register(), Period::minutes(15))
}

fn misfit(value: serde_json::Value) -> (Option<String>, String) {
    let misfits = planned(value).unwrap_err();
    assert_eq!(misfits.len(), 1, "{misfits:?}");
    (misfits[0].key.clone(), misfits[0].message.clone())
}

fn restic() -> serde_json::Value {
    json!({"name": "office", "of": ["web1", "db1", "web1"], "kind": "restic", "repository": "sftp:office:/backup/restic",
        "password": {"command": "pass show backup/office"}, "offsite": true, "slots": ["last night", "1 week"], "every": "1h",
        "expect": {"shrink": "30%", "verified": "7d", "drill": "180d", "restore_within": "30m"}})
}

fn with(mut value: serde_json::Value, key: &str, other: serde_json::Value) -> serde_json::Value {
    value[key] = other;
    value
}

fn without(mut value: serde_json::Value, key: &str) -> serde_json::Value {
    value.as_object_mut().unwrap().remove(key).unwrap();
    value
}

#[test]
fn every_backup_is_a_source_and_says_what_it_is() {
    let sources = planned(restic()).unwrap();
    assert_eq!(sources[0].id.to_string(), "backups/office");
    assert_eq!(sources[0].every, Period::hours(1));
    let declared = &sources[0].declared[0];
    assert_eq!((declared.subject.kind, declared.place.as_str()), (SubjectKind::Backup, "register.toml:3"));
    let Fact::BackupDeclared(says) = &declared.fact else { panic!("{declared:?}") };
    assert_eq!(says.of, ["web1", "db1"], "once each");
    assert_eq!(says.slots, [Slot::LastNight, Slot::Ago(Period::days(7))]);
    assert!(says.offsite && says.tool == "restic");
}

#[test]
fn last_night_is_the_slot_where_none_is_given() {
    let sources =
        planned(json!({"name": "d", "of": ["db1"], "kind": "directory", "path": "backup:/srv/dumps"})).unwrap();
    let Fact::BackupDeclared(says) = &sources[0].declared[0].fact else { panic!() };
    assert_eq!((says.slots.as_slice(), says.offsite), (&[Slot::LastNight][..], false));
    assert_eq!(sources[0].every, Period::minutes(15));
}

#[test]
fn a_server_that_does_not_exist_is_named_with_the_nearest() {
    let (key, message) = misfit(with(restic(), "of", json!(["wbe1"])));
    assert_eq!(key.unwrap(), "of");
    assert_eq!(message, "`wbe1` is no [[server]] of the register; the nearest is `web1`");
    let (_, message) = misfit(with(restic(), "of", json!(["something else"])));
    assert_eq!(message, "`something else` is no [[server]] of the register");
    let both = planned(with(with(restic(), "of", json!(["x", "y"])), "slots", json!([]))).unwrap_err();
    assert_eq!(both.len(), 3, "everything that is wrong is said at once");
}

#[test]
fn a_password_in_the_file_is_refused_and_not_repeated() {
    let (key, message) = misfit(with(restic(), "password", json!("canary")));
    assert_eq!((key.as_deref(), message.as_str()), (Some("password"), crate::domain::SecretRef::FOUR));
}

#[test]
fn what_does_not_fit_is_said_at_its_key() {
    let directory = json!({"name": "d", "of": ["db1"], "kind": "directory", "path": "/srv/dumps"});
    for (value, key, words) in [
        (with(restic(), "slots", json!(["last nite"])), None, "`last nite` is not a slot"),
        (with(restic(), "slots", json!([])), Some("slots"), "nothing would be judged"),
        (with(restic(), "of", json!([])), Some("of"), "name the servers"),
        (with(restic(), "name", json!(" ")), Some("name"), "needs a name"),
        (with(restic(), "kind", json!("rustic")), Some("kind"), "`rustic` is none of restic, borg, directory"),
        (with(restic(), "nmae", json!("x")), Some("nmae"), "unknown key `nmae`"),
        (with(restic(), "repository", json!("relative")), Some("repository"), "neither an absolute path"),
        (with(restic(), "path", json!("/srv")), Some("path"), "says nothing to kind = \"restic\""),
        (with(restic(), "expect", json!({"shrink": "300%"})), None, "`300%` is not a share"),
        (with(restic(), "expect", json!({"drill": "soon"})), None, "`soon` is not a length of time"),
        (
            json!({"name": "b", "of": ["db1"], "kind": "borg", "repository": "/srv/borg", "program": " "}),
            Some("program"),
            "name a program",
        ),
        (
            json!({"name": "b", "of": ["db1"], "kind": "borg", "repository": "rest://me:pw@nas/borg"}),
            Some("repository"),
            "a password inside the address",
        ),
        (without(restic(), "repository"), None, "needs repository"),
        (without(restic(), "password"), None, "needs password"),
        (without(directory.clone(), "path"), None, "needs path"),
        (
            with(directory.clone(), "path", json!("nowhere:/srv")),
            Some("path"),
            "`nowhere` in `nowhere:/srv` is no [[server]]",
        ),
        (with(directory.clone(), "path", json!("backup:srv")), Some("path"), "must be absolute"),
        (with(directory, "password", json!({"env": "X"})), Some("password"), "says nothing"),
    ] {
        let (at, message) = misfit(value);
        assert_eq!(at.as_deref(), key, "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn every_kind_takes_its_own_keys_and_no_others() {
    for (kind, keys) in [
        ("borg", json!({"repository": "ssh://borg@office:2222/./repo", "password": {"env": "X"}, "sizes": true})),
        ("borg", json!({"repository": "/srv/plain"})),
        ("mirror", json!({"stamp": "backup:/srv/mirror/.stamp"})),
        ("zfs", json!({"dataset": "backup:tank/web1", "sudo": true})),
        ("btrfs", json!({"path": "backup:/srv", "prefix": "@snapshots/"})),
        ("snapper", json!({"path": "/"})),
        ("hetzner", json!({"token": {"keyring": "t"}, "storage_box": 42})),
        (
            "proxmox",
            json!({"repository": "backup@pbs!matins@pbs.example:store", "password": {"keyring": "p"}, "namespace": "web", "fingerprint": "ab".repeat(32)}),
        ),
        ("command", json!({"command": ["/usr/local/bin/list", "-x"], "on": "backup", "token": {"keyring": "t"}})),
    ] {
        let mut value = json!({"name": "b", "of": ["web1"], "kind": kind});
        value.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        let sources = planned(value.clone()).unwrap();
        let Fact::BackupDeclared(says) = &sources[0].declared[0].fact else { panic!() };
        assert_eq!(says.tool, *kind);
        let (key, message) = misfit(with(value, "nmae", json!("x")));
        assert_eq!((key.as_deref(), message.as_str()), (Some("nmae"), "unknown key `nmae`"));
    }
}

#[test]
fn nothing_hostile_reaches_a_tool() {
    let of = |kind: &str, key: &str, value: serde_json::Value| {
        let mut entry = json!({"name": "b", "of": ["web1"], "kind": kind});
        entry[key] = value;
        misfit(entry).0.unwrap()
    };
    for repository in ["repo", "-x:/y", "ssh://-oProxyCommand=id/x", "ssh://h:x/r", "/r::archive", "/a\nb", "ssh://h"] {
        assert_eq!(of("borg", "repository", json!(repository)), "repository", "{repository}");
    }
    for dataset in ["-r", "nowhere:tank", "tank; id", "/tank", "tank@snap", ""] {
        assert_eq!(of("zfs", "dataset", json!(dataset)), "dataset", "{dataset}");
    }
    for words in [json!([]), json!(["list"]), json!(["-x"]), json!(["/bin/x", "a\u{0}b"])] {
        assert_eq!(of("command", "command", words), "command");
    }
    let proxmox = |repository: &str, namespace: &str| {
        misfit(
            json!({"name": "b", "of": ["web1"], "kind": "proxmox", "password": {"env": "X"}, "repository": repository,
            "namespace": namespace}),
        )
        .0
        .unwrap()
    };
    assert_eq!(proxmox("--repository", "a"), "repository");
    assert_eq!(proxmox("a@pbs!t@h:s", "--ns"), "namespace");
    assert_eq!(of("btrfs", "path", json!("-oProxyCommand=id:/x")), "path");
}

#[test]
fn the_schema_holds_the_keys_of_every_kind() {
    let schema = serde_json::Value::from(entry::schema());
    for key in ["name", "of", "kind", "repository", "path", "dataset", "stamp", "command", "token", "sudo"] {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
    let path = schema["properties"]["path"]["description"].as_str().unwrap();
    assert!(path.contains("directory:") && path.contains("snapper:"), "{path}");
    assert_eq!(schema["properties"]["kind"]["enum"].as_array().unwrap().len(), kind::ALL.len());
    let required = schema["required"].as_array().unwrap();
    assert_eq!(required.len(), 3, "{required:?}");
}

/// Real output of a real tool, where the folder with it is at hand.
pub(super) fn real(name: &str) -> Option<String> {
    let data = std::env::var_os("MATINS_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), std::path::PathBuf::from);
    let text = std::fs::read_to_string(data.join(name));
    if text.is_err() {
        eprintln!("left out: no real {name} here");
    }
    text.ok()
}

fn vienna() -> TimeZone {
    TimeZone::get("Europe/Vienna").unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// When a name was made, in Vienna, by an entry last touched at noon of 30 November.
fn read(name: &str) -> Option<String> {
    resolved(name, "2026-11-30T11:00:00Z")
}

fn resolved(name: &str, modified: &str) -> Option<String> {
    let (stamp, _) = parse_name(name, false)?;
    Some(stamp.resolve(at(modified), &vienna())?.to_string())
}

fn entry_named(name: &str, folder: bool) -> FolderEntry {
    FolderEntry {
        name: name.as_bytes().to_vec(),
        folder,
        bytes: (!folder).then_some(7),
        modified: at("2026-11-23T01:14:00Z"),
    }
}

#[test]
fn a_folder_lists_its_snapshots_and_counts_the_rest() {
    let hostile = FolderEntry { name: b"\xff\xfe2026-11-22".to_vec(), ..entry_named("", false) };
    let entries = [
        entry_named("alpha.0", true),
        entry_named("lost+found", true),
        entry_named("web1\u{1b}[2J-2026-11-22", true),
        entry_named(".sync", true),
        hostile,
    ];
    let folder = parse_folder(&entries, &vienna());
    let list = snapshots_of(folder.named, folder.unnamed);
    let ids: Vec<&str> = list.snapshots.iter().map(|snapshot| snapshot.id.as_str()).collect();
    assert_eq!(ids, ["alpha.0", "web1␛[2J-2026-11-22"]);
    assert_eq!((list.unnamed, list.degraded), (2, None));
}

#[test]
fn what_lies_beside_a_dump_is_no_snapshot() {
    let ends =
        ["part", "partial", "tmp", "incomplete", "inprogress", "log", "ERR", "md5", "sha1", "sha256", "asc", "sig"];
    let mut entries: Vec<FolderEntry> =
        ends.iter().map(|end| entry_named(&format!("db1-2026-11-22.sql.gz.{end}"), *end == "tmp")).collect();
    entries.push(entry_named("db1-2026-11-22.sql.gz~", false));
    assert!(parse_folder(&entries, &vienna()).named.is_empty());
    assert_eq!(parse_folder(&entries, &vienna()).unnamed, 13);
    assert_eq!(parse_folder(&[entry_named("partial-2026-11-22.tmp.gz", false)], &vienna()).named.len(), 1);
}

#[test]
fn a_dump_is_as_large_as_its_file_and_of_the_series_that_its_name_tells() {
    let sized = |name: &str, bytes| FolderEntry { bytes: Some(bytes), ..entry_named(name, false) };
    let folder = parse_folder(&[sized("db1-2026-11-22.sql.gz", 0), entry_named("db1-2026-11-21", true)], &vienna());
    let inside = |inside: &[FolderEntry]| {
        let looked = parse_folder(&[entry_named("db1-2026-11-21", true)], &vienna()).named.remove(0);
        snapshots_of(vec![looked.looked_into(Ok(inside.to_vec()))], 0).snapshots[0].bytes
    };
    let list = snapshots_of(folder.named, 0).snapshots;
    assert_eq!((list[0].bytes, list[1].bytes), (Some(0), None), "{list:?}");
    assert_eq!(list[0].paths, ["db1-*.sql.gz"]);
    assert_eq!(inside(&[sized("a.sql", 0), sized("b.sql", 0)]), Some(0));
    assert_eq!(inside(&[sized("a.sql", 3), sized("b.sql", 4)]), Some(7));
    assert_eq!(inside(&[sized("a.sql", 0), entry_named("srv", true)]), None);
    for (name, series) in [
        ("2026-11-22T0214Z.tar.gz", "*.tar.gz"),
        ("2026-11-22-shop.sql", "*-shop.sql"),
        ("daily_shop_2026-11-22_02h14m_Sunday.sql.gz", "daily_shop_*.sql.gz"),
        ("wiki-20261122-021400", "wiki-*"),
        ("é2026-11-22é", "é*"),
    ] {
        assert_eq!(undated(name).unwrap(), series);
    }
}

/// Reads a folder as the shell tool does it.
fn listed(folder: &Path) -> Vec<FolderEntry> {
    let entry = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let meta = entry.metadata().unwrap();
        let name = entry.file_name().into_encoded_bytes();
        FolderEntry {
            name,
            folder: meta.is_dir(),
            bytes: meta.is_file().then_some(meta.len()),
            modified: meta.modified().unwrap().try_into().unwrap(),
        }
    };
    std::fs::read_dir(folder).unwrap().map(entry).collect()
}

fn snapshots(folder: &Path) -> Vec<Snapshot> {
    let found = parse_folder(&listed(folder), &vienna());
    let looked = found.named.into_iter().map(|named| {
        let inside = listed(&folder.join(named.name()));
        named.looked_into(Ok(inside))
    });
    snapshots_of(looked.collect(), found.unnamed).snapshots
}

#[tokio::test]
async fn a_real_rsnapshot_whose_second_host_fails_leaves_that_host_out() {
    if !Path::new("/usr/bin/rsnapshot").exists() {
        eprintln!("left out: rsnapshot is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/backups/rsnapshot.conf");
    std::fs::write(folder.path().join("conf"), std::fs::read_to_string(fixture).unwrap().replace("ROOT", root))
        .unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/file"), "x").unwrap();
    for interval in ["alpha", "alpha", "alpha", "alpha", "beta"] {
        let ran = run(Program::new("rsnapshot").arguments(["-c", &format!("{root}/conf"), interval])).await.unwrap();
        assert_eq!(ran.status, Some(i32::from(interval == "alpha")), "db1 can't be reached: {}", ran.complaint());
    }
    let list = snapshots(&folder.path().join("snapshots"));
    let mut ids: Vec<&str> = list.iter().map(|snapshot| snapshot.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["alpha.0", "alpha.1", "beta.0"]);
    assert!(list.iter().all(|snapshot| snapshot.paths == ["web1"] && snapshot.files.is_none()), "{list:?}");
    std::fs::remove_dir_all(folder.path().join("snapshots/alpha.0/web1")).unwrap();
    let list = snapshots(&folder.path().join("snapshots"));
    let emptied = list.iter().find(|snapshot| snapshot.id == "alpha.0").unwrap();
    assert_eq!((emptied.files, emptied.paths.len()), (Some(0), 0), "a snapshot with nothing in it says so");
}

/// The layout that rsnapshot left on another machine: a list of `find -printf '%p\t%T@\t%y'`.
#[test]
fn the_real_layout_of_rsnapshot_is_read() {
    let Some(text) = real("rsnapshot/layout-find.tsv") else { return };
    let entries = text.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let name = columns.next()?.strip_prefix("./").filter(|name| !name.contains('/'))?;
        let seconds = columns.next()?.split('.').next()?.parse().ok()?;
        let modified = Timestamp::from_second(seconds).ok()?;
        Some(FolderEntry { name: name.into(), folder: columns.next()? == "d", bytes: None, modified })
    });
    let folder = parse_folder(&entries.collect::<Vec<_>>(), &vienna());
    let list = snapshots_of(folder.named, folder.unnamed);
    let ids: Vec<&str> = list.snapshots.iter().map(|snapshot| snapshot.id.as_str()).collect();
    assert_eq!(ids, ["alpha.0", "alpha.1", "alpha.2", "beta.0"]);
    assert_eq!(list.snapshots[0].at, at("2026-11-23T19:41:23Z"));
}
