//! Text broken into lines between words.

use unicode_linebreak::linebreaks;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::domain::Shown;

/// The text in lines of at most `width` columns, broken between words where that is possible. A line's own leading
/// spaces stay, so that lists and tables inside the text keep their shape.
pub fn wrap(text: &Shown, width: usize) -> Vec<Shown> {
    let width = width.max(1);
    text.as_str().split('\n').flat_map(|line| wrap_line(line, width)).collect()
}

fn wrap_line(line: &str, width: usize) -> Vec<Shown> {
    if line.width() <= width {
        return vec![line.into()];
    }
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in words(line) {
        if current.width() + word.trim_end().width() <= width {
            current.push_str(word);
            continue;
        }
        if !current.trim().is_empty() {
            lines.push(current.trim_end().into());
        }
        current.clear();
        for grapheme in word.trim().graphemes(true) {
            if current.width() + grapheme.width() > width && !current.is_empty() {
                lines.push(current.as_str().into());
                current.clear();
            }
            current.push_str(grapheme);
        }
        current.push_str(&word[word.trim_end().len()..]);
    }
    if !current.trim().is_empty() || lines.is_empty() {
        lines.push(current.trim_end().into());
    }
    lines
}

/// The line in the pieces that nothing but width tears apart, each with the spaces behind it, by Unicode's rules for line
/// breaks (UAX #14): a comma, a bracket, a time of day stay with their word.
fn words(line: &str) -> Vec<&str> {
    let mut from = 0;
    let ends = linebreaks(line).map(|(end, _)| end);
    ends.map(|end| &line[std::mem::replace(&mut from, end)..end]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wrapped(text: &str, width: usize) -> Vec<String> {
        wrap(&Shown::text(text), width).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn text_breaks_between_words() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("  keeps its\nshape", 20), ["  keeps its", "shape"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("first seen 17:21", 14), ["first seen", "17:21"]);
        assert_eq!(wrapped("since 2026-11-26T17:21:09", 22), ["since", "2026-11-26T17:21:09"]);
        assert_eq!(wrapped("perl, adduser, tar", 14), ["perl, adduser,", "tar"]);
        assert_eq!(wrapped("add it to a [[person]]'s keys", 23), ["add it to a", "[[person]]'s keys"]);
        assert_eq!(wrapped("port 17: closed", 8), ["port 17:", "closed"]);
        assert_eq!(wrapped("日本語", 1), ["日", "本", "語"]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(text in "\\PC{0,200}", width in 2usize..40) {
            for line in wrap(&Shown::text(&text), width) {
                // One letter may be wider than the room there is.
                prop_assert!(line.width() <= width || line.as_str().graphemes(true).count() == 1, "{line:?}");
            }
        }
    }
}
