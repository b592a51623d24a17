//! [`Shown`]: the only text that a terminal, a report or an error may print.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Text that has been made safe to show: no control or escape character, no bidirectional override, nothing invisible,
/// bounded in length. It can only be made by cleaning, so a sink that takes `Shown` cannot be tricked.
///
/// What was dangerous stays visible as what it is: ESC becomes `␛`, U+202E becomes `‹U+202E›`. Cleaning twice changes
/// nothing. One line unless made by [`Shown::text`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Default)]
#[serde(transparent)]
pub struct Shown(Arc<str>);

/// Longest single line, in graphemes.
const LINE: usize = 400;
/// Longest text of several lines, in graphemes.
const TEXT: usize = 16_384;
/// More code points than this in one grapheme are decoration meant to deface (a 20 kB "zalgo" is one cell wide).
const MARKS: usize = 8;

impl Shown {
    /// One line out of anything: line feeds and tabs become a space.
    pub fn line(text: &str) -> Self {
        Self::cleaned(text, LINE, false)
    }

    /// One line out of bytes that claim to be text; what is not UTF-8 becomes U+FFFD.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::line(&String::from_utf8_lossy(&bytes[..bytes.len().min(LINE * 32)]))
    }

    /// Several lines: line feeds stay, tabs become four spaces.
    pub fn text(text: &str) -> Self {
        Self::cleaned(text, TEXT, true)
    }

    /// The same, if all of it is kept: what a person signs is never cut without their knowing.
    pub fn whole(text: &str) -> Option<Self> {
        let kept = Self::text(text);
        (kept == Self::cleaned(text, usize::MAX, true)).then_some(kept)
    }

    /// At most `graphemes` of it, the cut marked with `…`.
    #[must_use]
    pub fn cut(&self, graphemes: usize) -> Self {
        Self::cleaned(&self.0, graphemes.max(1), true)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text in memory of its own.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self(Arc::from(&*self.0))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Columns it takes in a terminal.
    pub fn width(&self) -> usize {
        self.0.width()
    }

    fn cleaned(text: &str, cap: usize, lines: bool) -> Self {
        if is_plain(text, cap) {
            return Self(text.into());
        }
        let mut out = String::with_capacity(text.len().min(cap.saturating_mul(4)));
        let mut count = 0;
        let mut graphemes = text.graphemes(true);
        while let Some(grapheme) = graphemes.next() {
            let mut piece = String::new();
            push_clean(&mut piece, grapheme, lines);
            let width = piece.graphemes(true).count();
            let last = count + width == cap && graphemes.clone().next().is_some();
            if count + width > cap || last {
                out.push('…');
                break;
            }
            count += width;
            out.push_str(&piece);
        }
        Self(out.into())
    }
}

/// Text that is clean as it is: every character stands alone and shows what it is. Most text is, and looking for the borders
/// of graphemes in ten thousand titles would take longer than everything else that is done before the first picture.
fn is_plain(text: &str, cap: usize) -> bool {
    let alone = |c: char| {
        matches!(c as u32,
            0x20..=0x7e | 0xa0..=0xac | 0xae..=0x2ff | 0x391..=0x3a1 | 0x3a3..=0x3ff | 0x400..=0x482 | 0x2010..=0x2027
            | 0x20a0..=0x20bf | 0x2190..=0x219f | 0x2500..=0x257f)
    };
    text.len() <= cap && text.chars().all(alone)
}

/// Appends one grapheme, with whatever is dangerous in it made visible.
fn push_clean(out: &mut String, grapheme: &str, lines: bool) {
    if grapheme == "\r\n" && lines {
        out.push('\n');
        return;
    }
    let emoji =
        grapheme.chars().next().is_some_and(|first| first as u32 >= 0x1F000 || matches!(first as u32, 0x2190..=0x2BFF));
    for (position, c) in grapheme.chars().enumerate() {
        if position >= MARKS {
            out.push('\u{FFFD}');
            break;
        }
        match c {
            '\n' if lines => out.push('\n'),
            '\t' if lines => out.push_str("    "),
            '\n' | '\t' => out.push(' '),
            '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{FFFD}')),
            '\u{7f}' => out.push('␡'),
            // A joiner inside an emoji is part of the picture, elsewhere it hides.
            '\u{200d}' | '\u{fe0f}' if emoji && position > 0 => out.push(c),
            c if is_hidden(c) => {
                write!(out, "‹U+{:04X}›", c as u32).ok();
            }
            c => out.push(c),
        }
    }
}

/// Characters that steer, hide or have no agreed shape: C1, bidirectional controls, zero width, fillers, tags,
/// variation selectors, private use, non-characters.
fn is_hidden(c: char) -> bool {
    let code = c as u32;
    matches!(code,
        0x80..=0x9f | 0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xe000..=0xf8ff | 0xfdd0..=0xfdef
        | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1d173..=0x1d17a | 0xe0000..=0x0010_ffff)
        || code & 0xfffe == 0xfffe
}

/// Ordered and hashed as its text, so maps by `Shown` are asked by `&str`.
impl std::borrow::Borrow<str> for Shown {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Self::line(text)
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self::line(&text)
    }
}

impl PartialEq<str> for Shown {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Shown {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

// What was stored is cleaned again on its way out: the store is a file that others may have written.
impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Cleaner)
    }
}

/// Cleans text where it lies: a store of ten thousand findings is read through here, without a copy in between.
struct Cleaner;

impl serde::de::Visitor<'_> for Cleaner {
    type Value = Shown;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Shown, E> {
        Ok(if text.contains('\n') { Shown::text(text) } else { Shown::line(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_whole_is_not_cut() {
        for text in ["a\nb", &"x".repeat(TEXT), &"ö".repeat(TEXT), &"\u{202e}".repeat(TEXT / 8)] {
            assert!(Shown::whole(text).is_some_and(|whole| whole == Shown::text(text)), "{} bytes", text.len());
        }
        for text in ["x".repeat(TEXT + 1), "ö".repeat(TEXT + 1), "\u{202e}".repeat(TEXT / 8 + 1)] {
            assert!(Shown::whole(&text).is_none(), "{} bytes", text.len());
        }
    }

    #[test]
    fn escapes_and_overrides_become_visible() {
        assert_eq!(Shown::line("a\x1b]52;c;x\x07b"), "a␛]52;c;x␇b");
        assert_eq!(Shown::line("safe\rEVIL"), "safe␍EVIL");
        assert_eq!(Shown::line("abc\u{202e}gpj.exe"), "abc‹U+202E›gpj.exe");
        assert_eq!(Shown::line("zero\u{200b}width\u{9b}31m"), "zero‹U+200B›width‹U+009B›31m");
        assert_eq!(Shown::line("tag\u{e0041}"), "tag‹U+E0041›");
        assert_eq!(Shown::line("a\nb\tc"), "a b c");
        assert_eq!(Shown::text("a\r\nb\tc"), "a\nb    c");
    }

    #[test]
    fn letters_of_every_script_stay() {
        for text in ["Grüße", "日本語", "Привет", "مرحبا", "🏳️‍🌈 ok"] {
            assert_eq!(Shown::line(text), text);
        }
    }

    #[test]
    fn a_wall_of_combining_marks_is_cut() {
        let zalgo = format!("a{}", "\u{0301}".repeat(20_000));
        assert!(Shown::line(&zalgo).as_str().chars().count() <= MARKS + 1);
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let shown = Shown::line(&"x".repeat(100_000));
        assert_eq!(shown.as_str().chars().count(), LINE);
        assert!(shown.as_str().ends_with('…'));
    }

    proptest! {
        #[test]
        fn no_bytes_survive_as_control_and_cleaning_is_idempotent(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let once = Shown::bytes(&bytes);
            prop_assert!(once.as_str().chars().all(|c| !c.is_control() && !matches!(c as u32, 0x202a..=0x202e | 0x2066..=0x2069)));
            prop_assert_eq!(&Shown::line(once.as_str()), &once);
            prop_assert!(once.as_str().graphemes(true).count() <= LINE + 1);
        }

        #[test]
        fn what_is_plain_is_what_cleaning_would_leave(text in "[ -~\u{a0}-\u{4ff}\u{2010}-\u{21ff}\u{2500}-\u{2600}]{0,40}") {
            if is_plain(&text, LINE) {
                let mut slow = String::new();
                for grapheme in text.graphemes(true) {
                    prop_assert_eq!(grapheme.chars().count(), 1);
                    push_clean(&mut slow, grapheme, false);
                }
                prop_assert_eq!(slow, text);
            }
        }

        #[test]
        fn any_text_is_clean_once_cleaned(text in "\\PC*|[\u{0}-\u{10ffff}]{0,600}") {
            let once = Shown::text(&text);
            prop_assert!(once.as_str().chars().all(|c| c == '\n' || !c.is_control()));
            prop_assert_eq!(&Shown::text(once.as_str()), &once);
        }
    }
}
