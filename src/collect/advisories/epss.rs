//! FIRST's EPSS scores: one line a vulnerability.

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use super::lines::Lines;
use super::{Kind, Parsed};
use crate::domain::facts::{Likelihoods, cve_number};
use crate::domain::{Fact, Fault, Period};

pub(super) const KIND: Kind = Kind {
    key: "epss",
    url: "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
    built_in: true,
    every: Period::hours(6),
    cap: 64 << 20,
    total: Duration::from_secs(60),
    archive: false,
    noun: "scores",
    least: 100,
    parse,
};

/// Where the columns are that are read.
struct Columns {
    cve: usize,
    percentile: usize,
}

fn parse(source: &mut dyn BufRead) -> Result<Parsed, Fault> {
    let mut lines = Lines::new(source)?;
    let mut date = None;
    let columns = loop {
        match lines.next()? {
            // Since 2022 the first line is a comment: #model_version:…,score_date:2026-11-23T00:00:00+0000
            Some(line) if line.starts_with('#') => date = score_date(line),
            Some(line) => match columns(line) {
                Some(columns) => break columns,
                None => return Err(lines.fault("does not name the columns cve and percentile")),
            },
            None => return Err(Fault::new("ends before its first score")),
        }
    };
    let mut percentiles = Vec::new();
    while let Some(line) = lines.next()? {
        if !line.is_empty() {
            let score = score(line, &columns);
            percentiles.push(score.ok_or_else(|| lines.fault("is no CVE with a percentile from 0 to 1"))?);
        }
    }
    percentiles.sort_unstable();
    percentiles.dedup_by_key(|(number, _)| *number);
    percentiles.shrink_to_fit();
    let count = percentiles.len() as u64;
    Ok(Parsed { fact: Fact::Likelihoods(Arc::new(Likelihoods { date, percentiles })), count, day: date })
}

fn score_date(comment: &str) -> Option<Date> {
    let (_, date) = comment.split_once("score_date:")?;
    date.get(..10)?.parse().ok()
}

fn columns(header: &str) -> Option<Columns> {
    let at = |name: &str| header.split(',').position(|column| column.trim() == name);
    Some(Columns { cve: at("cve")?, percentile: at("percentile")? })
}

/// The number of the CVE, and hundredths of a percent.
fn score(line: &str, columns: &Columns) -> Option<(u64, u16)> {
    let field = |at: usize| line.split(',').nth(at).map(str::trim);
    let number = cve_number(field(columns.cve)?)?;
    let share: f64 = field(columns.percentile)?.parse().ok().filter(|share| (0.0..=1.0).contains(share))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10,000")]
    Some((number, (share * 10_000.0).round() as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Likelihoods, Fault> {
        parse(&mut text.as_bytes()).map(|parsed| match parsed.fact {
            Fact::Likelihoods(likelihoods) => (*likelihoods).clone(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn scores_are_found_by_their_cve() {
        let head = "#model_version:v2025.03.14,score_date:2026-11-23T12:55:00Z\ncve,epss,percentile\n";
        let likelihoods = read(&format!("{head}CVE-2026-1234,0.91963,0.99030\r\nCVE-1999-0001,0.01151,1\n\n")).unwrap();
        assert_eq!(likelihoods.date, Some("2026-11-23".parse().unwrap()));
        assert_eq!(likelihoods.percentile("CVE-2026-1234"), Some(9_903));
        assert_eq!(likelihoods.percentile("CVE-1999-0001"), Some(10_000));
        assert_eq!(likelihoods.percentile("CVE-1999-0002"), None);
        let older = read("cve,epss,percentile\nCVE-2020-5902,0.65117,0.998\n").unwrap();
        assert_eq!((older.date, older.percentile("CVE-2020-5902")), (None, Some(9_980)));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let said = |text: &str| read(text).unwrap_err().said.to_string();
        assert_eq!(said("cve,epss\nCVE-2020-5902,0.65117"), "line 1 does not name the columns cve and percentile");
        assert_eq!(said("#x\n"), "ends before its first score");
        for line in
            ["CVE-1,0.1,0.1", "CVE-2026-1,0.1", "CVE-2026-1,0.1,NaN", "CVE-2026-1,0.1,1.1", "x", "CVE-2026-1,0,-1"]
        {
            let text = format!("cve,epss,percentile\nCVE-2026-2,0.1,0.1\n{line}\n");
            assert_eq!(said(&text), "line 3 is no CVE with a percentile from 0 to 1", "{line}");
        }
        assert!(said("<html>").contains("web page"));
        assert!(said(&"x".repeat(1 << 20)).contains("line 1 is longer"));
        let mut bytes = b"cve,epss,percentile\n\xff\n".as_slice();
        assert_eq!(parse(&mut bytes).unwrap_err().said, "line 2 is no text in UTF-8");
    }

    #[test]
    fn real_heads_are_read() {
        for name in ["claircore-data.csv", "vulnerablecode-epss-2025.csv", "vunnel-example-1.csv"] {
            let path = format!("../shared/data/epss/{name}");
            let Ok(text) = std::fs::read_to_string(&path) else {
                eprintln!("left out: {path} is not there");
                continue;
            };
            let likelihoods = read(&text).unwrap();
            assert!(likelihoods.date.is_some() && !likelihoods.percentiles.is_empty(), "{name}");
        }
    }
}
