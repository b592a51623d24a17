//! What neither an advisory nor the tracker tells.

use super::lists::{at_version, bulletin, dsa_list, fixed, list, open};
use super::*;
use crate::domain::facts::Bulletin;

#[test]
fn what_the_tracker_never_heard_of_is_one_line_and_never_not_affected() {
    let elsewhere = |id: &str, cves: &[&str]| bulletin(id, "2026-11-20", cves, &[("trixie", "openssl", "3.5.1-1")]);
    let list = || dsa_list(vec![elsewhere("DSA-7-1", &["CVE-2026-77"]), elsewhere("DSA-8-1", &[])]);
    let judgements = judged(vec![list(), open(), fixed("web1"), fixed("web2")]);
    assert!(judgements.iter().all(|one| !one.subject.name.as_str().starts_with("DSA-")), "{judgements:#?}");
    let line = of(&judgements, "servers not judged");
    let title = "of 2 advisories nobody tells for every release";
    assert_eq!((line.verdict, line.title.as_str()), (Verdict::Unknown, title));
    assert!(line.because.iter().any(|because| because.said.as_str().ends_with(": DSA-7-1, DSA-8-1")), "{line:?}");
    // The years of old advisories are nobody's question.
    let old = Bulletin { date: "2024-01-01".parse().ok(), ..elsewhere("DSA-2-1", &[]) };
    let judgements = judged(vec![dsa_list(vec![old]), open(), fixed("web1")]);
    assert!(judgements.iter().all(|one| one.subject.name != *"servers not judged"), "{judgements:#?}");
}

/// Neither the advisory nor the tracker lacks anything then: it is another package.
#[test]
fn what_comes_from_another_repository_is_said_to_and_is_no_gap_of_the_tracker() {
    for tracker in [vec![], vec![open()]] {
        let sources = [vec![list(), at_version("web1", "3.5.0-1~bookworm"), fixed("web2")], tracker].concat();
        let judgements = judged(sources);
        assert_eq!(
            of(&judgements, "DSA-6321-1").title,
            "openssl · fixed on 1 of 2 servers · 1 of 2 servers cannot be told"
        );
        let line = of(&judgements, "servers not judged");
        assert_eq!(line.title, "1 package of other repositories · 1 advisory not judged there");
        let said: Vec<&str> = line.because.iter().map(|because| because.said.as_str()).collect();
        assert_eq!(said, ["of other repositories: openssl 3.5.0-1~bookworm"]);
        assert_eq!(line.mend.as_ref().unwrap(), &"read what those who publish them say of these, or accept it");
    }
}
