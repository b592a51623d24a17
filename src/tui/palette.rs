//! The palette: every action that applies, found by letters of its name in their order.

use super::keymap::{self, Binding, Scope};
use super::model::Model;
use super::past;

/// The scope of what lies under the palette.
pub fn scope_below(model: &Model) -> Scope {
    if model.view.place.is_home() { Scope::Home } else { Scope::Panel }
}

/// The actions whose name or help has the letters in their order, the closest first.
pub fn matches(scope: Scope, text: &str) -> Vec<&'static Binding> {
    // What follows is a moment, not letters of a name.
    let text = if text.trim_start().starts_with(past::WORD) { past::WORD } else { text };
    let letters = text.trim().to_lowercase();
    let scored = keymap::bindings(scope).filter_map(|binding| {
        let by_name = gaps(binding.name, &letters);
        let by_help = gaps(binding.help, &letters).map(|gaps| gaps + 100);
        Some((by_name.or(by_help)?, binding))
    });
    let mut found: Vec<_> = scored.collect();
    found.sort_by_key(|(gaps, _)| *gaps);
    found.into_iter().map(|(_, binding)| binding).collect()
}

/// How far the letters stand apart in the name; `None` when they are not all there in their order. The beginning counts
/// as one of the letters, so that `re` prefers `refresh` to `more`.
fn gaps(name: &str, letters: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let mut rest = name.as_str();
    let mut gaps = 0;
    for letter in letters.chars().filter(|letter| !letter.is_whitespace()) {
        let at = rest.find(letter)?;
        gaps += at;
        rest = &rest[at + letter.len_utf8()..];
    }
    Some(gaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        matches(Scope::Home, text).into_iter().map(|binding| binding.name).collect()
    }

    #[test]
    fn letters_in_their_order_find_an_action() {
        assert_eq!(names("refr")[..2], ["refresh", "refresh all"]);
        assert_eq!(names("rfa")[0], "refresh all");
        assert_eq!(names("bkp")[0], "backups");
        assert!(names("zzz").is_empty());
        assert_eq!(names("").len(), keymap::bindings(Scope::Home).count());
    }
}
