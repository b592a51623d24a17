//! Whole feeds, from bytes to records: our own fixtures, and real files where they are.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;

use super::super::items::parse_items;
use super::*;
use crate::collect::tools::contained::contain;
use crate::domain::Fault;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn read(bytes: &[u8], kind: FeedKind) -> Result<BTreeMap<Shown, Advisory>, Fault> {
    contain("this feed", || parse_items(bytes, now()).map(|items| records(items.items, kind)))?
}

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/feeds/", $name))
    };
}

fn links(advisory: &Advisory) -> Vec<&str> {
    advisory.links.iter().map(Link::as_str).collect()
}

#[test]
fn debians_new_form_gives_id_package_day_and_both_pages() {
    let records = read(fixture!("debian-dsa.rdf"), FeedKind::Debian).unwrap();
    let openssl = &records["DSA-10404-1"];
    assert_eq!(openssl.packages, ["openssl"]);
    assert_eq!(openssl.published.unwrap().to_string(), "2026-11-22T00:00:00Z");
    assert_eq!(
        links(openssl),
        [
            "https://lists.debian.org/debian-security-announce/2026/msg00404.html",
            "https://security-tracker.debian.org/tracker/DSA-10404-1"
        ]
    );
    assert!(openssl.summary.is_empty(), "the description says nothing");
    assert_eq!(records["DSA-10403-2"].packages, ["g++-13", "libstdc++-fixes"]);
    assert!(records["DSA-10402-1"].packages.is_empty(), "a release is no package");
}

#[test]
fn debians_old_form_and_dlas_are_read_too() {
    let records = read(fixture!("debian-dsa-old.rdf"), FeedKind::Debian).unwrap();
    assert_eq!(records.keys().map(Shown::as_str).collect::<Vec<_>>(), ["DSA-900", "DSA-901"]);
    let old = &records["DSA-901"];
    assert_eq!((old.packages[0].as_str(), old.summary.as_str()), ("frobnicate", "buffer overflow"));
    assert_eq!(links(old), ["http://www.debian.org/security/2006/dsa-901"]);
    let records = read(fixture!("debian-dla.rdf"), FeedKind::Debian).unwrap();
    assert_eq!(records["DLA-5555-1"].packages, ["linux-6.1"]);
}

#[test]
fn drupals_fields_come_out_of_its_html() {
    let records = read(fixture!("drupal-all.xml"), FeedKind::Drupal).unwrap();
    let contrib = &records["SA-CONTRIB-2026-301"];
    assert_eq!(contrib.packages, ["maps_live"]);
    assert_eq!(contrib.risk, Some(crate::domain::facts::Risk { word: "Critical".into(), score: Some(17) }));
    assert_eq!(contrib.affected.as_ref().unwrap(), &"<2.1.4 || >=3.0.0 <3.0.2");
    assert_eq!(contrib.aliases, ["CVE-2026-70001", "CVE-2026-70002"]);
    assert_eq!(
        contrib.summary,
        "The module shows a map.\nIt does not check who looks at it & when.\n\n- Upgrade to 3.0.2"
    );
    assert_eq!(contrib.published.unwrap().to_string(), "2026-11-18T17:24:33Z");
    assert_eq!(
        links(contrib),
        ["https://www.drupal.org/sa-contrib-2026-301", "https://www.drupal.org/project/maps_live/releases/3.0.2"]
    );
    assert_eq!(records["SA-CORE-2026-021"].packages, ["drupal"]);
    let psa = &records["PSA-2026-11-20"];
    assert!(psa.packages.is_empty() && psa.risk.is_none() && psa.affected.is_none());
    assert_eq!(psa.summary, "There will be a release of an unnamed module on Wednesday.\n\nReserve time.");
}

#[test]
fn several_items_of_one_advisory_are_one_record_with_the_newest_words() {
    let records = read(fixture!("atom.xml"), FeedKind::Any).unwrap();
    assert_eq!(records.len(), 2);
    let vendor = &records["CVE-2026-80001"];
    assert_eq!(vendor.title, "Gateway – CVE-2026-80001 corrected");
    assert_eq!(links(vendor), ["https://vendor.example/notices/2", "https://vendor.example/notices/1"]);
    assert_eq!(vendor.aliases, ["CVE-2026-80001", "CVE-2026-80002"]);
}

#[test]
fn json_and_the_oldest_rss_are_feeds() {
    let records = read(fixture!("feed.json"), FeedKind::Any).unwrap();
    assert_eq!(records["GHSA-abcd-ef12-gh34"].summary, "Upgrade now.");
    assert!(records.values().any(|record| record.title == "No title, two lines second"), "{records:#?}");
    let records = read(fixture!("rss091.xml"), FeedKind::Any).unwrap();
    let titles: Vec<_> = records.values().map(|record| record.title.as_str()).collect();
    assert!(titles.contains(&"First & last") && titles.contains(&"Second"), "{titles:?}");
}

#[test]
fn encodings_are_read_as_declared_or_refused_never_guessed() {
    for bytes in [&fixture!("utf16.xml")[..], fixture!("latin1.xml"), fixture!("bom.xml")] {
        let records = read(bytes, FeedKind::Any).unwrap();
        assert_eq!(records.values().next().unwrap().title, "Sicherheitslücke in Grüße");
    }
    let fault = read(fixture!("latin1-says-utf8.xml"), FeedKind::Any).unwrap_err();
    assert!(fault.said.as_str().starts_with("not a whole feed"), "{fault}");
}

#[test]
fn hostile_text_is_visible_and_no_hostile_link_survives() {
    let records = read(fixture!("hostile.xml"), FeedKind::Any).unwrap();
    let record = records.values().next().unwrap();
    assert_eq!(record.title, "a␛]0;owned␇ ‹U+202E›gpj.exe ‹U+009B›2J");
    assert!(record.links.is_empty(), "{:?}", record.links);
    assert_eq!(record.summary, "x y z ␛[2J red");
}

#[test]
fn dates_that_cannot_be_are_unknown_and_their_items_stay() {
    let records = read(fixture!("dates.xml"), FeedKind::Any).unwrap();
    assert_eq!(records.len(), 8);
    let dated: Vec<_> =
        records.values().filter(|record| record.published.is_some()).map(|r| r.title.as_str()).collect();
    assert_eq!(dated, ["ISO in RSS"]);
}

#[test]
fn items_alike_are_one_and_items_on_one_page_are_not() {
    let records = read(fixture!("doubled.xml"), FeedKind::Any).unwrap();
    let mut titles: Vec<_> = records.values().map(|record| record.title.as_str()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn an_items_name_outlives_its_title_and_its_guid() {
    let name = |title: &str, guid: &str| {
        let item = format!("<title>{title}</title><link>https://x.example/1</link><guid>{guid}</guid>");
        let feed = format!("<rss version='2.0'><channel><item>{item}</item></channel></rss>");
        read(feed.as_bytes(), FeedKind::Any).unwrap().into_keys().next().unwrap()
    };
    assert_eq!(name("before", "1"), name("after", "2"));
    assert_eq!(name("CVE-2026-80001 before", "1"), name("after: CVE-2026-80001", "2"));
}

#[test]
fn entities_stay_unexpanded() {
    let started = std::time::Instant::now();
    let records = read(fixture!("entities.xml"), FeedKind::Any).unwrap();
    assert_eq!(records.values().next().unwrap().title, "&x; &j;");
    assert!(started.elapsed() < std::time::Duration::from_secs(1));
}

#[test]
fn what_is_no_feed_is_a_fault() {
    let said = |bytes: &[u8]| read(bytes, FeedKind::Any).unwrap_err().said.to_string();
    assert_eq!(said(fixture!("page.html")), "not a feed");
    assert_eq!(said(b""), "not a feed");
    assert_eq!(said(b"\x1f\x8b\x08"), "still packed after unpacking");
    assert_eq!(said(b"<rss version='2.0'><channel><title>x</title></channel></rss>"), "a feed without a single item");
    assert!(said(fixture!("cut-off.xml")).starts_with("not a whole feed"));
    assert!(said(fixture!("second-declaration.xml")).contains("made its parser fail"));
    for json in [
        "{",
        "{\"version\": NaN}",
        "{\"version\": 1e999}",
        "{\"version\":\"\\ud800\"}",
        "{\"version\":\"https://jsonfeed.org/version/1\"}",
    ] {
        assert!(said(json.as_bytes()).starts_with("not a whole feed: "), "{json}");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    assert!(said(deep.as_bytes()).starts_with("not a whole feed: "));
    assert!(said("<a>".repeat(1_000_000).as_bytes()).starts_with("not a"));
}

#[test]
fn of_too_many_items_the_newest_stay_and_the_rest_is_counted() {
    let mut feed = String::from("<rss version='2.0'><channel>");
    for day in 0..12_000 {
        let at = now() - jiff::SignedDuration::from_hours(day / 10);
        write!(feed, "<item><title>n{day}</title><pubDate>{at}</pubDate></item>").unwrap();
    }
    feed.push_str("</channel></rss>");
    let items = parse_items(feed.as_bytes(), now()).unwrap();
    assert_eq!((items.items.len(), items.left_out), (5_000, 7_000));
    assert!(items.items.iter().all(|item| item.published.unwrap() > now() - jiff::SignedDuration::from_hours(501)));
}

#[test]
fn fields_of_any_size_are_cut() {
    let long = "x".repeat(1_000_000);
    let feed = format!(
        "<rss version='2.0'><channel><item a='{long}'><title>{long}</title><link>https://x.example/{long}</link><description>{long}</description></item></channel></rss>"
    );
    let records = read(feed.as_bytes(), FeedKind::Any).unwrap();
    let record = records.values().next().unwrap();
    assert!(record.title.width() <= 400 && record.summary.width() <= 4_000 && record.links.is_empty());
    assert!(record.title.as_str().ends_with('…') && record.summary.as_str().ends_with('…'));
}

/// Real files, where the machine has them.
fn real(name: &str) -> Option<Vec<u8>> {
    let data = std::env::var_os("MATINS_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")), PathBuf::from);
    let bytes = std::fs::read(data.join(name)).ok();
    if bytes.is_none() {
        eprintln!("skipped: no real file {name} here (set MATINS_DATA)");
    }
    bytes
}

#[test]
fn debians_real_feeds_are_read() {
    for (name, id, package, tracked) in [
        ("debian-feeds/dsa-2025-09-28-snipped.rdf", "DSA-6012-1", "nncp", true),
        ("debian-feeds/dsa-2025-09-17-issue568-excerpt.rdf", "DSA-6002-1", "node-sha.js", true),
        ("debian-feeds/dsa-2007-04-09-trimmed.rdf", "DSA-1278", "man-db", false),
    ] {
        let Some(bytes) = real(name) else { continue };
        let records = read(&bytes, FeedKind::Debian).unwrap();
        let record = &records[id];
        assert_eq!(record.packages, [package]);
        assert!(record.published.is_some());
        assert_eq!(links(record).iter().any(|link| link.contains("tracker")), tracked, "{name}");
    }
    if let Some(bytes) = real("debian-feeds/debian-news-2022-12-20-trimmed.rdf") {
        let records = read(&bytes, FeedKind::Any).unwrap();
        assert_eq!(records.values().next().unwrap().title, "Updated Debian 11: 11.6 released");
    }
}

#[test]
fn drupals_real_feed_is_read() {
    let Some(bytes) = real("drupal-rss/drupal-security-all-2026-09-30-trimmed.xml") else { return };
    let records = read(&bytes, FeedKind::Drupal).unwrap();
    let ids: Vec<_> = records.keys().map(Shown::as_str).collect();
    assert_eq!(ids, ["PSA-2026-09-21", "SA-CONTRIB-2026-184", "SA-CONTRIB-2026-191", "SA-CORE-2026-013"]);
    let tawk = &records["SA-CONTRIB-2026-184"];
    assert_eq!((tawk.packages[0].as_str(), tawk.risk.as_ref().unwrap().word.as_str()), ("tawk_to", "Critical"));
    let diba = &records["SA-CONTRIB-2026-191"];
    assert_eq!(diba.risk.as_ref().unwrap().score, Some(12));
    assert_eq!(diba.affected.as_ref().unwrap(), &"<3.0.2");
    assert_eq!(diba.aliases, ["CVE-2026-96382"]);
    assert!(diba.summary.as_str().starts_with("The Diba Carousel Slider adds"));
    let core = &records["SA-CORE-2026-013"];
    assert_eq!(core.affected.as_ref().unwrap(), &">=10.5.0 <10.6.17 || >=11.0.0 <11.3.17 || >=11.4.0 <11.4.7");
    assert!(records["PSA-2026-09-21"].risk.is_none());
}

#[test]
fn the_real_hostile_feeds_never_get_through() {
    for name in ["dates", "dupguid", "esc", "feedrs-3.0.0-panic", "latin1", "liar", "lol", "trunc", "utf16", "xxe"] {
        let Some(bytes) = real(&format!("security/{name}.xml")) else { return };
        match read(&bytes, FeedKind::Any) {
            Ok(records) => assert!(
                records.values().all(|record| !record.title.as_str().contains(['\x1b', '\u{202e}', '\u{9b}'])
                    && !record.title.as_str().contains("root:")),
                "{name}: {records:?}"
            ),
            Err(fault) => assert!(["liar", "trunc", "feedrs-3.0.0-panic"].contains(&name), "{name}: {fault}"),
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn a_feed_with_any_damage_is_read_or_a_fault(
        which in 0..5_usize, at in 0..10_000_usize, bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..6),
    ) {
        let feeds: [(&[u8], FeedKind); 5] = [
            (fixture!("debian-dsa.rdf"), FeedKind::Debian),
            (fixture!("drupal-all.xml"), FeedKind::Drupal),
            (fixture!("atom.xml"), FeedKind::Any),
            (fixture!("feed.json"), FeedKind::Any),
            (fixture!("utf16.xml"), FeedKind::Any),
        ];
        let (feed, kind) = feeds[which];
        let at = at % feed.len();
        let mut damaged = feed[..at].to_vec();
        damaged.extend(&bytes);
        damaged.extend(&feed[(at + bytes.len()).min(feed.len())..]);
        if let Ok(records) = read(&damaged, kind) {
            for (id, record) in records {
                proptest::prop_assert!(!id.is_empty() && !record.title.is_empty());
            }
        }
    }

    #[test]
    fn any_title_and_any_markup_become_a_record(title in "\\PC{0,80}", body in "(<[a-z/!]{1,6}|[ =\"'>&;#a-z]|\\PC){0,200}") {
        let item = Item { title, links: vec![body.clone()], body, published: None };
        for kind in [FeedKind::Debian, FeedKind::Drupal, FeedKind::Any] {
            let records = records(vec![item.clone(), item.clone()], kind);
            proptest::prop_assert_eq!(records.len(), 1);
            proptest::prop_assert!(records.keys().all(|id| !id.is_empty()));
        }
    }
}
