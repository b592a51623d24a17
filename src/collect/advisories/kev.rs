//! CISA's catalogue of known exploited vulnerabilities.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use serde::Deserialize;

use super::{Kind, Parsed, json};
use crate::domain::facts::{Exploited, cve_number};
use crate::domain::{Fact, Fault, Period, Shown};

pub(super) const KIND: Kind = Kind {
    key: "kev",
    url: "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
    built_in: true,
    every: Period::hours(3),
    cap: 16 << 20,
    total: Duration::from_secs(30),
    archive: false,
    noun: "vulnerabilities",
    least: 100,
    parse,
};

#[derive(Deserialize)]
struct Catalogue {
    #[serde(rename = "dateReleased")]
    released: Option<String>,
    count: Option<u64>,
    vulnerabilities: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "cveID")]
    cve: String,
    #[serde(rename = "dateAdded")]
    added: String,
}

fn parse(source: &mut dyn BufRead) -> Result<Parsed, Fault> {
    let catalogue = json::read(source, PhantomData::<Catalogue>, || None)?;
    let count = catalogue.vulnerabilities.len() as u64;
    if let Some(said) = catalogue.count.filter(|said| *said != count) {
        return Err(Fault::new(format!("it says that it lists {said} vulnerabilities, and lists {count}")));
    }
    let mut listed: BTreeMap<Shown, Date> = BTreeMap::new();
    for (position, Listed { cve, added }) in (1_u64..).zip(catalogue.vulnerabilities) {
        let wrong = |what: &str, text: &str| {
            Fault::new(format!("vulnerability {position}: `{}` is no {what}", Shown::line(text).cut(40)))
        };
        cve_number(&cve).ok_or_else(|| wrong("CVE number", &cve))?;
        let added: Date = added.parse().map_err(|_| wrong("day", &added))?;
        // Listed twice: what counts is since when.
        listed.entry(Shown::line(&cve)).and_modify(|known| *known = added.min(*known)).or_insert(added);
    }
    // A time with any number of fractions of a second; only its day is kept.
    let released = catalogue.released.and_then(|text| text.get(..10)?.parse().ok());
    let count = listed.len() as u64;
    Ok(Parsed { fact: Fact::Exploited(Arc::new(Exploited { released, listed })), count, day: released })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        parse(&mut text.as_bytes()).unwrap_err().said.to_string()
    }

    fn exploited(bytes: &[u8]) -> Exploited {
        let mut bytes = bytes;
        let Fact::Exploited(exploited) = parse(&mut bytes).unwrap().fact else { panic!("another fact") };
        (*exploited).clone()
    }

    #[test]
    fn a_catalogue_is_read_with_its_long_ids_and_its_day() {
        let text = r#"{"title": "…", "dateReleased": "2026-11-20T17:04:19.9796Z", "count": 3, "vulnerabilities": [
            {"cveID": "CVE-2026-1", "dateAdded": "2026-11-20", "cwes": []},
            {"cveID": "CVE-2017-1000253", "dateAdded": "2025-01-02", "notes": "a ; b"},
            {"cveID": "CVE-2026-1", "dateAdded": "2026-11-19"}]}"#;
        let exploited = exploited(text.as_bytes());
        assert_eq!(exploited.released, Some("2026-11-20".parse().unwrap()));
        assert_eq!(exploited.listed["CVE-2026-1"], "2026-11-19".parse().unwrap());
        assert_eq!(exploited.listed.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(
            said("{\"vulnerabilities\": [\n{\"cveID\": \"CVE-2026-1\", \"dateAdded\": 7}]}"),
            "not as expected at line 2, byte 39: invalid type: integer `7`, expected a string"
        );
        assert_eq!(said("{\"vulnerabilities\": ["), "ends in the middle, at line 1, byte 21");
        assert!(said("{\"vulnerabilities\": []} {}").starts_with("no JSON at line 1, byte 25"));
        assert_eq!(said(" \n<!DOCTYPE html>"), "a web page instead of data");
        assert_eq!(
            said(r#"{"vulnerabilities": [{"cveID": "CVE-\u001b[2J", "dateAdded": "2026-01-01"}]}"#),
            "vulnerability 1: `CVE-␛[2J` is no CVE number"
        );
        assert_eq!(
            said(r#"{"vulnerabilities": [{"cveID": "CVE-2026-1", "dateAdded": "soon"}]}"#),
            "vulnerability 1: `soon` is no day"
        );
        assert!(said(r#"{"count": 4, "vulnerabilities": []}"#).contains("lists 4 vulnerabilities, and lists 0"));
    }

    #[test]
    fn the_whole_catalogue_is_read() {
        let path = "../shared/data/kev/known_exploited_vulnerabilities-2025-08-25.json";
        let Ok(bytes) = std::fs::read(path) else {
            eprintln!("left out: {path} is not there");
            return;
        };
        let exploited = exploited(&bytes);
        assert_eq!(exploited.listed.len(), 1_404);
        assert_eq!(exploited.listed["CVE-2018-7600"], "2021-11-03".parse().unwrap());
    }
}
