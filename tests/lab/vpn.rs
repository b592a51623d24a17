//! `vpn` against the lab: real OpenVPN servers, real clients, real management interfaces.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use libtest_mimic::Trial;
use matins::collect::tools::Tools;
use matins::collect::{self, Answer, Source};
use matins::domain::facts::VpnClients;
use matins::domain::register::Register;
use matins::domain::settings::Entry;
use matins::domain::{Fact, Fault, Period, Read};
use serde_json::{Value, json};

use super::Lab;

type Trying = fn(&Lab);

/// The management interfaces serve one client at a time, so these tests take turns.
pub(super) static TURN: Mutex<()> = Mutex::new(());

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let trials: [(&str, Trying); 8] = [
        ("the three status versions tell of the same clients", the_three_versions_agree),
        ("unix and tcp management tell what the status files tell", management_agrees),
        ("a file rewritten every second is never misread", rewriting_is_survived),
        ("mallory is broken, roman is ok, ben is not connected", the_program_judges),
        ("a name with a comma is unknown in version 2", a_comma_is_unknown),
        ("while another client holds the management socket it says so", a_held_socket_is_said),
        ("the management password is given once, and a wrong one is said", passwords_are_given_once),
        ("an OpenVPN that waits for its key pass-phrase is said to wait", a_passphrase_is_said),
    ];
    trials
        .into_iter()
        .map(|(name, trying)| {
            let lab = lab.clone();
            Trial::test(format!("vpn: {name}"), move || {
                trying(&lab);
                Ok(())
            })
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "a test is an edge")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "a test is an edge")]
fn program(name: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(name)
}

fn source(vpn: Value) -> Source {
    let collector = collect::ALL.iter().find(|collector| collector.name == "vpn").unwrap();
    let entry = Entry { section: "vpn", value: vpn, place: "lab".into(), index: 0 };
    let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
    (collector.plan)(&[entry], &register, Period::minutes(15)).unwrap().remove(0)
}

/// Asks a VPN that is configured so.
fn ask(mut vpn: Value) -> Result<VpnClients, Fault> {
    vpn["name"] = "gate".into();
    vpn["kind"] = "openvpn".into();
    let (source, tools) = (source(vpn), Tools::new(now).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Answer::Seen { observations, .. } = runtime.block_on(source.ask.ask(&tools, None))? else {
        panic!("unchanged");
    };
    match &observations[0].fact {
        Fact::VpnClients(clients) => Ok(clients.clone()),
        other => panic!("{other:?}"),
    }
}

fn file(lab: &Lab, name: &str) -> VpnClients {
    ask(json!({ "status": lab.path("vpn").join(name) })).unwrap()
}

pub(super) fn socket(lab: &Lab) -> String {
    format!("unix:{}", lab.path("vpn/server3.sock").display())
}

/// Who the third server says is connected, name and where from.
pub(super) fn connected(lab: &Lab) -> Vec<(String, String)> {
    who(&ask(json!({ "management": socket(lab) })).unwrap())
}

/// Name and where from.
fn who(clients: &VpnClients) -> Vec<(String, String)> {
    let connected = clients.clients.iter().filter(|client| client.connected());
    let mut who: Vec<_> =
        connected.map(|client| (client.common_name.to_string(), client.address().to_string())).collect();
    who.sort();
    who
}

fn is_recent(clients: &VpnClients) -> bool {
    let Read::Seen(written) = clients.written_at else { return false };
    now().duration_since(written).as_secs().abs() < 60
}

fn the_three_versions_agree(lab: &Lab) {
    let [one, two, three] = ["status1.log", "status2.log", "status3.log"].map(|name| file(lab, name));
    let names: Vec<String> = who(&one).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["anna", "mallory", "roman"]);
    assert_eq!(who(&one), who(&two));
    assert_eq!(who(&one), who(&three));
    for list in [&one, &two, &three] {
        assert!(is_recent(list), "{:?}", list.written_at);
        assert!(list.ambiguous.is_empty(), "{:?}", list.ambiguous);
    }
    assert!(one.clients.iter().all(|client| client.since.is_none()));
    assert!([two, three].iter().flat_map(|list| &list.clients).all(|client| client.since.is_some_and(|at| at < now())));
}

fn management_agrees(lab: &Lab) {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let port = fs::read_to_string(lab.path("vpn/server2.port")).unwrap();
    let tcp = format!("tcp:127.0.0.1:{}", port.trim());
    for (management, status) in [(socket(lab), "status3.log"), (tcp, "status2.log")] {
        // Twice: the first exchange leaves the interface free for the second.
        for _ in 0..2 {
            let (asked, read) = (ask(json!({ "management": management })).unwrap(), file(lab, status));
            assert_eq!(who(&asked), who(&read));
            let tunnels = |list: &VpnClients| {
                let mut tunnels: Vec<_> = list.clients.iter().map(|client| client.virtual_addresses.clone()).collect();
                tunnels.sort();
                tunnels
            };
            assert_eq!(tunnels(&asked), tunnels(&read));
            assert!(is_recent(&asked));
            assert!(asked.told_by.as_str().contains(&management), "{}", asked.told_by);
        }
    }
    // A status file that can't be read leaves the management interface, and the answer says so.
    let both = ask(json!({ "status": "/nonexistent/status.log", "management": socket(lab) })).unwrap();
    assert!(
        both.told_by.as_str().contains(", because ") && both.told_by.as_str().contains("/nonexistent"),
        "{}",
        both.told_by
    );
    drop(turn);
}

fn rewriting_is_survived(lab: &Lab) {
    for name in ["status1.log", "status2.log", "status3.log"] {
        let first = who(&file(lab, name));
        for _ in 0..40 {
            let list = file(lab, name);
            assert_eq!(who(&list), first);
            assert!(list.ambiguous.is_empty());
        }
    }
}

fn findings(lab: &Lab, status: &str) -> Vec<Value> {
    let home = tempfile::tempdir().unwrap();
    let config = format!(
        "[console]\noperator = \"roman\"\n[[vpn]]\nname = \"gate\"\nkind = \"openvpn\"\nstatus = \"{}\"\n\
         [[peer]]\nname = \"roman's laptop\"\ncommon_name = \"roman\"\n\
         [[peer]]\nname = \"anna's laptop\"\ncommon_name = \"anna\"\n\
         [[peer]]\nname = \"ben's laptop\"\ncommon_name = \"ben\"\n",
        lab.path("vpn").join(status).display()
    );
    fs::write(home.path().join("matins.toml"), config).unwrap();
    let ran = program(env!("CARGO_BIN_EXE_matins"))
        .args(["--config".as_ref(), home.path()])
        .args(["round", "--json"])
        .env("HOME", home.path())
        .env("XDG_STATE_HOME", home.path().join("state"))
        .output()
        .unwrap();
    let round: Value = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&ran.stderr)));
    let all = round["findings"].as_array().unwrap().iter();
    all.filter(|finding| finding["measure"] == "admin-via-vpn").cloned().collect()
}

fn of<'a>(findings: &'a [Value], key: &str) -> (&'a str, &'a str) {
    let finding = findings.iter().find(|finding| finding["key"] == format!("admin-via-vpn/{key}"));
    let finding = finding.unwrap_or_else(|| panic!("{key} is not in {findings:#?}"));
    (finding["verdict"].as_str().unwrap(), finding["title"].as_str().unwrap())
}

fn the_program_judges(lab: &Lab) {
    for status in ["status1.log", "status2.log", "status3.log"] {
        let findings = findings(lab, status);
        let (verdict, title) = of(&findings, "gate/mallory");
        assert_eq!(verdict, "broken");
        assert!(title.starts_with("peer \"mallory\" is in nobody's register, connected from 127.0."), "{title}");
        let (verdict, title) = of(&findings, "roman's laptop");
        assert!(verdict == "ok" && title.starts_with("connected from 127.0."), "{verdict}: {title}");
        assert_eq!(of(&findings, "ben's laptop"), ("ok", "not connected"));
        assert_eq!(of(&findings, "gate"), ("ok", "3 peers connected, 1 in no register"));
    }
}

fn a_comma_is_unknown(lab: &Lab) {
    let findings = findings(lab, "status-comma.log");
    let (verdict, title) = of(&findings, "gate");
    assert_eq!(verdict, "unknown");
    assert!(title.contains("can't be read without guessing"), "{title}");
    assert!(findings.iter().all(|finding| finding["verdict"] != "broken"));
}

fn a_held_socket_is_said(lab: &Lab) {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut holder = UnixStream::connect(lab.path("vpn/server3.sock")).unwrap();
    holder.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut greeting = [0; 6];
    holder.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b">INFO:");
    let begin = Instant::now();
    let fault = ask(json!({ "management": socket(lab) })).unwrap_err();
    assert!(fault.said.as_str().contains("another program holds it"), "{fault}");
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    // A program that holds it hinders nobody from reading the file.
    let both = ask(json!({ "status": lab.path("vpn/status3.log"), "management": socket(lab) })).unwrap();
    assert_eq!(who(&both).len(), 3);
    drop(holder);
    // OpenVPN takes first who came before us and has gone since, each in its turn: a busy machine needs a try more.
    let free = (0..5).find_map(|_| ask(json!({ "management": socket(lab) })).ok());
    assert_eq!(who(&free.expect("it is free again")).len(), 3);
    drop(turn);
}

/// An OpenVPN of our own that stays on hold: it needs no rights and connects to nobody.
struct Held {
    child: Child,
    folder: tempfile::TempDir,
    /// Where its management listens, as the register writes it.
    management: String,
}

impl Held {
    /// On a socket, or on this port.
    fn start(lab: &Lab, key: &Path, port: Option<u16>, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("m.sock");
        let (management, at) = match port {
            Some(port) => (format!("tcp:127.0.0.1:{port}"), ["127.0.0.1".to_owned(), port.to_string()]),
            None => (format!("unix:{}", socket.display()), ["m.sock".to_owned(), "unix".to_owned()]),
        };
        let pki = lab.path("vpn/pki");
        secret_file(&folder.path().join("password"), "s3cret\n");
        let child = program("openvpn")
            .args(["--client", "--dev", "null", "--remote", "127.0.0.1", "9", "--nobind"])
            .args(["--ca".as_ref(), pki.join("ca.crt").as_os_str()])
            .args(["--cert".as_ref(), pki.join("issued/roman.crt").as_os_str()])
            .args(["--key".as_ref(), key.as_os_str()])
            .arg("--management")
            .args(at)
            .args(options)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let held = Self { child, folder, management };
        let begin = Instant::now();
        while port.is_none() && !socket.exists() {
            assert!(begin.elapsed() < Duration::from_secs(10), "OpenVPN opened no management socket");
            std::thread::yield_now();
        }
        held
    }

    fn ask(&self, password: Option<&Path>) -> Fault {
        let mut vpn = json!({ "management": self.management });
        if let Some(path) = password {
            vpn["password"] = json!({ "file": path });
        }
        // Bound but not yet listening is a passing fault; it listens in a moment.
        let begin = Instant::now();
        loop {
            let fault = ask(vpn.clone()).unwrap_err();
            if !fault.said.as_str().contains("nobody listens") || begin.elapsed() > Duration::from_secs(10) {
                return fault;
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn secret_file(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn passwords_are_given_once(lab: &Lab) {
    let key = lab.path("vpn/pki/private/roman.key");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for port in [None, Some(free)] {
        let held = Held::start(lab, &key, port, &["password", "--management-hold"]);
        let fault = held.ask(None);
        assert!(fault.said.as_str().contains("asks for a password"), "{fault}");
        let wrong = held.folder.path().join("wrong");
        secret_file(&wrong, "guess\n");
        let fault = held.ask(Some(&wrong));
        assert!(fault.said.as_str().starts_with("wrong password"), "{fault}");
        // The right one opens it, each time: the one place is free again. What it then says is that it is on hold.
        for _ in 0..3 {
            let fault = held.ask(Some(&held.folder.path().join("password")));
            assert!(fault.said.as_str().contains("is on hold"), "{fault}");
            assert!(!format!("{fault:?}").contains("s3cret"));
        }
    }
}

fn a_passphrase_is_said(lab: &Lab) {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("locked.key");
    let locked = program("openssl")
        .args(["ec", "-aes128", "-passout", "pass:x", "-in"])
        .arg(lab.path("vpn/pki/private/roman.key"))
        .arg("-out")
        .arg(&key)
        .output()
        .unwrap();
    assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
    let held = Held::start(lab, &key, None, &["--management-query-passwords"]);
    let fault = held.ask(None);
    assert!(fault.said.as_str().contains("waits for its key pass-phrase"), "{fault}");
    assert!(fault.mend.is_some());
}
