//! `matins decide`, `undo` and `agree`.

use super::edge::{Edge, End, Ended, USAGE, desk, now, print, whole};
use super::when;
use crate::domain::{DecisionKind, Extent, Shown};
use crate::round::{Unrecorded, Wish, taken_back};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The finding's key, as in `matins round --json`: security-updates/web1.
    key: String,
    #[arg(value_enum)]
    kind: Kind,
    /// Why this is right.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it asks again: 7d, a day, or a moment as RFC 3339 has it; never beyond limits.decision.
    #[arg(long, value_name = "TIME")]
    until: String,
    /// Whose it is, for assign.
    #[arg(long, value_name = "PERSON")]
    to: Option<String>,
    /// A ticket or a page that says more.
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    /// Who has to agree before it holds.
    #[arg(long, value_name = "PERSON")]
    second: Option<String>,
    #[command(flatten)]
    extent: ExtentArguments,
}

/// Without any: the finding as it stands.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct ExtentArguments {
    /// Only this host of the finding.
    #[arg(long)]
    host: Option<String>,
    /// All servers of this role, also those that come later.
    #[arg(long)]
    role: Option<String>,
    /// Whoever is concerned, also later.
    #[arg(long)]
    everywhere: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    Acknowledge,
    Accept,
    Snooze,
    Assign,
    Note,
}

impl From<Kind> for DecisionKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Acknowledge => Self::Acknowledge,
            Kind::Accept => Self::Accept,
            Kind::Snooze => Self::Snooze,
            Kind::Assign => Self::Assign,
            Kind::Note => Self::Note,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct AgreeArguments {
    /// Number of the decision's entry in the log.
    entry: u64,
}

/// That what was asked for can't be is no error of the machine; that the store took nothing is.
pub(super) fn refused(why: Unrecorded) -> End {
    match why {
        Unrecorded::Refused(fault) => End { code: USAGE, ..End::from(fault) },
        Unrecorded::Store(error) => End::from(error),
    }
}

pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    let (settings, plan, store) = edge.plan()?;
    let now = now();
    let wish = Wish {
        key: arguments.key.as_str().into(),
        kind: arguments.kind.into(),
        extent: match &arguments.extent {
            ExtentArguments { host: Some(host), .. } => Extent::Host(Shown::line(host)),
            ExtentArguments { role: Some(role), .. } => Extent::Role(Shown::line(role)),
            ExtentArguments { everywhere: true, .. } => Extent::Everywhere,
            _ => Extent::Finding,
        },
        reason: whole("--reason", &arguments.reason)?,
        until: when::ahead(&arguments.until, &settings.zone, now)?,
        to: arguments.to.as_deref().map(Shown::line),
        link: arguments.link.as_deref().map(Shown::line),
        second: arguments.second.as_deref().map(Shown::line),
        seen: now,
    };
    let mut desk = desk(plan, store)?;
    let round = desk.glance(now);
    let (key, done, until, second) = (wish.key.clone(), wish.kind.done(), wish.until, wish.second.clone());
    let written = desk.decide(&round, wish, now).map_err(refused)?;
    let until = until.to_zoned_datetime(settings.zone).strftime("%a %d %b %Y %H:%M").to_string();
    let seq = written.head.seq;
    let waits = second.map_or_else(String::new, |second| {
        format!("\nit does not hold yet: {second} has to agree, with `matins agree {seq}`")
    });
    print(&format!("{key} {done} until {until}; entry {seq} {}{waits}\n", written.head.hash))?;
    Ok(0)
}

pub(super) fn undo(edge: &Edge) -> Ended {
    let (_, plan, store) = edge.plan()?;
    let all = desk(plan, store)?.undo(now()).map_err(refused)?;
    print(&format!("{}\n", taken_back(&all)))?;
    Ok(0)
}

pub(super) fn agree(edge: &Edge, arguments: &AgreeArguments) -> Ended {
    let (_, plan, store) = edge.plan()?;
    let one = desk(plan, store)?.agree(arguments.entry, now()).map_err(refused)?;
    print(&format!("agreed: {} {} by {} (entry {})\n", one.decision.key, one.decision.kind.done(), one.by, one.seq))?;
    Ok(0)
}
