//! `matins notify`.

use super::edge::{Edge, End, Ended, NO_INPUT, USAGE, desk, now, print, runtime};
use crate::collect::tools::Tools;
use crate::domain::Fault;
use crate::tell::News;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this channel.
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Sends a test message, so that nobody learns on a bad morning that a channel leads nowhere.
pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    let (_, plan, store) = edge.plan()?;
    let channels = plan.telling.channels.clone();
    if channels.is_empty() {
        return Err(End::new(NO_INPUT, "nobody is told anything: there is no [[notify]] in the configuration"));
    }
    let wanted = |name: &str| arguments.name.as_ref().is_none_or(|wanted| wanted == name);
    let names: Vec<&str> = channels.iter().map(|channel| channel.name.as_str()).collect();
    if !names.iter().any(|name| wanted(name)) {
        return Err(End::new(USAGE, format!("there is no channel of that name; there are: {}", names.join(", "))));
    }
    let mut desk = desk(plan, store)?;
    let (tools, runtime) = (Tools::new(now)?, runtime()?);
    let mut failed = 0;
    for channel in channels.iter().filter(|channel| wanted(channel.name.as_str())) {
        if channel.chime().is_some() {
            print(&format!("{}: the open console tells it, in its own terminal\n", channel.name))?;
            continue;
        }
        let said = match runtime.block_on(channel.send(&News::trial(now()), &tools)) {
            Ok(()) => {
                if !channel.is_at_console() {
                    desk.reached(channel)?;
                }
                format!("{}: told\n", channel.name)
            }
            Err(Fault { said, mend, .. }) => {
                failed += 1;
                mend.map_or_else(
                    || format!("{}: {said}\n", channel.name),
                    |mend| format!("{}: {said}\n   {mend}\n", channel.name),
                )
            }
        };
        print(&said)?;
    }
    Ok(if failed == 0 { 0 } else { super::edge::UNAVAILABLE })
}
