//! [`Seek`]: what a filter looks for in findings' particulars, and how text is matched.

/// Something to look for, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Seek {
    /// A word somewhere in the detail.
    Word(String),
    /// A source in the chain, `*` standing for anything.
    Source(String),
}

impl Seek {
    /// Whether this text, a detail or a source's name, is meant.
    pub fn fits(&self, text: &str) -> bool {
        match self {
            Self::Word(word) => contains(text, word),
            Self::Source(name) => like(text, name),
        }
    }
}

/// Whether the lower-case word stands in the text, whatever the text's case.
pub fn contains(text: &str, word: &str) -> bool {
    let (hay, needle) = (text.as_bytes(), word.as_bytes());
    let Some(first) = needle.first() else { return true };
    if !word.is_ascii() {
        return text.to_lowercase().contains(word);
    }
    let upper = first.to_ascii_uppercase();
    let starts = hay.iter().enumerate().filter(|(_, byte)| *byte == first || **byte == upper);
    starts
        .map(|(at, _)| at)
        .any(|at| hay.get(at..at + needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(needle)))
}

/// Whether the name begins as the lower-case pattern says, `*` standing for anything.
pub fn like(name: &str, pattern: &str) -> bool {
    let name = name.to_lowercase();
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, fit) in [
            ("web*", "WEB1", true),
            ("*1", "web1", true),
            ("w*b*", "web1", true),
            ("*", "", true),
            ("", "", true),
            ("web", "web1", false),
            ("a*a", "a", false),
            ("*b*c", "abd", false),
        ] {
            assert_eq!(like(name, pattern), fit, "{pattern} {name}");
        }
    }
}
