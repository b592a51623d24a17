//! Versions 2 (commas, unquoted) and 3 (tabs): every line begins with what it is, and headers name the columns.

use super::rows::{ClientColumns, Lists, RouteColumns};
use super::{Flaw, Status, Written, parse_time};

/// The lines between TITLE and END.
pub(super) fn parse(lines: &[&str], separator: char) -> Result<Status, Flaw> {
    let mut lists = Lists::default();
    let (mut clients, mut routes, mut written) = (None, None, Written::Unsaid);
    for (number, line) in (2..).zip(lines) {
        let cells: Vec<&str> = line.split(separator).collect();
        match (cells[0], &cells[1..]) {
            ("TIME", [_local, time]) => written = parse_time(time).map_or(Written::Unsaid, Written::At),
            ("HEADER", ["CLIENT_LIST", columns @ ..]) => clients = Some(client_columns(columns)?),
            ("HEADER", ["ROUTING_TABLE", columns @ ..]) => routes = Some(RouteColumns::of(columns)?),
            ("CLIENT_LIST", cells) => {
                lists.client(clients.as_ref().ok_or_else(|| headless(number))?, cells, line);
            }
            ("ROUTING_TABLE", cells) => {
                lists.route(routes.as_ref().ok_or_else(|| headless(number))?, cells, line);
            }
            ("GLOBAL_STATS", _) => {}
            _ => return Err(Flaw::torn(format!("its line {number} is of no kind that OpenVPN 2.3 to 2.7 write"))),
        }
    }
    if clients.is_none() || routes.is_none() {
        return Err(Flaw::torn("a HEADER is missing"));
    }
    // Nothing inside a name can be a tab: in version 3 a wrong count is not the name's fault.
    let broken_row = separator == '\t' && lists.is_ambiguous();
    let (clients, ambiguous, stray) = lists.join();
    let version = if separator == '\t' { 3 } else { 2 };
    Ok(Status { version, written, clients, ambiguous, torn: stray || broken_row })
}

fn client_columns(names: &[&str]) -> Result<ClientColumns, Flaw> {
    let columns = ClientColumns::of(names)?;
    if columns.have_virtual() {
        Ok(columns)
    } else {
        Err(Flaw::foreign("its header names no column \"Virtual Address\""))
    }
}

fn headless(number: usize) -> Flaw {
    Flaw::torn(format!("its line {number} comes before its HEADER"))
}
