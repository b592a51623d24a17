//! `servers` against the lab: real Debian hosts behind one sshd, and hosts that are not as they should be.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use libtest_mimic::{Failed, Trial};
use matins::collect::tools::Tools;
use matins::collect::tools::shell::Shell;
use matins::collect::{ALL, Answer, Source};
use matins::domain::facts::{HostSeen, Packages};
use matins::domain::register::{Destination, Register, Server};
use matins::domain::{Evidence, Fact, Fault, Judgement, Limits, Observation, Period, SourceRecord, Verdict};
use matins::policy::Case;

use super::Lab;

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let trial = |name: &'static str, run: fn(&Lab) -> Result<(), Failed>| {
        let lab = lab.clone();
        Trial::test(format!("servers: {name}"), move || run(&lab))
    };
    vec![
        trial("a host that is up to date is ok", up_to_date),
        trial("pending security updates are those that apt names", pending),
        trial("an emptied dpkg database is unknown and never up to date", |lab| {
            damaged(lab, "lab3", "no package at all")
        }),
        trial("a truncated dpkg database is unknown", |lab| damaged(lab, "lab4", "dpkg-query failed with 2")),
        trial("a noisy login in German answers as any other", german),
        trial("a login that hangs is given up on", |lab| silent(lab, "lab6", "no answer within")),
        trial("a changed host key is said plainly", |lab| silent(lab, "labkey", "its host key changed")),
        trial("a port that refuses is said plainly", |lab| silent(lab, "labdead", "connection refused")),
        trial("a port that never speaks is given up on", |lab| silent(lab, "labmute", "connection timed out")),
        trial("a hundred hosts are asked, and asked again at little cost", sweep),
    ]
}

fn now() -> Timestamp {
    std::time::SystemTime::now().try_into().unwrap()
}

/// Our own folder for sockets: connections of one test are not another's.
pub struct Ground {
    tools: Tools,
    sockets: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Ground {
    pub fn new(lab: &Lab) -> Self {
        let mut ground = Self::asking(Shell::with(lab.path("bin/ssh"), None));
        fs::set_permissions(ground.sockets.path(), fs::Permissions::from_mode(0o700)).unwrap();
        ground.tools.shell = Shell::with(lab.path("bin/ssh"), Some(ground.sockets.path().to_owned()));
        ground
    }

    /// By this ssh, whatever it is.
    pub fn asking(shell: Shell) -> Self {
        let sockets = tempfile::tempdir_in("/tmp").unwrap();
        let mut tools = Tools::new(now).unwrap();
        tools.shell = shell;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        Self { tools, sockets, runtime }
    }

    pub fn ask(&self, source: &Source, memory: Option<&str>) -> Result<Answer, Fault> {
        self.runtime.block_on(source.ask.ask(&self.tools, memory))
    }

    pub fn seen(&self, name: &str) -> Result<(HostSeen, Option<Packages>), Failed> {
        match self.ask(&source(name), None).map_err(|fault| format!("{name}: {fault}"))? {
            Answer::Seen { observations, .. } => Ok(parts(&observations)),
            Answer::Unchanged => Err(format!("{name}: nothing to be unchanged from").into()),
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // Ends the kept connections: without its socket a master is told nothing any more, so it is asked first.
        for entry in fs::read_dir(self.sockets.path()).unwrap() {
            let path = format!("ControlPath={}", entry.unwrap().path().display());
            #[expect(clippy::disallowed_methods, reason = "what the test started, the test ends")]
            let ended = std::process::Command::new("ssh").args(["-F", "none", "-O", "exit", "-o", &path, "x"]).output();
            ended.unwrap();
        }
    }
}

fn servers(names: &[String]) -> Vec<Source> {
    let server = |name: &String| {
        let mut server = Server::local();
        server.name = name.as_str().into();
        server.ssh = Some(Destination::parse(name).unwrap());
        server
    };
    let register = Register { configured: true, persons: Vec::new(), servers: names.iter().map(server).collect() };
    let collector = ALL.iter().find(|collector| collector.name == "servers").unwrap();
    (collector.plan)(&[], &register, Period::minutes(15)).unwrap()
}

pub fn source(name: &str) -> Source {
    servers(&[name.to_owned()]).remove(0)
}

pub fn parts(observations: &[Observation]) -> (HostSeen, Option<Packages>) {
    let host = observations.iter().find_map(|observation| match &observation.fact {
        Fact::HostSeen(host) => Some((**host).clone()),
        _ => None,
    });
    let packages = observations.iter().find_map(|observation| match &observation.fact {
        Fact::Packages(packages) => Some(packages.as_ref().clone()),
        _ => None,
    });
    (host.unwrap(), packages)
}

/// What the rule says of an answer, or of its absence.
pub fn judged(name: &str, answer: Result<Answer, Fault>) -> Vec<Judgement> {
    let source = source(name);
    let (seen, fault) = match answer {
        Ok(Answer::Seen { observations, .. }) => (observations, None),
        Ok(other) => panic!("{other:?}"),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    let record = SourceRecord {
        stale_after: source.stale_after(),
        id: source.id,
        declared: source.declared,
        good_at: fault.is_none().then(now),
        asked_at: Some(now()),
        took_ms: None,
        failures: u32::from(fault.is_some()),
        seen,
        fault,
    };
    let evidence = Evidence { sources: vec![record], configured: true, ..Evidence::default() };
    let rule = matins::policy::rules::ALL.iter().find(|rule| rule.measure == "security-updates").unwrap();
    (rule.judge)(&Case { evidence: &evidence, limits: &Limits::default(), now: now(), zone: &TimeZone::UTC })
}

pub fn verdict(judgements: &[Judgement], part: Option<&str>) -> Verdict {
    let of = |judgement: &&Judgement| judgement.part.as_ref().map(matins::domain::Shown::as_str) == part;
    judgements.iter().find(of).unwrap().verdict
}

fn up_to_date(lab: &Lab) -> Result<(), Failed> {
    let ground = Ground::new(lab);
    let answer = ground.ask(&source("lab1"), None).map_err(|fault| fault.to_string())?;
    let Answer::Seen { observations, .. } = &answer else { return Err("lab1 did not answer".into()) };
    let (host, packages) = parts(observations);
    assert_eq!(host.pending.as_result().unwrap().len(), 0, "{:?}", host.pending);
    assert!(packages.unwrap().packages.iter().any(|package| package.name == "unattended-upgrades"));
    assert_eq!(host.release.seen().unwrap().id, "debian");
    assert!(host.clock_skew_seconds.seen().unwrap().abs() <= 1, "{:?}", host.clock_skew_seconds);
    let run = host.unattended.seen().unwrap().last.as_result().unwrap().clone().unwrap();
    assert!(
        !run.failed && (run.said == "All upgrades installed" || run.said.as_str().starts_with("No packages found")),
        "{run:?}"
    );
    let judgements = judged("lab1", Ok(answer));
    assert_eq!(verdict(&judgements, None), Verdict::Ok, "{judgements:?}");
    assert_eq!(verdict(&judgements, Some("packages")), Verdict::Ok, "{judgements:?}");
    Ok(())
}

/// apt's own words, from the same host by the same way.
fn simulated(ground: &Ground, name: &str) -> Vec<(String, bool)> {
    let mut server = Server::local();
    server.ssh = Some(Destination::parse(name).unwrap());
    let script = "LC_ALL=C apt-get -s dist-upgrade";
    let ran =
        ground.runtime.block_on(ground.tools.shell.script(&server, script, Duration::from_secs(60), 4 << 20)).unwrap();
    let text = String::from_utf8(ran.output).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("Inst "));
    // A name without an installed version is a new dependency.
    lines
        .filter(|line| line.split(' ').nth(2).is_some_and(|word| word.starts_with('[')))
        .map(|line| (line.split(' ').nth(1).unwrap().to_owned(), line.contains("Debian-Security:")))
        .collect()
}

fn pending(lab: &Lab) -> Result<(), Failed> {
    let ground = Ground::new(lab);
    let answer = ground.ask(&source("lab2"), None).map_err(|fault| fault.to_string())?;
    let Answer::Seen { observations, .. } = &answer else { return Err("lab2 did not answer".into()) };
    let (host, _) = parts(observations);
    let pending = host.pending.as_result().unwrap();
    let mut ours: Vec<(String, bool)> =
        pending.iter().map(|update| (update.package.to_string(), update.security)).collect();
    let mut apts = simulated(&ground, "lab2");
    ours.sort();
    apts.sort();
    assert!(apts.iter().any(|(_, security)| *security));
    for (name, security) in &apts {
        let found = ours.iter().find(|(ours, _)| ours == name);
        assert!(found.is_some_and(|(_, ours)| *ours || !security), "apt names {name}");
    }
    let judgements = judged("lab2", Ok(answer));
    // Just seen: due, and broken after a day. Nothing installs them by itself.
    assert_eq!(verdict(&judgements, None), Verdict::Due, "{judgements:?}");
    assert_eq!(verdict(&judgements, Some("unattended-upgrades")), Verdict::Broken, "{judgements:?}");
    Ok(())
}

fn damaged(lab: &Lab, name: &str, words: &str) -> Result<(), Failed> {
    let ground = Ground::new(lab);
    let (host, packages) = ground.seen(name)?;
    let fault = host.pending.as_result().unwrap_err();
    assert!(fault.said.as_str().contains(words), "{fault}");
    assert!(packages.is_none() && host.release.seen().is_some());
    let judgements = judged(name, ground.ask(&source(name), None));
    assert_eq!(verdict(&judgements, None), Verdict::Unknown, "{judgements:?}");
    // That needrestart is missing has nothing to do with the database.
    let rest = judgements.iter().filter(|judgement| judgement.part.as_ref().is_none_or(|part| *part != *"services"));
    assert!(rest.clone().count() > 0 && rest.clone().all(|one| one.verdict != Verdict::Due), "{judgements:?}");
    Ok(())
}

fn german(lab: &Lab) -> Result<(), Failed> {
    let ground = Ground::new(lab);
    let (host, packages) = ground.seen("lab5")?;
    let packages = packages.unwrap();
    assert!(packages.packages.len() > 50, "{}", packages.packages.len());
    let pending = host.pending.as_result().unwrap();
    let (plain, _) = ground.seen("n001")?;
    assert_eq!(pending, plain.pending.as_result().unwrap());
    Ok(())
}

fn silent(lab: &Lab, name: &str, words: &str) -> Result<(), Failed> {
    let ground = Ground::new(lab);
    let started = Instant::now();
    let answer = ground.ask(&source(name), None);
    assert!(started.elapsed() < Duration::from_secs(45), "{:?}", started.elapsed());
    let Err(fault) = &answer else { return Err(format!("{name} answered").into()) };
    assert!(fault.said.as_str().contains(words), "{fault}");
    assert!(fault.mend.is_some());
    let judgements = judged(name, answer);
    assert_eq!((judgements.len(), judgements[0].verdict), (1, Verdict::Unknown), "{judgements:?}");
    Ok(())
}

fn sweep(lab: &Lab) -> Result<(), Failed> {
    let ground = Ground::new(lab);
    let names: Vec<String> = (1..=100).map(|n| format!("n{n:03}")).collect();
    let sources = servers(&names);
    let mut left: Vec<(Source, Option<String>)> = sources.into_iter().map(|source| (source, None)).collect();
    // The first time all is news. Then a port that another test opens meanwhile is news on the hosts that are asked in that
    // moment, for they share this machine's network: of these the next time counts.
    for round in 1..=4 {
        let started = Instant::now();
        let ask = |(source, memory): (Source, Option<String>)| {
            let (tools, own) = (ground.tools.clone(), source.clone());
            (source, ground.runtime.spawn(async move { own.ask.ask(&tools, memory.as_deref()).await }))
        };
        let asked: Vec<_> = std::mem::take(&mut left).into_iter().map(ask).collect();
        for (source, answer) in asked {
            match ground.runtime.block_on(answer).unwrap() {
                Ok(Answer::Seen { memory, .. }) => left.push((source, memory)),
                Ok(Answer::Unchanged) if round > 1 => {}
                other => return Err(format!("round {round}, {}: {other:?}", source.id).into()),
            }
        }
        eprintln!("sweep {round}: {} of a hundred hosts had news, {:.1?}", left.len(), started.elapsed());
    }
    assert_eq!(left.len(), 0, "hosts that are never as they were");
    assert_eq!(fs::read_dir(ground.sockets.path()).unwrap().count(), 100);
    Ok(())
}
