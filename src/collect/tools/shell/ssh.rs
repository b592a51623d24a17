//! How the system's own ssh is called, and where its kept connections live.
//!
//! The user's configuration, jump hosts, agent and hardware keys do their work; what a configuration could make a probe do
//! besides (run commands here, forward ports and agents, ask for a terminal, trust a new host key) is switched off.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::super::run::{Program, attempt};
use crate::domain::Fault;
use crate::domain::register::Destination;

/// Besides `PATH` and `HOME`, all that ssh gets of our environment.
pub(super) const KEEP: &[&str] = &["SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"];

/// On every call. The first value counts in ssh, so these win over any configuration.
const OPTIONS: &[&str] = &[
    "BatchMode=yes",
    "ConnectTimeout=5",
    "ConnectionAttempts=1",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=2",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    "Tunnel=no",
    "EscapeChar=none",
    "NumberOfPasswordPrompts=0",
    "LogLevel=ERROR",
];

/// How long a kept connection lives without use: longer than the console's usual refresh takes to come round.
const PERSIST: &str = "ControlPersist=20m";

/// A unix socket's path has room for 108 bytes; ssh adds `/`, our 9, the 40 of `%C`, and 17 while it makes the socket.
const FOLDER: usize = 40;

/// Where one login's connection is kept: `PREFIX-%C` in our folder. `%C` is ssh's own hash of where the configuration
/// really leads; the prefix, our hash of the name and key that we asked for, is how we find the socket again.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    folder: PathBuf,
    prefix: String,
}

impl Kept {
    pub(super) fn new(folder: &Path, destination: &Destination, key: Option<&Path>) -> Self {
        let mut hash = Sha256::new();
        hash.update(destination.as_str().as_bytes());
        hash.update([0]);
        hash.update(key.map_or(&b""[..], |key| key.as_os_str().as_encoded_bytes()));
        let short = hash.finalize().iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        Self { folder: folder.to_owned(), prefix: format!("{short:08x}") }
    }

    /// The sockets there are: one, or several after the configuration changed where the name leads.
    pub(super) fn sockets(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let ours = format!("{}-", self.prefix);
        entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&ours)))
            .map(|entry| entry.path())
            .collect()
    }

    fn path(&self) -> OsString {
        format!("{}/{}-%C", self.folder.display(), self.prefix).into()
    }

    /// Ends the connections that are kept for this login. One that hangs does not answer: its socket is taken away, so
    /// that the next call makes a fresh one.
    pub(super) async fn end(&self, ssh: &OsString, destination: &Destination) {
        for socket in self.sockets() {
            let mut path = OsString::from("ControlPath=");
            path.push(&socket);
            let mut program = Program::new(ssh.clone()).arguments(["-O", "exit", "-o", "BatchMode=yes", "-o"]);
            program = program.arguments([path]).arguments(["--", destination.as_str()]);
            program.keep = KEEP;
            program.deadline = Duration::from_secs(1);
            // Whatever it answers: what counts is that its socket is gone.
            attempt(program).await.ok();
            fs::remove_file(&socket).ok();
        }
    }
}

/// The arguments of one call. The destination stands behind `--` and is a [`Destination`]: it can't be an option.
pub(super) fn arguments(destination: &Destination, key: Option<&Path>, kept: Option<&Kept>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["-T", "-x", "-a"].map(Into::into).into();
    let mut options: Vec<OsString> = OPTIONS.iter().map(Into::into).collect();
    if let Some(kept) = kept {
        let mut path = OsString::from("ControlPath=");
        path.push(kept.path());
        options.extend(["ControlMaster=auto".into(), PERSIST.into(), path]);
    } else {
        options.extend(["ControlMaster=no", "ControlPath=none"].map(Into::into));
    }
    if let Some(key) = key {
        options.extend(["IdentitiesOnly=yes", "IdentityAgent=none"].map(Into::into));
        arguments.extend(["-i".into(), key.into()]);
    }
    arguments.extend(options.into_iter().flat_map(|option| ["-o".into(), option]));
    arguments.extend(["--".into(), destination.as_str().into(), "exec sh -s".into()]);
    arguments
}

/// `~/` is the home folder, as everybody writes it.
pub(super) fn expanded(key: &Path) -> PathBuf {
    match (key.strip_prefix("~"), std::env::home_dir()) {
        (Ok(below), Some(home)) => home.join(below),
        _ => key.to_owned(),
    }
}

/// `hostname` and `port` of `ssh -G`.
pub(super) fn parse_led(text: &str) -> Option<(String, u16)> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    let host = value("hostname").filter(|host| !host.contains('@') && Destination::parse(host).is_ok())?;
    Some((host.to_owned(), value("port")?.parse().ok()?))
}

/// A key that isn't there would make ssh fall back to whatever other keys it finds: that must not happen silently.
pub(super) fn check_key(key: &Path) -> Result<(), Fault> {
    match fs::File::open(key) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Fault::new(format!("its key {} can't be read: {}", key.display(), super::trouble::plain(&error)))
                .mend("make the key, or change `key` of the server or its role"))
        }
    }
}

/// The first of these folders that is ours alone, made if it is missing. Without one, connections are not kept.
pub(super) fn private_folder(candidates: &[PathBuf]) -> Option<PathBuf> {
    candidates.iter().find(|folder| fits(folder) && is_private(folder)).cloned()
}

/// Short enough for a socket, and nothing in it that ssh's options would take for something else.
fn fits(folder: &Path) -> bool {
    let bytes = folder.as_os_str().as_encoded_bytes();
    bytes.len() <= FOLDER
        && bytes.starts_with(b"/")
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(byte))
}

/// Made by us or found: a real folder, ours, closed to everybody else.
fn is_private(folder: &Path) -> bool {
    // An error because it exists is as good; what it then is, is looked at.
    fs::DirBuilder::new().mode(0o700).create(folder).ok();
    fs::symlink_metadata(folder).is_ok_and(|metadata| {
        metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o777 == 0o700
    })
}

/// Where sockets may live: the session's runtime folder, else the system's temporary one.
pub(super) fn candidates() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let uid = rustix::process::geteuid().as_raw();
    runtime
        .map(|path| path.join("matins"))
        .into_iter()
        .chain([std::env::temp_dir().join(format!("matins-{uid}")), PathBuf::from(format!("/tmp/matins-{uid}"))])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn destination(text: &str) -> Destination {
        Destination::parse(text).unwrap()
    }

    fn words(arguments: &[OsString]) -> Vec<&str> {
        arguments.iter().map(|word| word.to_str().unwrap()).collect()
    }

    #[test]
    fn the_destination_stands_behind_the_dashes() {
        let arguments = arguments(&destination("root@web1"), None, None);
        let words = words(&arguments);
        assert_eq!(words[words.len() - 3..], ["--", "root@web1", "exec sh -s"]);
        for option in ["BatchMode=yes", "StrictHostKeyChecking=yes", "ClearAllForwardings=yes", "ControlPath=none"] {
            assert_eq!(words.iter().filter(|word| **word == option).count(), 1, "{option}");
        }
        assert!(!words.contains(&"IdentitiesOnly=yes"));
    }

    #[test]
    fn a_server_with_its_own_key_uses_nothing_but_that_key() {
        let arguments = arguments(&destination("web1"), Some(Path::new("/k")), None);
        let words = words(&arguments);
        for option in ["IdentitiesOnly=yes", "IdentityAgent=none"] {
            assert!(words.contains(&option), "{option}");
        }
        assert!(words.windows(2).any(|pair| pair == ["-i", "/k"]));
        let (fault, folder) = (check_key(Path::new("/no/such/key")).unwrap_err(), tempfile::tempdir().unwrap());
        assert!(fault.said.as_str().contains("/no/such/key can't be read"), "{fault}");
        fs::write(folder.path().join("k"), "x").unwrap();
        assert!(check_key(&folder.path().join("k")).is_ok());
    }

    #[test]
    fn where_ssh_leads_is_a_host_and_never_an_option() {
        let text = "user probe\nhostname 203.0.113.5\nport 2222\nhostkeyalias x\n";
        assert_eq!(parse_led(text), Some(("203.0.113.5".into(), 2222)));
        for wrong in
            ["", "hostname web1\n", "port 22\n", "hostname -oProxyCommand=x\nport 22\n", "hostname a\nport x\n"]
        {
            assert_eq!(parse_led(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn one_login_with_two_keys_keeps_two_connections() {
        let folder = Path::new("/run/user/1000/matins");
        let prefix = |name: &str, key: Option<&str>| Kept::new(folder, &destination(name), key.map(Path::new)).prefix;
        assert_ne!(prefix("web1", None), prefix("web1", Some("/k")));
        assert_ne!(prefix("web1", None), prefix("web2", None));
        let path = Kept::new(folder, &destination("web1"), None).path();
        assert_eq!(path.to_str().unwrap(), format!("/run/user/1000/matins/{}-%C", prefix("web1", None)));
    }

    #[test]
    fn a_folder_that_others_may_enter_or_that_is_a_link_is_not_used() {
        // Short enough to hold a socket, wherever TMPDIR points.
        let root = tempfile::tempdir_in("/tmp").unwrap();
        let (ours, open, link) = (root.path().join("o"), root.path().join("p"), root.path().join("l"));
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o750)).unwrap();
        fs::create_dir(root.path().join("t")).unwrap();
        std::os::unix::fs::symlink(root.path().join("t"), &link).unwrap();
        assert_eq!(private_folder(&[open.clone(), link.clone()]), None);
        assert_eq!(private_folder(&[open, link, ours.clone()]), Some(ours.clone()));
        assert_eq!(fs::metadata(&ours).unwrap().mode() & 0o777, 0o700);
        for long in ["/tmp/a b", "/tmp/100%", "relative", &format!("/tmp/{}", "x".repeat(90))] {
            assert!(!fits(Path::new(long)), "{long}");
        }
    }
}
