//! What all commands need of the world: places, clock, output, configuration and store.

use std::io::{self, Write as _};
use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use jiff::Timestamp;

use crate::config::{self, ConfigError, Location, Paths, Settings};
use crate::domain::{Fault, Shown};
use crate::round::{Desk, Plan, Survey, owners};
use crate::store::{Sqlite, StoreError};

pub(super) const USAGE: u8 = 64;
pub(super) const NO_INPUT: u8 = 66;
pub(super) const UNAVAILABLE: u8 = 69;
pub(super) const INTERNAL: u8 = 70;
pub(super) const IO: u8 = 74;
pub(super) const TEMPORARY: u8 = 75;
pub(super) const CONFIG: u8 = 78;
/// 128 + SIGINT, as shells have it.
pub(super) const INTERRUPTED: u8 = 130;

/// Why a command ended early.
#[derive(Debug)]
pub(super) struct End {
    pub code: u8,
    pub said: String,
}

impl End {
    pub fn new(code: u8, said: impl Into<String>) -> Self {
        Self { code, said: said.into() }
    }
}

impl From<ConfigError> for End {
    fn from(error: ConfigError) -> Self {
        Self::new(CONFIG, error.to_string())
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::new(IO, error.to_string())
    }
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        let mend = fault.mend.map_or_else(String::new, |mend| format!("\n   {mend}"));
        Self::new(IO, format!("{}{mend}", fault.said))
    }
}

/// Ends when somebody presses Ctrl-C; never, where that can't be heard.
pub(super) async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What somebody puts into the record, whole: an option's text of several lines.
pub(super) fn whole(option: &str, text: &str) -> Result<Shown, End> {
    Shown::whole(text).ok_or_else(|| {
        let mend = "say it shorter, or where the rest is written";
        End::new(USAGE, format!("{option} is too long: it would not be kept to its end\n   {mend}"))
    })
}

pub(super) type Ended = Result<u8, End>;

/// The environment, read once.
#[derive(Debug)]
pub(super) struct Edge {
    pub location: Location,
    paths: Option<Paths>,
}

impl Edge {
    pub fn new(config: Option<PathBuf>) -> Self {
        Self { location: config.map_or(Location::Usual, Location::Named), paths: paths() }
    }

    pub fn paths(&self) -> Result<&Paths, End> {
        self.paths
            .as_ref()
            .ok_or_else(|| End::new(CONFIG, "there is no home folder: set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME"))
    }

    pub fn settings(&self) -> Result<Settings, End> {
        Ok(config::load(&self.location, self.paths()?, &owners())?)
    }

    /// The configuration as a plan, and its store.
    pub fn plan(&self) -> Result<(Settings, Plan, Sqlite), End> {
        let settings = self.settings()?;
        let mut plan = Plan::new(&settings)?;
        plan.machine = Shown::bytes(rustix::system::uname().nodename().to_bytes());
        let store = Sqlite::open(&settings.store)?;
        Ok((settings, plan, store))
    }
}

/// The desk on a store; what of the record could not be used is told, and counts for nothing.
pub(super) fn desk(plan: Plan, store: Sqlite) -> Result<Desk, End> {
    let mut desk = Desk::open(plan, Box::new(store))?;
    for said in desk.damage() {
        complain(&format!("{said}; matins log verify names the first bad entry"));
    }
    Ok(desk)
}

/// What was known then; that nothing was is no morning on which all is well.
pub(super) fn returned(desk: &mut Desk, then: Timestamp) -> Result<Survey, End> {
    if let Some(survey) = desk.return_to(then)? {
        return Ok(survey);
    }
    Err(End::new(NO_INPUT, desk.no_past(then)?.said.to_string()))
}

#[expect(clippy::disallowed_methods, reason = "this is the edge: everybody else is given the time")]
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    // As precise as it is stored, so that what is kept and what is shown are the same moment.
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

fn paths() -> Option<Paths> {
    let base = etcetera::base_strategy::Xdg::new().ok()?;
    let home = base.home_dir().to_owned();
    Some(Paths {
        config: base.config_dir().join("matins"),
        state: base.state_dir().unwrap_or_else(|| home.join(".local/state")).join("matins"),
        login: login(),
        home,
    })
}

/// `LOGNAME`, as POSIX has it, or who passwd(5) says we are.
fn login() -> String {
    let named = ["LOGNAME", "USER"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let uid = rustix::process::getuid().as_raw();
    let listed = || {
        let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
        let line = passwd.lines().find(|line| line.split(':').nth(2) == Some(uid.to_string().as_str()))?;
        line.split(':').next().map(str::to_owned)
    };
    named.or_else(listed).unwrap_or_else(|| format!("uid {uid}"))
}

/// Prints to standard output. A closed pipe (`| head`) is a quiet end, anything else an error.
pub(super) fn print(text: &str) -> Result<(), End> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(End::new(0, "")),
        Err(error) => Err(End::new(IO, format!("standard output can't be written: {error}"))),
    }
}

/// Says something on standard error; nobody is left to tell when that fails.
pub(super) fn complain(said: &str) {
    if !said.is_empty() {
        writeln!(io::stderr().lock(), "matins: {}", Shown::text(said)).ok();
    }
}

/// A runtime for what asks others.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, End> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| End::new(INTERNAL, format!("no thread could be started: {error}")))
}
