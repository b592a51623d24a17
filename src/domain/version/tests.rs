//! Debian's order, beside dpkg's own.

use super::*;
use proptest::prelude::*;

const EDGES: &[&str] = &[
    "0",
    "1",
    "1.0",
    "1.00",
    "01.0",
    "1.0-0",
    "1.0-",
    "1.0-1",
    "1.0-10",
    "1.0-2",
    "1.0~",
    "1.0~~",
    "1.0~rc1",
    "1.0~rc1-1",
    "1.0+b1",
    "1.0-1+b1",
    "1.0-1+deb12u1",
    "1.0-1~deb12u1",
    "1.0-1~bpo12+1",
    "1.0a",
    "1.0aa",
    "1.0a1",
    "1.0.0",
    "1.0.a",
    "1.0+",
    "1.0+dfsg-1",
    "1.0+really0.9-1",
    "1:0",
    "0:1.0",
    "1:1.0",
    "10:1.0",
    "2:1.0",
    "1.0-a",
    "1.0-a-1",
    "1.0-1-1",
    "1.0A",
    "1.0Z",
    "1.0z",
    "99999999999999999999999999",
    "100000000000000000000000000",
    "1.99999999999999999999999999",
    "1.0.~",
    "1.0.~a",
    "1.0.",
    "1..0",
    "0001.0",
    "1:2:3-1",
    "20260101",
    "2026.01.01",
    "5.36.0-7+deb12u3",
    "5.36.0-7+deb12u4",
    "8:6.9.11.60+dfsg-1.6+deb12u15",
    "3.2.7-1+deb12u6",
    "3.5.0+ds1-0+deb12u1",
    "2026b-0+deb12u1",
    "2026f-0+deb12u1",
    "1.2~",
    "1.2~~a",
    "1.2~~",
    "1.2~+",
    "1.2+~",
];

#[test]
fn tildes_sort_before_the_end_and_letters_before_signs() {
    for (older, newer) in [
        ("1.0~rc1", "1.0"),
        ("1.0~~", "1.0~"),
        ("1.0", "1.0a"),
        ("1.0a", "1.0+"),
        ("1.0-9", "1.0-10"),
        ("9:1", "10:0"),
        ("1.0-1", "1.0-1+b1"),
        ("1.0-1~deb12u1", "1.0-1"),
        ("6.1.0-9-amd64", "6.1.0-49-amd64"),
        ("2.9999999999999999999999", "2.10000000000000000000000"),
    ] {
        assert_eq!(compare(older, newer), Ordering::Less, "{older} < {newer}");
        assert_eq!(compare(newer, older), Ordering::Greater, "{newer} > {older}");
    }
    for (a, b) in [("1.0", "1.0-0"), ("1.0-", "1.0"), ("0:1", "1"), ("1.0", "1.00"), ("01", "1"), ("1.0-0", "1.0-")] {
        assert_eq!(compare(a, b), Ordering::Equal, "{a} = {b}");
    }
}

proptest! {
    #[test]
    fn the_order_is_total(a in "\\PC{0,20}", b in "[0-9:.+~a-zA-Z-]{0,16}", c in "[0-9.~+-]{0,8}") {
        prop_assert_eq!(compare(&a, &a), Ordering::Equal);
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        let mut three = [a.as_str(), b.as_str(), c.as_str()];
        three.sort_by(|x, y| compare(x, y));
        prop_assert_ne!(compare(three[0], three[2]), Ordering::Greater);
    }
}

/// Versions that people write, mutated; the generator is seeded, so that a failure can be repeated.
fn invented(random: &mut fastrand::Rng) -> String {
    let mut version = EDGES[random.usize(..EDGES.len())].to_owned();
    for _ in 0..random.usize(..4) {
        let piece = ["~", "+", ".", "a", "B", "0", "9", "10", "-1", "00", "~rc2", "+deb12u1", "+b1"];
        version.push_str(piece[random.usize(..piece.len())]);
    }
    if random.bool() { format!("{}:{version}", random.u8(..12)) } else { version }
}

/// Asks dpkg itself whether it agrees with our answer, pair by pair in one shell; returns with how many of them it does.
#[expect(clippy::disallowed_methods, reason = "dpkg itself is the judge here")]
fn agreed_by_dpkg(pairs: &[(String, String)]) -> Option<usize> {
    use std::fmt::Write as _;
    use std::io::Write as _;
    if std::process::Command::new("dpkg").arg("--version").output().is_err() {
        eprintln!("skipped: dpkg is not installed here");
        return None;
    }
    let mut script = String::new();
    for (a, b) in pairs {
        let ours = match compare(a, b) {
            Ordering::Less => "lt",
            Ordering::Equal => "eq",
            Ordering::Greater => "gt",
        };
        writeln!(
            script,
            "if dpkg --compare-versions '{a}' {ours} '{b}' 2>/dev/null; then echo agreed; elif dpkg \
             --validate-version '{a}' 2>/dev/null && dpkg --validate-version '{b}' 2>/dev/null; then echo no; else \
             echo invalid; fi"
        )
        .unwrap();
    }
    let mut child = std::process::Command::new("sh")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(script.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let answers: Vec<&str> = std::str::from_utf8(&output.stdout).unwrap().lines().collect();
    assert_eq!(answers.len(), pairs.len());
    for ((a, b), answer) in pairs.iter().zip(&answers) {
        assert_ne!(*answer, "no", "{a} against {b}: we say {:?}", compare(a, b));
    }
    let agreed = answers.iter().filter(|answer| **answer == "agreed").count();
    println!("{agreed} pairs compared with dpkg, {} are no versions to it", answers.len() - agreed);
    Some(agreed)
}

#[test]
fn dpkg_agrees_on_thousands_of_pairs() {
    let mut random = fastrand::Rng::with_seed(20_261_123);
    let mut pairs: Vec<(String, String)> = EDGES
        .iter()
        .enumerate()
        .flat_map(|(at, a)| EDGES[at..].iter().map(|b| ((*a).to_owned(), (*b).to_owned())))
        .collect();
    pairs.extend((0..2_000).map(|_| (invented(&mut random), invented(&mut random))));
    if let Some(agreed) = agreed_by_dpkg(&pairs) {
        assert!(agreed > 3_000, "only {agreed} pairs are versions to dpkg");
    }
}

#[test]
fn dpkg_agrees_on_the_versions_of_real_package_lists() {
    let pairs: Vec<(String, String)> = include_str!("../../../tests/fixtures/versions/pairs.tsv")
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect();
    if let Some(agreed) = agreed_by_dpkg(&pairs) {
        assert!(agreed > 2_000 && agreed == pairs.len(), "{agreed} of {}", pairs.len());
    }
}

/// Fixed versions of Debian's own list of advisories, one source package's beside each other, and what real servers have.
#[test]
fn dpkg_agrees_on_debians_list_of_advisories() {
    let data = std::env::var_os("MATINS_DATA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        std::path::PathBuf::from,
    );
    let Ok(list) = std::fs::read(data.join("debian-tracker/DSA-list-2023-04")) else {
        eprintln!("skipped: no real list of advisories is here");
        return;
    };
    let list = String::from_utf8_lossy(&list);
    let mut fixed: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for line in list.lines().filter(|line| line.starts_with("\t[")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [_, "-", package, version, ..] = words[..]
            && version.starts_with(|first: char| first.is_ascii_digit())
        {
            fixed.entry(package).or_default().push(version);
        }
    }
    let neighbours = |versions: &Vec<&str>| -> Vec<(String, String)> {
        versions.windows(2).map(|two| (two[0].to_owned(), two[1].to_owned())).collect()
    };
    let pairs: Vec<(String, String)> = fixed.values().flat_map(neighbours).take(2_500).collect();
    if let Some(agreed) = agreed_by_dpkg(&pairs) {
        assert!(agreed > 2_000, "{agreed} of {}", pairs.len());
    }
}
