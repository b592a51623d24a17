//! `[[backup]]`: as typed, then as meant.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::collect::tools::restic::Repository;
use crate::domain::facts::Slot;
use crate::domain::register::{Place, Register};
use crate::domain::settings::{Entry, Misfit};
use crate::domain::{Period, SecretRef, Shown};

/// Where the snapshots of some servers are kept, and which there should be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupEntry {
    pub name: String,
    /// The servers whose data it keeps; a server that no backup names is a finding.
    pub of: Vec<String>,
    pub kind: Kind,
    /// restic and borg: where the repository is, as in sftp:office:/backup/restic.
    #[serde(default)]
    pub repository: Option<String>,
    /// The folder of the snapshots: PATH, or SERVER:PATH.
    #[serde(default)]
    pub path: Option<String>,
    /// The repository's password: where it is kept.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// The provider's token: where it is kept.
    #[serde(default)]
    pub token: Option<SecretRef>,
    /// It is kept somewhere else than the servers. Must be encrypted.
    #[serde(default)]
    pub offsite: bool,
    /// When snapshots must exist: "last night", "3 days", "1 week", "2 weeks".
    #[serde(default = "last_night")]
    pub slots: Vec<Slot>,
    #[serde(default)]
    #[expect(dead_code, reason = "checked when it is read; judging it belongs to the restore measures")]
    pub expect: Option<Expect>,
    /// How often it is asked; the console's refresh where nothing is said.
    #[serde(default)]
    pub every: Option<Period>,
}

fn last_night() -> Vec<Slot> {
    vec![Slot::LastNight]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Restic,
    Borg,
    Directory,
    Zfs,
    Btrfs,
    Snapper,
    Hetzner,
    Command,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Restic => "restic",
            Self::Borg => "borg",
            Self::Directory => "directory",
            Self::Zfs => "zfs",
            Self::Btrfs => "btrfs",
            Self::Snapper => "snapper",
            Self::Hetzner => "hetzner",
            Self::Command => "command",
        }
    }
}

/// What a backup promises besides its slots.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// A snapshot this much smaller than the one before is suspicious.
    shrink: Option<Percent>,
    /// The repository was verified within this time.
    verified: Option<Period>,
    /// A restore was tried within this time.
    drill: Option<Period>,
    /// A restore takes no longer than this.
    restore_within: Option<Period>,
}

/// `30%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9]{1,3}%$"))]
pub struct Percent(pub u8);

impl TryFrom<String> for Percent {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let count = digits.and_then(|digits| digits.parse().ok()).filter(|count| (1..=100).contains(count));
        count.map(Self).ok_or_else(|| format!("`{}` is not a share: write 1% to 100%", Shown::line(&text).cut(40)))
    }
}

/// What is to be asked, its parts checked.
#[derive(Debug)]
pub enum Meant {
    Restic {
        repository: Repository,
        password: SecretRef,
    },
    Directory(Place),
    /// A kind that this version doesn't read.
    Unread,
}

/// Reads an entry and finds everything that is wrong with it.
pub fn read(entry: &Entry, register: &Register) -> Result<(BackupEntry, Meant), Vec<Misfit>> {
    for key in ["password", "token"] {
        if entry.value.get(key).is_some_and(serde_json::Value::is_string) {
            return Err(vec![entry.misfit(Some(key), SecretRef::FOUR)]);
        }
    }
    let backup: BackupEntry = entry.read().map_err(|misfit| vec![misfit])?;
    let mut misfits = Vec::new();
    if backup.name.trim().is_empty() {
        misfits.push(entry.misfit(Some("name"), "a backup needs a name"));
    }
    if backup.of.is_empty() {
        misfits.push(entry.misfit(Some("of"), "name the servers whose data it keeps, as in of = [\"web1\"]"));
    }
    for name in backup.of.iter().filter(|name| register.server(name).is_none()) {
        misfits.push(entry.misfit(Some("of"), no_server(name, register)));
    }
    if backup.slots.is_empty() {
        misfits.push(
            entry.misfit(Some("slots"), "without slots nothing would be judged: leave the key out for last night"),
        );
    }
    match meant(entry, &backup, register) {
        Ok(meant) if misfits.is_empty() => Ok((backup, meant)),
        Ok(_) => Err(misfits),
        Err(misfit) => {
            misfits.push(misfit);
            Err(misfits)
        }
    }
}

fn meant(entry: &Entry, backup: &BackupEntry, register: &Register) -> Result<Meant, Misfit> {
    let at = |key| move |message: String| entry.misfit(Some(key), message);
    let foreign = |key: &'static str, given: bool| {
        let message = format!("`{key}` says nothing to kind = \"{}\"", backup.kind.word());
        if given { Err(entry.misfit(Some(key), message)) } else { Ok(()) }
    };
    match backup.kind {
        Kind::Restic => {
            foreign("path", backup.path.is_some())?;
            foreign("token", backup.token.is_some())?;
            let missing = |what| entry.misfit(None, format!("kind = \"restic\" needs {what}"));
            let repository = backup.repository.as_ref().ok_or_else(|| missing("repository = \"…\""))?;
            let password = backup.password.clone().ok_or_else(|| missing("password = { keyring = \"…\" }"))?;
            let repository = Repository::parse(repository).map_err(at("repository"))?;
            Ok(Meant::Restic { repository, password })
        }
        Kind::Directory => {
            foreign("repository", backup.repository.is_some())?;
            foreign("password", backup.password.is_some())?;
            foreign("token", backup.token.is_some())?;
            let path = backup.path.as_ref();
            let path = path.ok_or_else(|| entry.misfit(None, "kind = \"directory\" needs path = \"…\""))?;
            register.place(path).map(Meant::Directory).map_err(at("path"))
        }
        Kind::Borg | Kind::Zfs | Kind::Btrfs | Kind::Snapper | Kind::Hetzner | Kind::Command => Ok(Meant::Unread),
    }
}

fn no_server(name: &str, register: &Register) -> String {
    let shown = Shown::line(name).cut(80);
    let names = register.servers.iter().map(|server| server.name.as_str());
    // Who mistypes a name mostly gets its first letter right.
    let nearest = names.map(|known| (distance(name, known), known.chars().next() != name.chars().next(), known)).min();
    match nearest.filter(|(distance, _, known)| *distance <= 2.max(known.chars().count() / 3)) {
        Some((_, _, known)) => format!("`{shown}` is no [[server]] of the register; the nearest is `{known}`"),
        None => format!("`{shown}` is no [[server]] of the register"),
    }
}

/// How many letters must be changed, put in or taken out to turn one word into the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().take(64).enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let swapped = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = swapped.min(row[j] + 1).min(corner + 1);
        }
    }
    row[other.len()]
}
