//! matins: the sysadmin's morning check-in.
//!
//! An organisation's written security measures, alive: every promise is a *measure*, judged from fresh evidence, shown as
//! a queue of what needs a person.
//!
//! # The way of the data: one direction
//!
//! ```text
//! *.toml ─ config ─► collectors ─ collect ─► Observations ─ round ─► Store
//!                                               │ Evidence + rules + now
//!                                               ▼
//!                                        policy::evaluate ─► Findings ─► Round ─┬─► tui     World → view
//!                                                                               ├─► report  json · plain · sheets
//!                                                                               └─► cli     exit code
//! keys ─► keymap ─► Msg ─► update ─► Vec<Effect> ─► runtime ─► schedule · browser · clipboard ─► Msg …
//! ```
//!
//! One evaluation, [`round::Desk`], serves the console, `round`, `check` and the reports: they cannot disagree. A source
//! that fails, hangs or lies never ends a round: it is *silent, because …*, and policy makes what depends on it
//! [`Verdict::Unknown`](domain::Verdict::Unknown), never ok.
//!
//! # Rooms
//!
//! | room | lives there | must not |
//! |---|---|---|
//! | [`domain`] | the words: subjects, facts, evidence, findings, verdicts; [`Shown`](domain::Shown), the only text that may be printed | do I/O, know the clock or a terminal |
//! | [`policy`] | judgement: a rule for each measure, pure functions of evidence, limits and `now` | fail, log, read a clock |
//! | [`config`] | TOML, joined and checked, passed on as [`Entry`](domain::settings::Entry)s to whoever owns the section | know a collector |
//! | [`collect`] | the edge outward: a folder for each collector; `tools` is the only code with sockets, programs and the keyring | judge; know another collector |
//! | [`store`] | what is kept between rounds | judge |
//! | [`log`] | the record of decisions and check-ins as a chain of lines: making, reading, verifying them | do I/O |
//! | [`tell`] | what leaves by itself: changes, told over the channels that people configured | judge |
//! | [`round`] | one pass and the schedule of passes | draw |
//! | [`report`] | a round as JSON and plain lines, and sheets made of what was judged | do I/O |
//! | [`tui`] | the console: model, update, view, runtime, panels, widgets | ask, lock or read a clock while drawing |
//! | [`cli`] | a file for each command | |
//!
//! Imports go one way: `domain` ← `policy`, `config`, `collect`, `store`, `log` ← `tell` ← `round` ← `report`, `tui`, `cli`; rooms on one
//! level don't know each other. `tests/house.rs` checks this and the limits on length.
//!
//! # Where this differs from the first sketch, and why
//!
//! - **The register is evidence.** What the configuration says of a server or a backup becomes
//!   [`Declared`](domain::Declared) facts of the source that asks about it. A rule finds expectation and observation in
//!   one place, and a source that never answered still has its subjects: unknown, not missing.
//! - **Configuration reaches collectors as neutral values** checked against the JSON Schema of the collector's own types:
//!   every problem is reported at once at its own key, `config schema` needs no second list, and the config room knows no
//!   collector.
//! - **Facts are an enum with a file for each kind**, not open traits: a rule that forgets a kind doesn't compile. A new
//!   kind of fact is one file and one line more than a new collector.
//! - **[`Read`](domain::Read)** wraps each part of an observation that can be unreadable on its own. An empty list and an
//!   unreadable one are different types, so silence cannot become "none".
//!
//! # Adding something
//!
//! A collector is a folder in `collect` and a line in [`collect::ALL`]; a rule is a file in `policy/rules` and a line in
//! [`policy::rules::ALL`]; a panel is a folder in `tui/panels` and a line in its table. Sections, limits, help, key
//! bindings and `config schema` come from these tables.

pub mod cli;
pub mod collect;
pub mod config;
pub mod domain;
pub mod log;
pub mod policy;
pub mod report;
pub mod round;
pub mod store;
pub mod tell;
pub mod tui;
