//! Hosts that are not as they should be (`tests/lab/parts/odd`): real runs of unattended-upgrades that failed, a frozen
//! mirror, sleep in the middle of the probe, a full disk, fish and tcsh, people with power, trixie.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use matins::collect::Answer;
use matins::domain::facts::{Fact, HostExposure, HostPower, HostSoftware, Signature, UnattendedRun};
use matins::domain::{Observation, Read, Verdict};

use super::Lab;
use super::servers::{Ground, judged, source, verdict};

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let trial = |name: &'static str, run: fn(&Lab) -> Result<(), Failed>| {
        let lab = lab.clone();
        Trial::test(format!("odd: {name}"), move || run(&lab))
    };
    vec![
        trial("a configuration file that dpkg would ask about is named with its package", asked),
        trial("a run that a package's own script broke names both, and what is held is due", fragile),
        trial("a frozen mirror is unknown and not up to date", frozen),
        trial("a probe that falls asleep loses that part and nothing else", asleep),
        trial("a full disk hides nothing", full),
        trial("fish and tcsh as login shells answer as any other", shells),
        trial("people with power are seen through sudo's rules, word for word", people),
        trial("trixie answers as bookworm", trixie),
        trial("trixie's sqv tells what was changed, and what may not be read is no answer", sqv),
        trial("a login that wtmpdb tells of on trixie is seen, and one that ended is not", visits),
        trial("a borg 1.4 on trixie is asked over ssh", borg),
        trial("without ss and without root what can be seen is seen", plain),
    ]
}

fn ask(lab: &Lab, name: &str) -> Result<Vec<Observation>, Failed> {
    match Ground::new(lab).ask(&source(name), None).map_err(|fault| format!("{name}: {fault}"))? {
        Answer::Seen { observations, .. } => Ok(observations),
        Answer::Unchanged => Err("nothing to be unchanged from".into()),
    }
}

fn last_run(lab: &Lab, name: &str) -> Result<UnattendedRun, Failed> {
    let (host, _) = Ground::new(lab).seen(name)?;
    let unattended = host.unattended.as_result().map_err(ToString::to_string)?;
    let last = unattended.last.as_result().map_err(ToString::to_string)?;
    Ok(last.clone().ok_or("no run")?)
}

fn asked(lab: &Lab) -> Result<(), Failed> {
    let run = last_run(lab, "lab7")?;
    assert!(
        run.causes.iter().any(|cause| cause.as_str().starts_with("web-config: its configuration file was changed")),
        "{run:?}"
    );
    let ground = Ground::new(lab);
    let judgements = judged("lab7", ground.ask(&source("lab7"), None));
    let judgement = judgements.iter().find(|one| one.part.as_ref().is_some_and(|part| *part == *"unattended-upgrades"));
    let judgement = judgement.ok_or("no judgement")?;
    assert!(judgement.verdict >= Verdict::Due, "{judgement:?}");
    assert!(judgement.title.as_str().contains("web-config"), "{judgement:?}");
    assert!(judgement.mend.as_ref().is_some_and(|mend| mend.as_str().contains("web-config")), "{judgement:?}");
    Ok(())
}

fn fragile(lab: &Lab) -> Result<(), Failed> {
    let run = last_run(lab, "lab8")?;
    assert!(run.failed, "{run:?}");
    assert!(run.causes[0].as_str().starts_with("fragile: "), "{run:?}");
    assert!(run.causes[0].as_str().contains("post-installation script"), "{run:?}");
    let (host, _) = Ground::new(lab).seen("lab8")?;
    assert_eq!(host.half_configured.seen().unwrap(), &["fragile half configured"]);
    assert_eq!(host.held.seen().unwrap(), &["openssl"]);
    let judgements = judged("lab8", Ground::new(lab).ask(&source("lab8"), None));
    assert_eq!(verdict(&judgements, Some("unattended-upgrades")), Verdict::Broken, "{judgements:?}");
    assert_eq!(verdict(&judgements, Some("packages")), Verdict::Broken, "{judgements:?}");
    // The lab's own repository is believed without a signature.
    assert_eq!(verdict(&judgements, Some("sources")), Verdict::Broken, "{judgements:?}");
    Ok(())
}

fn frozen(lab: &Lab) -> Result<(), Failed> {
    let judgements = judged("lab9", Ground::new(lab).ask(&source("lab9"), None));
    let judgement = judgements.iter().find(|judgement| judgement.part.is_none()).ok_or("no judgement")?;
    assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
    assert!(judgement.title.as_str().contains("frozen mirror"), "{judgement:?}");
    Ok(())
}

fn asleep(lab: &Lab) -> Result<(), Failed> {
    let started = Instant::now();
    let (host, packages) = Ground::new(lab).seen("lab10")?;
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
    let fault = host.pending.as_result().unwrap_err();
    assert!(fault.said.as_str().contains("hung on the server"), "{fault}");
    assert!(packages.is_some() && host.lists_at.seen().is_some() && host.held.seen().is_some());
    Ok(())
}

fn full(lab: &Lab) -> Result<(), Failed> {
    let (host, packages) = Ground::new(lab).seen("lab11")?;
    let (plain, _) = Ground::new(lab).seen("n001")?;
    assert_eq!(host.pending.as_result().unwrap(), plain.pending.as_result().unwrap());
    assert!(packages.is_some());
    Ok(())
}

fn shells(lab: &Lab) -> Result<(), Failed> {
    for name in ["lab12", "lab13"] {
        let (host, packages) = Ground::new(lab).seen(name)?;
        assert!(packages.unwrap().packages.len() > 100, "{name}");
        assert!(host.pending.seen().is_some_and(|pending| !pending.is_empty()), "{name}: {:?}", host.pending);
    }
    Ok(())
}

fn fingerprint(lab: &Lab, name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "ssh-keygen's own word")]
    let ran = std::process::Command::new("ssh-keygen").arg("-lf").arg(lab.path(&format!("ssh/{name}.pub"))).output();
    String::from_utf8(ran.unwrap().stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
}

fn people(lab: &Lab) -> Result<(), Failed> {
    let observations = ask(lab, "lab14")?;
    let power = observations.iter().find_map(|observation| match &observation.fact {
        Fact::HostPower(power) => Some(power),
        _ => None,
    });
    let power: &HostPower = power.ok_or("no power")?;
    let roots: Vec<&str> =
        power.accounts.as_result().unwrap().iter().filter(|a| a.uid == 0).map(|a| a.name.as_str()).collect();
    assert_eq!(roots, ["root", "toor"]);
    let sudo = power.groups.seen().unwrap().iter().find(|group| group.name == *"sudo").unwrap();
    assert_eq!(sudo.members, ["anna"]);
    let rules = power.sudoers.as_result().map_err(ToString::to_string)?;
    assert!(rules.iter().any(|rule| rule.who == *"%sudo" && rule.all), "{rules:?}");
    assert!(rules.iter().any(|rule| rule.who == *"probe" && !rule.all), "{rules:?}");
    let keys = power.keys.as_result().map_err(ToString::to_string)?;
    assert_eq!(keys.hidden, ["/home/anna/.ssh/authorized_keys2"]);
    let deeper = "/home/staff/eve/.ssh/authorized_keys";
    for (name, account) in [
        ("anna", "anna"),
        ("roman", "roman"),
        ("nobody", "roman"),
        ("roman", deeper),
        ("anna", "root"),
        ("nobody", "root"),
    ] {
        let fingerprint = fingerprint(lab, name);
        let found = keys.keys.iter().any(|key| key.account == *account && key.fingerprint == *fingerprint);
        assert!(found, "{name} at {account}: {keys:?}");
    }
    let exposure = observations.iter().find_map(|observation| match &observation.fact {
        Fact::HostExposure(exposure) => Some(exposure),
        _ => None,
    });
    let exposure: &HostExposure = exposure.ok_or("no exposure")?;
    let listening = exposure.listening.as_result().map_err(ToString::to_string)?;
    // The hosts share this machine's network: sshd of the lab among it, named since sudo may see it.
    assert!(listening.listeners.iter().any(|one| one.programs.iter().any(|name| *name == *"sshd")), "{listening:?}");
    assert!(exposure.filter.as_result().map_err(ToString::to_string)?.rules.len() == 1);
    Ok(())
}

fn trixie(lab: &Lab) -> Result<(), Failed> {
    let observations = ask(lab, "lab15")?;
    let (host, packages) = super::servers::parts(&observations);
    assert_eq!(host.release.seen().unwrap().codename, "trixie");
    assert!(host.pending.seen().is_some(), "{:?}", host.pending);
    assert!(packages.unwrap().packages.len() > 60);
    // Its apt brings sqv, and no gpgv.
    assert!(!fs::exists(lab.path("hosts/lab15/usr/bin/gpgv"))?);
    let apt = host.apt.as_result().map_err(ToString::to_string)?;
    assert!(apt.repositories.len() > 1, "{apt:?}");
    assert!(apt.repositories.iter().all(|one| one.signature == Signature::Good), "{apt:?}");
    let judgements = judged("lab15", Ground::new(lab).ask(&source("lab15"), None));
    assert_eq!(verdict(&judgements, Some("sources")), Verdict::Ok, "{judgements:?}");
    let software = observations.iter().find_map(|observation| match &observation.fact {
        Fact::HostSoftware(software) => Some(software),
        _ => None,
    });
    let software: &HostSoftware = software.ok_or("no software")?;
    assert!(software.chosen.as_result().unwrap().iter().any(|name| *name == *"unattended-upgrades"), "{software:?}");
    Ok(())
}

/// The probe's lists made of Debian's own: as they are, with their signature beside them, and spoiled; and a part of apt's
/// configuration that it may not read.
const LISTS: &str = r#"
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
for list in /var/lib/apt/lists/*_trixie_InRelease; do :; done
cp "$list" "$own/whole_InRelease"
sed 's/^Codename: trixie/Codename: forky/' "$list" >"$own/changed_InRelease"
sed '/^-----BEGIN PGP SIGNATURE/,$d' "$list" >"$own/unsigned_InRelease"
awk 'body && /^-----BEGIN PGP SIGNATURE/ { exit } body { printf "%s%s", end, $0; end = "\n" } /^$/ { body = 1 }' "$list" >"$own/apart_Release"
sed -n '/^-----BEGIN PGP SIGNATURE/,$p' "$list" >"$own/apart_Release.gpg"
cp "$own/apart_Release" "$own/bare_Release"
sed '/^-----BEGIN PGP SIGNATURE/,$ s/^[A-Za-z0-9+/]\{60,\}$/AAAA/' "$list" >"$own/garbled_InRelease"
mkdir "$own/parts"
echo 'Acquire::AllowInsecureRepositories "true";' >"$own/parts/99closed"
chmod 000 "$own/parts/99closed"
printf 'Dir::State::lists "%s";\nDir::Etc::parts "%s/parts";\n' "$own" "$own" >"$own/apt.conf"
APT_CONFIG=$own/apt.conf
export APT_CONFIG
"#;

fn sqv(lab: &Lab) -> Result<(), Failed> {
    #[expect(clippy::disallowed_methods, reason = "the lab's own ssh")]
    let mut child = Command::new(lab.path("bin/ssh"))
        .args(["lab15", "sh -s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let script = format!("{LISTS}\n{}", include_str!("../../src/collect/servers/probe.sh"));
    child.stdin.take().ok_or("no stdin")?.write_all(script.as_bytes())?;
    let output = String::from_utf8(child.wait_with_output()?.stdout)?;
    let section = |name: &str| -> Option<Vec<&str>> {
        let (_, section) = output.split_once(&format!("\n#{name}\n"))?;
        Some(section.split_once("\n#")?.0.lines().map(str::trim).filter(|line| !line.is_empty()).collect())
    };
    let mut told = section("signatures").ok_or("no signatures")?;
    // Once for each of three keys.
    told.dedup();
    let told: Vec<&str> = told.iter().filter_map(|line| line.rsplit('/').next()).collect();
    // What it says of itself is enough; where the packet is wrong is its own matter.
    let told: Vec<&str> = told.iter().map(|line| line.split(": Malformed CTB").next().unwrap_or(line)).collect();
    assert_eq!(
        told.chunks(2).map(|pair| pair.join(" ")).collect::<Vec<_>>(),
        [
            "apart_Release GOODSIG",
            "bare_Release none",
            "changed_InRelease BADSIG",
            "garbled_InRelease ? sqv: Error: Malformed packet",
            "unsigned_InRelease none",
            "whole_InRelease GOODSIG",
            "rc=0",
        ]
    );
    // What root's apt is told there, this login's apt passes over with a warning.
    let sources = section("sources").ok_or("no sources")?;
    assert!(sources.iter().any(|line| line.starts_with("W: Unable to read ")), "{sources:?}");
    assert_eq!(sources.last(), Some(&"rc=3"), "{sources:?}");
    Ok(())
}

fn visits(lab: &Lab) -> Result<(), Failed> {
    assert_eq!(fs::read_link(lab.path("hosts/lab15/usr/bin/last"))?, Path::new("wtmpdb"));
    let observations = ask(lab, "lab15")?;
    let power = observations.iter().find_map(|observation| match &observation.fact {
        Fact::HostPower(power) => Some(power),
        _ => None,
    });
    let logins = power.ok_or("no power")?.remote_logins.as_result().map_err(ToString::to_string)?;
    let logins = logins.as_ref().ok_or("no last")?;
    let told: Vec<String> = logins.iter().map(|one| format!("{} {}", one.account, one.from)).collect();
    assert_eq!(told, ["anna 203.0.113.7"]);
    Ok(())
}

/// The built program's round.
fn borg(lab: &Lab) -> Result<(), Failed> {
    let home = tempfile::tempdir()?;
    let password = lab.path("ssh/borg.password");
    let config = format!(
        "[[server]]\nname = \"web1\"\nssh = \"local\"\n[[backup]]\nname = \"attic\"\nof = [\"web1\"]\nkind = \"borg\"\n\
         repository = \"ssh://lab15/srv/borg\"\npassword = {{ file = \"{}\" }}\nslots = [\"last night\"]\noffsite = true\n",
        password.display()
    );
    fs::write(home.path().join("matins.toml"), config)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::iter::once(lab.path("bin")).chain(std::env::split_paths(&path));
    #[expect(clippy::disallowed_methods, reason = "the built program")]
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_matins"))
        .args(["--config".as_ref(), home.path()])
        .args(["round", "--json", "--only", "backups/attic"])
        .env("PATH", std::env::join_paths(places)?)
        .env("HOME", home.path())
        .env("XDG_STATE_HOME", home.path().join("state"))
        .output()?;
    let round: serde_json::Value = serde_json::from_slice(&ran.stdout)?;
    for measure in ["backup-on-site", "backup-off-site"] {
        let findings = round["findings"].as_array().ok_or("no findings")?;
        let key = format!("{measure}/web1/attic");
        if let Some(found) = findings.iter().find(|finding| finding["key"] == *key) {
            assert_eq!(found["verdict"], "ok", "{found}");
            assert!(found["detail"].as_str().is_some_and(|detail| detail.contains("1 snapshot")), "{found}");
            let of_encryption = measure != "backup-off-site" || found.to_string().contains("repokey-blake2");
            assert!(of_encryption, "{found}");
        } else {
            assert_ne!(measure, "backup-off-site", "{round}");
        }
    }
    let said = fs::read_to_string(&password)?;
    assert!(!String::from_utf8_lossy(&ran.stdout).contains(said.trim()), "the password was said");
    Ok(())
}

/// lab1 is a minimal Debian without iproute2, and its login has no sudo.
fn plain(lab: &Lab) -> Result<(), Failed> {
    assert!(!fs::exists(lab.path("hosts/lab1/usr/bin/ss"))?);
    let observations = ask(lab, "lab1")?;
    let exposure = observations.iter().find_map(|observation| match &observation.fact {
        Fact::HostExposure(exposure) => Some(exposure),
        _ => None,
    });
    let exposure: &HostExposure = exposure.ok_or("no exposure")?;
    let listening = exposure.listening.as_result().map_err(ToString::to_string)?;
    assert!(!listening.listeners.is_empty());
    let unnamed = listening.unnamed.as_ref().ok_or("programs are named without root")?;
    assert!(unnamed.mend.as_ref().unwrap().as_str().contains("matins probe sudoers"));
    let power = observations.iter().find_map(|observation| match &observation.fact {
        Fact::HostPower(power) => Some(power),
        _ => None,
    });
    assert!(matches!(&power.ok_or("no power")?.accounts, Read::Seen(accounts) if !accounts.is_empty()));
    Ok(())
}
