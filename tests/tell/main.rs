//! Telling others, through the built program: ntfy's and a webhook's answers, a real mail server, msmtp as sendmail, a program, a
//! ping; and the counts for Prometheus.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests"
)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

#[path = "../support/home.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod home;
#[path = "../support/mail.rs"]
mod mail;
mod sendmail;
#[path = "../support/web.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod web;

use home::{Home, text};
use mail::Mail;
use serde_json::Value;
use web::{Asked, Authority, Web, says};

/// A register whose one service lacks an agreement, or has it: no network is asked.
fn register(agreed: bool, channels: &str) -> String {
    let agreement = if agreed { "agreement = 2026-01-01\n" } else { "" };
    format!(
        "[console]\ntimezone = \"UTC\"\n[[service]]\nname = \"cloud\"\ndata = [\"personal\"]\n{agreement}{channels}\n"
    )
}

fn round(home: &Home) -> String {
    text(&home.run(&["round"]).stderr)
}

fn bodies(web: &Web) -> Vec<Value> {
    web.asked().iter().map(|asked| serde_json::from_str(asked.body()).unwrap()).collect()
}

#[test]
fn a_program_is_told_once_and_again_when_it_is_over() {
    let home = Home::new("");
    let told = home.path().join("told");
    let channel = format!(
        "[[notify]]\nname = \"file\"\nkind = \"command\"\ncommand = [\"tee\", \"-a\", \"{}\"]\n",
        told.display()
    );
    home.configure(&register(false, &channel));
    for _ in 0..3 {
        let said = round(&home);
        assert!(!said.contains("not told"), "{said}");
    }
    let once = std::fs::read_to_string(&told).unwrap();
    assert_eq!(once, "matins: 1 broken\n✖ broken cloud: no data processing agreement on record\n");
    home.configure(&register(true, &channel));
    round(&home);
    let both = std::fs::read_to_string(&told).unwrap();
    assert_eq!(&both[once.len()..], "matins: 1 better\n✓ ok cloud: agreement of 2026-01-01, no review set\n");
}

#[test]
fn what_somebody_decided_is_not_told() {
    let home = Home::new(&register(false, ""));
    round(&home);
    let decided =
        home.run(&["decide", "approved-services/cloud", "accept", "--reason", "it is on its way", "--until", "7d"]);
    assert_eq!(decided.status.code(), Some(0), "{}", text(&decided.stderr));
    let told = home.path().join("told");
    let channel =
        format!("[[notify]]\nname = \"file\"\nkind = \"command\"\ncommand = [\"tee\", \"{}\"]\n", told.display());
    home.configure(&register(false, &channel));
    round(&home);
    assert!(!told.exists());
}

#[test]
fn what_the_store_does_not_take_is_told_and_printed_all_the_same() {
    let home = Home::new("");
    let told = home.path().join("told");
    let channel =
        format!("[[notify]]\nname = \"file\"\nkind = \"command\"\ncommand = [\"tee\", \"{}\"]\n", told.display());
    home.configure(&register(true, &channel));
    round(&home);
    assert!(!told.exists());
    let store = rusqlite::Connection::open(home.path().join("state/matins/matins.db")).unwrap();
    store.execute_batch("CREATE TRIGGER full BEFORE INSERT ON opening BEGIN SELECT raise(ABORT, 'full'); END").unwrap();
    home.configure(&register(false, &channel));
    let output = home.run(&["round", "--json"]);
    assert_eq!(output.status.code(), Some(74));
    assert!(text(&output.stderr).contains("not all of this round could be kept"), "{}", text(&output.stderr));
    let round: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lacks = |one: &&Value| one["key"].as_str().unwrap().contains("cloud") && one["verdict"] != "ok";
    let finding = round["findings"].as_array().unwrap().iter().find(lacks).unwrap();
    assert!(!finding["because"].as_array().unwrap().is_empty(), "{finding}");
    assert!(std::fs::read_to_string(&told).unwrap().contains("cloud"));
}

#[test]
fn ntfy_gets_its_json_and_a_refusal_is_said_and_tried_again() {
    let accepts = ("/", says("200 OK", &[], b"{}"));
    let (web, closed) = (Web::start(vec![accepts]), Web::start(vec![("/", says("403 Forbidden", &[], b"{}"))]));
    let home = Home::new("");
    let token = home.path().join("token");
    std::fs::write(&token, "tk_canary\n").unwrap();
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let channel = |web: &Web| {
        let token = format!("token = {{ file = \"{}\" }}", token.display());
        format!("[[notify]]\nname = \"phone\"\nkind = \"ntfy\"\nurl = \"{}\"\n{token}\n", web.url("/mornings"))
    };
    home.configure(&register(false, &channel(&closed)));
    let said = round(&home);
    assert!(said.contains("phone was not told: 127.0.0.1:") && said.contains("refused us (403)"), "{said}");
    assert!(!said.contains("canary"), "{said}");
    let doctor = text(&home.run(&["doctor"]).stdout);
    assert!(doctor.contains("nothing reaches the channel phone since "), "{doctor}");
    home.configure(&register(false, &channel(&web)));
    round(&home);
    round(&home);
    let doctor = text(&home.run(&["doctor"]).stdout);
    assert!(!doctor.contains("nothing reaches"), "{doctor}");
    let asked = web.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), Some("Bearer tk_canary"));
    let body = &bodies(&web)[0];
    assert_eq!((body["topic"].as_str(), body["title"].as_str()), (Some("mornings"), Some("matins: 1 broken")));
    assert_eq!((body["priority"].as_u64(), body["message"].as_str().unwrap().lines().count()), (Some(4), 1));
}

#[test]
fn a_webhook_is_signed_so_that_openssl_agrees() {
    let web = Web::start(vec![("/hook", says("204 No Content", &[], b""))]);
    let home = Home::new("");
    let secret = home.path().join("secret");
    // The 24 bytes "twenty-four bytes of key".
    std::fs::write(&secret, "whsec_dHdlbnR5LWZvdXIgYnl0ZXMgb2Yga2V5\n").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let channel = format!(
        "[[notify]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{}\"\nsecret = {{ file = \"{}\" }}\n",
        web.url("/hook"),
        secret.display()
    );
    home.configure(&register(false, &channel));
    let said = round(&home);
    assert!(!said.contains("not told"), "{said}");
    let asked = web.asked();
    let header = |name| asked[0].header(name).unwrap();
    let signed = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), asked[0].body());
    let mac = openssl(
        &["dgst", "-sha256", "-mac", "HMAC", "-macopt", "key:twenty-four bytes of key", "-binary"],
        signed.as_bytes(),
    );
    let mac = text(&openssl(&["base64", "-A"], &mac));
    assert_eq!(header("webhook-signature"), format!("v1,{mac}"));
    assert_eq!(bodies(&web)[0]["data"]["lines"][0], "✖ broken cloud: no data processing agreement on record");
}

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child =
        Command::new("openssl").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn a_ping_is_sent_after_a_whole_round_only() {
    let web = Web::start(vec![("/7f3a", says("200 OK", &[], b"OK"))]);
    let channel = format!("[[notify]]\nname = \"dead man\"\nkind = \"ping\"\nurl = \"{}\"\n", web.url("/7f3a"));
    let home = Home::new(&register(true, &channel));
    home.run(&["round", "--only", "services"]);
    assert_eq!(web.asked().len(), 0);
    round(&home);
    round(&home);
    assert_eq!(web.asked().iter().map(Asked::path).collect::<Vec<_>>(), ["/7f3a", "/7f3a"]);
}

#[test]
fn a_redirect_an_unencrypted_address_and_a_dead_server_are_said() {
    let web = Web::start(vec![("/away", says("302 Found", &[("Location", "https://elsewhere.example/")], b""))]);
    let gone = web::free_port();
    let channels = format!(
        "[[notify]]\nname = \"away\"\nkind = \"webhook\"\nurl = \"{}\"\n[[notify]]\nname = \"gone\"\nkind = \"ping\"\nurl = \"http://127.0.0.1:{gone}/secret-path\"\n",
        web.url("/away")
    );
    let home = Home::new(&register(false, &channels));
    let tested = home.run(&["notify"]);
    let said = text(&tested.stdout);
    assert_eq!(tested.status.code(), Some(69), "{said}");
    assert!(said.contains("away: 127.0.0.1:") && said.contains("sends us elsewhere (302)"), "{said}");
    assert!(said.contains(&format!("gone: 127.0.0.1:{gone} refused the connection")), "{said}");
    assert!(!said.contains("secret-path"), "{said}");
    home.configure(&register(
        false,
        "[[notify]]\nname = \"open\"\nkind = \"webhook\"\nurl = \"http://hooks.example/x\"\n",
    ));
    let refused = home.run(&["config", "check"]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(text(&refused.stderr).contains("write an https address"), "{}", text(&refused.stderr));
}

#[test]
fn mail_goes_through_a_real_server_over_tls_or_not_at_all() {
    let home = Home::new("");
    let authority = Authority::new();
    std::fs::write(home.path().join("ca.pem"), authority.pem()).unwrap();
    let (certificate, key) = authority.pem_pair("localhost");
    std::fs::write(home.path().join("cert.pem"), certificate).unwrap();
    std::fs::write(home.path().join("key.pem"), key).unwrap();
    let pair = [home.path().join("cert.pem"), home.path().join("key.pem")];
    let Some(mut mail) = Mail::start(&pair) else { return };
    let password = home.path().join("password");
    let keep = |text: &str| {
        std::fs::write(&password, text).unwrap();
        std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    let channel = |to: &str| {
        format!(
            "[[notify]]\nname = \"mail\"\nkind = \"mail\"\n[notify.mail]\nto = [\"{to}\"]\nfrom = \"Matins <matins@example.org>\"\nserver = \"localhost:{}\"\nlogin = \"matins\"\npassword = {{ file = \"{}\" }}\n",
            mail.port,
            password.display()
        )
    };
    let (good, nobody) = (channel("mona@example.org"), channel("nobody@example.org"));
    let trusting = |home: &Home, arguments: &[&str]| {
        let output = home.command(arguments).env("SSL_CERT_FILE", home.path().join("ca.pem")).output().unwrap();
        text(&output.stderr) + &text(&output.stdout)
    };
    keep("canary-77\n");
    home.configure(&register(false, &good));
    // The system's authorities do not know this one.
    let said = round(&home);
    assert!(said.contains("mail was not told: localhost:"), "{said}");
    let said = trusting(&home, &["round"]);
    assert!(!said.contains("not told"), "{said}");
    let message = mail.message();
    assert!(message.starts_with("to mona@example.org tls True"), "{message}");
    for line in ["Subject: matins: 1 broken", "Auto-Submitted: auto-generated"] {
        assert!(message.contains(line), "{message}");
    }
    home.configure(&register(true, &nobody));
    let said = trusting(&home, &["round"]);
    assert!(said.contains("no such user") && said.contains("check `from` and `to`"), "{said}");
    keep("canary-wrong\n");
    home.configure(&register(true, &good));
    let said = trusting(&home, &["round"]);
    assert!(said.contains("check `login` and `password`") && !said.contains("canary"), "{said}");
    keep("canary-77\n");
    trusting(&home, &["round"]);
    assert!(mail.message().contains("Subject: matins: 1 better"), "what was missed comes later");
}

#[test]
fn prometheus_reads_the_counts() {
    let home = Home::new(&register(false, ""));
    let file = home.path().join("matins.prom");
    home.run(&["round", "--metrics", file.to_str().unwrap()]);
    let metrics = std::fs::read_to_string(&file).unwrap();
    assert!(metrics.contains("matins_findings{measure=\"approved-services\",verdict=\"broken\"} 1\n"), "{metrics}");
    assert!(metrics.contains("matins_source_fresh{collector=\"services\",source=\"cloud\"} 1\n"), "{metrics}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o644);
    let script = "import sys\nfrom prometheus_client.openmetrics.parser import text_string_to_metric_families as new\nfrom prometheus_client.parser import text_string_to_metric_families as old\ntext = sys.stdin.read()\nprint(len(list(new(text))), len(list(old(text))))";
    let mut child = Command::new("/usr/bin/python3");
    let child = child.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = child.spawn() else { return eprintln!("left out: there is no python3") };
    child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if text(&output.stderr).contains("No module named 'prometheus_client'") {
        return eprintln!("left out: python3-prometheus-client is not installed");
    }
    assert_eq!(text(&output.stdout), "5 5\n", "{}", text(&output.stderr));
}

#[test]
fn systemd_understands_the_units() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/systemd");
    let home = tempfile::tempdir().unwrap();
    // A unit is checked with its program, which is not installed here: /bin/true stands for it.
    for name in ["matins-round.service", "matins-round.timer"] {
        let unit = std::fs::read_to_string(folder.join(name)).unwrap().replace("%h/.cargo/bin/matins", "/bin/true");
        std::fs::write(home.path().join(name), unit).unwrap();
    }
    let units = ["matins-round.service", "matins-round.timer"].map(|name| home.path().join(name));
    let mut verify = Command::new("systemd-analyze");
    verify.args(["--user", "verify"]).args(units).env("XDG_RUNTIME_DIR", home.path());
    let Ok(output) = verify.output() else { return eprintln!("left out: there is no systemd-analyze") };
    let said = text(&output.stderr);
    assert!(output.status.success() && !said.contains("matins-round"), "{said}");
}
