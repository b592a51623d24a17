//! [`Theme`]: which style each role has. Roles carry meaning; colours live in `themes/*.toml` only.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::domain::Verdict;

/// A style for each role. Built in: the files of `themes/`; people add their own in the configuration's `themes/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    text: Look,
    dim: Look,
    accent: Look,
    selected: Look,
    ok: Look,
    due: Look,
    unknown: Look,
    broken: Look,
    paper: Paper,
}

/// One style, as a theme's file writes it.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in a theme's file")]
struct Look {
    fg: Option<Color>,
    bg: Option<Color>,
    bold: bool,
    dim: bool,
    underline: bool,
    reverse: bool,
}

impl Look {
    fn style(self) -> Style {
        let modifiers = [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ];
        let set = modifiers.into_iter().filter(|(on, _)| *on).fold(Modifier::empty(), |all, (_, one)| all | one);
        Style { fg: self.fg, bg: self.bg, ..Style::new() }.add_modifier(set)
    }
}

/// What stands for the terminal's own colours in a picture.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    pub ink: Color,
    pub ground: Color,
}

/// The themes that are built in, by the name that the configuration uses.
pub const BUILT_IN: [(&str, &str); 4] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// Why there is no such theme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    #[error("there is no theme `{0}`: built in are auto, dark, light, high-contrast and mono")]
    Missing(String),
    #[error("the theme `{name}` can't be read: {said}")]
    Unreadable { name: String, said: String },
}

impl Theme {
    /// A theme out of its file's text.
    pub fn parse(name: &str, text: &str) -> Result<Self, ThemeError> {
        toml::from_str(text).map_err(|error: toml::de::Error| ThemeError::Unreadable {
            name: name.to_owned(),
            said: error.message().to_owned(),
        })
    }

    /// One of [`BUILT_IN`].
    pub fn built_in(name: &str) -> Result<Self, ThemeError> {
        let found = BUILT_IN.iter().find(|(known, _)| *known == name);
        found.map_or_else(|| Err(ThemeError::Missing(name.to_owned())), |(_, text)| Self::parse(name, text))
    }

    pub fn text(&self) -> Style {
        self.text.style()
    }

    /// What matters less: labels, ages, sources.
    pub fn dim(&self) -> Style {
        self.dim.style()
    }

    /// Titles, keys, and the frame of what has the focus.
    pub fn accent(&self) -> Style {
        self.accent.style()
    }

    /// Laid over the row that keys act on.
    pub fn selected(&self) -> Style {
        self.selected.style()
    }

    pub fn verdict(&self, verdict: Verdict) -> Style {
        match verdict {
            Verdict::Ok => self.ok.style(),
            Verdict::Due => self.due.style(),
            Verdict::Unknown => self.unknown.style(),
            Verdict::Broken => self.broken.style(),
        }
    }

    pub fn paper(&self) -> Paper {
        self.paper
    }
}

/// Which theme `auto` means: without colour where `NO_COLOR` is set, else by the background that `COLORFGBG` tells
/// (its last field is the background's number in the sixteen colours), else dark. Nothing is asked of the terminal.
pub fn automatic(colour_fg_bg: Option<&str>) -> &'static str {
    let background = colour_fg_bg.and_then(|value| value.rsplit(';').next()).and_then(|field| field.parse::<u8>().ok());
    match background {
        Some(7 | 9..=15) => "light",
        _ => "dark",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_reads() {
        for (name, _) in BUILT_IN {
            Theme::built_in(name).unwrap();
        }
    }

    #[test]
    fn mono_has_no_colour() {
        let mono = Theme::built_in("mono").unwrap();
        for style in Verdict::ALL.map(|verdict| mono.verdict(verdict)).into_iter().chain([mono.text(), mono.dim()]) {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }

    #[test]
    fn built_in_themes_stay_within_sixteen_colours() {
        for (name, text) in BUILT_IN {
            let styles = text.split("[paper]").next().unwrap();
            assert!(!styles.contains("= \"#"), "{name}");
        }
    }

    #[test]
    fn a_misspelt_role_is_an_error_that_names_it() {
        let text = BUILT_IN[0].1.replace("[broken]", "[brokn]");
        assert!(Theme::parse("mine", &text).unwrap_err().to_string().contains("brokn"));
        assert!(Theme::built_in("drak").unwrap_err().to_string().contains("high-contrast"));
    }

    #[test]
    fn the_background_decides_what_auto_means() {
        for (value, name) in [
            (Some("15;0"), "dark"),
            (Some("0;15"), "light"),
            (Some("0;default;7"), "light"),
            (Some("x"), "dark"),
            (None, "dark"),
        ] {
            assert_eq!(automatic(value), name, "{value:?}");
        }
    }
}
