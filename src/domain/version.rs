//! Debian's order of versions (Debian Policy, section 5.6.12; the same answers as `dpkg --compare-versions`).

use std::cmp::Ordering;

/// Compares two Debian versions: `[epoch:]upstream[-revision]`. Total: text that is no version compares as the upstream
/// part that it would be. Allocates nothing.
pub fn compare(a: &str, b: &str) -> Ordering {
    let ((a_epoch, a_rest), (b_epoch, b_rest)) = (epoch(a.trim()), epoch(b.trim()));
    let ((a_upstream, a_revision), (b_upstream, b_revision)) = (revision(a_rest), revision(b_rest));
    number(a_epoch, b_epoch).then_with(|| part(a_upstream, b_upstream)).then_with(|| part(a_revision, b_revision))
}

/// The epoch, and the rest. Without a colon, or with something else than digits before it, there is none.
fn epoch(version: &str) -> (&[u8], &[u8]) {
    match version.split_once(':') {
        Some((epoch, rest)) if !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit()) => {
            (epoch.as_bytes(), rest.as_bytes())
        }
        _ => (b"", version.as_bytes()),
    }
}

/// Upstream version and revision: the last hyphen parts them. No revision is the same as an empty one, or 0.
fn revision(rest: &[u8]) -> (&[u8], &[u8]) {
    match rest.iter().rposition(|byte| *byte == b'-') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, b""),
    }
}

/// Alternates: a run without digits in the order of [`weight`], then a run of digits as a number. An empty run of digits
/// is 0.
fn part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        loop {
            let (x, y) = (a.first().copied(), b.first().copied());
            if !(x.is_some_and(|byte| !byte.is_ascii_digit()) || y.is_some_and(|byte| !byte.is_ascii_digit())) {
                break;
            }
            match weight(x).cmp(&weight(y)) {
                Ordering::Equal => (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default()),
                unequal => return unequal,
            }
        }
        let (a_digits, b_digits) = (digits(a), digits(b));
        match number(&a[..a_digits], &b[..b_digits]) {
            Ordering::Equal => (a, b) = (&a[a_digits..], &b[b_digits..]),
            unequal => return unequal,
        }
    }
    Ordering::Equal
}

/// `~` before the end, the end before letters, letters before everything else.
fn weight(byte: Option<u8>) -> u16 {
    match byte {
        Some(b'~') => 0,
        None | Some(b'0'..=b'9') => 1,
        Some(letter) if letter.is_ascii_alphabetic() => u16::from(letter),
        Some(other) => u16::from(other) + 256,
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Compares digits as numbers of any length.
fn number(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (significant(a), significant(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn significant(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().take_while(|byte| **byte == b'0').count()..]
}

#[cfg(test)]
mod tests {
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
        for (a, b) in [("1.0", "1.0-0"), ("1.0-", "1.0"), ("0:1", "1"), ("1.0", "1.00"), ("01", "1"), ("1.0-0", "1.0-")]
        {
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

    #[test]
    #[expect(clippy::disallowed_methods, reason = "dpkg itself is the judge here")]
    fn dpkg_agrees_on_thousands_of_pairs() {
        use std::fmt::Write as _;
        use std::io::Write as _;
        if std::process::Command::new("dpkg").arg("--version").output().is_err() {
            eprintln!("skipped: dpkg is not installed here");
            return;
        }
        let mut random = fastrand::Rng::with_seed(20_261_123);
        let mut pairs: Vec<(String, String)> = EDGES
            .iter()
            .enumerate()
            .flat_map(|(at, a)| EDGES[at..].iter().map(|b| ((*a).to_owned(), (*b).to_owned())))
            .collect();
        pairs.extend((0..2_000).map(|_| (invented(&mut random), invented(&mut random))));
        // One shell asks whether dpkg agrees with our answer, pair by pair.
        let mut script = String::new();
        for (a, b) in &pairs {
            let ours = match compare(a, b) {
                Ordering::Less => "lt",
                Ordering::Equal => "eq",
                Ordering::Greater => "gt",
            };
            writeln!(
                script,
                "if dpkg --compare-versions '{a}' {ours} '{b}' 2>/dev/null; then echo agreed; elif dpkg \
                 --validate-version '{a}' 2>/dev/null && dpkg --validate-version '{b}' 2>/dev/null; then echo no; \
                 else echo invalid; fi"
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
        assert!(agreed > 3_000, "only {agreed} pairs are versions to dpkg");
        println!("{agreed} pairs compared with dpkg, {} are no versions to it", answers.len() - agreed);
    }
}
