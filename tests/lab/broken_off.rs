//! Runs of restic and borg that are ended in the middle: what they leave must never look like last night's snapshot, and a
//! run that is still at it is shown as one.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use matins::domain::{Judgement, Verdict};
use serde_json::json;

use super::Lab;
use super::backups::one;

pub fn trials(_: &Lab) -> Vec<Trial> {
    let trial = |name: &str, body: fn()| {
        Trial::test(format!("broken_off::{name}"), move || {
            body();
            Ok(())
        })
    };
    vec![
        trial("a_restic_run_in_the_middle_is_shown_and_what_a_dead_one_leaves_is_no_snapshot", || {
            in_the_middle(&Work::new("restic"));
        }),
        trial("a_borg_run_in_the_middle_is_shown_and_its_checkpoint_is_no_snapshot", || {
            in_the_middle(&Work::new("borg"));
        }),
        trial("a_half_written_snapshot_of_restic_is_unknown", || {
            let work = Work::new("restic");
            work.run_to_its_end();
            let file = std::fs::read_dir(work.path("repository/snapshots")).unwrap().next().unwrap().unwrap().path();
            let bytes = std::fs::read(&file).unwrap();
            std::fs::remove_file(&file).unwrap();
            std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
            let judgement = work.judged();
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
        }),
    ]
}

/// An empty repository, and data that take a slowed run a while.
struct Work {
    kind: &'static str,
    folder: tempfile::TempDir,
}

impl Work {
    fn new(kind: &'static str) -> Self {
        let work = Self { kind, folder: tempfile::tempdir().unwrap() };
        let mut random = fastrand::Rng::with_seed(7);
        let data: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(24 << 20).collect();
        std::fs::write(work.path("data"), data).unwrap();
        std::fs::write(work.path("password"), "pw").unwrap();
        std::fs::set_permissions(work.path("password"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let status = match kind {
            "restic" => work.tool(&["init"]),
            _ => work.tool(&["init", "--encryption", "repokey"]),
        }
        .status();
        assert!(status.unwrap().success());
        work
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tool(&self, words: &[&str]) -> Command {
        #[expect(clippy::disallowed_methods, reason = "a test is the edge")]
        let mut command = Command::new(self.kind);
        command
            .args(words)
            .env("RESTIC_REPOSITORY", self.path("repository"))
            .env("RESTIC_PASSWORD_FILE", self.path("password"))
            .env("RESTIC_CACHE_DIR", self.path("notes"))
            .env("BORG_REPO", self.path("repository"))
            .env("BORG_PASSPHRASE", "pw")
            .env("BORG_BASE_DIR", self.path("notes"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// A run that is still at it when somebody looks: restic slows itself, borg only on its way to another machine, so that
    /// it gets its data slowly.
    fn run_slowly(&self) -> Child {
        let data = self.path("data");
        if self.kind == "restic" {
            return self.tool(&["backup", "--host", "web1", "--limit-upload", "400"]).arg(data).spawn().unwrap();
        }
        let words = ["create", "--checkpoint-interval", "1", "::web1-{now}", "-"];
        let mut run = self.tool(&words).stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = run.stdin.take().unwrap();
        std::thread::spawn(move || {
            for piece in std::fs::read(data).unwrap().chunks(128 << 10) {
                // Whoever is ended reads no more.
                if pipe.write_all(piece).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        run
    }

    fn run_to_its_end(&self) {
        let words: &[&str] =
            if self.kind == "restic" { &["backup", "--host", "web1"] } else { &["create", "::web1-{now}"] };
        assert!(self.tool(words).arg(self.path("data")).status().unwrap().success());
    }

    /// Whether the run has written part of its data, and holds the repository.
    fn is_in_the_middle(&self) -> bool {
        if self.kind == "restic" {
            let packs = std::fs::read_dir(self.path("repository/data")).unwrap();
            let written = packs.flatten().any(|pack| std::fs::read_dir(pack.path()).unwrap().next().is_some());
            return written && std::fs::read_dir(self.path("repository/locks")).unwrap().next().is_some();
        }
        let list = self
            .tool(&["--bypass-lock", "list", "--consider-checkpoints", "--short"])
            .env("BORG_CACHE_DIR", self.path("another cache"))
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        String::from_utf8_lossy(&list.stdout).contains(".checkpoint")
    }

    fn judged(&self) -> Judgement {
        one(json!({"name": "b", "of": ["web1"], "kind": self.kind, "repository": self.path("repository"),
            "password": {"file": self.path("password")}, "slots": ["last night"]}))
    }
}

fn in_the_middle(work: &Work) {
    let mut run = work.run_slowly();
    let started = Instant::now();
    while !work.is_in_the_middle() {
        assert_eq!(run.try_wait().unwrap(), None, "it ended too early");
        assert!(started.elapsed() < Duration::from_secs(60), "it never wrote anything");
        std::thread::yield_now();
    }
    let (nothing, a_run) = ("no snapshot from last night; there is none at all", "a run: held by ");
    let during = work.judged();
    assert_eq!((during.verdict, during.title.as_str()), (Verdict::Broken, nothing), "{during:?}");
    assert!(during.detail.as_str().contains(a_run), "{}", during.detail);
    assert_eq!(run.try_wait().unwrap(), None, "it ended before it was judged");

    run.kill().unwrap();
    run.wait().unwrap();
    let after = work.judged();
    assert_eq!((after.verdict, after.title.as_str()), (Verdict::Broken, nothing), "{after:?}");
    assert!(!after.detail.as_str().contains(a_run), "{}", after.detail);

    // Whoever starts the next run finds a repository that works.
    work.run_to_its_end();
    let next = work.judged();
    assert_eq!(next.verdict, Verdict::Ok, "{next:?}");
    assert!(!next.detail.as_str().contains(a_run), "{}", next.detail);
}
