//! Which advisories are one row of the queue.

use super::lists::{bulletin, dsa_list, fixed, kev, vulnerable};
use super::*;
use crate::domain::{Finding, Same};

/// Each with the one that stands for it.
fn rows(sources: Vec<SourceRecord>) -> Vec<(String, Option<String>)> {
    let found = |judgement: Judgement| judgement.with_history(1, now(), None).0;
    let is_listed = |one: &Finding| one.subject.name.as_str().starts_with("DSA-");
    let findings: Vec<Finding> = judged(sources).into_iter().map(found).filter(is_listed).collect();
    let same = Same::of(findings.iter().enumerate());
    let name = |at: usize| findings[at].subject.name.to_string();
    (0..findings.len()).map(|at| (name(at), same.first(at).map(name))).collect()
}

#[test]
fn advisories_on_one_package_of_the_same_servers_are_one_row_whatever_version_each_asks_for() {
    let fix = |version| [("bookworm", "openssl", version)];
    let listed = || {
        dsa_list(vec![
            bulletin("DSA-1-1", "2026-11-01", &["CVE-2026-1"], &fix("3.0.12-1~deb12u1")),
            bulletin("DSA-2-1", "2026-11-10", &["CVE-2026-2"], &fix("3.0.15-1~deb12u1")),
            // web2 has what fixes the others.
            bulletin("DSA-3-1", "2026-11-10", &["CVE-2026-3"], &fix("3.0.16-1~deb12u1")),
        ])
    };
    let alone = |name: &str| (name.to_owned(), None);
    let all = rows(vec![listed(), vulnerable("web1"), fixed("web2")]);
    assert_eq!(all, [alone("DSA-1-1"), ("DSA-2-1".into(), Some("DSA-1-1".into())), alone("DSA-3-1")]);
    // An exploited one is told by itself.
    let all = rows(vec![listed(), kev(&["CVE-2026-2"]), vulnerable("web1"), fixed("web2")]);
    assert_eq!(all, [alone("DSA-1-1"), alone("DSA-2-1"), alone("DSA-3-1")]);
}
