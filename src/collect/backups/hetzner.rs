//! Snapshots and backups of Hetzner Cloud servers, or the snapshots of one storage box, from the provider's own list.
//!
//! The token needs to read only. An image that is still being made is a run, not a snapshot. What the provider encrypts for
//! himself he does not tell here. Storage boxes were once asked through the Robot webservice, which since 2025-07-30 answers
//! nothing of them any more.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::kind::{Given, Kind, Listing, Lists, Planned};
use crate::collect::tools::Tools;
use crate::collect::tools::http::parse_api;
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::settings::Misfit;
use crate::domain::{Fault, SecretRef, Shown};

pub const KIND: Kind = Kind {
    word: "hetzner",
    keys: || schemars::schema_for!(Keys),
    encryption: Encryption::default,
    plan,
    parse: |said| parse_page(said).map(|page| Snapshots { snapshots: page.snapshots, ..Snapshots::default() }),
};

const CLOUD: &str = "https://api.hetzner.cloud/v1";
const BOXES: &str = "https://api.hetzner.com/v1";
const DEADLINE: Duration = Duration::from_secs(90);

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// The provider's token: where it is kept.
    token: SecretRef,
    /// hetzner: the number of a storage box, whose snapshots are read; the cloud servers' where nothing is said.
    #[serde(default)]
    storage_box: Option<u64>,
    /// hetzner: another address of the API, as a proxy's.
    #[serde(default)]
    url: Option<String>,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let usual = if keys.storage_box.is_some() { BOXES } else { CLOUD };
    let base = parse_api(keys.url.as_deref().unwrap_or(usual)).map_err(given.at("url"))?;
    Ok(Planned::new(Hetzner { base, token: keys.token, storage_box: keys.storage_box }, DEADLINE))
}

struct Hetzner {
    base: Url,
    token: SecretRef,
    storage_box: Option<u64>,
}

impl Lists for Hetzner {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            let token = tools.secrets.read(&self.token).await?;
            let asked = match self.storage_box {
                Some(number) => format!("storage_boxes/{number}/snapshots"),
                None => "images?type=snapshot&type=backup".to_owned(),
            };
            let mut list = Snapshots::default();
            let read = |page: &[u8]| {
                let page = parse_page(page)?;
                list.snapshots.extend(page.snapshots);
                list.running = list.running.take().or(page.running);
                Ok(())
            };
            tools.http.every_page((&self.base, &asked), &token, read).await?;
            Ok(list)
        })
    }
}

/// One page, read.
#[derive(Debug, PartialEq)]
pub struct Page {
    pub snapshots: Vec<Snapshot>,
    pub running: Option<Shown>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    images: Option<Vec<Image>>,
    #[serde(default)]
    snapshots: Option<Vec<BoxSnapshot>>,
}

#[derive(Deserialize)]
struct Image {
    id: u64,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    description: Option<String>,
    /// In GB, as a decimal; null while it is made.
    #[serde(default, rename = "image_size")]
    gigabytes: Option<f64>,
    created: String,
    #[serde(default)]
    created_from: Option<Origin>,
}

#[derive(Deserialize)]
struct Origin {
    name: String,
}

#[derive(Deserialize)]
struct BoxSnapshot {
    id: u64,
    #[serde(default)]
    name: Option<String>,
    created: String,
    #[serde(default)]
    stats: Option<Stats>,
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    size_filesystem: Option<u64>,
}

pub fn parse_page(said: &[u8]) -> Result<Page, Fault> {
    let wrong = |what: String| Fault::new(format!("the API's list can't be read: {what}"));
    let said: Said = serde_json::from_slice(said).map_err(|error| wrong(error.to_string()))?;
    let mut page = Page { snapshots: Vec::new(), running: None };
    if said.images.is_none() && said.snapshots.is_none() {
        return Err(wrong("it holds neither images nor snapshots".into()));
    }
    for image in said.images.into_iter().flatten() {
        if !matches!(image.kind.as_str(), "snapshot" | "backup") {
            continue;
        }
        let host = image.created_from.map(|origin| Shown::line(&origin.name));
        match image.status.as_deref() {
            None | Some("available") => {}
            Some("creating") => {
                let whom = host.as_ref().map_or_else(|| image.id.to_string(), ToString::to_string);
                page.running = Some(format!("the provider makes one of {whom}").into());
                continue;
            }
            // Such as `unavailable`: it is listed, and nobody can restore it.
            Some(_) => continue,
        }
        let at = moment(&image.created).ok_or_else(|| wrong(format!("image {} has no date", image.id)))?;
        let name = image.description.filter(|text| !text.is_empty());
        let id = name.map_or_else(|| image.id.to_string(), |name| format!("{} {name}", image.id));
        let bytes = image.gigabytes.and_then(bytes_of);
        page.snapshots.push(Snapshot { host, bytes, ..Snapshot::new(Shown::line(&id).cut(60), at) });
    }
    for one in said.snapshots.into_iter().flatten() {
        let at = moment(&one.created).ok_or_else(|| wrong(format!("snapshot {} has no date", one.id)))?;
        let id = one.name.map_or_else(|| one.id.to_string(), |name| format!("{} {name}", one.id));
        let bytes = one.stats.and_then(|stats| stats.size_filesystem).filter(|bytes| *bytes > 0);
        page.snapshots.push(Snapshot { bytes, ..Snapshot::new(Shown::line(&id).cut(60), at) });
    }
    Ok(page)
}

/// Also without seconds, as the documentation has it.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn bytes_of(gigabytes: f64) -> Option<u64> {
    let megabytes = (gigabytes * 1_000.0).round();
    // Nothing that exists is larger, and a number below is exact as an integer.
    let sane = (1.0..1e9).contains(&megabytes);
    sane.then(|| Duration::try_from_secs_f64(megabytes).ok()).flatten().map(|exact| exact.as_secs() * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"{"images": [
        {"id": 1, "type": "snapshot", "status": "available", "description": "before\u001b[2J upgrade", "image_size": 2.3,
         "created": "2016-01-30T23:50+00:00", "created_from": {"id": 1, "name": "web1"}, "bound_to": null},
        {"id": 2, "type": "backup", "status": "creating", "image_size": null, "created": "2026-11-23T01:00:00+00:00",
         "created_from": {"id": 1, "name": "web1"}, "bound_to": 1},
        {"id": 3, "type": "backup", "status": "available", "description": "", "image_size": 11.25,
         "created": "2026-11-23T01:00:00+00:00", "created_from": null},
        {"id": 4, "type": "snapshot", "status": "unavailable", "created": "2026-11-23T01:00:00+00:00"},
        {"id": 5, "type": "system", "status": "available", "created": "soon"}],
        "meta": {"pagination": {"page": 1, "per_page": 50, "previous_page": null, "next_page": 2, "last_page": 2}}}"#;

    #[test]
    fn what_can_be_restored_counts_and_what_is_being_made_is_a_run() {
        let page = parse_page(PAGE.as_bytes()).unwrap();
        let ids: Vec<&str> = page.snapshots.iter().map(|snapshot| snapshot.id.as_str()).collect();
        assert_eq!(ids, ["1 before␛[2J upgrade", "3"]);
        assert_eq!(page.snapshots[0].at.to_string(), "2016-01-30T23:50:00Z");
        assert_eq!((page.snapshots[0].bytes, page.snapshots[1].bytes), (Some(2_300_000_000), Some(11_250_000_000)));
        assert_eq!(page.snapshots[0].host.as_ref().unwrap(), "web1");
        assert_eq!(page.running.unwrap(), "the provider makes one of web1");
    }

    #[test]
    fn a_storage_boxs_snapshots_are_read() {
        let page = parse_page(
            br#"{"snapshots": [{"id": 42, "name": "nightly", "stats": {"size": 0, "size_filesystem": 7},
                "is_automatic": true, "created": "2026-11-23T01:00:00Z", "storage_box": 42}]}"#,
        );
        let page = page.unwrap();
        assert_eq!((page.snapshots[0].id.as_str(), page.snapshots[0].bytes), ("42 nightly", Some(7)));
    }

    #[test]
    fn what_is_no_list_is_never_an_empty_one() {
        let undated = PAGE.replace("2016-01-30T23:50+00:00", "soon");
        for said in ["", "[]", "{}", r#"{"error": {"code": "x"}}"#, r#"{"images": [{}]}"#, &undated] {
            assert!(parse_page(said.as_bytes()).is_err(), "{said}");
        }
        assert_eq!(parse_page(br#"{"images": []}"#).unwrap().snapshots, []);
    }

    #[test]
    fn sizes_that_cannot_be_are_not_told() {
        for gigabytes in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e30] {
            assert_eq!(bytes_of(gigabytes), None);
        }
    }

    #[test]
    fn an_address_that_can_not_be_is_refused_without_repeating_its_secrets() {
        use crate::domain::register::Register;
        use crate::domain::settings::Entry;
        let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
        let planned = |url: &str| {
            let keys = serde_json::json!({ "token": { "keyring": "hetzner" }, "url": url });
            let entry = Entry { section: "backup", value: keys.clone(), place: "a.toml:1".into(), index: 0 };
            plan(&Given { entry: &entry, register: &register, keys }).map(|_| ())
        };
        for url in [
            "https://me:PASSWORD@proxy/v1",
            "https://proxy/?token=PASSWORD",
            "PASSWORD",
            "file:///PASSWORD",
            "https://",
        ] {
            let misfit = planned(url).unwrap_err();
            assert_eq!(misfit.key.as_deref(), Some("url"), "{url}");
            assert!(!misfit.message.contains("PASSWORD"), "{}", misfit.message);
        }
        assert!(planned("https://proxy.example.org/v1").is_ok());
    }
}
