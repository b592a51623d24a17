//! Advisories as feeds tell of them.

use super::*;

#[test]
fn without_sites_drupals_advisories_concern_nobody() {
    let mut told =
        advisory(FeedKind::Drupal, "Maps - Critical - SA-CONTRIB-2026-301", &["maps"], "2026-11-18T10:00:00Z");
    told.risk = Some(Risk { word: "Critical".into(), score: Some(17) });
    let feeds = feed("Drupal", vec![("SA-CONTRIB-2026-301", told)]);
    let judgements = judged(vec![feeds, server("web1", BARE, &[])]);
    let one = of(&judgements, "SA-CONTRIB-2026-301");
    assert_eq!(
        (one.verdict, one.title.as_str()),
        (Verdict::Ok, "maps · critical 17/25 · no Drupal site in the register")
    );
}

#[test]
fn a_notice_is_due_until_its_limit_and_says_so_afterwards() {
    let new = advisory(FeedKind::Any, "CVE-2026-80001: gateway", &[], "2026-11-18T10:00:00Z");
    let old = advisory(FeedKind::Any, "Router firmware", &[], "2026-11-01T10:00:00Z");
    let undated = advisory(FeedKind::Any, "Undated", &[], "");
    let psa = advisory(FeedKind::Drupal, "Upcoming - PSA-2026-11-20", &[], "2026-11-20T12:00:00Z");
    let sources = vec![
        feed("v", vec![("CVE-2026-80001", new), ("item-1", old), ("item-2", undated), ("PSA-2026-11-20", psa)]),
        server("web1", BARE, &[]),
        drupal::site("www.example.org", &[("drupal/x", "1")]),
    ];
    let judgements = judged(sources);
    let is = |name: &str| (of(&judgements, name).verdict, of(&judgements, name).title.to_string());
    assert_eq!(is("CVE-2026-80001"), (Verdict::Due, "gateway".into()));
    assert_eq!(is("item-1"), (Verdict::Ok, "Router firmware · published 21 d ago, outside the limit of 14d".into()));
    assert_eq!(is("item-2"), (Verdict::Due, "Undated".into()));
    assert_eq!(is("PSA-2026-11-20"), (Verdict::Due, "Upcoming".into()));
    assert_eq!(of(&judgements, "item-1").because.last().unwrap().source, "limits.advisory");
}

#[test]
fn feeds_that_tell_of_one_advisory_make_one_finding() {
    let debian =
        advisory(FeedKind::Debian, "DSA-6321-1 openssl - security update", &["openssl"], "2026-11-20T10:00:00Z");
    let press = advisory(FeedKind::Any, "DSA-6321-1: everybody panics", &[], "2026-11-22T10:00:00Z");
    let judgements = judged(vec![
        feed("Press", vec![("DSA-6321-1", press)]),
        feed("Debian DSA", vec![("DSA-6321-1", debian)]),
        server("web1", BARE, &[]),
    ]);
    let one = of(&judgements, "DSA-6321-1");
    assert_eq!(one.title, "openssl · not installed on any of 1 server");
    assert_eq!(one.because.len(), 2);
}

#[test]
fn a_silent_feed_has_one_row_and_what_it_told_stays_judged_by_the_servers() {
    let judgements = judged(vec![silence(openssl()), server("web1", BARE, &[])]);
    assert_eq!(of(&judgements, "Debian DSA").verdict, Verdict::Unknown);
    assert_eq!(of(&judgements, "DSA-6321-1").verdict, Verdict::Ok);
    let judgements = judged(vec![silence(openssl()), server("web2", SSL, &["libssl3"])]);
    assert_eq!(of(&judgements, "DSA-6321-1").verdict, Verdict::Broken);
}
