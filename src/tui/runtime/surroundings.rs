//! What the environment says: terminal, language, colours, and the configuration's own themes.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::Path;

use crate::tui::TuiError;
use crate::tui::theme::{Theme, ThemeError, automatic};

/// Whether there is a terminal that the console can live in.
pub fn check() -> Result<(), TuiError> {
    if !std::io::stdout().is_terminal() {
        return Err(TuiError::NotATerminal);
    }
    if !std::io::stdin().is_terminal() && std::fs::File::open("/dev/tty").is_err() {
        return Err(TuiError::NoKeyboard);
    }
    match dumb(std::env::var("TERM").ok().as_deref()) {
        Some(name) => Err(TuiError::DumbTerminal(name)),
        None => Ok(()),
    }
}

/// What is wrong with a value of `TERM`, if something is.
fn dumb(term: Option<&str>) -> Option<String> {
    match term {
        None => Some("not set".into()),
        Some("") => Some("empty".into()),
        Some("dumb") => Some("dumb".into()),
        Some(_) => None,
    }
}

/// Whether the terminal is told to speak UTF-8, by the first of the three variables that is set (`setlocale(3)`).
pub fn speaks_utf8() -> bool {
    is_utf8(["LC_ALL", "LC_CTYPE", "LANG"].map(std::env::var_os))
}

fn is_utf8(variables: [Option<OsString>; 3]) -> bool {
    let first = variables.into_iter().flatten().find(|value| !value.is_empty());
    first.is_some_and(|value| {
        let value = value.to_string_lossy().to_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

/// The theme of that name: the configuration's own first (`FOLDER/NAME.toml`), then those built in; `auto` is chosen by
/// the background. `NO_COLOR` (<https://no-color.org>) has the last word.
pub fn resolve_theme(name: &str, folder: Option<&Path>) -> Result<Theme, ThemeError> {
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return Theme::built_in("mono");
    }
    named(name, folder, std::env::var("COLORFGBG").ok().as_deref())
}

fn named(name: &str, folder: Option<&Path>, colour_fg_bg: Option<&str>) -> Result<Theme, ThemeError> {
    if name == "auto" {
        return Theme::built_in(automatic(colour_fg_bg));
    }
    // A name, not a path: it must not lead out of the folder.
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let Some(folder) = folder.filter(|_| plain) else { return Theme::built_in(name) };
    match std::fs::read_to_string(folder.join(format!("{name}.toml"))) {
        Ok(text) => Theme::parse(name, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Theme::built_in(name),
        Err(error) => Err(ThemeError::Unreadable { name: name.to_owned(), said: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_cannot_draw_is_refused() {
        assert_eq!(dumb(None).as_deref(), Some("not set"));
        assert_eq!(dumb(Some("")).as_deref(), Some("empty"));
        assert_eq!(dumb(Some("dumb")).as_deref(), Some("dumb"));
        assert_eq!(dumb(Some("xterm-256color")), None);
    }

    #[test]
    fn the_first_variable_that_is_set_names_the_encoding() {
        let set = |values: [&str; 3]| is_utf8(values.map(|value| (!value.is_empty()).then(|| value.into())));
        assert!(set(["", "", "de_AT.UTF-8"]));
        assert!(set(["C.utf8", "", "de_AT"]));
        assert!(!set(["C", "", "de_AT.UTF-8"]));
        assert!(!set(["", "", "de_AT.ISO-8859-1"]));
        assert!(!set(["", "", ""]));
    }

    #[test]
    fn a_theme_of_ones_own_comes_before_those_built_in() {
        let folder = tempfile::tempdir().unwrap();
        let own = include_str!("../../../themes/mono.toml").replace("[ok]\n", "[ok]\nfg = \"blue\"\n");
        std::fs::write(folder.path().join("dark.toml"), &own).unwrap();
        std::fs::write(folder.path().join("broken.toml"), "[ok]\nfg = \"bleu\"\n").unwrap();
        let style =
            |name| named(name, Some(folder.path()), None).map(|theme| theme.verdict(crate::domain::Verdict::Ok).fg);
        assert_eq!(style("dark"), Ok(Some(ratatui::style::Color::Blue)));
        assert_eq!(style("light"), Ok(Some(ratatui::style::Color::Green)));
        assert!(matches!(style("broken"), Err(ThemeError::Unreadable { .. })));
        assert!(matches!(style("../dark"), Err(ThemeError::Missing(_))));
    }
}
