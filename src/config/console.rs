//! `[console]` and `[store]`.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::settings::{Entry, Misfit};
use crate::domain::{Period, Shown};

use super::files::Paths;
use super::joined::Joined;

/// The console itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsoleTyped {
    /// Who signs; default: the login name.
    operator: Option<String>,
    /// The ssh key that signs check-ins: `agent`, or the file of a private key, or of a public key whose private part
    /// your agent holds; default: none.
    signing_key: Option<String>,
    /// What "last night" means: an IANA name such as `Europe/Vienna`; default: the system's.
    timezone: Option<String>,
    /// `auto`, or the name of a theme.
    theme: Option<String>,
    /// How often sources are asked that don't say it themselves; default: 15m.
    refresh: Option<Period>,
    /// Whether the console may offer actions that change servers (each asks before it runs); default: false.
    actions: Option<bool>,
}

/// Where the record is kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreTyped {
    /// `sqlite:PATH`; a relative path is below `$XDG_STATE_HOME/matins`.
    url: Option<String>,
}

/// Who sits at the console.
#[derive(Debug, Clone)]
pub struct Operator {
    pub name: Shown,
    /// What signs their check-ins: `agent`, or a file.
    pub signing_key: Option<String>,
}

/// Both, as they are meant.
pub(super) struct Meant {
    pub operator: Operator,
    pub zone: TimeZone,
    pub theme: String,
    pub refresh: Period,
    pub actions: bool,
    pub store: PathBuf,
}

pub(super) fn console(joined: &Joined, paths: &Paths, misfits: &mut Vec<Misfit>) -> Meant {
    let mut meant = Meant {
        operator: Operator { name: Shown::line(&paths.login), signing_key: None },
        zone: TimeZone::system(),
        theme: "auto".into(),
        refresh: Period::minutes(15),
        actions: false,
        store: paths.state.join("matins.db"),
    };
    for entry in joined.of("console") {
        // What does not even have the right types was reported by the schema.
        let Ok(typed) = entry.read::<ConsoleTyped>() else { continue };
        if let Some(key) = &typed.signing_key {
            meant.operator.signing_key = key_at(key, &paths.home);
            if meant.operator.signing_key.is_none() {
                let wrong = "`signing_key` must be `agent`, or a file as in `~/.ssh/id_ed25519`";
                misfits.push(entry.misfit(Some("signing_key"), wrong));
            }
        }
        apply(typed, entry, &mut meant, misfits);
    }
    for entry in joined.of("store") {
        let Ok(StoreTyped { url: Some(url) }) = entry.read::<StoreTyped>() else { continue };
        match store_path(&url, &paths.state) {
            Ok(path) => meant.store = path,
            Err(message) => misfits.push(entry.misfit(Some("url"), message)),
        }
    }
    meant
}

fn apply(typed: ConsoleTyped, entry: &Entry, meant: &mut Meant, misfits: &mut Vec<Misfit>) {
    if let Some(operator) = typed.operator {
        meant.operator.name = Shown::line(&operator).cut(64);
        if operator.trim().is_empty() {
            misfits.push(entry.misfit(Some("operator"), "`operator` is empty"));
        }
    }
    if let Some(name) = typed.timezone {
        match TimeZone::get(&name) {
            Ok(zone) => meant.zone = zone,
            Err(_) => misfits.push(entry.misfit(
                Some("timezone"),
                format!("`{}` is not an IANA time zone such as Europe/Vienna", Shown::line(&name).cut(60)),
            )),
        }
    }
    if let Some(theme) = typed.theme {
        if theme.is_empty() || !theme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            misfits.push(entry.misfit(Some("theme"), "`theme` must be `auto` or the name of a theme"));
        }
        meant.theme = theme;
    }
    if let Some(refresh) = typed.refresh {
        if refresh < Period::seconds(10) {
            misfits.push(entry.misfit(Some("refresh"), "`refresh` must be at least 10s"));
        }
        meant.refresh = refresh;
    }
    meant.actions = typed.actions.unwrap_or(meant.actions);
}

/// A file by its whole path: what a relative one means would hang on where matins was started.
fn key_at(key: &str, home: &Path) -> Option<String> {
    match key.strip_prefix("~/") {
        Some(below) => home.join(below).to_str().map(str::to_owned),
        None => (key == "agent" || key.starts_with('/')).then(|| key.to_owned()),
    }
}

fn store_path(url: &str, state: &Path) -> Result<PathBuf, String> {
    match url.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() && !path.starts_with("//") => Ok(state.join(path)),
        Some(("sqlite", _)) => Err("write `sqlite:matins.db` or `sqlite:/absolute/path.db`".into()),
        _ => Err("this version keeps its store in SQLite: write `sqlite:matins.db`".into()),
    }
}
