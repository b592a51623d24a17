//! What stands on the console's screen, read off its frame as a person reads it, against what the others tell.

use std::sync::Arc;

use jiff::tz::TimeZone;
use matins::domain::{Finding, Round, Verdict};
use matins::tui::theme::Theme;
use matins::tui::{Fleet, Rehearsal, Start};

/// Wide enough that nothing is cut, high enough for every row.
const SIZE: (u16, u16) = (240, 80);

/// A row of the queue.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    word: String,
    name: String,
    title: String,
    /// How many findings it is there for.
    stands_for: usize,
}

/// The console as it opens on a round.
pub fn opened(round: &Round) -> Rehearsal {
    let start = Start {
        round: Arc::new(round.clone()),
        now: round.at,
        zone: TimeZone::get("Europe/Vienna").unwrap(),
        theme: Theme::built_in("dark").unwrap(),
        demo: false,
        hints: Vec::new(),
        fleet: Fleet::default(),
    };
    Rehearsal::new(start, SIZE.0, SIZE.1)
}

/// A frame's lines, each as its cells.
type Lines = Vec<Vec<String>>;

fn lines(console: &Rehearsal) -> Lines {
    let frame = console.frame();
    let cells: Vec<String> = frame.content().iter().map(|cell| cell.symbol().to_owned()).collect();
    cells.chunks(usize::from(frame.area.width)).map(<[String]>::to_vec).collect()
}

fn between(line: &[String], columns: std::ops::Range<usize>) -> String {
    line[columns].concat().trim().to_owned()
}

/// The queue's title and its rows.
pub fn queue(console: &Rehearsal) -> (String, Vec<Row>) {
    queue_in(&lines(console))
}

fn queue_in(lines: &Lines) -> (String, Vec<Row>) {
    let title = lines[1].concat();
    let inside = lines[2..].iter().take_while(|line| line[0] != "└");
    let inside = inside.filter(|line| Verdict::ALL.iter().any(|verdict| between(line, 4..11) == verdict.word()));
    let row = |line: &Vec<String>| {
        let name = between(line, 12..38);
        let (name, stands_for) = match name.rsplit_once(" +") {
            Some((name, others)) => (name.to_owned(), others.parse::<usize>().unwrap() + 1),
            None => match name.strip_suffix(" servers").or_else(|| name.strip_suffix(" sites")) {
                Some(many) => (String::new(), many.parse().unwrap()),
                None => (name, 1),
            },
        };
        Row { word: between(line, 4..11), name, title: between(line, 39..226), stands_for }
    };
    (title, inside.map(row).collect())
}

/// Everything that the home screen's queue and bars count or list is what the sheet, the counts for Prometheus and the plugin's line say.
pub fn agrees(round: &Round, asking: impl Fn(Verdict) -> usize, sheet: &str, metrics: &str) {
    let console = opened(round);
    let home = lines(&console);
    let (title, rows) = queue_in(&home);
    assert!(title.contains(&format!(" Needs you ─ {} ─", rows.len())), "{title} over {rows:?}");
    for verdict in [Verdict::Due, Verdict::Unknown, Verdict::Broken] {
        let listed: usize = rows.iter().filter(|row| row.word == verdict.word()).map(|row| row.stands_for).sum();
        assert_eq!(listed, asking(verdict), "{} on screen: {rows:?}", verdict.word());
    }
    // In the order of the sheet, in its words; a row that stands for many may say what they have in common.
    let mut rest = sheet.lines();
    for row in &rows {
        let said = |line: &str| {
            let same = if row.stands_for == 1 {
                line.contains(&format!("  {}: {}  (", row.name, row.title))
            } else {
                line.contains(&format!("  {}", row.name))
            };
            same && line.split_whitespace().nth(1) == Some(&row.word)
        };
        assert!(rest.any(said), "{row:?} is not on the sheet, or elsewhere in its order:\n{sheet}");
    }
    let decided = sheet.lines().last().and_then(|line| line.split_once("; ")?.1.split_once(" decided, not shown"));
    match decided {
        Some((count, _)) => assert!(title.contains(&format!("─ ⏸ {count} decided ")), "{title}\n{sheet}"),
        None => assert!(!title.contains("decided"), "{title}\n{sheet}"),
    }
    since(&home[0].concat(), sheet);
    sources(&home.last().unwrap().concat(), sheet, metrics);
}

/// What changed since the last check-in, in the header.
fn since(header: &str, sheet: &str) {
    let said = sheet.lines().find_map(|line| line.strip_prefix("since the last check-in, ")?.split_once(": "));
    let said: Vec<&str> = said.map_or_else(Vec::new, |(_, changes)| changes.split(", ").collect());
    let shown = header.split_once(" · since then ").map_or("", |(_, rest)| rest.split(" · ").next().unwrap());
    // What got better needs nobody: it has no place in the header.
    let counted = said.iter().filter(|part| !part.ends_with(" better") && **part != "nothing changed");
    assert_eq!(counted.copied().collect::<Vec<_>>().join(", "), shown.trim(), "{header}\n{sheet}");
}

/// How the sources are, in the status line.
fn sources(status: &str, sheet: &str, metrics: &str) {
    let fresh: Vec<&str> = metrics.lines().filter(|line| line.starts_with("matins_source_fresh{")).collect();
    let (count, all) = (fresh.iter().filter(|line| line.ends_with(" 1")).count(), fresh.len());
    match sheet.split_once(" sources don't answer: is this machine offline?") {
        Some((outage, _)) if outage.starts_with(&format!("{all} of ")) => {
            assert!(status.contains(&format!("↻ all {all} sources are silent")), "{status}");
        }
        Some((outage, _)) => assert!(status.contains(&format!("↻ {outage} sources are silent")), "{status}"),
        None => assert!(status.contains(&format!("↻ {count}/{all} sources fresh")), "{status}\n{metrics}"),
    }
}

/// Every panel's rows amount to its counts, and every finding is behind one of them that is at least as bad.
pub fn panels_agree(round: &Round) {
    let mut console = opened(round);
    let home = lines(&console);
    let mut all: Vec<(Verdict, String)> = Vec::new();
    for panel in 1..=5 {
        let tile = home.iter().map(|line| line.concat()).find_map(|line| {
            let (_, rest) = line.split_once(&format!("┌{panel} "))?;
            Some(rest.split('┐').next().unwrap().to_owned())
        });
        console.press(&panel.to_string());
        let screen = lines(&console);
        let listed = screen[2..].iter().take_while(|line| line[0] != "└").filter_map(|line| {
            let verdict = Verdict::ALL.into_iter().find(|verdict| between(line, 4..11) == verdict.word())?;
            Some((verdict, between(line, 12..38)))
        });
        let listed: Vec<(Verdict, String)> = listed.collect();
        let counts = |verdict: Verdict| (verdict, listed.iter().filter(|(one, _)| *one == verdict).count());
        let counts = Verdict::ALL.into_iter().rev().map(counts).filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts.map(|(verdict, count)| format!("{}{count}", verdict.glyph())).collect();
        let tile = tile.unwrap();
        let shown = tile.split_once(" ─ ").map_or("", |(_, rest)| rest).trim_end_matches('─').trim();
        assert_eq!(shown, counts.join(" "), "panel {panel}: {tile} over {listed:?}");
        all.extend(listed);
        console.press("<esc>");
    }
    let behind = |finding: &Finding| {
        all.iter().any(|(verdict, name)| *name == finding.subject.name.as_str() && *verdict >= finding.verdict)
    };
    for finding in &round.findings {
        assert!(behind(finding), "{} is behind no row of a panel: {all:?}", finding.key);
    }
    if let Some(worst) = all.iter().map(|(verdict, _)| *verdict).max() {
        assert_eq!(worst, round.verdict());
    }
}
