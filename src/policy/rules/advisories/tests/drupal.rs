//! Drupal's advisories against sites.

use super::*;
use crate::domain::facts::{ComposerPackage, SiteDeclared, SiteSeen};

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
