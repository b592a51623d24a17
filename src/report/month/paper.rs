//! The month as a sheet for people.

use jiff::Timestamp;

use super::{CheckInLine, Day, Span, backups, dates, days, last_rounds};
use crate::domain::{Exhibit, GridRow, Picture, Shown, Tally, Unit, Verdict, counted};
use crate::report::Material;
use crate::report::sheet::{Block, Cell, Line, Section, Sheet, Table};

/// The month for people.
pub fn sheet(material: &Material, span: &Span) -> Sheet {
    let days = days(span, material);
    let looked = days.iter().filter(|day| day.last_round.is_some()).count();
    Sheet {
        title: format!("Month, {}", span.title()),
        about: vec![
            Line::new("made", material.moment(material.now)),
            Line::new("days with a round", format!("{looked} of {}", days.len())),
        ],
        notices: material.notices(),
        sections: vec![
            latency(span),
            backup_section(span, material),
            open(span, material),
            check_ins(span, material, &days),
            decisions(span, material),
        ],
        foot: vec![material.ledger.anchor()],
        zone: material.zone.clone(),
    }
}

fn latency(span: &Span) -> Section {
    let mut section = Section::new("Patch latency");
    let months = span.chronicle.latency.clone();
    if months.is_empty() {
        section.text("No advisory was seen yet from its publication to its installation on the last affected server.");
        return section;
    }
    section.text(
        "From the publication of an advisory to its installation on the last affected server, by month of publication. \
         One that is still open somewhere counts as soon as it took longer than the limit, with the time until now.",
    );
    let title = "median (bar) and 95th percentile (dashed)".into();
    section.blocks.push(Block::Picture(Exhibit { title, picture: Picture::Months { months } }));
    section
}

fn columns(span: &Span) -> Vec<Shown> {
    dates(span).iter().map(|date| date.strftime("%-d %b").to_string().into()).collect()
}

fn backup_section(span: &Span, material: &Material) -> Section {
    let mut section = Section::new("Backups");
    let all = backups(span, material);
    if all.is_empty() {
        section.text("No backup was judged in these days.");
        return section;
    }
    section
        .text("How each stood at the day's last round. A day without a round is not judged, and counts neither way.");
    let mut table = Table::new("Days on which all slots were met", &["backup", "met", "of days judged"]);
    let mut rows = Vec::new();
    for backup in all {
        table.rows.push(vec![Cell::text(&backup.key), Cell::number(backup.met), Cell::number(backup.judged)]);
        rows.push(GridRow { name: backup.key, cells: backup.days });
    }
    let title = "backups by day".into();
    section.blocks.push(Block::Table(table));
    section.blocks.push(Block::Picture(Exhibit { title, picture: Picture::Grid { columns: columns(span), rows } }));
    section
}

fn open(span: &Span, material: &Material) -> Section {
    let mut section = Section::new("Open, accepted, overdue");
    section.text("Overdue is what is broken while no decision holds. The numbers are those that were signed.");
    let columns = ["when", "who", "open", "decided", "accepted", "overdue"];
    let mut table = Table::new("What was not ok", &columns);
    let check_ins = span.check_ins(material);
    let mut ends: Vec<&CheckInLine> = check_ins.first().into_iter().collect();
    ends.extend(check_ins.last().filter(|_| check_ins.len() > 1));
    for one in ends {
        let mut cells = vec![Cell::Text(material.moment(one.at)), Cell::text(&one.who)];
        cells.extend(one.open.cells());
        table.rows.push(cells);
    }
    if let Some(open) = span.open(material) {
        let mut cells = vec![Cell::text("now"), Cell::text("not signed")];
        cells.extend(open.cells());
        table.rows.push(cells);
    }
    section.table(table, "Nobody signed in these days.");
    let rounds = last_rounds(span, material);
    let not_ok = |tally: &Tally| u64::try_from(tally.due + tally.broken + tally.unknown).unwrap_or(u64::MAX);
    let points: Vec<(Timestamp, u64)> = rounds.values().map(|tally| (tally.at, not_ok(tally))).collect();
    if points.len() > 1 {
        let picture = Picture::Trend { unit: Unit::Count, points };
        section.blocks.push(Block::Picture(Exhibit { title: "not ok at each day's last round".into(), picture }));
    }
    section
}

fn check_ins(span: &Span, material: &Material, days: &[Day]) -> Section {
    let all = span.check_ins(material);
    let missed: Vec<String> =
        days.iter().filter(|day| day.missed).map(|day| day.date.strftime("%a %-d %b").to_string()).collect();
    let mut section =
        Section::new(format!("Check-ins ({}, {} missed)", all.len(), counted(missed.len(), "day", "days")));
    section.text(if material.ledger.check_ins.is_empty() {
        "Nobody has ever signed.".to_owned()
    } else if missed.is_empty() {
        "No day was missed.".to_owned()
    } else {
        format!("Missed: {}.", missed.join(", "))
    });
    section
        .text("Missed is a day from Monday to Friday without one, after the first ever; holidays are not known here.");
    let cell = |day: &Day| match (day.signed_by.is_empty(), day.missed) {
        (false, _) => Some(Verdict::Ok),
        (true, true) => Some(Verdict::Due),
        (true, false) => None,
    };
    let rows = vec![GridRow { name: "check-in".into(), cells: days.iter().map(cell).collect() }];
    let title = "ok: signed; due: missed".into();
    section.blocks.push(Block::Picture(Exhibit { title, picture: Picture::Grid { columns: columns(span), rows } }));
    let mut table = Table::new("Check-ins", &["when", "who", "entry", "open", "note"]);
    for one in all {
        table.rows.push(vec![
            Cell::Text(material.moment(one.at)),
            Cell::text(&one.who),
            Cell::Number(one.entry),
            Cell::number(one.open.open),
            Cell::text(&one.note),
        ]);
    }
    section.table(table, "Nobody signed in these days.");
    section
}

fn decisions(span: &Span, material: &Material) -> Section {
    let mut table = Table::new("Decisions made", &["when", "who", "finding", "decision", "until", "reason"]);
    for one in span.decisions(material) {
        let back = if one.taken_back { ", taken back" } else { "" };
        table.rows.push(vec![
            Cell::Text(material.moment(one.at)),
            Cell::text(one.by),
            Cell::text(one.key),
            Cell::Text(format!("{}{back}", one.decision.done())),
            Cell::Text(material.moment(one.until)),
            Cell::text(one.reason),
        ]);
    }
    let mut section = Section::new(format!("Decisions ({})", table.rows.len()));
    section.table(table, "Nothing was decided in these days.");
    section
}
