//! Composer's order of versions and its constraints, as far as Drupal's modules and advisories use them.

use std::cmp::Ordering;

/// A released version: `10.5.3`, `2.0.0-rc1`, `v6.2`, `8.x-1.5` (which is 1.5). The head of a branch (`dev-1.x`, `2.x-dev`)
/// is none: what is in it today its name does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComposerVersion {
    numbers: [u64; 4],
    stability: Stability,
    count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Stability {
    Dev,
    Alpha,
    Beta,
    Candidate,
    Stable,
    Patch,
}

impl ComposerVersion {
    pub fn parse(text: &str) -> Option<Self> {
        read(text).map(|(version, _)| version)
    }

    pub fn major(self) -> u64 {
        self.numbers[0]
    }

    /// The lowest version that begins with these numbers.
    fn floor(mut self) -> Self {
        if self.stability == Stability::Stable {
            (self.stability, self.count) = (Stability::Dev, 0);
        }
        self
    }

    /// The lowest version that no longer begins with the first `kept` numbers.
    fn after(self, kept: usize) -> Self {
        let mut numbers = [0; 4];
        numbers[..kept].copy_from_slice(&self.numbers[..kept]);
        numbers[kept - 1] = numbers[kept - 1].saturating_add(1);
        Self { numbers, stability: Stability::Dev, count: 0 }
    }
}

/// A version, and of how many numbers it was written.
fn read(text: &str) -> Option<(ComposerVersion, usize)> {
    let text = text.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    // Drupal's old names: the core branch, then the module's own version.
    let text = match text.split_once(".x-") {
        Some((core, version)) if !core.is_empty() && core.bytes().all(|byte| byte.is_ascii_digit()) => version,
        _ => text,
    };
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    let digits = digits.strip_suffix('.').unwrap_or(digits);
    let mut numbers = [0; 4];
    let mut written = 0;
    for number in digits.split('.') {
        *numbers.get_mut(written)? = number.parse().ok()?;
        written += 1;
    }
    let (stability, count) = stability(suffix)?;
    Some((ComposerVersion { numbers, stability, count }, written))
}

fn stability(suffix: &str) -> Option<(Stability, u64)> {
    let suffix = suffix.trim_start_matches(['-', '.', '_']).to_ascii_lowercase();
    let end = suffix.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(suffix.len());
    let (word, count) = suffix.split_at(end);
    let stability = match word {
        "" if count.is_empty() => return Some((Stability::Stable, 0)),
        "stable" => Stability::Stable,
        "alpha" | "a" => Stability::Alpha,
        "beta" | "b" => Stability::Beta,
        "rc" => Stability::Candidate,
        "patch" | "pl" | "p" => Stability::Patch,
        _ => return None,
    };
    let count = count.trim_start_matches(['-', '.']);
    Some((stability, if count.is_empty() { 0 } else { count.parse().ok()? }))
}

/// What a publisher writes as affected: `>=10.5.0 <10.6.17 || 11.0.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposerConstraint {
    /// Any of these, in each of which all hold.
    any: Vec<Vec<Bound>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Least(ComposerVersion),
    Below(ComposerVersion),
    Above(ComposerVersion),
    Most(ComposerVersion),
    Is(ComposerVersion),
    Not(ComposerVersion),
}

impl ComposerConstraint {
    /// `None` where any part of it is not understood.
    pub fn parse(text: &str) -> Option<Self> {
        let any = text.replace("||", "|");
        let any = any.split('|').map(bounds).collect::<Option<Vec<_>>>()?;
        Some(Self { any })
    }

    pub fn holds(&self, version: ComposerVersion) -> bool {
        self.any.iter().any(|all| all.iter().all(|bound| bound.holds(version)))
    }

    /// Whether it holds for whatever version there will ever be.
    pub fn is_any(&self) -> bool {
        self.any.iter().any(Vec::is_empty)
    }
}

impl Bound {
    fn holds(self, version: ComposerVersion) -> bool {
        match self {
            Self::Least(bound) => version >= bound,
            Self::Below(bound) => version < bound,
            Self::Above(bound) => version > bound,
            Self::Most(bound) => version <= bound,
            Self::Is(bound) => version.cmp(&bound) == Ordering::Equal,
            Self::Not(bound) => version != bound,
        }
    }
}

const OPERATORS: [&str; 10] = ["<=", ">=", "==", "!=", "<>", "<", ">", "=", "^", "~"];

/// The parts that must all hold. An operator may stand apart from its version.
fn bounds(text: &str) -> Option<Vec<Bound>> {
    let mut words = text.split([' ', ',', '\t', '\n']).filter(|word| !word.is_empty());
    let mut bounds = Vec::new();
    let mut some = false;
    while let Some(word) = words.next() {
        some = true;
        let operator = OPERATORS.into_iter().find(|operator| word.starts_with(operator)).unwrap_or("");
        let version = &word[operator.len()..];
        let version = if version.is_empty() { words.next()? } else { version };
        bounds.extend(bound(operator, version)?);
    }
    some.then_some(bounds)
}

fn bound(operator: &str, version: &str) -> Option<Vec<Bound>> {
    if version == "*" {
        return operator.is_empty().then(Vec::new);
    }
    if let Some(branch) = version.strip_suffix(".*").or_else(|| version.strip_suffix(".x")) {
        let (version, written) = read(branch)?;
        return operator.is_empty().then(|| between(version, written));
    }
    let (version, written) = read(version)?;
    Some(match operator {
        "" | "=" | "==" => vec![Bound::Is(version)],
        "!=" | "<>" => vec![Bound::Not(version)],
        "<" => vec![Bound::Below(version.floor())],
        ">=" => vec![Bound::Least(version.floor())],
        ">" => vec![Bound::Above(version)],
        "<=" => vec![Bound::Most(version)],
        "~" => between(version, written.saturating_sub(1).max(1)),
        // The first number that is not 0 may not change.
        _ => between(version, version.numbers.iter().position(|number| *number > 0).map_or(3, |at| at + 1)),
    })
}

fn between(version: ComposerVersion, kept: usize) -> Vec<Bound> {
    vec![Bound::Least(version.floor()), Bound::Below(version.after(kept))]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> ComposerVersion {
        ComposerVersion::parse(text).unwrap_or_else(|| panic!("{text} is no version"))
    }

    #[test]
    fn versions_are_in_composers_order() {
        let order = [
            "1.0.0-alpha1",
            "1.0.0-alpha2",
            "1.0.0-beta1",
            "1.0.0-rc1",
            "1.0.0-RC2",
            "1.0.0",
            "1.0.0-p1",
            "1.0.1",
            "1.0.10",
            "1.1",
            "2",
            "8.x-2.1",
            "10.5.3",
            "10.10.0",
        ];
        for (at, a) in order.iter().enumerate() {
            for (other, b) in order.iter().enumerate() {
                assert_eq!(version(a).cmp(&version(b)), at.cmp(&other), "{a} {b}");
            }
        }
        for (a, b) in [
            ("1", "1.0.0.0"),
            ("v6.2.0", "6.2"),
            ("8.x-1.5", "1.5.0"),
            ("1.0.0+build5", "1.0"),
            ("1.0-b2", "1.0-beta2"),
        ] {
            assert_eq!(version(a), version(b));
        }
        for branch in
            ["dev-1.x", "2.x-dev", "dev-main", "", "x", "1.2.3.4.5", "1.0-dev", "one", "1..2", "8.x-1.x-dev", "-1"]
        {
            assert_eq!(ComposerVersion::parse(branch), None, "{branch}");
        }
    }

    #[test]
    fn constraints_as_drupal_writes_them() {
        for (constraint, inside, outside) in [
            (
                ">=10.5.0 <10.6.17 || >=11.0.0 <11.3.17",
                &["10.5.0", "10.6.16", "11.2.0"][..],
                &["10.4.9", "10.6.17", "11.3.17", "12.0"][..],
            ),
            (">= 8.0.0 <9.2.13", &["8.0.0", "9.2.12"], &["7.99", "9.2.13"]),
            ("*", &["1.0.0-alpha1", "99"], &[]),
            ("11.0.*", &["11.0.0", "11.0.99"], &["10.9", "11.1.0"]),
            (" <1.3.0 ", &["1.2.9", "0.1"], &["1.3.0", "1.3.0-rc1"]),
            ("^1.2", &["1.2.0", "1.99"], &["1.1", "2.0.0"]),
            ("^0.3.1", &["0.3.1", "0.3.9"], &["0.4.0"]),
            ("~1.2", &["1.2.0", "1.9"], &["2.0.0"]),
            ("~1.2.3", &["1.2.3", "1.2.9"], &["1.3.0"]),
            ("=1.0.0|>2.0.0,<=2.4", &["1.0.0", "2.0.1", "2.4.0"], &["1.0.1", "2.0.0", "2.4.1"]),
            ("!=1.5 >=1.0", &["1.4"], &["1.5.0", "0.9"]),
        ] {
            let parsed = ComposerConstraint::parse(constraint).unwrap_or_else(|| panic!("{constraint}"));
            for one in inside {
                assert!(parsed.holds(version(one)), "{one} is in {constraint}");
            }
            for one in outside {
                assert!(!parsed.holds(version(one)), "{one} is not in {constraint}");
            }
            assert_eq!(parsed.is_any(), constraint == "*");
        }
        for nonsense in ["", "||", ">=", "1.0 - 2.0", "<dev-main", ">=1.*", "a b", "1.0 || "] {
            assert_eq!(ComposerConstraint::parse(nonsense), None, "{nonsense:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in "\\PC{0,30}|[0-9.x*^~<>=|, a-z-]{0,24}") {
            ComposerVersion::parse(&text);
            ComposerConstraint::parse(&text);
        }
    }
}
