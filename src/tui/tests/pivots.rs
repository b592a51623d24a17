//! Tab in a panel: the same findings by package, by server, by site, by what is said.

use super::*;
use crate::domain::{Finding, FindingKey, Subject, Turn};

/// An advisory, its packages, and how servers and sites stand towards it.
type Told = (&'static str, Verdict, &'static str, &'static [(&'static str, &'static str)]);

const TOLD: [Told; 4] = [
    (
        "DSA-6321-1",
        Verdict::Broken,
        "openssl · exploited · 1 of 3 servers vulnerable",
        &[
            ("exploited", "CVE-2026-1 since 2026-11-20"),
            ("fix openssl bookworm", "3.0.22-1"),
            ("host db2", "fixed"),
            ("host web7", "vulnerable"),
            ("host web8", "fixed"),
        ],
    ),
    (
        "DSA-6322-1",
        Verdict::Due,
        "openssl, curl · the old code still runs on 1",
        &[
            ("fix curl bookworm", "7.88-9"),
            ("fix openssl bookworm", "3.0.22-2"),
            ("host db2", "fixed, the old code still runs"),
            ("host web8", "unknown"),
        ],
    ),
    (
        "SA-CONTRIB-2026-302",
        Verdict::Due,
        "webform · 1 of 2 sites vulnerable",
        &[("package webform", "affected"), ("site blog", "not affected"), ("site shop", "vulnerable")],
    ),
    ("not installed anywhere", Verdict::Ok, "41 advisories", &[]),
];

fn round() -> Round {
    let findings = TOLD.iter().zip(1..).map(|((name, verdict, title, _), rank)| {
        let subject = Subject::new(SubjectKind::Advisory, *name);
        let key = FindingKey::new("advisories", &subject, None);
        let finding = sample::finding("advisories", SubjectKind::Advisory);
        Finding { key, subject, verdict: *verdict, title: (*title).into(), rank, ..finding }
    });
    Round { findings: findings.collect(), ..sample::round(State::Ok) }
}

fn turns(round: &Round) -> Vec<Turn> {
    let turn = |finding: &Finding, (item, word): &(&str, &str)| Turn {
        at: finding.since,
        key: finding.key.clone(),
        item: (*item).into(),
        word: Some((*word).into()),
    };
    let told = round.findings.iter().zip(TOLD);
    told.flat_map(|(finding, (.., stands))| stands.iter().map(|stand| turn(finding, stand)).collect::<Vec<_>>())
        .collect()
}

fn advisories((width, height): (u16, u16)) -> Rehearsal {
    let round = round();
    let (answers, turns) = (sample::answers(&round), turns(&round));
    let start = sample::start(round).unwrap();
    let mut console = Rehearsal::new(start, width, height).answered(move |order| match order {
        Order::Stand("advisories") => vec![Update::Stands(None, turns.clone())],
        other => answers(other),
    });
    console.press("1");
    console
}

fn groups(console: &mut Rehearsal, panel: usize) -> Vec<String> {
    let groups = &console.model().index.panels[panel].groups;
    groups.iter().map(|group| format!("{} {}: {}", group.verdict.glyph(), group.name, group.said)).collect()
}

#[test]
fn tab_goes_through_packages_servers_and_sites_and_back_to_advisories() {
    let mut console = advisories((120, 40));
    assert!(groups(&mut console, 0).is_empty());
    console.press("<tab>");
    assert_eq!(
        groups(&mut console, 0),
        [
            "✖ openssl: exploited · 1 vulnerable · 1 run old code · 1 unknown · 2 advisories",
            "▲ curl: 1 run old code · 1 unknown · 1 advisory",
            "▲ webform: 1 vulnerable · 1 not affected · 1 advisory",
            "✓ no package: 1 other",
        ]
    );
    console.press("<tab>");
    assert_eq!(
        groups(&mut console, 0),
        [
            "✖ web7: exploited · 1 vulnerable",
            "? web8: 1 unknown · 1 fixed",
            "▲ db2: 1 run old code · 1 fixed",
            "▲ no server: 2 other",
        ]
    );
    console.press("<tab>");
    assert_eq!(
        groups(&mut console, 0),
        ["✖ no site: exploited · 3 other", "▲ shop: 1 vulnerable", "✓ blog: 1 not affected"]
    );
    console.press("<tab>");
    assert!(groups(&mut console, 0).is_empty());
    assert_eq!(state_of(console.model()), "list1:0");
    console.press("<backtab>");
    assert_eq!(groups(&mut console, 0).len(), 3);
}

#[test]
fn a_panel_without_anything_does_not_say_that_all_is_well() {
    let mut console = console(State::Empty, (120, 40));
    console.press("3<tab>");
    let screen = text(&console.frame());
    assert!(screen.contains("No VPN is watched") && !screen.contains("what is ok"), "{screen}");
}

#[test]
fn another_grouping_stays_with_the_same_finding() {
    let mut console = advisories((120, 40));
    console.press("jj");
    let key = console.model().current().unwrap().key.clone();
    for name in ["webform", "no server", "shop"] {
        console.press("<tab>");
        let model = console.model();
        assert_eq!(model.group(0).unwrap().name, *name);
        let at = model.member(0).unwrap().finding;
        assert_eq!(model.world.round.findings[at].key, key);
    }
    console.press("<tab>");
    assert_eq!(console.model().current().unwrap().key, key);
}

#[test]
fn a_group_is_opened_and_from_a_member_its_advisory() {
    let mut console = advisories((120, 40));
    console.press("<tab><tab><enter>");
    assert_eq!(state_of(console.model()), "detail1:0 by server");
    assert_eq!(console.model().current().unwrap().subject.name, "DSA-6321-1");
    console.press("<esc>j<enter>");
    // What is worse there comes first, not what is worse elsewhere.
    assert_eq!(console.model().group(0).unwrap().name, "web8");
    assert_eq!(console.model().current().unwrap().subject.name, "DSA-6322-1");
    console.press("j");
    assert_eq!(console.model().current().unwrap().subject.name, "DSA-6321-1");
    console.press("w");
    assert!(text(&console.frame()).contains("DSA-6321-1"));
    console.press("<esc><enter>");
    assert_eq!(state_of(console.model()), "list1:0");
    assert!(console.model().pivoted().is_none());
    assert_eq!(console.model().current().unwrap().subject.name, "DSA-6321-1");
}

#[test]
fn a_new_round_leaves_the_selected_group_and_its_member() {
    let mut console = advisories((120, 40));
    console.press("<tab>j<enter>j");
    let name = |console: &mut Rehearsal| console.model().group(0).unwrap().name.clone();
    assert_eq!(name(&mut console), "curl");
    let mut other = round();
    other.findings.remove(0);
    console.hear_round(other);
    assert_eq!(name(&mut console), "curl");
    console.hear_round(sample::round(State::Empty));
    assert!(console.model().current().is_none());
    console.press("jkG<enter>w<esc><tab><tab><tab><tab>");
}

#[test]
fn a_filter_narrows_the_groups_too() {
    let mut console = advisories((120, 40));
    console.press("<tab>/curl<enter>");
    assert_eq!(groups(&mut console, 0).len(), 2);
    console.press("<esc>");
    assert_eq!(groups(&mut console, 0).len(), 4);
}

#[test]
fn a_row_for_many_servers_opens_on_the_list_of_them() {
    let mut console = rehearse(record::lacking(), (120, 40));
    console.press("j<enter>");
    assert_eq!(state_of(console.model()), "list2:1 by what is said");
    assert_eq!(
        groups(&mut console, 1),
        [
            "✖ db1: 2 security updates, oldest 5 d",
            "✖ 4 servers: the same 2 security updates: curl, openssl · 1 differs"
        ]
    );
    let screen = text(&console.frame());
    assert!(["app1", "app2", "app3", "app4"].iter().all(|name| screen.contains(name)), "{screen}");
    assert_eq!(wishes_of(&console.press("dit waits<enter>")).len(), 4);
    assert_eq!(console.press("<enter>jdnot this one<enter>").len(), 1);
}

#[test]
fn ten_thousand_findings_are_grouped_once_and_drawn_in_part() {
    let mut round = sample::round(State::Empty);
    let mut turns = Vec::new();
    for rank in 1..=10_000_u32 {
        let subject = Subject::new(SubjectKind::Advisory, format!("DSA-{rank}-1"));
        let key = FindingKey::new("advisories", &subject, None);
        let finding = sample::finding("advisories", SubjectKind::Advisory);
        let items = [format!("fix source{} bookworm", rank % 900), format!("host web{}", rank % 1_000)];
        turns.extend(items.map(|item| Turn {
            at: finding.since,
            key: key.clone(),
            item: item.into(),
            word: Some("vulnerable".into()),
        }));
        round.findings.push(Finding { key, subject, rank, verdict: Verdict::Broken, ..finding });
    }
    let mut console = Rehearsal::new(sample::start(round).unwrap(), 120, 40).answered(move |order| match order {
        Order::Stand(_) => vec![Update::Stands(None, turns.clone())],
        _ => Vec::new(),
    });
    console.press("1<tab>");
    assert_eq!(groups(&mut console, 0).len(), 900);
    console.press("<tab>G<enter>");
    let begun = std::time::Instant::now();
    for _ in 0..50 {
        console.press("j");
        console.frame();
    }
    // Unoptimised, on a busy machine: a frame that touched all of them would take a hundred times as long.
    assert!(begun.elapsed().as_millis() / 50 < 100, "{:?}", begun.elapsed());
}

#[test]
fn pivots_look_as_recorded() {
    for (name, keys) in [("package", "<tab>"), ("server", "<tab><tab><enter>"), ("site", "<tab><tab><tab>")] {
        let drawn = [(120, 40), (80, 24), (40, 10)].map(|(width, height)| {
            let mut console = advisories((width, height));
            console.press(keys);
            format!("{width}×{height}\n{}", text(&console.frame()))
        });
        insta::assert_snapshot!(format!("by_{name}"), drawn.join("\n"));
    }
}
