//! Version 1: titled sections, commas unquoted, local time without a zone.

use super::rows::{ClientColumns, Lists, RouteColumns};
use super::{Flaw, Status, Written, parse_local};

/// The lines between `OpenVPN CLIENT LIST` and END.
pub(super) fn parse(lines: &[&str]) -> Result<Status, Flaw> {
    let section = |title: &str| {
        lines.iter().position(|line| *line == title).ok_or_else(|| Flaw::torn(format!("its {title} is missing")))
    };
    let (routing, global) = (section("ROUTING TABLE")?, section("GLOBAL STATS")?);
    if routing > global {
        return Err(Flaw::torn("its parts are in the wrong order"));
    }
    let [updated, header, clients @ ..] = &lines[..routing] else {
        return Err(Flaw::torn("its list has no header"));
    };
    let [routes_header, routes @ ..] = &lines[routing + 1..global] else {
        return Err(Flaw::torn("its ROUTING TABLE has no header"));
    };
    let written = updated.strip_prefix("Updated,").and_then(parse_local).map_or(Written::Unsaid, Written::Local);
    let mut lists = Lists::default();
    let columns = ClientColumns::of(&cells(header))?;
    for line in clients {
        lists.client(&columns, &cells(line), line);
    }
    let columns = RouteColumns::of(&cells(routes_header))?;
    for line in routes {
        lists.route(&columns, &cells(line), line);
    }
    let (clients, ambiguous, torn) = lists.join();
    Ok(Status { version: 1, written, clients, ambiguous, torn })
}

fn cells(line: &str) -> Vec<&str> {
    line.split(',').collect()
}
