//! `services` against the lab's nginx: from an entry of the register to the verdict.

#![expect(clippy::disallowed_methods, reason = "a test starts its servers and reads the clock")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use libtest_mimic::{Failed, Trial};
use matins::collect::tools::Tools;
use matins::collect::tools::tls::Tls;
use matins::collect::{ALL, Answer};
use matins::domain::register::Register;
use matins::domain::settings::Entry;
use matins::domain::{Evidence, Limits, Period, SourceRecord, Verdict};
use matins::policy::{Case, evaluate};

use super::Lab;

/// A port of the lab's nginx, and the verdict and title on its encryption; last, how it answers.
const PORTS: [(&str, Verdict, &str, &str); 6] = [
    ("good", Verdict::Ok, "certificate until ", "answers 200"),
    ("expiring", Verdict::Due, "certificate expires in ", "answers 200"),
    ("expired", Verdict::Broken, "certificate expired ", ""),
    ("misnamed", Verdict::Broken, "certificate is for other.example, not for this name", ""),
    ("selfsigned", Verdict::Broken, "certificate not trusted: no authority known here issued it", ""),
    ("plain", Verdict::Broken, "plain http", "answers 200"),
];

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let mut trials: Vec<Trial> = PORTS
        .into_iter()
        .map(|port| {
            let name = format!("services: the certificate that is {} is judged so", port.0);
            let lab = lab.clone();
            Trial::test(name.clone(), move || trusting(&lab, &name, |lab| judged(lab, port)))
        })
        .collect();
    trials.push(Trial::test("services: a server with TLS 1.1 only says so", only_old_tls));
    trials
}

/// The lab's authority counts as one of the system's, which only the environment can say, and that can't be changed
/// within a process: the trial runs itself again as a child.
fn trusting(lab: &Lab, trial: &str, test: impl FnOnce(&Lab) -> Result<(), Failed>) -> Result<(), Failed> {
    let authority = lab.path("nginx/ca.pem");
    if std::env::var_os("SSL_CERT_FILE").is_some_and(|file| file == authority) {
        return test(lab);
    }
    let child = Command::new(std::env::current_exe()?)
        .args(["--exact", trial])
        .env("SSL_CERT_FILE", authority)
        .env_remove("SSL_CERT_DIR")
        .output()?;
    if child.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&child.stdout).into()) }
}

fn judged(lab: &Lab, (name, verdict, title, answers): (&str, Verdict, &str, &str)) -> Result<(), Failed> {
    let ports = std::fs::read_to_string(lab.path("nginx/ports"))?;
    let port = ports.lines().filter_map(|line| line.split_once(' ')).find(|line| line.0 == name).unwrap().1;
    let url = match name {
        "plain" => format!("http://localhost:{port}/"),
        _ => format!("https://localhost:{port}/"),
    };
    let evidence = asked(&url);
    let record = &evidence.sources[0];
    assert_eq!(record.fault, None);
    let now = Timestamp::now();
    let judgements = evaluate(&Case { evidence: &evidence, limits: &Limits::default(), now, zone: &TimeZone::UTC });
    let of = |key: &str| judgements.iter().find(|judgement| judgement.key().as_str() == key).unwrap();
    let encrypted = of("encrypted-communication/lab");
    assert_eq!(encrypted.verdict, verdict, "{encrypted:?}");
    assert!(encrypted.title.as_str().starts_with(title), "{encrypted:?}");
    let reachable = of("approved-services/lab/reachable");
    // What does not verify is not talked to, so whether it answers stays unknown.
    let expected = if answers.is_empty() { Verdict::Unknown } else { Verdict::Ok };
    assert_eq!(reachable.verdict, expected, "{reachable:?}");
    assert!(reachable.title.as_str().starts_with(answers), "{reachable:?}");
    Ok(())
}

/// What a round would hold after asking one service of the register.
fn asked(url: &str) -> Evidence {
    let collector = ALL.iter().find(|collector| collector.name == "services").unwrap();
    let value = serde_json::json!({ "name": "lab", "url": url });
    let entry = Entry { section: "service", value, place: "lab.toml:1".into(), index: 0 };
    let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
    let source = (collector.plan)(&[entry], &register, Period::minutes(15)).unwrap().remove(0);
    let tools = Tools::new(Timestamp::now).unwrap();
    let answer = runtime().block_on(source.ask.ask(&tools, None));
    let good_at = answer.is_ok().then(Timestamp::now);
    let (seen, fault) = match answer {
        Ok(Answer::Seen { observations, .. }) => (observations, None),
        Ok(Answer::Unchanged) => (Vec::new(), None),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    let (id, declared, stale_after) = (source.id.clone(), source.declared.clone(), source.stale_after());
    let record =
        SourceRecord { id, declared, seen, good_at, asked_at: good_at, took_ms: None, fault, failures: 0, stale_after };
    Evidence { sources: vec![record], configured: true, ..Evidence::default() }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A program that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).unwrap();
    }
}

/// nginx's TLS library may refuse to go below 1.2; openssl's test server goes there when asked.
fn only_old_tls() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let identity = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    std::fs::write(&certificate, identity.cert.pem())?;
    std::fs::write(&key, identity.signing_key.serialize_pem())?;
    let mut server = Ended(
        Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-www", "-cert"])
            .arg(certificate)
            .arg("-key")
            .arg(key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?,
    );
    let lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let Some(port) = lines.map_while(Result::ok).find_map(|line| {
        line.strip_prefix("ACCEPT ").and_then(|address| address.rsplit(':').next()?.trim().parse::<u16>().ok())
    }) else {
        let mut said = String::new();
        server.0.stderr.take().unwrap().read_to_string(&mut said)?;
        return Err(format!("openssl does not listen: {said}").into());
    };
    let asked = Tls::new().unwrap();
    let asked = asked.certificate("127.0.0.1", port, Timestamp::now(), Duration::from_secs(10));
    let fault = runtime().block_on(asked).unwrap_err();
    assert!(fault.said.as_str().ends_with("offers only TLS older than 1.2"), "{fault}");
    Ok(())
}
