//! A morning to judge, for the tests of both backup rules: 23 November 2026, 08:04 in Vienna.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::facts::{BackupDeclared, BackupExpect, Encryption, HostDeclared, Snapshot, Snapshots};
use crate::domain::{
    Declared, Evidence, Fact, Fault, Judgement, Limits, Observation, Period, Shown, SourceId, SourceRecord, Subject,
    SubjectKind,
};
use crate::policy::{Case, Rule};

#[derive(Debug, Clone)]
pub struct Scene {
    pub evidence: Evidence,
    pub now: Timestamp,
    pub zone: TimeZone,
}

pub fn vienna(text: &str) -> Timestamp {
    TimeZone::get("Europe/Vienna").unwrap().to_timestamp(text.parse().unwrap()).unwrap()
}

pub fn snapshot(host: &str, made: &str) -> Snapshot {
    let host = (!host.is_empty()).then(|| host.into());
    Snapshot { host, paths: vec!["/srv".into()], ..Snapshot::new(format!("id-{made}"), vienna(made)) }
}

pub fn list(snapshots: &[Snapshot]) -> Snapshots {
    Snapshots { snapshots: snapshots.to_vec(), ..Snapshots::default() }
}

/// One a day at 02:14, back from the morning of the 23rd.
pub fn nightly(host: &str, days: i64) -> Snapshots {
    let newest = snapshot(host, "2026-11-23 02:14");
    let of = |day| Snapshot {
        at: newest.at - jiff::SignedDuration::from_hours(24 * day),
        id: format!("{day}").into(),
        ..newest.clone()
    };
    list(&(0..days).map(of).collect::<Vec<_>>())
}

impl Scene {
    pub fn new(servers: &[&str]) -> Self {
        let declared = servers.iter().map(|server| Declared {
            subject: Subject::host(*server),
            fact: Fact::HostDeclared(HostDeclared::default()),
            place: format!("register.toml:{server}").into(),
        });
        let mut scene = Self {
            evidence: Evidence { configured: true, ..Evidence::default() },
            now: vienna("2026-11-23 08:04"),
            zone: TimeZone::get("Europe/Vienna").unwrap(),
        };
        scene.evidence.sources =
            declared.map(|declared| record("servers", &declared.subject.name.clone(), declared)).collect();
        scene
    }

    #[must_use]
    pub fn at(mut self, now: &str) -> Self {
        self.now = vienna(now);
        for source in &mut self.evidence.sources {
            source.good_at = source.good_at.map(|_| self.now);
        }
        self
    }

    /// Adds a `[[backup]]` and what its source answered just now.
    #[must_use]
    pub fn backup(mut self, name: &str, says: BackupDeclared, answer: Result<Snapshots, Fault>) -> Self {
        let subject = Subject::new(SubjectKind::Backup, name);
        let declared =
            Declared { subject: subject.clone(), fact: Fact::BackupDeclared(says), place: "register.toml:9".into() };
        let mut source = record("backups", &name.into(), declared);
        source.asked_at = Some(self.now);
        match answer {
            Ok(list) => {
                source.good_at = Some(self.now);
                source.seen = vec![Observation { subject, at: self.now, fact: Fact::Snapshots(list) }];
            }
            Err(fault) => source.fault = Some(fault),
        }
        self.evidence.sources.push(source);
        self
    }

    pub fn judged(&self, rule: &Rule) -> Vec<Judgement> {
        let limits = Limits::default();
        (rule.judge)(&Case { evidence: &self.evidence, limits: &limits, now: self.now, zone: &self.zone })
    }

    /// The only judgement there is.
    pub fn one(&self, rule: &Rule) -> Judgement {
        let mut judged = self.judged(rule);
        assert_eq!(judged.len(), 1, "{judged:?}");
        judged.remove(0)
    }
}

fn record(collector: &str, name: &Shown, declared: Declared) -> SourceRecord {
    SourceRecord {
        id: SourceId::new(collector, name.clone()),
        declared: vec![declared],
        seen: vec![],
        good_at: None,
        asked_at: None,
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: Period::hours(1),
    }
}

pub fn says(tool: &str, of: &[&str], slots: &[&str], offsite: bool) -> BackupDeclared {
    BackupDeclared {
        tool: tool.into(),
        of: of.iter().map(|server| Shown::line(server)).collect(),
        slots: slots.iter().map(|slot| slot.parse().unwrap()).collect(),
        offsite,
        expect: BackupExpect::default(),
        encryption: match tool {
            "restic" => Encryption::By("restic".into()),
            "directory" => Encryption::Plain("a plain folder".into()),
            _ => Encryption::Untold,
        },
    }
}
