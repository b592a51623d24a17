//! Drupal's advisories against sites.

use super::*;
use std::sync::Arc;

use super::lists::{kev, truth};
use crate::domain::facts::{
    ComposerPackage, DrupalAffected, DrupalDatabase, DrupalRecord, SiteDeclared, SiteSeen, VersionRange,
};

pub(super) fn site(name: &str, packages: &[(&str, &str)]) -> SourceRecord {
    let package = |(name, version): &(&str, &str)| ComposerPackage {
        name: (*name).into(),
        version: (*version).into(),
        kind: None,
        abandoned: None,
        coverage: None,
    };
    let seen = SiteSeen { packages: packages.iter().map(package).collect(), content_hash: None };
    let declared = Fact::SiteDeclared(SiteDeclared { server: "web1".into(), root: "/srv/www".into() });
    let subject = Subject::new(SubjectKind::Site, name);
    let mut source = record("sites", name, declared, vec![(subject.clone(), Fact::SiteSeen(seen))]);
    source.declared[0].subject = subject;
    source
}

fn maps(published: &str) -> SourceRecord {
    let mut told = advisory(FeedKind::Drupal, "Maps - Critical - SA-CONTRIB-2026-301", &["maps"], published);
    told.affected = Some("<2.1.4 || >=3.0.0 <3.0.2".into());
    feed("Drupal", vec![("SA-CONTRIB-2026-301", told)])
}

fn on_maps(sources: Vec<SourceRecord>, published: &str) -> Judgement {
    let judgements = judged([vec![maps(published)], sources].concat());
    of(&judgements, "SA-CONTRIB-2026-301").clone()
}

const OLD: &str = "2026-11-18T10:00:00Z";

#[test]
fn an_advisory_says_which_sites_are_vulnerable() {
    let sites = || {
        vec![
            site("a", &[("drupal/maps", "2.1.3")]),
            site("b", &[("drupal/maps", "3.0.2")]),
            site("c", &[("drupal/x", "1")]),
        ]
    };
    let one = on_maps(sites(), OLD);
    assert_eq!((one.verdict, one.title.as_str()), (Verdict::Broken, "maps · 1 of 3 sites vulnerable"));
    assert_eq!(one.mend.as_ref().unwrap(), &"composer update on a");
    assert_eq!(one.because[1].said, "drupal/maps 2.1.3: vulnerable");
    assert_eq!(on_maps(sites(), "2026-11-23T01:00:00Z").verdict, Verdict::Due);
    let one = on_maps(sites()[1..].to_vec(), OLD);
    assert_eq!((one.verdict, one.title.as_str()), (Verdict::Ok, "maps · not affected in the version of 1 of 2 sites"));
    let one = on_maps(sites()[2..].to_vec(), OLD);
    assert_eq!((one.verdict, one.title.as_str()), (Verdict::Ok, "maps · installed on none of 1 site"));
}

#[test]
fn a_silent_site_is_asked_about_only_if_it_was_vulnerable() {
    let one = on_maps(vec![silence(site("a", &[("drupal/maps", "2.1.3")])), site("b", &[])], OLD);
    assert_eq!((one.verdict, one.title.as_str()), (Verdict::Unknown, "maps · 1 vulnerable when last read"));
    let one = on_maps(vec![silence(site("a", &[("drupal/maps", "2.1.4")])), site("b", &[])], OLD);
    assert_eq!(one.verdict, Verdict::Ok);
    let judgements = judged(vec![maps(OLD), silence(site("a", &[]))]);
    assert!(judgements.iter().all(|one| one.subject.name != "SA-CONTRIB-2026-301"), "the site's own row says it");
    let one = on_maps(vec![site("a", &[("drupal/maps", "dev-2.x")])], OLD);
    assert_eq!(one.verdict, Verdict::Unknown);
}

#[test]
fn every_site_stands_once_however_many_there_are() {
    let sites = (0..9).map(|number| site(&format!("s{number}"), &[("drupal/maps", "2.1.3")])).collect();
    let one = on_maps(sites, OLD);
    assert_eq!((one.standings.len(), one.standings.iter().filter(|standing| standing.asks).count()), (10, 9));
    // Two packages of one advisory on one site: one thing, which stands as its worst.
    let mut told = advisory(FeedKind::Drupal, "Two - Critical - SA-CONTRIB-2026-302", &["maps", "atlas"], OLD);
    told.affected = Some("<2.1.4".into());
    let both = site("a", &[("drupal/maps", "2.1.4"), ("drupal/atlas", "2.1.3")]);
    let judgements = judged(vec![feed("Drupal", vec![("SA-CONTRIB-2026-302", told)]), both]);
    let stands = &of(&judgements, "SA-CONTRIB-2026-302").standings;
    let items: Vec<&str> = stands.iter().map(|one| one.item.as_str()).collect();
    assert_eq!(items, ["package maps", "package atlas", "site a"]);
    assert_eq!((stands[2].word.as_str(), stands[2].asks), ("vulnerable", true));
}

/// A record of the database on one module.
fn record_of(id: &str, published: &str, fixed: Option<&str>) -> DrupalRecord {
    let range = VersionRange { introduced: "0".into(), fixed: fixed.map(Shown::line), last_affected: None };
    DrupalRecord {
        id: id.into(),
        aliases: vec![format!("CVE-{}", &id[id.len() - 8..]).into()],
        published: published.parse().ok(),
        withdrawn: false,
        affected: vec![DrupalAffected { package: "drupal/maps".into(), ranges: vec![range], constraint: None }],
    }
}

fn database(records: Vec<DrupalRecord>) -> SourceRecord {
    truth("drupal_osv", Fact::DrupalDatabase(Arc::new(DrupalDatabase { records, unread: Vec::new(), newest: None })))
}

#[test]
fn what_no_feed_tells_any_more_has_a_row_for_each_advisory_and_its_sites() {
    let records = vec![
        record_of("SA-CONTRIB-2023-001", "2023-01-05", Some("2.1.4")),
        record_of("SA-CONTRIB-2023-002", "2023-02-05", Some("1.0.0")),
        record_of("SA-CONTRIB-2026-003", "2026-09-05", Some("2.0.0")),
        record_of("SA-CONTRIB-2026-004", "2026-11-22", Some("2.2.0")),
        // Given up: the site's own row says so.
        record_of("SA-CONTRIB-2026-005", "2026-09-05", None),
    ];
    let sites = [site("a", &[("drupal/maps", "2.1.3")]), site("b", &[("drupal/maps", "2.1.4")])];
    let sites = [sites.to_vec(), vec![site("c", &[("drupal/x", "1.0.0")])]].concat();
    let judgements = judged([vec![database(records.clone())], sites.clone()].concat());
    let rows = judgements.iter().filter(|one| one.subject.name.as_str().starts_with("SA-"));
    let rows: Vec<_> = rows.map(|one| (one.subject.name.as_str(), one.verdict, one.title.as_str())).collect();
    assert_eq!(
        rows,
        [
            ("SA-CONTRIB-2023-001", Verdict::Broken, "maps · 1 of 3 sites vulnerable"),
            // Long ago, and nothing is wrong: no row; the young one is listed though nothing is.
            ("SA-CONTRIB-2026-003", Verdict::Ok, "maps · not affected in the version of 2 of 3 sites"),
            ("SA-CONTRIB-2026-004", Verdict::Due, "maps · 2 of 3 sites vulnerable"),
        ]
    );
    assert_eq!(of(&judgements, "drupal_osv").title, "5 advisories · 5 on what a site has · 0 not installed anywhere");
    let one = of(&judgements, "SA-CONTRIB-2023-001");
    let stands: Vec<String> = one.standings.iter().map(|one| format!("{} {}", one.item, one.word)).collect();
    assert_eq!(stands, ["fix maps 2.1.4", "package maps named by it", "site a vulnerable", "site b not affected"]);
    let said = "SA-CONTRIB-2023-001 of 2023-01-05 is in the security team's database";
    assert_eq!((one.because[0].source.as_str(), one.because[0].said.as_str()), ("advisories/drupal_osv", said));
    // What is exploited comes before what is not, and says who says so.
    let exploited = judged([vec![database(records), kev(&["CVE-2026-004"])], sites].concat());
    let (first, other) = (of(&exploited, "SA-CONTRIB-2026-004"), of(&exploited, "SA-CONTRIB-2023-001"));
    assert_eq!((first.verdict, first.title.as_str()), (Verdict::Broken, "maps · exploited · 2 of 3 sites vulnerable"));
    assert!(first.weight > other.weight && of(&judgements, "SA-CONTRIB-2026-004").weight < first.weight);
    let said = "CVE-2026-004 is exploited, known since 2026-11-21";
    assert!(first.because.iter().any(|one| one.source == "advisories/kev" && one.said == said && one.at.is_some()));
}

#[test]
fn what_came_out_today_did_not_begin_tomorrow() {
    let judgements = judged(vec![
        database(vec![record_of("SA-CONTRIB-2026-006", "2026-11-23", Some("2.1.4"))]),
        site("a", &[("drupal/maps", "2.1.3")]),
    ]);
    let one = of(&judgements, "SA-CONTRIB-2026-006").clone();
    assert_eq!((one.verdict, one.since), (Verdict::Due, Some(at("2026-11-24T00:00:00Z"))), "certainly out by then");
    assert_eq!(one.with_history(1, now(), None).0.since, now());
}

#[test]
fn a_fix_that_only_the_feed_tells_of_counts_and_so_does_its_grade() {
    let told = |id: &str, affected: &str, score| {
        let mut told = advisory(FeedKind::Drupal, id, &["maps"], OLD);
        told.affected = Some(affected.into());
        told.risk = Some(Risk { word: "critical".into(), score: Some(score) });
        feed(&format!("feed {id}"), vec![(id, told)])
    };
    let sources = vec![
        told("SA-CONTRIB-2026-401", "<2.1.4", 10),
        told("SA-CONTRIB-2026-402", "<2.1.4", 16),
        told("SA-CONTRIB-2026-403", "*", 20),
        site("a", &[("drupal/maps", "2.1.3")]),
    ];
    let judgements = judged(sources);
    let weight = |id| of(&judgements, id).weight;
    assert!(weight("SA-CONTRIB-2026-402") > weight("SA-CONTRIB-2026-401"), "graver");
    assert!(weight("SA-CONTRIB-2026-401") > weight("SA-CONTRIB-2026-403"), "nothing mends the last");
}
