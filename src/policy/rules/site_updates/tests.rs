//! Sites and the database as they come.

use std::sync::Arc;

use super::*;
use crate::domain::facts::{DrupalAffected, Exploited, SiteDeclared, TruthDeclared, VersionRange};
use crate::domain::{
    Declared, Evidence, Fact, Fault, Limits, Observation, SourceId, SourceRecord, Subject, SubjectKind,
};

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn record(id: SourceId, subject: &Subject, declared: Fact, seen: Option<Fact>) -> SourceRecord {
    SourceRecord {
        id,
        declared: vec![Declared { subject: subject.clone(), fact: declared, place: "register.toml:1".into() }],
        seen: seen.into_iter().map(|fact| Observation { subject: subject.clone(), at: now(), fact }).collect(),
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: Period::hours(2),
    }
}

fn site(packages: &[(&str, &str)]) -> SourceRecord {
    let package = |(name, version): &(&str, &str)| ComposerPackage {
        name: (*name).into(),
        version: (*version).into(),
        kind: None,
        abandoned: None,
        coverage: None,
    };
    let seen = SiteSeen { packages: packages.iter().map(package).collect(), content_hash: None };
    let declared = Fact::SiteDeclared(SiteDeclared { server: "web1".into(), root: "/srv/www".into() });
    let subject = Subject::new(SubjectKind::Site, "www.example.org");
    record(SourceId::new("sites", "www.example.org"), &subject, declared, Some(Fact::SiteSeen(seen)))
}

fn range(introduced: &str, fixed: Option<&str>) -> VersionRange {
    VersionRange { introduced: introduced.into(), fixed: fixed.map(Shown::from), last_affected: None }
}

fn advisory(
    id: &str,
    package: &str,
    published: &str,
    ranges: Vec<VersionRange>,
    constraint: Option<&str>,
) -> DrupalRecord {
    DrupalRecord {
        id: id.into(),
        aliases: vec![format!("CVE-for-{id}").into()],
        published: published.parse().ok(),
        withdrawn: false,
        affected: vec![DrupalAffected { package: package.into(), ranges, constraint: constraint.map(Shown::from) }],
    }
}

fn truth(key: &str, fact: Fact) -> SourceRecord {
    let declared = Fact::TruthDeclared(TruthDeclared {
        key: key.into(),
        url: "https://x.example/".into(),
        ..TruthDeclared::default()
    });
    record(SourceId::new("advisories", key), &Subject::new(SubjectKind::Feed, key), declared, Some(fact))
}

fn database(records: Vec<DrupalRecord>) -> SourceRecord {
    truth("drupal_osv", Fact::DrupalDatabase(Arc::new(DrupalDatabase { records, ..DrupalDatabase::default() })))
}

fn usual() -> SourceRecord {
    let core = vec![range("8.0.0", Some("10.5.4")), range("10.6.0", Some("10.6.3"))];
    database(vec![
        advisory("SA-CORE-2026-008", "drupal/core", "2026-11-18", core, None),
        advisory("SA-CONTRIB-2026-100", "drupal/webform", "2026-11-22", vec![range("0", Some("6.2.9"))], None),
        advisory("SA-CONTRIB-2026-101", "drupal/webform", "2026-11-10", vec![], Some("<6.2.5")),
        advisory("SA-CONTRIB-2026-102", "drupal/maps", "2026-11-10", vec![range("0", None)], Some("*")),
    ])
}

fn judged(sources: Vec<SourceRecord>) -> Vec<Judgement> {
    let evidence = Evidence { sources, configured: true, ..Evidence::default() };
    judge(&Case { evidence: &evidence, limits: &Limits::default(), now: now(), zone: &TimeZone::UTC })
}

#[test]
fn a_site_is_one_row_with_what_mends_it() {
    let judgements = judged(vec![
        site(&[("drupal/core", "10.5.2"), ("drupal/webform", "6.2.2"), ("drupal/token", "1.13.0")]),
        usual(),
    ]);
    assert_eq!(judgements.len(), 1);
    let one = &judgements[0];
    assert_eq!(one.verdict, Verdict::Broken, "out for longer than two days");
    assert_eq!(one.title, "2 of 3 Drupal packages vulnerable · core 10.5.2 → 10.5.4 · webform 6.2.2 → 6.2.9");
    assert_eq!(
        one.mend.as_ref().unwrap(),
        &"composer update drupal/core drupal/webform --with-all-dependencies, and deploy it"
    );
    let said: Vec<&str> = one.because.iter().map(|because| because.said.as_str()).collect();
    assert_eq!(
        said,
        [
            "/srv/www on web1",
            "3 packages are locked",
            "4 advisories of Drupal's security team",
            "drupal/core 10.5.2 is affected by SA-CORE-2026-008 of 2026-11-18",
            "drupal/webform 6.2.2 is affected by SA-CONTRIB-2026-100 of 2026-11-22, SA-CONTRIB-2026-101 of 2026-11-10",
            "limits.site_update: installed within 2d".strip_prefix("limits.site_update: ").unwrap(),
        ]
    );
    let judgements = judged(vec![site(&[("drupal/core", "10.5.4"), ("drupal/webform", "6.2.9")]), usual()]);
    assert_eq!(judgements.len(), 1);
    assert_eq!(
        (judgements[0].verdict, judgements[0].title.as_str()),
        (Verdict::Ok, "none of 2 Drupal packages is vulnerable")
    );
}

#[test]
fn a_young_advisory_is_due_and_an_exploited_one_broken() {
    let young = || site(&[("drupal/webform", "6.2.8")]);
    assert_eq!(judged(vec![young(), usual()])[0].verdict, Verdict::Due);
    let listed = [("CVE-for-SA-CONTRIB-2026-100".into(), "2026-11-22".parse().unwrap())].into();
    let kev = truth("kev", Fact::Exploited(Arc::new(Exploited { released: None, listed })));
    let one = &judged(vec![young(), usual(), kev])[0];
    assert_eq!(one.verdict, Verdict::Broken);
    assert!(one.title.as_str().starts_with("exploited · 1 of 1"), "{}", one.title);
}

#[test]
fn the_fix_is_a_version_that_no_other_advisory_affects() {
    // 10.6.0 to 10.6.2 are affected too, so from 10.6.1 it is 10.6.3; 10.5.4 mends 10.4.
    for (installed, fix) in [("10.4.0", "10.5.4"), ("10.6.1", "10.6.3")] {
        let judgements = judged(vec![site(&[("drupal/core", installed)]), usual()]);
        assert!(
            judgements[0].title.as_str().ends_with(&format!("core {installed} → {fix}")),
            "{}",
            judgements[0].title
        );
    }
}

#[test]
fn what_nobody_supports_is_a_finding_of_its_own() {
    let mut site = site(&[
        ("drupal/core", "9.5.11"),
        ("drupal/maps", "1.0.0"),
        ("drupal/webform", "dev-6.x"),
        ("drupal/left", "2.0.0"),
        ("drupal/beta", "1.0.0-beta1"),
        ("symfony/x", "dev-main"),
    ]);
    let Fact::SiteSeen(seen) = &mut site.seen[0].fact else { panic!("no site") };
    seen.packages[3].abandoned = Some("drupal/right".into());
    seen.packages[4].coverage = Some("not-covered".into());
    let judgements = judged(vec![site, usual()]);
    let one = judgements.iter().find(|one| one.part.is_some()).unwrap();
    assert_eq!(one.key().as_str(), "site-updates/www.example.org/support");
    assert_eq!(one.verdict, Verdict::Due);
    assert_eq!(one.title, "4 packages have no security support: beta, core, left, maps");
    assert_eq!(
        one.detail,
        "drupal/beta 1.0.0-beta1 is not covered by security advisories\n\
         drupal/core 9.5.11 is of Drupal 9, whose support ended on 2023-11-01\n\
         drupal/left is abandoned; drupal/right replaces it\n\
         drupal/maps is given up: SA-CONTRIB-2026-102"
    );
    assert!(one.standings.iter().all(|standing| standing.asks) && one.standings.len() == 4);
    // The branch is a question of what is vulnerable.
    assert!(judgements[0].title.as_str().ends_with(" · 1 cannot be told"), "{}", judgements[0].title);
}

fn standings(judged: &Judgement) -> Vec<String> {
    judged.standings.iter().map(|one| format!("{}: {}", one.item, one.word)).collect()
}

#[test]
fn what_nobody_can_compare_is_unknown_and_never_not_vulnerable() {
    let one = &judged(vec![site(&[("drupal/core", "10.3.x-dev"), ("drupal/token", "dev-1.x")]), usual()])[0];
    let title = "1 of 2 Drupal packages cannot be told · core 10.3.x-dev";
    assert_eq!((one.verdict, one.title.as_str()), (Verdict::Unknown, title));
    assert_eq!(one.mend.as_ref().unwrap(), &"lock a release of drupal/core, or accept the branch for a time");
    assert_eq!(
        standings(one),
        ["package drupal/core: 10.3.x-dev is a branch: whether it holds the fixes cannot be told"]
    );
    // Bounds that nobody can read, and no others.
    let odd = database(vec![advisory("SA-CONTRIB-2026-7", "drupal/x", "2026-11-01", vec![], Some("all before May"))]);
    let one = &judged(vec![site(&[("drupal/x", "1.0.0")]), odd])[0];
    assert_eq!(one.verdict, Verdict::Unknown);
    assert_eq!(one.mend.as_ref().unwrap(), &"read SA-CONTRIB-2026-7 on drupal.org: does it concern drupal/x 1.0.0?");
    // A branch of a major past its end.
    let rows = judged(vec![site(&[("drupal/core", "9.5.x-dev")]), usual()]);
    assert!(rows[1].detail.as_str().contains("whose support ended on 2023-11-01"), "{:?}", rows[1]);
}

#[test]
fn a_package_with_two_reasons_stands_in_one_way() {
    let mut site = site(&[("drupal/maps", "1.0.0")]);
    let Fact::SiteSeen(seen) = &mut site.seen[0].fact else { panic!("no site") };
    seen.packages[0].abandoned = Some("yes".into());
    let rows = judged(vec![site, usual()]);
    assert_eq!(rows.len(), 1, "none is vulnerable would be a lie: {rows:?}");
    assert_eq!(standings(&rows[0]), ["package drupal/maps: is abandoned; is given up: SA-CONTRIB-2026-102"]);
}

#[test]
fn an_advisory_on_one_release_without_a_fix_that_is_known_is_vulnerable_and_not_given_up() {
    // As DRUPAL-CONTRIB-2025-097 is written: it affects exactly one release.
    let only = VersionRange { last_affected: Some("2.2.0".into()), ..range("2.2.0", None) };
    let one = || advisory("SA-CONTRIB-2025-097", "drupal/perms", "2025-08-13", vec![only.clone()], Some("2.2.0"));
    let has = || site(&[("drupal/core", "10.5.4"), ("drupal/perms", "2.2.0")]);
    let rows = judged(vec![has(), database(vec![one()])]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        (rows[0].verdict, rows[0].title.as_str()),
        (Verdict::Broken, "1 of 2 Drupal packages vulnerable · perms 2.2.0")
    );
    assert_eq!(
        rows[0].mend.as_ref().unwrap(),
        &"composer update drupal/perms --with-all-dependencies, and deploy it; which drupal/perms is mended is not said: \
          see its advisory"
    );
    assert_eq!(standings(&rows[0]), ["package drupal/perms SA-CONTRIB-2025-097: vulnerable"]);
    let listed = [("CVE-for-SA-CONTRIB-2025-097".into(), "2026-11-22".parse().unwrap())].into();
    let kev = truth("kev", Fact::Exploited(Arc::new(Exploited { released: None, listed })));
    let rows = judged(vec![has(), database(vec![one()]), kev]);
    assert!(rows[0].title.as_str().starts_with("exploited · 1 of 2"), "{}", rows[0].title);
    // The next release is not affected.
    let rows = judged(vec![site(&[("drupal/perms", "2.2.1")]), database(vec![one()])]);
    assert_eq!(rows[0].verdict, Verdict::Ok);
}

#[test]
fn nothing_is_ok_without_the_lock_or_the_database() {
    let fine = || site(&[("drupal/core", "10.5.4")]);
    let silent = |mut source: SourceRecord| {
        source.good_at = Some("2026-11-20T08:00:00Z".parse().unwrap());
        source.fault = Some(Fault::new("/srv/www/composer.lock does not exist").mend("look for it"));
        source
    };
    assert_eq!(judged(vec![fine(), usual()])[0].verdict, Verdict::Ok);
    for sources in [vec![fine()], vec![fine(), silent(usual())], vec![silent(fine()), usual()]] {
        assert_eq!(judged(sources)[0].verdict, Verdict::Unknown);
    }
    let one = &judged(vec![silent(fine()), usual()])[0];
    assert!(one.title.as_str().contains("composer.lock does not exist"), "{}", one.title);
    assert_eq!(one.mend.as_ref().unwrap(), &"look for it");
    // What is known to be wrong is wrong, also by an old copy.
    assert_eq!(judged(vec![site(&[("drupal/core", "10.5.2")]), silent(usual())])[0].verdict, Verdict::Broken);
    let mut never = fine();
    (never.good_at, never.seen) = (None, Vec::new());
    assert_eq!(judged(vec![never, usual()])[0].verdict, Verdict::Unknown);
}

#[test]
fn what_of_the_database_could_not_be_read_is_no_all_clear_for_who_has_the_package() {
    let unread = |package: Option<&str>| {
        let mut database = usual();
        let Fact::DrupalDatabase(known) = &database.seen[0].fact else { panic!("no database") };
        let mut known = (**known).clone();
        known.unread.push(UnreadRecord {
            name: "advisories/token/DRUPAL-CONTRIB-2026-200.json".into(),
            package: package.map(Shown::from),
            why: "`some` is no version".into(),
        });
        database.seen[0].fact = Fact::DrupalDatabase(Arc::new(known));
        database
    };
    let has = || site(&[("drupal/token", "1.13.0")]);
    let one = &judged(vec![has(), unread(Some("drupal/token"))])[0];
    assert_eq!(
        (one.verdict, one.title.as_str()),
        (Verdict::Unknown, "1 of 1 Drupal package cannot be told · token 1.13.0")
    );
    assert!(
        one.because
            .iter()
            .any(|because| because.said == "drupal/token SA-CONTRIB-2026-200 cannot be read: `some` is no version")
    );
    assert_eq!(judged(vec![has(), unread(Some("drupal/maps"))])[0].verdict, Verdict::Ok);
    assert_eq!(judged(vec![has(), unread(None)])[0].verdict, Verdict::Unknown, "nobody says whom it concerns");
    assert_eq!(judged(vec![site(&[("symfony/x", "1")]), unread(None)])[0].verdict, Verdict::Ok);
}

#[test]
fn a_withdrawn_advisory_concerns_nobody() {
    let mut record = advisory("SA-CONTRIB-2026-1", "drupal/x", "2026-01-01", vec![range("0", Some("2.0.0"))], None);
    record.withdrawn = true;
    assert_eq!(judged(vec![site(&[("drupal/x", "1.0.0")]), database(vec![record])])[0].verdict, Verdict::Ok);
}
