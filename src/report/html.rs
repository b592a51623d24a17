//! A sheet as one HTML file: no script, nothing fetched, light and dark, for screens, paper and screen readers. Everything
//! that is not ours is escaped, and stands in text or in the target of an https link, nowhere else.

use std::fmt::Write as _;

use super::sheet::{Block, Card, Cell, Line, Section, Sheet, Table};
use super::{picture, svg};
use crate::domain::Verdict;

const STYLE: &str = include_str!("../../assets/report/style.css");
/// A browser that finds anything else in the file than text and our style does not touch it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The whole file.
pub fn html(sheet: &Sheet) -> String {
    let title = escaped(&sheet.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n"
    );
    lines(&mut out, &sheet.about);
    for notice in &sheet.notices {
        writeln!(out, "<p class=\"notice\" role=\"note\">{}</p>", escaped(notice)).ok();
    }
    for (number, part) in sheet.sections.iter().enumerate() {
        section(&mut out, part, number + 1, sheet);
    }
    out.push_str("</main>\n");
    if !sheet.foot.is_empty() {
        out.push_str("<footer>\n");
        commands(&mut out, &sheet.foot);
        out.push_str("</footer>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn section(out: &mut String, section: &Section, number: usize, sheet: &Sheet) {
    let title = escaped(&section.title);
    writeln!(out, "<section aria-labelledby=\"s{number}\">\n<h2 id=\"s{number}\">{title}</h2>").ok();
    for block in &section.blocks {
        match block {
            Block::Text(text) => {
                writeln!(out, "<p>{}</p>", escaped(text)).ok();
            }
            Block::Commands(lines) => commands(out, lines),
            Block::Table(written) => table(out, written),
            Block::Card(written) => card(out, written),
            Block::Picture(exhibit) => {
                out.push_str(&svg::figure(exhibit, &sheet.zone));
                // The drawing has the title already.
                let figures = Table { caption: "In figures".into(), ..picture::table(exhibit, &sheet.zone) };
                table(out, &figures);
            }
        }
    }
    out.push_str("</section>\n");
}

fn commands(out: &mut String, lines: &[String]) {
    writeln!(out, "<pre>{}</pre>", escaped(&lines.join("\n"))).ok();
}

fn lines(out: &mut String, lines: &[Line]) {
    if lines.is_empty() {
        return;
    }
    out.push_str("<dl>\n");
    for Line { label, text } in lines {
        writeln!(out, "<dt>{}</dt><dd>{}</dd>", escaped(label), escaped(text)).ok();
    }
    out.push_str("</dl>\n");
}

fn card(out: &mut String, card: &Card) {
    writeln!(
        out,
        "<article class=\"card {}\">\n<h3>{} {}</h3>\n<p>{}</p>",
        card.verdict.word(),
        mark(card.verdict),
        escaped(&card.heading),
        escaped(&card.title)
    )
    .ok();
    lines(out, &card.lines);
    if !card.because.is_empty() {
        out.push_str("<ul>\n");
        for because in &card.because {
            writeln!(out, "<li>{}</li>", escaped(because)).ok();
        }
        out.push_str("</ul>\n");
    }
    if let Some(link) = &card.link {
        let address = escaped(link.as_str());
        // What is not encrypted is shown, and not followed from here.
        if link.as_str().starts_with("https://") {
            writeln!(out, "<p><a href=\"{address}\" rel=\"noopener noreferrer\">{address}</a></p>").ok();
        } else {
            writeln!(out, "<p>{address}</p>").ok();
        }
    }
    out.push_str("</article>\n");
}

fn table(out: &mut String, table: &Table) {
    let caption = escaped(&table.caption);
    // What scrolls can be reached by the keyboard.
    writeln!(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"table\">\n<table>").ok();
    writeln!(out, "<caption>{caption}</caption>\n<thead>\n<tr>").ok();
    let classes: Vec<&str> =
        (0..table.columns.len()).map(|at| if table.is_numeric(at) { " class=\"number\"" } else { "" }).collect();
    for (column, class) in table.columns.iter().zip(&classes) {
        writeln!(out, "<th scope=\"col\"{class}>{}</th>", escaped(column)).ok();
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (at, (cell, class)) in row.iter().zip(&classes).enumerate() {
            let text = inner(cell);
            if at == 0 {
                write!(out, "<th scope=\"row\"{class}>{text}</th>").ok();
            } else {
                write!(out, "<td{class}>{text}</td>").ok();
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

fn inner(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => escaped(text),
        Cell::Number(number) => number.to_string(),
        Cell::Verdict(verdict) => mark(*verdict),
    }
}

fn mark(verdict: Verdict) -> String {
    // The sign is for the eye, the word says it.
    format!(
        "<span class=\"verdict {}\"><span aria-hidden=\"true\">{}</span> {}</span>",
        verdict.word(),
        verdict.glyph(),
        verdict.word()
    )
}

/// Text that is text everywhere in HTML, in attributes too.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
