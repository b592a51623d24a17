//! Proxmox Backup Server, through its own client on this machine: `proxmox-backup-client snapshot list`.
//!
//! Written from the documented shape of its answer. The server verifies what it keeps and tells so for each snapshot: the
//! newest of these verifications counts, and one that failed makes the whole list doubtful.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::kind::{Given, Kind, Listing, Lists, Planned};
use crate::collect::tools::Tools;
use crate::collect::tools::proxmox::{DEADLINE, ProxmoxRepository, snapshots};
use crate::collect::tools::run::Ran;
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::settings::Misfit;
use crate::domain::{Fault, SecretRef, Shown};

pub const KIND: Kind =
    Kind { word: "proxmox", keys: || schemars::schema_for!(Keys), encryption: Encryption::default, plan };

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// proxmox: `USER@REALM!TOKEN@HOST:DATASTORE`.
    repository: String,
    /// The repository's password: where it is kept.
    password: SecretRef,
    /// proxmox: the namespace in the datastore.
    #[serde(default)]
    namespace: Option<String>,
    /// proxmox: the fingerprint of the server's certificate, where no authority vouches for it.
    #[serde(default)]
    fingerprint: Option<String>,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let repository = ProxmoxRepository::parse(&keys.repository, keys.namespace, keys.fingerprint)
        .map_err(|(key, said)| given.at(key)(said))?;
    Ok(Planned::new(Proxmox { repository, password: keys.password }, DEADLINE * 2))
}

struct Proxmox {
    repository: ProxmoxRepository,
    password: SecretRef,
}

impl Lists for Proxmox {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            let password = tools.secrets.read(&self.password).await?;
            parse_snapshots(&snapshots(&self.repository, &password).await?)
        })
    }
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

#[derive(Deserialize)]
struct Verification {
    state: String,
    upid: String,
}

pub fn parse_snapshots(ran: &Ran) -> Result<Snapshots, Fault> {
    let complaint = ran.complaint();
    if ran.status != Some(0) {
        let lower = complaint.as_str().to_lowercase();
        let mend = if lower.contains("authentication") || lower.contains("permission check") {
            "give a token with the role DatastoreReader, and store its secret where `password` points to"
        } else if lower.contains("certificate") || lower.contains("fingerprint") {
            "write the server's `fingerprint`, as its dashboard shows it"
        } else {
            "run `proxmox-backup-client snapshot list` by hand with the same repository"
        };
        return Err(Fault::new(format!("proxmox-backup-client failed: {complaint}")).mend(mend));
    }
    let listed: Vec<Listed> = serde_json::from_slice(&ran.output).map_err(|error| {
        Fault::new(format!("proxmox-backup-client's list can't be read: {error}"))
            .mend("run `proxmox-backup-client snapshot list --output-format json` by hand")
    })?;
    let mut list = Snapshots { encryption: encryption(&listed), ..Snapshots::default() };
    for one in listed {
        let name = format!("{}/{}/{}", one.backup_type, one.backup_id, one.backup_time);
        let at = Timestamp::from_second(one.backup_time).map_err(|_| Fault::new(format!("{name} has no date")))?;
        if let Some(verification) = &one.verification {
            let verified = verification.began_at().filter(|_| verification.state == "ok");
            list.verified_at = list.verified_at.max(verified);
            if verification.state != "ok" {
                let said =
                    format!("its verification of {} ended with {}", Shown::line(&name).cut(80), verification.state);
                list.degraded = list.degraded.or(Some(said.into()));
            }
        }
        list.snapshots.push(Snapshot {
            host: Some(Shown::line(&one.backup_id)),
            bytes: one.size,
            ..Snapshot::new(Shown::line(&name).cut(80), at)
        });
    }
    Ok(list)
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

    fn ran(status: i32, output: &str, complaints: &str) -> Ran {
        Ran { status: Some(status), output: output.into(), complaints: complaints.into(), noise: 0 }
    }

    const LIST: &str = r#"[{"backup-id": "web1", "backup-time": 1795402807, "backup-type": "host", "size": 5724839,
        "files": [{"crypt-mode": "encrypt", "filename": "root.pxar.didx", "size": 5724000},
                  {"crypt-mode": "sign-only", "filename": "index.json.blob", "size": 800}],
        "owner": "backup@pbs", "protected": false,
        "verification": {"state": "ok", "upid": "UPID:pbs:000003B6:00000FA5:00000012:6B034237:verify:store:root@pam:"}},
        {"backup-id": "web1", "backup-time": 1795316407, "backup-type": "host"}]"#;

    #[test]
    fn the_documented_list_is_read() {
        let list = parse_snapshots(&ran(0, LIST, "")).unwrap();
        assert_eq!(list.snapshots[0].id, "host/web1/1795402807");
        assert_eq!((list.snapshots[0].bytes, list.snapshots[1].bytes), (Some(5_724_839), None));
        assert_eq!(list.encryption, Encryption::By("proxmox, encrypt".into()));
        assert_eq!(list.verified_at.unwrap().as_second(), 0x6B03_4237);
        assert_eq!(list.degraded, None);
    }

    #[test]
    fn one_archive_in_the_clear_is_not_encrypted_and_silence_is_neither() {
        let plain = LIST.replacen("\"encrypt\"", "\"none\"", 1);
        assert!(matches!(parse_snapshots(&ran(0, &plain, "")).unwrap().encryption, Encryption::Plain(_)));
        let older = LIST.replace(
            "{\"crypt-mode\": \"encrypt\", \"filename\": \"root.pxar.didx\", \"size\": 5724000}",
            "\"root.pxar\"",
        );
        assert_eq!(parse_snapshots(&ran(0, &older, "")).unwrap().encryption, Encryption::Untold);
        assert_eq!(parse_snapshots(&ran(0, "[]", "")).unwrap().encryption, Encryption::Untold);
    }

    #[test]
    fn a_verification_that_failed_makes_the_list_doubtful() {
        let failed = LIST.replace("\"state\": \"ok\"", "\"state\": \"failed\"");
        let list = parse_snapshots(&ran(0, &failed, "")).unwrap();
        assert_eq!(list.verified_at, None);
        assert!(list.degraded.unwrap().as_str().ends_with("ended with failed"));
    }

    #[test]
    fn what_is_no_list_is_a_fault() {
        for output in
            ["", "null", "{}", "[7]", r#"[{"backup-id": "x"}]"#, &LIST.replace("1795402807", "99999999999999999")]
        {
            assert!(parse_snapshots(&ran(0, output, "")).is_err(), "{output}");
        }
        let refused = parse_snapshots(&ran(255, "", "Error: authentication failed - 401")).unwrap_err();
        assert!(refused.mend.unwrap().as_str().contains("DatastoreReader"));
        let unknown = parse_snapshots(&ran(255, "", "Error: certificate validation failed")).unwrap_err();
        assert!(unknown.mend.unwrap().as_str().contains("fingerprint"));
    }
}
