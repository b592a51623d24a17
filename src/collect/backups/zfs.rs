//! Snapshots of a zfs dataset and those below it, also as sanoid and zrepl name them.
//!
//! `zfs receive` keeps the time at which a snapshot was made; a name whose date is older still counts as it says: in the
//! operator's zone, as sanoid writes it, and in UTC where it ends like zrepl's.
//!
//! Each dataset is encrypted or not for itself: a plain one can lie below an encrypted one, and what was received raw below
//! a plain one is encrypted.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kind::{Given, Kind, Listing, Lists, Planned};
use super::names::not_newer_than_named;
use super::scripted::{self, DEADLINE, Line, words};
use crate::collect::tools::Tools;
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::register::Server;
use crate::domain::settings::Misfit;
use crate::domain::{Fault, Shown};

pub const KIND: Kind = Kind {
    word: "zfs",
    keys: || schemars::schema_for!(Keys),
    encryption: Encryption::default,
    plan,
    parse: |said| parse_zfs(said, &TimeZone::UTC),
};

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// zfs: DATASET, or SERVER:DATASET, as in backup:tank/web1.
    dataset: String,
    /// btrfs, snapper, zfs: run the tool as root through sudo, which must not ask for a password.
    #[serde(default)]
    sudo: bool,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let (server, dataset) = match keys.dataset.split_once(':') {
        Some((name, dataset)) => {
            let server = given.register.server(name).ok_or_else(|| {
                given.at("dataset")(format!("`{}` is no [[server]] of the register", Shown::line(name).cut(80)))
            })?;
            (server.clone(), dataset)
        }
        None => (Server::local(), keys.dataset.as_str()),
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/ ".contains(&byte);
    if !dataset.starts_with(|c: char| c.is_ascii_alphanumeric()) || !dataset.bytes().all(fits) {
        return Err(given.at("dataset")(format!("`{}` is no dataset", Shown::line(dataset).cut(80))));
    }
    Ok(Planned::new(Zfs { server, dataset: dataset.to_owned(), sudo: keys.sudo }, DEADLINE))
}

struct Zfs {
    server: Server,
    dataset: String,
    sudo: bool,
}

impl Lists for Zfs {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            let get = "zfs get -H -p -r -t filesystem,volume -o name,value encryption";
            let list = "zfs list -H -p -t snapshot -o name,creation,referenced -r";
            let [about, list] =
                [get, list].map(|line| line.split(' ').chain([self.dataset.as_str()]).collect::<Vec<_>>());
            // Old versions know no encryption; then nothing is told of it.
            let script = format!("{}2>/dev/null || echo -\n{}", words(self.sudo, &about), words(self.sudo, &list));
            let said = scripted::ask(tools, &self.server, &Line { program: "zfs", script }).await?;
            parse_zfs(&said, tools.zone.as_ref().unwrap_or(&TimeZone::UTC))
        })
    }
}

/// `DATASET<tab>ENCRYPTION` for each dataset, then `DATASET@NAME<tab>SECONDS<tab>BYTES` for each snapshot.
pub fn parse_zfs(said: &[u8], zone: &TimeZone) -> Result<Snapshots, Fault> {
    let text = String::from_utf8_lossy(said);
    let lines = text.lines().filter(|line| !matches!(line.trim(), "" | "-"));
    let mut list = Snapshots::default();
    let (mut modes, mut owners) = (HashMap::new(), BTreeSet::new());
    for line in lines {
        if let Some((dataset, mode)) =
            line.split_once('\t').filter(|(dataset, mode)| !dataset.contains('@') && !mode.contains('\t'))
        {
            modes.insert(dataset, mode);
            continue;
        }
        let snapshot = parse_line(line, zone).ok_or_else(|| {
            Fault::new(format!("zfs's list can't be read: {}", Shown::line(line).cut(80)))
                .mend("run `zfs list -Hp -t snapshot -o name,creation,referenced` by hand")
        })?;
        owners.extend(line.split('@').next());
        list.snapshots.push(snapshot);
    }
    list.encryption = encryption_of(&owners, &modes);
    Ok(list)
}

/// What is so of all datasets that have a snapshot: one that is plain is enough to be read.
fn encryption_of(owners: &BTreeSet<&str>, modes: &HashMap<&str, &str>) -> Encryption {
    let mode_of = |owner: &&str| modes.get(owner).copied().filter(|mode| !mode.is_empty() && *mode != "-");
    let plain: Vec<&&str> = owners.iter().filter(|owner| mode_of(owner) == Some("off")).collect();
    if let Some(first) = plain.first() {
        let more = if plain.len() > 1 { format!(", and {} more", plain.len() - 1) } else { String::new() };
        return Encryption::Plain(format!("zfs dataset {}{more}", Shown::line(first).cut(80)).into());
    }
    match owners.iter().map(mode_of).collect::<Option<BTreeSet<&str>>>() {
        Some(modes) if !modes.is_empty() => {
            let modes = modes.into_iter().collect::<Vec<_>>().join(", ");
            Encryption::By(Shown::line(&modes).cut(40))
        }
        _ => Encryption::Untold,
    }
}

fn parse_line(line: &str, zone: &TimeZone) -> Option<Snapshot> {
    let mut columns = line.split('\t');
    let (full, creation, referenced) = (columns.next()?, columns.next()?, columns.next()?);
    let (dataset, name) = full.split_once('@')?;
    let at = Timestamp::from_second(creation.parse().ok()?).ok()?;
    let zone = if is_zrepls(name) { &TimeZone::UTC } else { zone };
    Some(Snapshot {
        paths: vec![Shown::line(dataset)],
        bytes: referenced.parse().ok(),
        ..Snapshot::new(full, not_newer_than_named(at, name, zone))
    })
}

/// `zrepl_20261109_030000_000`, with whatever prefix somebody chose: the milliseconds are nobody else's.
fn is_zrepls(name: &str) -> bool {
    let mut parts = name.rsplit('_');
    let mut digits =
        |count| parts.next().is_some_and(|part| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit()));
    digits(3) && digits(6) && digits(8) && name.len() > "_20261109_030000_000".len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(said: &str) -> Snapshots {
        parse_zfs(said.as_bytes(), &TimeZone::UTC).unwrap()
    }

    #[test]
    fn sanoids_and_zrepls_names_are_not_stretched() {
        let list = parsed(
            "tank/web1\taes-256-gcm\ntank/db1\taes-256-gcm\ntank/web1@autosnap_2026-11-23_03:00:00_daily\t1795402807\t114688\n\
             tank/web1@zrepl_20261109_030000_000\t1795463176\t-\ntank/db1@by hand\t1795463178\t0\n",
        );
        let made: Vec<String> = list.snapshots.iter().map(|snapshot| snapshot.at.to_string()).collect();
        assert_eq!(made, ["2026-11-23T03:00:07Z", "2026-11-09T03:00:00Z", "2026-11-23T19:46:18Z"]);
        assert_eq!(list.snapshots[0].paths, ["tank/web1"]);
        assert_eq!((list.snapshots[0].bytes, list.snapshots[1].bytes), (Some(114_688), None));
        assert_eq!(list.encryption, Encryption::By("aes-256-gcm".into()));
    }

    #[test]
    fn zrepls_names_are_in_utc_and_sanoids_in_the_operators_zone() {
        let lord_howe = TimeZone::get("Australia/Lord_Howe").unwrap();
        let made = |name: &str| {
            let said = format!("-\ntank/web1@{name}\t1795463176\t0\n");
            parse_zfs(said.as_bytes(), &lord_howe).unwrap().snapshots[0].at.to_string()
        };
        assert_eq!(made("zrepl_20261109_030000_000"), "2026-11-09T03:00:00Z");
        assert_eq!(made("every_10m_20261109_030000_123"), "2026-11-09T03:00:00Z");
        assert_eq!(made("autosnap_2026-11-09_03:00:00_daily"), "2026-11-08T16:00:00Z");
        assert_eq!(made("20261109_030000"), "2026-11-08T16:00:00Z", "nothing says whose it is");
    }

    #[test]
    fn each_dataset_that_has_a_snapshot_is_asked_whether_it_is_encrypted() {
        let of = |modes: &str| {
            let made = "tank/web1@a\t1795402807\t1\ntank/web1/db@a\t1795402807\t1\n";
            parsed(&format!("{modes}{made}")).encryption
        };
        let plain = Encryption::Plain("zfs dataset tank/web1/db".into());
        assert_eq!(
            of("tank\taes-256-gcm\ntank/web1\taes-256-gcm\ntank/web1/db\toff\n"),
            plain,
            "below an encrypted one"
        );
        let by = Encryption::By("aes-256-gcm".into());
        assert_eq!(of("tank\toff\ntank/web1\taes-256-gcm\ntank/web1/db\taes-256-gcm\n"), by, "received raw");
        let two = Encryption::Plain("zfs dataset tank/web1, and 1 more".into());
        assert_eq!(of("tank/web1\toff\ntank/web1/db\toff\n"), two);
    }

    #[test]
    fn silence_of_zfs_on_encryption_is_not_taken_for_either() {
        for said in ["-\n", "", "tank\taes-256-gcm\n-\n", "tank/web1\t-\n", "tank/web1\t\n", "tank/web\taes-256-gcm\n"]
        {
            let list = parsed(&format!("{said}tank/web1@a\t1795402807\t1\n"));
            assert_eq!((list.encryption, list.snapshots.len()), (Encryption::Untold, 1), "{said}");
        }
        assert_eq!(parsed("tank\toff\n").encryption, Encryption::Untold, "nothing there to be read");
    }

    #[test]
    fn what_is_no_list_is_a_fault() {
        for said in ["-\ntank\t1\t2", "-\ntank@a\tMon Nov 23 19:46 2026\t0", "-\ntank@a", "off\nusage:"] {
            assert!(parse_zfs(said.as_bytes(), &TimeZone::UTC).is_err(), "{said}");
        }
    }

    /// zfs-fuse prints no such table; its `zfs get` has the same columns in other places.
    #[test]
    fn real_names_and_times_are_read() {
        let Some(said) = super::super::tests::real("zfs/zfsfuse-get-Hpr.tsv") else { return };
        let rows = said.lines().filter_map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let wanted = columns[0].contains('@') && columns[1] == "creation";
            wanted.then(|| format!("{}\t{}\t0\n", columns[0], columns[2]))
        });
        let list = parsed(&std::iter::once("-\n".to_owned()).chain(rows).collect::<String>());
        assert_eq!(list.snapshots.len(), said.matches('@').count() / 3);
        assert!(list.snapshots.iter().any(|snapshot| snapshot.at.to_string() == "2026-11-16T03:00:00Z"));
    }
}
