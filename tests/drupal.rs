//! Drupal's database and the sites of the register, from the archive on a web server and the lock on the disk to the row in
//! the queue: vulnerable, fixed, unknown; and beside `composer audit`, the peer on the same work.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use matins::collect::tools::Tools;
use matins::collect::{ALL, Answer, Source};
use matins::domain::register::{Register, Server, Site};
use matins::domain::settings::Entry;
use matins::domain::{Evidence, Judgement, Limits, Period, SourceState, Verdict};
use matins::policy::{Case, rules};
use matins::round::{Desk, Pass, Plan, pass};
use matins::store::Sqlite;
use serde_json::{Value, json};
use support::web::{Does, Web, answer, gzip, says};
use url::Url;

fn clock() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

/// One record of the database, as its publishers write it.
fn record(id: &str, project: &str, ranges: &Value, constraint: &str) -> (String, Vec<u8>) {
    let ecosystem = if project == "core" { "Packagist" } else { "Packagist:https://packages.drupal.org/8" };
    let text = json!({
        "schema_version": "1.7.0", "id": id, "modified": "2026-11-20T10:00:00.000Z",
        "published": "2026-11-18T17:00:00.000Z", "aliases": [format!("CVE-2026-{}", &id[id.len() - 3..])],
        "details": "A module.\n\nIt doesn't check.", "references": [], "credits": [],
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": format!("drupal/{project}")}, "severity": [],
            "ranges": [{"type": "ECOSYSTEM", "events": ranges, "database_specific": {"constraint": constraint}}],
            "database_specific": {"affected_versions": constraint},
        }],
    });
    (format!("advisories/{project}/{id}.json"), text.to_string().into_bytes())
}

/// A database with a hundred advisories on modules that nobody has, and these.
fn database(more: Vec<(String, Vec<u8>)>) -> Vec<u8> {
    let below_two = || json!([{"introduced": "0"}, {"fixed": "2.0.0"}]);
    let usual = (0..100).map(|number| {
        let id = format!("DRUPAL-CONTRIB-2020-{number:03}");
        record(&id, &format!("module{number}"), &below_two(), "<2.0.0")
    });
    packed(usual.chain(more))
}

fn packed(files: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        builder.append_data(&mut header, format!("drupal-advisory-database-main/{path}"), bytes.as_slice()).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

fn usual() -> Vec<(String, Vec<u8>)> {
    let core = json!([{"introduced": "8.0.0"}, {"fixed": "10.5.4"}, {"introduced": "11.0.0"}, {"fixed": "11.3.2"}]);
    vec![
        record("DRUPAL-CORE-2026-008", "core", &core, ">=8.0.0 <10.5.4 || >=11.0.0 <11.3.2"),
        record("DRUPAL-CONTRIB-2026-101", "webform", &json!([{"introduced": "0"}, {"fixed": "6.2.9"}]), "<6.2.9"),
        record("DRUPAL-CONTRIB-2026-102", "maps", &json!([{"introduced": "0"}]), "*"),
    ]
}

fn lock(packages: &[(&str, &str)]) -> Vec<u8> {
    let packages: Vec<Value> =
        packages.iter().map(|(name, version)| json!({"name": name, "version": version})).collect();
    json!({"content-hash": "0123", "packages": packages, "packages-dev": []}).to_string().into_bytes()
}

/// A console with one site and the database.
struct Morning {
    folder: tempfile::TempDir,
    desk: Desk,
    tools: Arc<Tools>,
}

impl Morning {
    fn at(database: &str, lock: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("composer.lock"), lock).unwrap();
        let plan = Plan {
            operator: "mona".into(),
            machine: "ws".into(),
            zone: TimeZone::UTC,
            limits: Limits::default(),
            configured: true,
            register: Vec::new(),
            sources: sources(folder.path(), database),
            telling: matins::tell::Telling::default(),
        };
        let store = Sqlite::open(&folder.path().join("matins.db")).unwrap();
        let desk = Desk::open(plan, Box::new(store)).unwrap();
        Self { folder, desk, tools: Arc::new(Tools::new(clock).unwrap()) }
    }

    fn lock(&self, packages: &[(&str, &str)]) {
        std::fs::write(self.folder.path().join("composer.lock"), lock(packages)).unwrap();
    }

    async fn ask(&mut self) {
        pass(&mut self.desk, &self.tools, &Pass::default(), std::future::pending(), |_| ())
            .await
            .unwrap()
            .kept()
            .unwrap();
    }

    fn evidence(&self) -> &Evidence {
        self.desk.evidence()
    }

    fn rows(&self) -> Vec<Judgement> {
        let rule = rules::ALL.iter().find(|rule| rule.measure == "site-updates").unwrap();
        let limits = Limits::default();
        (rule.judge)(&Case { evidence: self.evidence(), limits: &limits, now: clock(), zone: &TimeZone::UTC })
    }

    /// Each row's verdict and title.
    fn said(&self) -> Vec<(Verdict, String)> {
        self.rows().iter().map(|row| (row.verdict, row.title.to_string())).collect()
    }

    /// How the database is heard.
    fn state(&self) -> SourceState {
        let mut sources = self.evidence().sources.iter();
        sources.find(|source| source.id.to_string() == "advisories/drupal_osv").unwrap().state(clock())
    }
}

fn sources(root: &Path, database: &str) -> Vec<Source> {
    let mut server = Server::local();
    server.sites = vec![Site { name: "www.example.org".into(), root: root.to_owned() }];
    let register = Register { servers: vec![server], persons: Vec::new(), configured: true };
    let value = json!({"drupal_osv": database});
    let entry = Entry { section: "advisories", value, place: "sources.toml:1".into(), index: 0 };
    let collector = |name: &str| ALL.iter().find(|collector| collector.name == name).unwrap();
    let mut sources = (collector("sites").plan)(&[], &register, Period::minutes(15)).unwrap();
    sources.extend((collector("advisories").plan)(&[entry], &register, Period::minutes(15)).unwrap());
    sources
}

#[tokio::test]
async fn a_site_is_vulnerable_and_after_the_update_it_is_not() {
    let server = Web::start(vec![("/main.tar.gz", says("200 OK", &[], &database(usual())))]);
    let old = [("drupal/core", "10.5.3"), ("drupal/webform", "6.2.2"), ("drupal/token", "1.13.0")];
    let mut morning = Morning::at(&server.url("/main.tar.gz"), &lock(&old));
    assert_eq!(morning.said()[0].0, Verdict::Unknown, "nothing was read yet");
    morning.ask().await;
    let title = "2 of 3 Drupal packages vulnerable · core 10.5.3 → 10.5.4 · webform 6.2.2 → 6.2.9";
    assert_eq!(morning.said(), [(Verdict::Broken, title.to_owned())]);
    let rows = morning.rows();
    let items: Vec<&str> = rows[0].standings.iter().map(|standing| standing.item.as_str()).collect();
    assert_eq!(items, ["package drupal/core SA-CORE-2026-008", "package drupal/webform SA-CONTRIB-2026-101"]);
    morning.lock(&[("drupal/core", "10.5.4"), ("drupal/webform", "6.2.9"), ("drupal/token", "1.13.0")]);
    morning.ask().await;
    assert_eq!(morning.said(), [(Verdict::Ok, "none of 3 Drupal packages is vulnerable".to_owned())]);
    morning.lock(&[("drupal/core", "11.3.2"), ("drupal/webform", "dev-6.x"), ("drupal/maps", "1.0.0")]);
    morning.ask().await;
    let said = morning.said();
    assert_eq!(said.len(), 2, "{said:?}");
    let untold = "1 of 3 Drupal packages cannot be told · webform dev-6.x";
    assert_eq!(said[0], (Verdict::Unknown, untold.to_owned()), "a branch tells no version");
    assert_eq!(said[1], (Verdict::Due, "1 package has no security support: maps".to_owned()));
}

#[tokio::test]
async fn a_record_that_nobody_can_read_is_unknown_where_its_package_is() {
    let mut records = usual();
    records.push(("advisories/token/DRUPAL-CONTRIB-2026-200.json".into(), b"{\"id\": 7}".to_vec()));
    let server = Web::start(vec![("/main.tar.gz", says("200 OK", &[], &database(records)))]);
    let mut morning = Morning::at(&server.url("/main.tar.gz"), &lock(&[("drupal/token", "1.13.0")]));
    morning.ask().await;
    let rows = morning.rows();
    assert_eq!(
        (rows[0].verdict, rows[0].title.as_str()),
        (Verdict::Unknown, "1 of 1 Drupal package cannot be told · token 1.13.0")
    );
    let why = "drupal/token SA-CONTRIB-2026-200 cannot be read: not as expected at line 1, byte 9: \
               invalid type: integer `7`, expected a string";
    assert!(rows[0].because.iter().any(|because| because.said == why), "{:?}", rows[0].because);
    morning.lock(&[("drupal/core", "10.5.4")]);
    morning.ask().await;
    assert_eq!(morning.said()[0].0, Verdict::Ok, "another module's advisory concerns it not");
}

#[tokio::test]
async fn it_asks_whether_the_archive_changed() {
    let body = answer("200 OK", &[("ETag", "\"0128404\"")], &database(usual()));
    let server = Web::start(vec![("/main.tar.gz", Does::SaysUnless("\"0128404\"", body))]);
    let mut morning = Morning::at(&server.url("/main.tar.gz"), &lock(&[("drupal/core", "10.5.4")]));
    morning.ask().await;
    morning.ask().await;
    let asked = server.asked();
    assert_eq!((asked.len(), asked[1].header("if-none-match")), (2, Some("\"0128404\"")));
    assert_eq!(morning.said()[0].0, Verdict::Ok);
}

#[tokio::test]
async fn the_last_good_archive_outlives_every_bad_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("main.tar.gz");
    let whole = database(usual());
    std::fs::write(&file, &whole).unwrap();
    let url = Url::from_file_path(&file).unwrap();
    let mut morning = Morning::at(url.as_str(), &lock(&[("drupal/webform", "6.2.2")]));
    morning.ask().await;
    let (rows, good) = (morning.said(), morning.evidence().clone());
    let damaged =
        packed((0..200).map(|number| (format!("advisories/x/DRUPAL-CONTRIB-2026-{number}.json"), vec![b'['])));
    let few = packed(usual().into_iter());
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&whole[..]), &mut plain).unwrap();
    let cut = plain[..plain.len() / 512 / 2 * 512].to_vec();
    let bad =
        [whole[..whole.len() / 2].to_vec(), b"<!DOCTYPE html>".to_vec(), b"PK\x03\x04".to_vec(), damaged, few, cut];
    let mut said = BTreeSet::new();
    for (number, bytes) in bad.iter().enumerate() {
        std::fs::write(&file, bytes).unwrap();
        let at = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64);
        std::fs::File::open(&file).unwrap().set_modified(at).unwrap();
        morning.ask().await;
        assert_eq!(morning.state(), SourceState::Silent);
        let source =
            |evidence: &Evidence| evidence.sources.iter().find(|one| one.id.name == "drupal_osv").unwrap().clone();
        assert_eq!(source(morning.evidence()).seen[0].fact, source(&good).seen[0].fact);
        said.insert(source(morning.evidence()).fault.unwrap().said.to_string());
        assert_eq!(morning.said()[0].0, rows[0].0, "what was vulnerable is");
        assert_eq!(morning.said()[0].1, rows[0].1);
    }
    assert_eq!(said.len(), bad.len(), "each is said in its own words: {said:#?}");
    std::fs::write(&file, &plain).unwrap();
    morning.ask().await;
    assert_eq!(morning.state(), SourceState::Fresh, "not packed is read too");
}

/// A checkout of the database in a folder, as git lays it out.
fn checked_out(folder: &Path, files: impl Iterator<Item = (String, Vec<u8>)>) {
    let aside = [(".git/objects/pack".into(), b"PACK".to_vec()), ("README.md".into(), b"# Drupal".to_vec())];
    for (path, bytes) in files.chain(aside) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[tokio::test]
async fn a_folder_of_the_records_is_as_good_as_their_archive() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("checkout");
    let usually = (100..220).map(|number| {
        record(
            &format!("DRUPAL-CONTRIB-2020-{number}"),
            "maps",
            &json!([{"introduced": "0"}, {"fixed": "1.0.0"}]),
            "<1.0.0",
        )
    });
    checked_out(&root, usually.chain(usual()));
    let webform = root.join("advisories/webform/DRUPAL-CONTRIB-2026-101.json");
    let good = std::fs::read(&webform).unwrap();
    let mut morning = Morning::at(Url::from_file_path(&root).unwrap().as_str(), &lock(&[("drupal/webform", "6.2.2")]));
    morning.ask().await;
    let vulnerable = morning.said();
    assert_eq!(vulnerable, [(Verdict::Broken, "1 of 1 Drupal package vulnerable · webform 6.2.2 → 6.2.9".to_owned())]);
    let asked = |morning: &Morning| {
        let source = morning.evidence().sources.iter().find(|one| one.id.name == "drupal_osv").unwrap();
        (source.state(clock()), source.fault.clone(), source.seen[0].fact.clone())
    };
    let source = sources(folder.path(), Url::from_file_path(&root).unwrap().as_str()).pop().unwrap();
    let again = |memory: Option<String>| {
        let (source, tools) = (&source, &morning.tools);
        async move { source.ask.ask(tools, memory.as_deref()).await.unwrap() }
    };
    let Answer::Seen { memory, .. } = again(None).await else { panic!("nothing was remembered") };
    assert!(matches!(again(memory.clone()).await, Answer::Unchanged), "nothing is new");
    std::fs::write(root.join("advisories/maps/DRUPAL-CONTRIB-2020-100.txt"), b"a note").unwrap();
    assert!(matches!(again(memory).await, Answer::Seen { .. }), "a file more");
    std::fs::write(&webform, b"{\"id\": 7}").unwrap();
    morning.ask().await;
    let title = "1 of 1 Drupal package cannot be told · webform 6.2.2";
    assert_eq!(morning.said(), [(Verdict::Unknown, title.to_owned())], "a bad record, as in an archive");
    std::fs::write(&webform, &good).unwrap();
    morning.ask().await;
    assert_eq!(morning.said(), vulnerable, "mended");
    // A checkout that broke off, or whose files nobody can read, leaves what was known, and says which file it was.
    let fact = asked(&morning).2;
    for number in 100..140 {
        std::fs::write(root.join(format!("advisories/maps/DRUPAL-CONTRIB-2020-{number}.json")), b"x").unwrap();
    }
    morning.ask().await;
    let (state, fault, kept) = asked(&morning);
    let said = "40 of 123 records cannot be read, first advisories/maps/DRUPAL-CONTRIB-2020-100.json: \
                no JSON at line 1, byte 1: expected value";
    assert_eq!((state, fault.unwrap().said.as_str()), (SourceState::Silent, said));
    assert!(kept == fact && morning.said()[0].1 == vulnerable[0].1);
    std::fs::remove_dir_all(root.join("advisories")).unwrap();
    std::fs::remove_file(root.join("README.md")).unwrap();
    morning.ask().await;
    let (state, fault, kept) = asked(&morning);
    assert_eq!(
        (state, fault.unwrap().said),
        (SourceState::Silent, format!("{} holds no files", root.display()).into())
    );
    assert!(kept == fact && morning.said()[0].1 == vulnerable[0].1);
}

/// Every file below a folder, as an archive of it would name them.
fn files(root: &Path, below: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(root.join(below)).unwrap().map(|entry| entry.unwrap());
    entries
        .flat_map(|entry| {
            let path = below.join(entry.file_name());
            if entry.path().is_dir() {
                files(root, &path)
            } else {
                vec![(path.to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap())]
            }
        })
        .collect()
}

/// What Composer itself found in the same lock by the same database: package and advisory.
fn audited(answer: &Value) -> BTreeSet<String> {
    let packages = answer["advisories"].as_object().unwrap();
    let of = |(name, found): (&String, &Value)| {
        let all: Vec<&Value> = match found {
            Value::Array(all) => all.iter().collect(),
            all => all.as_object().unwrap().values().collect(),
        };
        all.into_iter()
            .map(|one| format!("{name} {}", one["advisoryId"].as_str().unwrap().replace("SA-DRUPAL-", "SA-")))
            .collect::<Vec<_>>()
    };
    packages.iter().flat_map(of).collect()
}

#[tokio::test]
async fn it_finds_what_composer_audit_finds() {
    let data = PathBuf::from("../shared/data");
    let (root, locks) = (data.join("osv/drupal-advisory-database"), data.join("drush-composer"));
    if !root.is_dir() || !locks.is_dir() {
        eprintln!("left out: {} or {} is not there", root.display(), locks.display());
        return;
    }
    let whole = packed(files(&root, Path::new("")).into_iter());
    for release in ["bookworm", "sid"] {
        let read = |name: &str| std::fs::read(locks.join(format!("{release}-{name}"))).unwrap();
        let server = Web::start(vec![("/main.tar.gz", says("200 OK", &[], &whole))]);
        let mut morning = Morning::at(&server.url("/main.tar.gz"), &read("composer.lock"));
        morning.ask().await;
        let rows = morning.rows();
        let ours: BTreeSet<String> = rows
            .iter()
            .flat_map(|row| row.standings.iter())
            // What nobody mends any more names its advisory beside the package.
            .flat_map(|standing| {
                let item = standing.item.as_str().strip_prefix("package ").unwrap();
                let (package, id) = item.split_once(' ').unwrap_or((item, ""));
                let words = standing.word.as_str().split([' ', ',']).chain([id]);
                let ids = words.filter(|word| word.starts_with("SA-"));
                ids.map(|id| format!("{package} {id}")).collect::<Vec<_>>()
            })
            .collect();
        let theirs = audited(&serde_json::from_slice(&read("audit.json")).unwrap());
        assert_eq!(ours, theirs, "{release}");
        assert_eq!(theirs.len(), 29, "{release}");
    }
}
