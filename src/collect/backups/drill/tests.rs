use std::path::Path;

use serde_json::json;

use super::sample::{Sampled, parse_compared};
use super::*;
use crate::collect::tools::run::{Program, run};

/// A real repository of a real folder; both tools restore it. `None` where the tool isn't installed.
struct Real {
    scratch: Scratch,
    kind: &'static str,
}

impl Real {
    async fn new(kind: &'static str) -> Option<Self> {
        if !Path::new("/usr/bin").join(kind).exists() {
            eprintln!("left out: {kind} is not installed");
            return None;
        }
        let real = Self { scratch: Scratch::new().unwrap(), kind };
        std::fs::create_dir_all(real.path("data/below")).unwrap();
        for name in 0..30 {
            std::fs::write(real.path(&format!("data/below/file {name}'")), format!("worth keeping {name}")).unwrap();
        }
        std::fs::write(real.path("password"), "pw").unwrap();
        let mut program = Program::new("chmod").arguments(["600", &real.path("password")]);
        program.deadline = Duration::from_secs(5);
        assert_eq!(run(program).await.unwrap().status, Some(0));
        let data = real.path("data");
        if kind == "restic" {
            real.tool(&["init", "--quiet"]).await;
            real.tool(&["backup", "--quiet", "--host", "web1", &data]).await;
        } else {
            real.tool(&["init", "--encryption", "repokey"]).await;
            real.tool(&["create", "::web1 tonight", &data]).await;
        }
        Some(real)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.scratch.path().display())
    }

    async fn tool(&self, words: &[&str]) {
        let mut program = Program::new(self.kind).arguments(words);
        program.variables = vec![
            ("RESTIC_REPOSITORY".into(), self.path("repository").into()),
            ("RESTIC_PASSWORD_FILE".into(), self.path("password").into()),
            ("BORG_REPO".into(), self.path("repository").into()),
            ("BORG_PASSPHRASE".into(), "pw".into()),
            ("BORG_BASE_DIR".into(), self.path("notes").into()),
        ];
        let ran = run(program).await.unwrap();
        assert_eq!(ran.status, Some(0), "{words:?}: {}", ran.complaint());
    }

    async fn drill(&self, change: impl FnOnce(&mut Order)) -> Result<Tried, Fault> {
        let value = json!({"name": "nas", "of": ["web1"], "kind": self.kind, "repository": self.path("repository"),
            "password": {"file": self.path("password")}, "expect": {"restore_within": "30m", "drill": "180d"}});
        let entry = Entry { section: "backup", value, place: "register.toml:1".into(), index: 0 };
        let servers = vec![Server { name: "web1".into(), ..Server::local() }];
        let register = Register { servers, persons: Vec::new(), configured: true };
        let within = self.path("within");
        std::fs::create_dir_all(&within).unwrap();
        let mut order = Order {
            backup: "nas".into(),
            server: None,
            snapshot: None,
            paths: Vec::new(),
            sample: 10,
            within: Some(within.clone().into()),
            deadline: Duration::from_secs(60),
        };
        change(&mut order);
        #[expect(clippy::disallowed_methods, reason = "a test is the edge")]
        let tools = Tools::new(jiff::Timestamp::now).unwrap();
        let tried = try_restore(&[entry], &register, &order, &tools).await;
        assert_eq!(std::fs::read_dir(&within).unwrap().count(), 0, "nothing stays behind");
        tried
    }
}

async fn a_drill(kind: &'static str) {
    let Some(real) = Real::new(kind).await else { return };
    let tried = real.drill(|_| {}).await.unwrap();
    assert_eq!((tried.drill.files, tried.drill.same, tried.drill.changed), (30, 10, 0), "{tried:?}");
    assert_eq!((tried.drill.failed.as_ref(), tried.drill.whole), (None, true));
    assert_eq!(tried.expect.restore_within, Some(crate::domain::Period::minutes(30)));

    // Some paths only.
    let path = real.path("data/below/file 7'");
    let part = real.drill(|order| order.paths = vec![path.clone()]).await.unwrap();
    assert_eq!((part.drill.files, part.drill.same, part.drill.whole), (1, 1, false), "{part:?}");

    // A file that changed since proves nothing; one that changed behind everybody's back is another.
    std::fs::write(&path, "something longer than it was").unwrap();
    let changed = real.drill(|order| order.sample = 30).await.unwrap();
    assert_eq!((changed.drill.same, changed.drill.changed, changed.drill.failed), (29, 1, None));
    let (file, times) = (real.path("data/below/file 8'"), real.path("times"));
    real.shell(&format!(
        "touch -r \"{file}\" {times}; printf 'worth KEEPING 8' >\"{file}\"; touch -r {times} \"{file}\""
    ))
    .await;
    let damaged = real.drill(|order| order.paths = vec![file.clone()]).await.unwrap();
    assert!(damaged.drill.failed.unwrap().as_str().contains("1 of 1 files are not as on the server"));

    nothing_to_compare(&real, &path).await;

    // What does not restore is a drill that failed.
    let gone = real.drill(|order| order.snapshot = Some("0123456789abcdef".into())).await.unwrap();
    assert!(gone.drill.failed.unwrap().as_str().starts_with("it did not restore: "));
}

/// Where nothing can be held against the server, nothing is proven, and nothing may be recorded.
async fn nothing_to_compare(real: &Real, path: &str) {
    let said = async || real.drill(|order| order.paths = vec![path.to_owned()]).await.unwrap_err().to_string();
    let changed = said().await;
    assert!(changed.contains("compared with web1: 1 changed there since, 0 can't be read"), "{changed}");
    std::fs::remove_file(path).unwrap();
    assert!(said().await.contains("1 changed there since, 0 can't be read"));
    if !rustix::process::getuid().is_root() {
        std::fs::write(path, "x").unwrap();
        real.shell(&format!("chmod 0 \"{path}\"")).await;
        assert!(said().await.contains("0 changed there since, 1 can't be read"));
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test asks sh itself")]
fn a_file_that_may_not_be_seen_is_told_from_one_that_is_gone() {
    let scratch = Scratch::new().unwrap();
    // As it is for a login that may not enter the folder, also where root runs the tests.
    let script = format!(
        "stat() {{ echo \"stat: cannot statx: Permission denied\" >&2; return 1; }}\n{}f 0 {1}/hidden\nunset -f stat\nf 1 {1}/gone\n",
        sample::ASKED,
        scratch.path().display()
    );
    let ran = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "0 ?\n1 -\n");
}

impl Real {
    async fn shell(&self, script: &str) {
        assert_eq!(run(Program::new("sh").arguments(["-ec", script])).await.unwrap().status, Some(0));
    }
}

#[tokio::test]
async fn a_real_restic_snapshot_is_restored_timed_and_compared() {
    a_drill("restic").await;
}

#[tokio::test]
async fn a_real_borg_archive_is_restored_timed_and_compared() {
    a_drill("borg").await;
}

#[tokio::test]
async fn a_drill_that_is_dropped_in_the_middle_leaves_nothing() {
    let Some(real) = Real::new("restic").await else { return };
    let within = real.path("within");
    {
        let mut drill = std::pin::pin!(real.drill(|_| {}));
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        // Until its folder is there.
        loop {
            tokio::select! {
                _ = &mut drill => panic!("it was not interrupted"),
                _ = ticks.tick() => {
                    if std::fs::read_dir(&within).is_ok_and(|mut folder| folder.next().is_some()) {
                        break;
                    }
                }
            }
        }
    }
    assert_eq!(std::fs::read_dir(&within).unwrap().count(), 0);
}

#[tokio::test]
async fn what_cannot_be_tried_says_why() {
    let Some(real) = Real::new("restic").await else { return };
    let said = |tried: Result<Tried, Fault>| tried.unwrap_err().said.to_string();
    assert_eq!(
        said(real.drill(|order| order.backup = "x".into()).await),
        "there is no [[backup]] called x; there are: nas"
    );
    assert_eq!(said(real.drill(|order| order.server = Some("db1".into())).await), "nas does not keep db1, but web1");
    let none = real.drill(|order| order.within = Some("/nonexistent".into())).await.unwrap_err();
    assert!(none.said.as_str().starts_with("no folder can be made in /nonexistent"), "{none}");
}

#[test]
fn answers_of_the_server_are_held_against_the_sample() {
    let one = |path: &str| Sampled { path: path.into(), size: 3, modified: 1_795_402_807, sum: "ab".into() };
    let sample = [one("/a"), one("/b"), one("/c"), one("/d"), one("/e")];
    let compared = parse_compared(&sample, "0 3 1795402807 ab\n1 3 1795402807 cd\n2 4 1795402807 ab\n3 -\n11 3 1 ab\n");
    assert_eq!((compared.same, compared.changed, compared.unread), (1, 2, 1));
    assert_eq!(compared.different, ["/b"]);
    assert_eq!(parse_compared(&sample, "0 ?\n1 3 1795402807\n").unread, 5);
}

#[test]
fn a_drill_in_which_most_could_not_be_read_proves_nothing() {
    for (same, unread, little) in [(0, 0, true), (1, 49, true), (25, 25, false), (50, 0, false)] {
        assert_eq!(says_little(same, unread), little, "{same} and {unread}");
    }
}
