//! Which rows are in view: a pure function, so that view and mouse agree without remembering anything.

use std::ops::Range;

/// The rows that are drawn of `length` rows in `height` lines, so that the selected one is among them: in the middle,
/// except near the ends.
pub fn visible(selected: usize, length: usize, height: usize) -> Range<usize> {
    let first = selected.saturating_sub(height / 2).min(length.saturating_sub(height));
    first..length.min(first + height)
}

/// First line and length of a scroll bar's thumb within `height` lines; `None` when everything is in view.
pub fn thumb(visible: &Range<usize>, length: usize, height: usize) -> Option<(usize, usize)> {
    if visible.len() >= length || height == 0 {
        return None;
    }
    let size = (height * visible.len() / length).max(1);
    let room = height - size;
    let last_first = length - visible.len();
    // Rounded, so that the thumb touches an end only there.
    Some(((visible.start * room + last_first / 2) / last_first, size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_selected_row_is_always_in_view(length in 1usize..500, height in 1usize..60, at in 0.0f64..1.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a test's fraction of a small number")]
            let selected = (at * length as f64) as usize;
            let rows = visible(selected, length, height);
            prop_assert!(rows.contains(&selected));
            prop_assert_eq!(rows.len(), length.min(height));
            if let Some((first, size)) = thumb(&rows, length, height) {
                prop_assert!(first + size <= height);
            }
        }
    }

    #[test]
    fn nothing_is_in_view_of_nothing() {
        assert_eq!(visible(0, 0, 10), 0..0);
        assert_eq!(visible(3, 5, 0), 3..3);
        assert_eq!(thumb(&(0..0), 0, 0), None);
    }
}
