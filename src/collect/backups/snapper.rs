//! snapper's list of the snapshots of one subvolume. `snapper list` without rights shows nothing of others' configurations,
//! so a subvolume that no configuration has is a fault, not an empty list.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kind::{Given, Kind, Listing, Lists, Planned};
use super::scripted::{self, DEADLINE, Line, words};
use crate::collect::tools::Tools;
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::register::Place;
use crate::domain::settings::Misfit;
use crate::domain::{Fault, Shown};

pub const KIND: Kind = Kind {
    word: "snapper",
    keys: || schemars::schema_for!(Keys),
    encryption: || Encryption::Plain("a btrfs file system".into()),
    plan,
};

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// snapper: the subvolume that it keeps: PATH, or SERVER:PATH.
    path: String,
    /// btrfs, snapper, zfs: run the tool as root through sudo, which must not ask for a password.
    #[serde(default)]
    sudo: bool,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let place = given.place("path", &keys.path)?;
    Ok(Planned::new(Snapper { place, sudo: keys.sudo }, DEADLINE))
}

struct Snapper {
    place: Place,
    sudo: bool,
}

impl Snapper {
    /// Asks snapper's service; where there is none, root may read by itself. Without the space that each takes, which it
    /// would have to compute.
    fn script(&self) -> String {
        let list = ["--utc", "--iso", "--jsonout", "list", "-a", "--disable-used-space"];
        let asked = words(self.sudo, &[&["snapper"], &list[..]].concat());
        let alone = words(self.sudo, &[&["snapper", "--no-dbus"], &list[..]].concat());
        format!(
            "said=$({asked} 2>&1) && printf '%s\\n' \"$said\" && exit 0\nstatus=$?\n\
             case \"$said\" in *dbus*) {alone}; exit $?;; esac\nprintf '%s\\n' \"$said\" >&2\nexit $status"
        )
    }
}

impl Lists for Snapper {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            let line = Line { program: "snapper", script: self.script() };
            let said = scripted::ask(tools, &self.place.server, &line).await?;
            parse_configs(&said, &self.place.path)
        })
    }
}

/// One snapshot; newer versions leave `used-space` out when they are told to.
#[derive(Deserialize)]
struct Listed {
    subvolume: String,
    number: u64,
    /// UTC; empty for number 0, which is the subvolume as it is now.
    date: String,
    #[serde(default)]
    description: Option<String>,
}

pub fn parse_configs(said: &[u8], subvolume: &str) -> Result<Snapshots, Fault> {
    let configs: BTreeMap<String, Vec<Listed>> = serde_json::from_slice(said).map_err(|error| {
        Fault::new(format!("snapper's list can't be read: {error}")).mend("run `snapper --jsonout list -a` by hand")
    })?;
    let wanted = trimmed(subvolume);
    let mut listed = configs.into_values().flatten().filter(|one| trimmed(&one.subvolume) == wanted).peekable();
    if listed.peek().is_none() {
        return Err(Fault::new(format!("snapper knows no configuration for {}", Shown::line(subvolume).cut(200)))
            .mend("see `snapper list-configs`; it shows only what this login may see (ALLOW_USERS)"));
    }
    let mut list = Snapshots::default();
    for one in listed.filter(|one| one.number != 0) {
        let at = one.date.parse::<DateTime>().ok().and_then(|at| TimeZone::UTC.to_timestamp(at).ok());
        let at: Timestamp = at.ok_or_else(|| {
            let date = Shown::line(&one.date).cut(40);
            Fault::new(format!("snapper's list can't be read: snapshot {} is dated `{date}`", one.number))
        })?;
        let described = one.description.filter(|text| !text.is_empty());
        let id = described.map_or_else(|| one.number.to_string(), |text| format!("{} {text}", one.number));
        list.snapshots.push(Snapshot::new(Shown::line(&id).cut(60), at));
    }
    Ok(list)
}

fn trimmed(path: &str) -> &str {
    path.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"root": [
        {"subvolume": "/", "number": 0, "type": "single", "date": "", "description": "current"},
        {"subvolume": "/", "number": 7, "type": "single", "date": "2026-11-23 01:14:07", "description": "Über;\u001b[2JNacht"}],
        "home": [{"subvolume": "/home", "number": 0, "date": ""}]}"#;

    #[test]
    fn the_subvolume_as_it_is_now_is_no_snapshot() {
        let list = parse_configs(LIST.as_bytes(), "/").unwrap();
        assert_eq!(list.snapshots.len(), 1);
        assert_eq!(list.snapshots[0].id, "7 Über;␛[2JNacht");
        assert_eq!(list.snapshots[0].at.to_string(), "2026-11-23T01:14:07Z");
        assert_eq!(parse_configs(LIST.as_bytes(), "/home/").unwrap().snapshots, []);
    }

    #[test]
    fn a_subvolume_that_nobody_keeps_is_a_fault_and_so_is_nonsense() {
        assert!(
            parse_configs(LIST.as_bytes(), "/srv").unwrap_err().said.as_str().contains("no configuration for /srv")
        );
        for said in ["", "{", "[]", "Failure (dbus fatal exception).", &LIST.replace("2026-11-23 ", "gestern ")] {
            assert!(parse_configs(said.as_bytes(), "/").is_err(), "{said}");
        }
    }

    #[test]
    fn the_real_list_is_read() {
        let Some(said) = super::super::tests::real("snapper/list-all.json") else { return };
        let list = parse_configs(said.as_bytes(), "/mnt/b/@").unwrap();
        assert_eq!(list.snapshots.len(), 4);
        assert_eq!(list.snapshots[2].id, "3 apt, \"quoted\"");
    }
}
