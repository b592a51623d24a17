//! What publishers say otherwise later, from one round to the next through the real store: another version holds the fix, or
//! the whole advisory is withdrawn. The row says so, and so does its history. The packages are this machine's own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use matins::collect::tools::Tools;
use matins::collect::{ALL, Source};
use matins::domain::facts::Package;
use matins::domain::register::{Register, Server, Site};
use matins::domain::settings::Entry;
use matins::domain::{Fact, Limits, Period, Round, Subject, SubjectKind, Verdict};
use matins::round::{Desk, Looked, Order, Pass, Plan, Update, pass};
use matins::store::Sqlite;
use serde_json::{Value, json};
use url::Url;

fn now() -> Timestamp {
    std::time::SystemTime::now().try_into().unwrap()
}

fn address(path: &Path) -> String {
    Url::from_file_path(path).unwrap().into()
}

/// A console on this machine with one site, whose sources are files in a folder.
struct Console {
    folder: tempfile::TempDir,
    desk: Desk,
    tools: Arc<Tools>,
}

impl Console {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            operator: "mona".into(),
            machine: "ws".into(),
            zone: TimeZone::UTC,
            limits: Limits::default(),
            configured: true,
            register: Vec::new(),
            sources: sources(folder.path()),
            telling: matins::tell::Telling::default(),
        };
        let desk = Desk::open(plan, Box::new(Sqlite::open(&folder.path().join("matins.db")).unwrap())).unwrap();
        Self { folder, desk, tools: Arc::new(Tools::new(now).unwrap()) }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A list of advisories that concern nobody here, and these lines.
    fn list(&self, lines: &str) {
        let today = TimeZone::UTC.to_datetime(now()).date();
        let usual = (0..200).map(|number| {
            let day = today.checked_sub(i64::from(number).days()).unwrap().strftime("%d %b %Y").to_string();
            format!(
                "[{day}] DSA-{}-1 nothing{number} - security update\n\t[bookworm] - nothing{number} 1.0\n",
                7_000 + number
            )
        });
        self.write("list", &format!("{lines}{}", usual.collect::<String>()));
    }

    async fn ask(&mut self) -> Round {
        let round = pass(&mut self.desk, &self.tools, &Pass::default(), std::future::pending(), |_| ()).await;
        round.unwrap().kept().unwrap()
    }

    /// The version of a source package that this machine has, and its release.
    fn installed(&self) -> Option<(Package, String)> {
        let seen = || self.desk.evidence().sources.iter().flat_map(|source| &source.seen);
        let release = seen().find_map(|seen| match &seen.fact {
            Fact::HostSeen(host) => host.release.seen().filter(|release| release.id == "debian").cloned(),
            _ => None,
        })?;
        let packages = seen().find_map(|seen| match &seen.fact {
            Fact::Packages(packages) => Some(packages.clone()),
            _ => None,
        })?;
        // Every Debian has it, and it is built from a source of its own name.
        let one = packages.packages.iter().find(|package| package.name == "dpkg")?;
        Some((one.clone(), release.codename.to_string()))
    }

    /// What a person sees who looks: the row, its reasons, and what turned, the newest first.
    fn row(&self, round: &Round, id: &str) -> Row {
        let finding = round.findings.iter().find(|one| one.measure == "advisories" && one.subject.name == *id);
        let finding = finding.unwrap_or_else(|| panic!("no row {id}"));
        let subject = Subject::new(SubjectKind::Advisory, id);
        let (verdict, title) = (finding.verdict, finding.title.to_string());
        let mut row = Row { verdict, title, because: Vec::new(), turns: Vec::new() };
        for update in self.desk.answer(&Order::Look(subject), now()) {
            let Update::Looked(Looked { particulars, turns, .. }) = update else { continue };
            let because = particulars.values().flat_map(|said| said.because.iter());
            row.because.extend(because.map(|one| format!("{}: {}", one.source, one.said)));
            row.turns.extend(
                turns.iter().map(|turn| {
                    format!("{}: {}", turn.item, turn.word.as_ref().map_or("no more", |word| word.as_str()))
                }),
            );
        }
        row
    }
}

#[derive(Debug)]
struct Row {
    verdict: Verdict,
    title: String,
    because: Vec<String>,
    turns: Vec<String>,
}

impl Row {
    fn is(&self, verdict: Verdict, title: &str) {
        assert_eq!((self.verdict, self.title.as_str()), (verdict, title));
    }
}

fn sources(folder: &Path) -> Vec<Source> {
    let mut server = Server::local();
    server.sites = vec![Site { name: "www.example.org".into(), root: folder.join("site") }];
    let register = Register { servers: vec![server], persons: Vec::new(), configured: true };
    let entry = |section, value| Entry { section, value, place: "sources.toml:1".into(), index: 0 };
    let plan = |name: &str, entries: &[Entry]| {
        let collector = ALL.iter().find(|collector| collector.name == name).unwrap();
        (collector.plan)(entries, &register, Period::minutes(15)).unwrap()
    };
    let feed = json!({"name": "Drupal", "kind": "drupal", "url": address(&folder.join("feed.xml"))});
    let lists = json!({"debian_dsa": address(&folder.join("list")), "drupal_osv": address(&folder.join("drupal"))});
    [
        plan("servers", &[]),
        plan("sites", &[]),
        plan("feeds", &[entry("feed", feed)]),
        plan("advisories", &[entry("advisories", lists)]),
    ]
    .concat()
}

#[tokio::test]
async fn another_fixed_version_and_a_withdrawal_are_said_in_the_row_and_its_history() {
    let mut console = Console::new();
    console.list("");
    console.ask().await;
    let Some((package, release)) = console.installed() else {
        eprintln!("left out: this machine's packages are not Debian's");
        return;
    };
    let version = &package.source_version;
    let (older, newer) = (format!("{version}~before"), format!("{version}+deb99u1"));
    let today = TimeZone::UTC.to_datetime(now()).date().strftime("%d %b %Y").to_string();
    let advisory = |more: &str| format!("[{today}] DSA-9001-1 dpkg - security update\n{more}");
    let fixed = |fix: &str| advisory(&format!("\t{{CVE-2026-1}}\n\t[{release}] - dpkg {fix}\n"));
    console.list(&fixed(&older));
    let row = console.ask().await;
    console.row(&row, "DSA-9001-1").is(Verdict::Ok, "dpkg · fixed on 1 of 1 server");
    // The version that holds the fix was named wrongly: what was fixed is vulnerable.
    console.list(&fixed(&newer));
    let round = console.ask().await;
    let row = console.row(&round, "DSA-9001-1");
    row.is(Verdict::Due, &format!("dpkg · 1 of 1 server vulnerable · fix {newer}, which was {older}"));
    let said = format!("history: the fix of dpkg in {release} was said to be {older}; now it is {newer}");
    assert!(row.because.contains(&said), "{row:#?}");
    let turned = [format!("fix dpkg {release}: {newer}"), format!("fix dpkg {release}: {older}")];
    assert!(turned.iter().all(|turn| row.turns.contains(turn)), "{row:#?}");
    // In the next round it is not news, and still so.
    let round = console.ask().await;
    assert_eq!(console.row(&round, "DSA-9001-1").title, row.title);
    // Gone without a word: who had not its fix is told.
    console.list("");
    let title = "dpkg · withdrawn: the list does not hold it any more · 1 server had not its fix";
    for _ in 0..2 {
        let round = console.ask().await;
        let row = console.row(&round, "DSA-9001-1");
        row.is(Verdict::Due, title);
        assert!(row.because.contains(&"history: 1 server had not its fix: local".to_owned()), "{row:#?}");
        assert!(row.turns.contains(&"withdrawn: the list does not hold it any more".to_owned()), "{row:#?}");
        assert!(row.turns.contains(&"host local: no more".to_owned()), "{row:#?}");
    }
    // A copy of before it was written says nothing of it.
    let before = std::fs::read_to_string(console.folder.path().join("list")).unwrap();
    let old: String = before.split_inclusive("1.0\n").skip(3).collect();
    console.write("list", &old);
    let round = console.ask().await;
    let row = console.row(&round, "DSA-9001-1");
    row.is(Verdict::Unknown, "dpkg · not in this copy of the list, which is older · 1 server had not its fix");
    // It is back, with a word of its publisher.
    console.list(&advisory("\tNOTE: withdrawn, no update was needed\n"));
    let round = console.ask().await;
    let row = console.row(&round, "DSA-9001-1");
    assert_eq!(row.verdict, Verdict::Ok, "{row:#?}");
    assert!(row.title.starts_with("dpkg · withdrawn, no update was needed"), "{row:#?}");
    console.list(&fixed(&newer));
    let round = console.ask().await;
    let row = console.row(&round, "DSA-9001-1");
    row.is(Verdict::Due, &format!("dpkg · 1 of 1 server vulnerable · fix {newer}, which was {older}"));
    assert!(row.turns.contains(&"withdrawn: no more".to_owned()), "{row:#?}");
}

/// One record of Drupal's database.
fn record(fixed: &str, withdrawn: bool) -> String {
    let mut record: Value = json!({
        "schema_version": "1.7.0", "id": "DRUPAL-CONTRIB-2026-101", "modified": now().to_string(),
        "published": now().to_string(), "aliases": ["CVE-2026-101"], "details": "A module.",
        "affected": [{
            "package": {"ecosystem": "Packagist:https://packages.drupal.org/8", "name": "drupal/webform"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
            "database_specific": {"affected_versions": format!("<{fixed}")},
        }],
    });
    if withdrawn {
        record["withdrawn"] = json!(now().to_string());
    }
    record.to_string()
}

/// Drupal's feed, as it is written: fields in divs of escaped HTML.
fn feed() -> String {
    let day = TimeZone::UTC.to_datetime(now()).date().strftime("%Y-%B-%d").to_string();
    let fields = [
        ("project-machine-name", "webform"),
        ("drupalorg-sa-date", &day),
        ("field-sa-criticality", "Critical 15 ∕ 25"),
    ];
    let fields = fields.map(|(name, value)| {
        format!("<div class=\"field field-name-{name}\"><div class=\"field-items\"><div class=\"field-item\">{value}</div></div></div>")
    });
    let fields = fields.concat().replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Security advisories</title><item>\
         <title>Webform - Critical - Access bypass - SA-CONTRIB-2026-101</title>\
         <link>https://www.drupal.org/sa-contrib-2026-101</link><description>{fields}</description></item></channel></rss>"
    )
}

#[tokio::test]
async fn drupal_says_so_too() {
    let mut console = Console::new();
    console.list("");
    console.write("feed.xml", &feed());
    console.write(
        "site/composer.lock",
        &json!({"packages": [{"name": "drupal/webform", "version": "6.2.2"}]}).to_string(),
    );
    for number in 100..220 {
        let text = record("1.0.0", false).replace("2026-101", &format!("2020-{number}")).replace("webform", "maps");
        console.write(&format!("drupal/advisories/maps/DRUPAL-CONTRIB-2020-{number}.json"), &text);
    }
    let name = "drupal/advisories/webform/DRUPAL-CONTRIB-2026-101.json";
    let site = |round: &Round| {
        let finding = round.findings.iter().find(|one| one.measure == "site-updates").unwrap();
        (finding.verdict, finding.title.to_string())
    };
    let id = "SA-CONTRIB-2026-101";
    console.write(name, &record("6.2.3", false));
    let round = console.ask().await;
    console.row(&round, id).is(Verdict::Due, "webform · critical 15/25 · 1 of 1 site vulnerable");
    assert_eq!(site(&round).1, "1 of 1 Drupal package vulnerable · webform 6.2.2 → 6.2.3");
    console.write(name, &record("6.2.9", false));
    for _ in 0..2 {
        let round = console.ask().await;
        let row = console.row(&round, id);
        row.is(Verdict::Due, "webform · critical 15/25 · 1 of 1 site vulnerable · fixed by 6.2.9, which was 6.2.3");
        let said = "history: the fix of webform was said to be 6.2.3; now it is 6.2.9";
        assert!(row.because.iter().any(|because| because == said), "{row:#?}");
        assert!(row.turns.contains(&"fix webform: 6.2.9".to_owned()), "{row:#?}");
    }
    console.write(name, &record("6.2.9", true));
    let round = console.ask().await;
    let row = console.row(&round, id);
    row.is(Verdict::Ok, "webform · critical 15/25 · withdrawn by Drupal's security team");
    assert!(row.turns.contains(&"withdrawn: withdrawn by Drupal's security team".to_owned()), "{row:#?}");
    assert_eq!(site(&round), (Verdict::Ok, "none of 1 Drupal package is vulnerable".to_owned()));
    let mut turns = Vec::new();
    for update in console.desk.answer(&Order::Look(Subject::new(SubjectKind::Site, "www.example.org")), now()) {
        let Update::Looked(Looked { turns: all, .. }) = update else { continue };
        turns.extend(all.into_iter().map(|turn| format!("{}: {}", turn.item, turn.word.unwrap_or_default())));
    }
    assert!(turns.contains(&format!("package drupal/webform {id}: withdrawn")), "{turns:#?}");
}
