//! `matins demo`: the console on a recorded morning.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;

use super::edge::{CONFIG, Edge, End, Ended, NO_INPUT, USAGE, print, runtime};
use crate::round::Recording;
use crate::tui::theme::Theme;
use crate::tui::{self, Console, Fleet, Rehearsal, Start, resolve_theme};

/// No file that a person recorded is larger.
const CAP: u64 = 256 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A morning that `matins round --evidence FILE` wrote; default: the one recorded from the lab.
    file: Option<PathBuf>,
    /// Instead of opening the console, print its screen after these keys as an SVG picture: `2`, `<down>w`, or nothing.
    #[arg(long, value_name = "KEYS")]
    picture: Option<String>,
    /// Columns and rows of the picture.
    #[arg(long, value_name = "WxH", default_value = "120x40", requires = "picture")]
    size: String,
}

/// Writes nothing, asks nobody; the clock stands at the recorded moment.
pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    let recording = recording(arguments.file.as_deref())?;
    let (desk, round) = recording.judged()?;
    let round = Arc::new(round);
    let (at, zone) = (recording.at, recording.zone()?);
    let start = |theme| Start {
        round: Arc::clone(&round),
        now: at,
        zone: zone.clone(),
        theme,
        demo: true,
        hints: Vec::new(),
        fleet: Fleet::default(),
    };
    if let Some(keys) = &arguments.picture {
        let theme = Theme::built_in("dark").map_err(|error| End::new(CONFIG, error.to_string()))?;
        let (width, height) = size(&arguments.size)?;
        let mut rehearsal = Rehearsal::new(start(theme), width, height).answered(move |order| desk.answer(order, at));
        rehearsal.press(keys);
        print(&rehearsal.svg())?;
        return Ok(0);
    }
    // The demo opens also where the configuration is broken: that is when people look for help.
    let settings = edge.settings().ok();
    let (name, folder) =
        settings.as_ref().map_or(("auto", None), |settings| (settings.theme.as_str(), Some(settings.themes.as_path())));
    let theme = resolve_theme(name, folder).map_err(|error| End::new(CONFIG, error.to_string()))?;
    // There is nobody to ask, but there is something to read.
    let (orders, mut inbox) = unbounded_channel();
    let (updates, heard) = unbounded_channel();
    let runtime = runtime()?;
    runtime.spawn(async move {
        while let Some(order) = inbox.recv().await {
            // Nobody listens any more when this fails, and then nobody orders either.
            desk.answer(&order, at).into_iter().try_for_each(|update| updates.send(update)).ok();
        }
    });
    // Nothing waits for the first picture.
    let (curtain, _) = oneshot::channel();
    let start = start(theme);
    let console = Console {
        start,
        updates: heard,
        orders,
        clock: Arc::new(move || at),
        curtain,
        as_of: None,
        signing: Vec::new(),
    };
    Ok(runtime.block_on(tui::run(console))?.exit_code())
}

fn recording(file: Option<&Path>) -> Result<Recording, End> {
    let Some(path) = file else {
        return parse("the recorded morning", include_bytes!("../../assets/demo.json"));
    };
    let name = path.display().to_string();
    let wrong = |said: String| End::new(NO_INPUT, format!("{name}: {said}"));
    let size = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if size > CAP {
        return Err(wrong(format!("is larger than {} MiB", CAP >> 20)));
    }
    parse(&name, &std::fs::read(path).map_err(|error| wrong(error.to_string()))?)
}

fn parse(name: &str, json: &[u8]) -> Result<Recording, End> {
    serde_json::from_slice(json).map_err(|error| End::new(NO_INPUT, format!("{name} is no recorded morning: {error}")))
}

fn size(text: &str) -> Result<(u16, u16), End> {
    let parsed = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    parsed
        .filter(|(width, height)| (1..=500).contains(width) && (1..=500).contains(height))
        .ok_or_else(|| End::new(USAGE, "--size is written as in 120x40"))
}
