//! Archives as they come, whole, torn and hostile.

use std::io::Cursor;

use serde_json::{Value, json};
use tar::EntryType;

use super::*;
use crate::domain::facts::VersionRange;

/// A record on one project, with the constraint that its name gives.
fn record(id: &str, project: &str, events: &Value) -> Value {
    json!({
        "schema_version": "1.7.0", "id": id, "modified": "2026-08-19T17:25:00.000Z", "published": "2026-08-12T17:25:00Z",
        "aliases": [], "details": "Text.", "references": [], "credits": [],
        "affected": [{
            "package": {"ecosystem": "Packagist:https://packages.drupal.org/8", "name": format!("drupal/{project}")},
            "severity": [],
            "ranges": [{"type": "ECOSYSTEM", "events": events, "database_specific": {"constraint": "x"}}],
            "database_specific": {},
        }],
    })
}

fn fixed(id: &str, project: &str) -> Value {
    record(id, project, &json!([{"introduced": "0"}, {"fixed": "2.0.0"}]))
}

fn with(key: &str, value: Value) -> Value {
    let mut record = fixed("DRUPAL-CONTRIB-2026-080", "webform");
    record[key] = value;
    record
}

fn affected(mut value: Value) -> Value {
    let mut record = fixed("DRUPAL-CONTRIB-2026-080", "webform");
    record["affected"][0].as_object_mut().unwrap().append(value.as_object_mut().unwrap());
    record
}

struct Packing(tar::Builder<Vec<u8>>);

impl Packing {
    /// As GitHub packs: a global header, then folders and files below one named for the branch.
    fn new() -> Self {
        let mut packing = Self(tar::Builder::new(Vec::new()));
        packing.entry(
            EntryType::XGlobalHeader,
            "pax_global_header",
            b"52 comment=0128404012840401284040128404012840401284\n",
        );
        packing.entry(EntryType::Directory, "drupal-advisory-database-main/", b"");
        packing.add("drupal-advisory-database-main/README.md", b"# Drupal");
        packing.add("drupal-advisory-database-main/package.json", b"no record");
        packing
    }

    fn entry(&mut self, kind: EntryType, path: &str, bytes: &[u8]) {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        self.0.append_data(&mut header, path, bytes).unwrap();
    }

    fn add(&mut self, path: &str, bytes: &[u8]) {
        self.entry(EntryType::Regular, path, bytes);
    }

    fn record(&mut self, project: &str, record: &Value) {
        let id = record["id"].as_str().unwrap_or("none");
        let path = format!("drupal-advisory-database-main/advisories/{project}/{id}.json");
        self.add(&path, record.to_string().as_bytes());
    }

    fn packed(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

/// Forty good records.
fn good() -> Packing {
    let mut packing = Packing::new();
    for number in 100..140 {
        let id = format!("DRUPAL-CONTRIB-2025-{number}");
        packing.record("maps", &fixed(&id, "maps"));
    }
    packing
}

/// The good records and these.
fn made(more: &[(&str, Value)]) -> Vec<u8> {
    let mut packing = good();
    for (project, record) in more {
        packing.record(project, record);
    }
    packing.packed()
}

fn read(bytes: &[u8]) -> Result<DrupalDatabase, Fault> {
    parse(&mut Cursor::new(bytes)).map(|parsed| match parsed.fact {
        Fact::DrupalDatabase(database) => (*database).clone(),
        other => panic!("{other:?}"),
    })
}

fn only(record: &Value) -> DrupalRecord {
    let database = read(&made(&[("webform", record.clone())])).unwrap();
    assert_eq!(database.unread, []);
    database.records.into_iter().find(|record| record.id == "SA-CONTRIB-2026-080").unwrap()
}

/// Why a record can't be read, while all others are.
fn unread(record: Value) -> String {
    let database = read(&made(&[("webform", record)])).unwrap();
    assert_eq!((database.records.len(), database.unread.len()), (40, 1), "{:?}", database.unread);
    let one = &database.unread[0];
    assert!(one.name.as_str().starts_with("advisories/webform/"), "{}", one.name);
    assert_eq!(one.package.as_ref().unwrap(), &"drupal/webform");
    one.why.to_string()
}

fn range(introduced: &str, fixed: Option<&str>, last_affected: Option<&str>) -> VersionRange {
    VersionRange {
        introduced: introduced.into(),
        fixed: fixed.map(Shown::from),
        last_affected: last_affected.map(Shown::from),
    }
}
#[test]
fn records_have_the_name_that_everybody_else_uses() {
    let mut written =
        with("aliases", json!([" CVE-2026-7", "CVE-2026-7", "DRUPAL-CONTRIB-2026-080", "SA-CONTRIB-2026-080", ""]));
    written["affected"][0]["database_specific"]["affected_versions"] = json!(">= 1.0.0 <2.0.0");
    let record = only(&written);
    assert_eq!(record.aliases, ["CVE-2026-7"], "an advisory that names itself is not its own alias");
    assert_eq!(record.published, Some("2026-08-12".parse().unwrap()));
    let affected = &record.affected[0];
    assert_eq!(affected.package, "drupal/webform");
    assert_eq!(affected.constraint.as_ref().unwrap(), &">= 1.0.0 <2.0.0");
    assert_eq!(affected.ranges, [range("0", Some("2.0.0"), None)]);
    let newest = read(&made(&[("webform", written)])).unwrap().newest;
    assert_eq!(newest, Some("2026-08-19".parse().unwrap()));
}

#[test]
fn every_form_of_a_range_keeps_its_meaning() {
    let ranges =
        |events: Value| only(&record("DRUPAL-CONTRIB-2026-080", "webform", &events)).affected[0].ranges.clone();
    assert_eq!(ranges(json!([{"introduced": "1.0.0"}])), [range("1.0.0", None, None)]);
    assert_eq!(
        ranges(json!([{"introduced": "1.0.0"}, {"last_affected": "1.4.0"}])),
        [range("1.0.0", None, Some("1.4.0"))]
    );
    assert_eq!(
        ranges(
            json!([{"introduced": "0"}, {"fixed": "1.2.0"}, {"introduced": "2.0.0"}, {"limit": "3"}, {"fixed": "2.1.0"}])
        ),
        [range("0", Some("1.2.0"), None), range("2.0.0", Some("2.1.0"), None)]
    );
    let listed =
        affected(json!({"ranges": [{"type": "GIT", "events": [{"introduced": "abc"}]}], "versions": ["1.1.0"]}));
    assert_eq!(only(&listed).affected[0].ranges, [range("1.1.0", None, Some("1.1.0"))]);
}

#[test]
fn a_withdrawn_record_says_so_and_of_two_the_newer_counts() {
    assert!(only(&with("withdrawn", json!("2026-09-01T00:00:00Z"))).withdrawn);
    let mut older = with("modified", json!("2026-01-01T00:00:00Z"));
    older["aliases"] = json!(["CVE-2026-9"]);
    let newer = with("aliases", json!(["CVE-2026-8"]));
    for pair in [[older.clone(), newer.clone()], [newer, older]] {
        let records = read(&made(&pair.map(|record| ("webform", record)))).unwrap().records;
        assert_eq!(records.len(), 41);
        assert!(records.iter().any(|record| record.aliases == ["CVE-2026-8"]));
    }
}

#[test]
fn one_record_that_cannot_be_read_is_named_and_sinks_no_other() {
    let cases = [
        (with("affected", json!([{"package": {"ecosystem": "Packagist", "name": ["drupal/x"]}}])), "expected a string"),
        (with("affected", json!({})), "not as expected at line 1, byte "),
        (with("affected", json!([])), "names no Composer package"),
        (with("modified", json!("lately")), "`lately` is no time"),
        (with("published", json!("\u{1b}[2J")), "`␛[2J` is no time"),
        (with("withdrawn", json!(true)), "not as expected at line 1, byte "),
        (
            affected(json!({"package": {"ecosystem": "Packagist", "name": "webform"}})),
            "`webform` is no name of a Composer package",
        ),
        (affected(json!({"package": {"ecosystem": "npm", "name": "drupal/webform"}})), "names no Composer package"),
        (affected(json!({"ranges": []})), "says of a package nothing about its versions"),
        (affected(json!({"ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "1"}]}]})), "ends what did not begin"),
        (affected(json!({"ranges": [{"type": "ECOSYSTEM", "events": [{}]}]})), "at line 1, byte "),
        (
            affected(json!({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "some"}]}]})),
            "`some` is no version",
        ),
        (json!({"id": "DRUPAL-CONTRIB-2026-080"}), "missing field `modified`"),
        (json!([]), "not as expected at line 1"),
    ];
    for (record, why) in cases {
        let said = unread(record.clone());
        assert!(said.contains(why), "{record}: {said}");
    }
    let mut deep = b"{\"id\": ".to_vec();
    deep.extend(vec![b'['; 100_000]);
    for bytes in
        [deep, b"{\"id\": \"x".to_vec(), b"<html>".to_vec(), vec![b' '; 300_000], b"\xff\xfe".to_vec(), Vec::new()]
    {
        let mut packing = good();
        packing.add("x/advisories/webform/DRUPAL-CONTRIB-2026-080.json", &bytes);
        let database = read(&packing.packed()).unwrap();
        assert_eq!((database.records.len(), database.unread.len()), (40, 1), "{}", bytes.len());
    }
}

#[test]
fn many_unreadable_records_are_a_damaged_archive() {
    let bad = |number: usize| json!({"id": format!("DRUPAL-CONTRIB-2026-{number}"), "modified": 7});
    let with = |count: usize| (0..count).map(|number| ("webform", bad(number))).collect::<Vec<_>>();
    assert_eq!(read(&made(&with(10))).unwrap().unread.len(), 10);
    let said = read(&made(&with(11))).unwrap_err().said.to_string();
    assert!(
        said.starts_with("11 of 51 records cannot be read, first advisories/webform/DRUPAL-CONTRIB-2026-0.json: "),
        "{said}"
    );
}

#[test]
fn what_is_no_file_is_no_record_and_nothing_is_written() {
    let mut packing = good();
    let record = fixed("DRUPAL-CONTRIB-2026-080", "webform").to_string();
    for kind in [EntryType::Symlink, EntryType::Link] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        packing.0.append_link(&mut header, "x/advisories/webform/DRUPAL-CONTRIB-2026-080.json", "/etc/passwd").unwrap();
    }
    for kind in [EntryType::Char, EntryType::Block, EntryType::Fifo, EntryType::Directory, EntryType::Continuous] {
        packing.entry(kind, "x/advisories/webform/DRUPAL-CONTRIB-2026-080.json", b"");
    }
    packing.add("x/advisories/webform/DRUPAL-CONTRIB-2026-080.txt", record.as_bytes());
    let database = read(&packing.packed()).unwrap();
    assert_eq!((database.records.len(), database.unread.len()), (40, 0));
    let mut packing = good();
    // A path that leads out of the archive is only a name; without a folder the package is not told.
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    header.as_gnu_mut().unwrap().name[..39].copy_from_slice(b"../../../tmp/DRUPAL-CONTRIB-2026-1.json");
    header.set_cksum();
    packing.0.append(&header, &b"bad"[..]).unwrap();
    packing.add("DRUPAL-CONTRIB-2026-080.json", record.as_bytes());
    let database = read(&packing.packed()).unwrap();
    assert_eq!((database.records.len(), database.unread.len()), (41, 1));
    let unread = &database.unread[0];
    assert_eq!((unread.name.as_str(), &unread.package), ("DRUPAL-CONTRIB-2026-1.json", &None));
}

#[test]
fn a_torn_archive_and_what_is_none_is_said() {
    let said = |bytes: &[u8]| read(bytes).unwrap_err().said.to_string();
    let whole = made(&[]);
    for cut in (1..whole.len() - 512).step_by(97).chain((1..whole.len() / 512 - 1).map(|blocks| blocks * 512)) {
        let torn = read(&whole[..cut]);
        assert!(torn.is_err(), "{cut} of {} bytes are taken for all", whole.len());
    }
    assert_eq!(said(&whole[..whole.len() - 1_024]), "the archive ends in the middle: its end mark is missing");
    assert!(said(&whole[..700]).starts_with("no whole tar archive, at its entry "), "{}", said(&whole[..700]));
    let mut damaged = whole.clone();
    damaged[512 * 8 + 100] ^= 1;
    assert!(read(&damaged).is_err() || read(&damaged).unwrap().unread.len() == 1);
    assert_eq!(said(b"PK\x03\x04..."), "a zip archive, which is not read here");
    assert_eq!(said(b"\n<!DOCTYPE html>"), "a web page instead of data");
    assert!(said(&vec![b'{'; 2_000]).starts_with("no whole tar archive, at its entry 1: "));
    let huge = {
        let mut header = tar::Header::new_gnu();
        header.set_path("x/advisories/webform/DRUPAL-CONTRIB-2026-1.json").unwrap();
        header.set_size(u64::MAX / 2);
        header.set_cksum();
        header.as_bytes().to_vec()
    };
    assert!(said(&huge).starts_with("no whole tar archive, at its entry "), "{}", said(&huge));
}

#[test]
fn a_flood_of_entries_is_refused() {
    let mut packing = Packing::new();
    let mut header = tar::Header::new_gnu();
    header.set_path("x").unwrap();
    header.set_size(0);
    header.set_cksum();
    for _ in 0..archive::ENTRIES {
        packing.0.append(&header, &b""[..]).unwrap();
    }
    assert_eq!(read(&packing.packed()).unwrap_err().said, "more than 50000 entries: another archive than was meant");
}

#[test]
fn the_whole_database_is_read() {
    let root = "../shared/data/osv/drupal-advisory-database";
    if !std::path::Path::new(root).is_dir() {
        eprintln!("left out: {root} is not there");
        return;
    }
    let mut packing = tar::Builder::new(Vec::new());
    packing.append_dir_all("drupal-advisory-database-main", root).unwrap();
    let database = read(&packing.into_inner().unwrap()).unwrap();
    assert_eq!((database.records.len(), database.unread.len()), (591, 0));
    assert_eq!(database.newest, Some("2026-08-19".parse().unwrap()));
    let core = database.records.iter().find(|record| record.id == "SA-CORE-2023-003").unwrap();
    assert_eq!((core.affected[0].package.as_str(), core.affected[0].ranges.len()), ("drupal/core", 3));
    let aliases = database.records.iter().flat_map(|record| &record.aliases);
    assert!(aliases.clone().all(|alias| alias.as_str().starts_with("CVE-")) && aliases.count() > 300);
    let stored = serde_json::to_string(&Fact::DrupalDatabase(Arc::new(database))).unwrap();
    assert!(stored.len() < 400_000, "{} bytes in the store", stored.len());
}
