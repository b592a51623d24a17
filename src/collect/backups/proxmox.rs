//! Proxmox Backup Server, through its own API: the list of one datastore's snapshots.
//!
//! Written from the types of its public source; `tests/backups/proxmox.rs` answers as they have it. The server verifies what it
//! keeps and tells so for each snapshot: the newest of these verifications counts, and one that failed makes the whole list
//! doubtful. A snapshot without a size has no readable manifest: it is being written, or its run died, and can't be restored.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::kind::{Given, Kind, Listing, Lists, Planned};
use crate::collect::tools::Tools;
use crate::collect::tools::http::{Credential, Fetch, Fetched, Fingerprint, parse_api};
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::settings::Misfit;
use crate::domain::{Fault, SecretRef, Shown};

pub const KIND: Kind = Kind {
    word: "proxmox",
    keys: || schemars::schema_for!(Keys),
    encryption: Encryption::default,
    plan,
    parse: parse_snapshots,
};

/// From the first byte sent to the last one read. The API has no pages: a large datastore takes its time.
const TOTAL: Duration = Duration::from_secs(60);
/// About 600 bytes a snapshot.
const CAP: usize = 64 << 20;
const PORT: &str = "8007";

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// proxmox: `USER@REALM!TOKEN@HOST:DATASTORE`, with `HOST:PORT` where it isn't 8007.
    repository: String,
    /// The repository's password: where it is kept. Of proxmox: the token's secret.
    password: SecretRef,
    /// proxmox: the namespace in the datastore.
    #[serde(default)]
    namespace: Option<String>,
    /// proxmox: the SHA-256 fingerprint of the server's certificate, where no authority vouches for it.
    #[serde(default)]
    fingerprint: Option<String>,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let wrong = |text: &str, what: &str| format!("`{}` is no {what}", Shown::line(text).cut(80));
    let meant = parse_repository(&keys.repository);
    let (who, store, mut url) = meant.ok_or_else(|| {
        given.at("repository")(wrong(&keys.repository, "repository as in backup@pbs!matins@pbs.example:store"))
    })?;
    if let Some(name) = keys.namespace.as_deref().filter(|name| !name.is_empty()) {
        if !is_word(name, b"/._-") {
            return Err(given.at("namespace")(wrong(name, "namespace")));
        }
        url.query_pairs_mut().append_pair("ns", name);
    }
    let pin = match &keys.fingerprint {
        None => None,
        Some(text) => Some(Fingerprint::parse(text).ok_or_else(|| {
            given.at("fingerprint")(wrong(text, "SHA-256 fingerprint as `proxmox-backup-manager cert info` prints it"))
        })?),
    };
    Ok(Planned::new(Proxmox { who, store, url, pin, password: keys.password }, TOTAL + Duration::from_secs(5)))
}

/// Letters, digits and these marks; a letter or digit first.
fn is_word(text: &str, marks: &[u8]) -> bool {
    text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte))
}

/// Who asks, for which datastore, and the address of its list.
fn parse_repository(text: &str) -> Option<(String, String, Url)> {
    let (place, store) = text.trim().rsplit_once(':')?;
    let (who, host) = place.rsplit_once('@')?;
    let (user, token) = who.split_once('!')?;
    let (name, realm) = user.split_once('@')?;
    if ![name, realm, token, store].iter().all(|part| is_word(part, b"._-")) {
        return None;
    }
    // `[::1]` ends with a bracket, `[::1]:443` does not; a name has no colon but its port's.
    let ported = if host.contains(':') && !host.ends_with(']') { host.to_owned() } else { format!("{host}:{PORT}") };
    let base = format!("https://{ported}/api2/json/admin/datastore/{store}/snapshots");
    let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
    let url = if plain { parse_api(&base).ok()? } else { return None };
    // An API's base ends in a slash, this address does not.
    let url = Url::parse(url.as_str().trim_end_matches('/')).ok()?;
    url.host_str().filter(|host| !host.is_empty())?;
    Some((who.to_owned(), store.to_owned(), url))
}

struct Proxmox {
    /// `USER@REALM!TOKEN`.
    who: String,
    store: String,
    url: Url,
    pin: Option<Fingerprint>,
    password: SecretRef,
}

impl Lists for Proxmox {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            let secret = tools.secrets.read(&self.password).await?;
            let mend = format!(
                "store the secret of {} where `password` points to, and give that token the role DatastoreAudit on /datastore/{}",
                self.who, self.store
            );
            let credential = Credential::new(&format!("PBSAPIToken={}:", self.who), &secret, &mend)?;
            let credential = credential.pinned(self.pin.clone());
            let fetch = Fetch { url: &self.url, validators: None, cap: CAP, total: TOTAL };
            let fetched = tools.http.fetch_by(fetch, &credential).await.map_err(|fault| self.told(fault))?;
            let Fetched::Body { bytes, .. } = fetched else {
                return Err(Fault::new("the API answered \"unchanged\" to a first question"));
            };
            parse_snapshots(&bytes)
        })
    }
}

impl Proxmox {
    /// A certificate that nobody vouches for is the usual one here.
    fn told(&self, fault: Fault) -> Fault {
        if self.pin.is_none() && fault.said.as_str().contains(" vouches for ") {
            return fault
                .mend("write its `fingerprint`, as `proxmox-backup-manager cert info` prints it on the server");
        }
        fault
    }
}

#[derive(Deserialize)]
struct Said {
    data: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Listed {
    backup_type: String,
    backup_id: String,
    backup_time: i64,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    files: Vec<Value>,
    #[serde(default)]
    verification: Option<Verification>,
}

impl Listed {
    fn name(&self) -> Shown {
        Shown::line(&format!("{}/{}/{}", self.backup_type, self.backup_id, self.backup_time)).cut(80)
    }
}

#[derive(Deserialize)]
struct Verification {
    state: String,
    upid: String,
}

pub fn parse_snapshots(said: &[u8]) -> Result<Snapshots, Fault> {
    let Said { data } = serde_json::from_slice(said).map_err(|error| {
        let what = Shown::line(&error.to_string()).cut(160);
        Fault::new(format!("what answers there is not Proxmox's list of snapshots: {what}"))
            .mend("check the host and the port of `repository`: the API is on 8007, the web page of Proxmox VE on 8006")
    })?;
    let (listed, begun): (Vec<Listed>, Vec<Listed>) = data.into_iter().partition(|one| one.size.is_some());
    let mut list = Snapshots { encryption: encryption(&listed), ..Snapshots::default() };
    let mut newest = HashMap::new();
    for one in listed {
        let name = one.name();
        let at = Timestamp::from_second(one.backup_time).map_err(|_| Fault::new(format!("{name} has no date")))?;
        if let Some(verification) = &one.verification {
            let verified = verification.began_at().filter(|_| verification.state == "ok");
            list.verified_at = list.verified_at.max(verified);
            if verification.state != "ok" {
                let said = format!("its verification of {name} ended with {}", verification.state);
                list.degraded = list.degraded.or_else(|| Some(Shown::line(&said)));
            }
        }
        list.snapshots.push(Snapshot {
            host: Some(Shown::line(&one.backup_id)),
            bytes: one.size,
            ..Snapshot::new(name, at)
        });
        let known = newest.entry((one.backup_type, one.backup_id)).or_insert(one.backup_time);
        *known = one.backup_time.max(*known);
    }
    list.running = running(&newest, &begun);
    Ok(list)
}

/// What was begun and is not finished, unless one that is came after it: then its run died.
fn running(newest: &HashMap<(String, String), i64>, begun: &[Listed]) -> Option<Shown> {
    let after = |one: &&Listed| {
        let last = newest.get(&(one.backup_type.clone(), one.backup_id.clone()));
        last.is_none_or(|last| one.backup_time > *last)
    };
    let one = begun.iter().filter(after).max_by_key(|one| one.backup_time)?;
    Some(format!("{} has no manifest yet", one.name()).into())
}

impl Verification {
    /// The fifth part of a task's id, in hexadecimal: `UPID:pbs:000003B6:00000FA5:00000012:65A1B2C3:verify:…`.
    fn began_at(&self) -> Option<Timestamp> {
        let seconds = self.upid.split(':').nth(5)?;
        Timestamp::from_second(i64::from_str_radix(seconds, 16).ok()?).ok()
    }
}

/// Encrypted only if every archive of every snapshot is. The index and the client's log never are.
fn encryption(listed: &[Listed]) -> Encryption {
    let own = |file: &&Value| {
        let name = file["filename"].as_str().unwrap_or_default();
        !name.starts_with("index.json") && !name.starts_with("client.log")
    };
    let modes: Vec<Option<&str>> =
        listed.iter().flat_map(|one| one.files.iter().filter(own)).map(|file| file["crypt-mode"].as_str()).collect();
    if modes.is_empty() || modes.iter().any(Option::is_none) {
        Encryption::Untold
    } else if modes.iter().all(|mode| *mode == Some("encrypt")) {
        Encryption::By("proxmox, encrypt".into())
    } else {
        Encryption::Plain("Proxmox backups without encryption".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"data": [{"backup-id": "web1", "backup-time": 1795402807, "backup-type": "host", "size": 5724839,
        "files": [{"crypt-mode": "encrypt", "filename": "root.pxar.didx", "size": 5724000},
                  {"crypt-mode": "sign-only", "filename": "index.json.blob", "size": 800}],
        "owner": "backup@pbs", "protected": false,
        "verification": {"state": "ok", "upid": "UPID:pbs:000003B6:00000FA5:00000012:6B034237:verify:store:root@pam:"}},
        {"backup-id": "web1", "backup-time": 1795316407, "backup-type": "host", "size": 7}]}"#;

    #[test]
    fn the_documented_list_is_read() {
        let list = parse_snapshots(LIST.as_bytes()).unwrap();
        assert_eq!(list.snapshots[0].id, "host/web1/1795402807");
        assert_eq!((list.snapshots[0].bytes, list.snapshots[1].bytes), (Some(5_724_839), Some(7)));
        assert_eq!(list.encryption, Encryption::By("proxmox, encrypt".into()));
        assert_eq!(list.verified_at.unwrap().as_second(), 0x6B03_4237);
        assert_eq!((list.degraded, list.running), (None, None));
    }

    #[test]
    fn one_archive_in_the_clear_is_not_encrypted_and_silence_is_neither() {
        let read = |text: &str| parse_snapshots(text.as_bytes()).unwrap().encryption;
        assert!(matches!(read(&LIST.replacen("\"encrypt\"", "\"none\"", 1)), Encryption::Plain(_)));
        let older = LIST.replace(
            "{\"crypt-mode\": \"encrypt\", \"filename\": \"root.pxar.didx\", \"size\": 5724000}",
            "\"root.pxar\"",
        );
        assert_eq!(read(&older), Encryption::Untold);
        assert_eq!(read(r#"{"data": []}"#), Encryption::Untold);
    }

    #[test]
    fn a_verification_that_failed_makes_the_list_doubtful() {
        let failed = LIST.replace("\"state\": \"ok\"", "\"state\": \"failed\"");
        let list = parse_snapshots(failed.as_bytes()).unwrap();
        assert_eq!(list.verified_at, None);
        assert!(list.degraded.unwrap().as_str().ends_with("ended with failed"));
    }

    #[test]
    fn one_without_a_manifest_is_a_run_and_no_snapshot_and_an_old_one_is_nothing() {
        let running = LIST.replace(" \"size\": 5724839,", "");
        let list = parse_snapshots(running.as_bytes()).unwrap();
        assert_eq!((list.snapshots.len(), list.snapshots[0].id.as_str()), (1, "host/web1/1795316407"));
        assert_eq!(list.running.unwrap(), "host/web1/1795402807 has no manifest yet");
        let died = LIST.replace(", \"size\": 7", "");
        let list = parse_snapshots(died.as_bytes()).unwrap();
        assert_eq!((list.snapshots.len(), list.running), (1, None));
    }

    #[test]
    fn a_repository_names_a_token_a_host_and_a_datastore() {
        for (text, url) in [
            (
                "backup@pbs!matins@pbs.example:store",
                "https://pbs.example:8007/api2/json/admin/datastore/store/snapshots",
            ),
            ("b@pam!m@[2001:db8::1]:s_1", "https://[2001:db8::1]:8007/api2/json/admin/datastore/s_1/snapshots"),
            ("b@pam!m@127.0.0.1:8443:s", "https://127.0.0.1:8443/api2/json/admin/datastore/s/snapshots"),
            ("b@pam!m@[::1]:443:s", "https://[::1]/api2/json/admin/datastore/s/snapshots"),
        ] {
            assert_eq!(parse_repository(text).unwrap().2.as_str(), url);
        }
        for text in [
            "",
            "store",
            "pbs.example:store",
            "root@pam@pbs.example:store",
            "b@pam!m@:s",
            "b@pam!m@h:../s",
            "b@pam!m@h/x:s",
            "b@pam!m\n@h:s",
            "b@pam!m@h:s?x",
            "b!m@h:s",
            "b@pam!m@h:99999:s",
            "b@pam!m@u:p@h:s",
            "--x@pam!m@h:s",
        ] {
            assert!(parse_repository(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_is_a_fault() {
        let no_date = LIST.replace("1795402807", "99999999999999999");
        for said in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"data": null}"#,
            r#"{"data": [7]}"#,
            r#"{"data": [{"backup-id": "x"}]}"#,
            "<html>",
            &no_date,
        ] {
            assert!(parse_snapshots(said.as_bytes()).is_err(), "{said}");
        }
    }
}
