//! needrestart, run by the probe through sudo's rules on lab14, beside a real daemon whose library was replaced as dpkg does
//! it. needrestart looks at the processes of the machine, which are not the lab's to restart or to judge: so host and daemon
//! have a process table of their own for this, in which `ssh` is one that asks in there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use libtest_mimic::{Failed, Trial};
use matins::collect::Answer;
use matins::collect::tools::shell::Shell;
use matins::domain::{Fact, Fault, Verdict};

use super::Lab;
use super::servers::{Ground, judged, parts, source, verdict};

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let trial = |name: &'static str, run: fn(&Lab) -> Result<(), Failed>| {
        let lab = lab.clone();
        Trial::test(format!("needrestart: {name}"), move || run(&lab))
    };
    vec![
        trial("a daemon on a replaced library is due and named, and fine before", services),
        trial("where /proc hides processes, what is not seen is unknown and never none", hidden),
    ]
}

/// The file that is replaced is one for both.
static TURN: Mutex<()> = Mutex::new(());

/// What a host in there is like.
#[derive(Clone, Copy, Default)]
struct Inside {
    /// This file of the tree is replaced by its like under the daemon.
    replaced: &'static str,
    /// Options of the mount of /proc.
    proc: &'static str,
    without_sudo: bool,
    /// Of what runs there, root's too, this is taken.
    without: &'static str,
}

const SELINUX: &str = "usr/lib/x86_64-linux-gnu/libselinux.so.1";

/// Inside: the tree's own /proc, its cron, and, with a file's name, that file of the tree replaced by its like under the daemon.
const INSIDE: &str = r#"
tree=$1 replaced=$2 options=$3 sudo=$4 without=$5 command=$6
mount -t proc -o "${options:-rw}" proc "$tree/proc"
[ -z "$sudo" ] || mount --bind /bin/false "$tree/usr/bin/sudo"
chroot "$tree" cron -f >/dev/null 2>&1 </dev/null &
until grep -q libselinux "$tree/proc/$!/maps" 2>/dev/null; do kill -0 $! || exit 99; done
if [ -n "$replaced" ]; then
  file=$(readlink -f "$tree/$replaced")
  cp -p "$file" "$file.dpkg-new"
  mv "$file.dpkg-new" "$file"
fi
case $options in
*hidepid=2*) ! chroot --userspec=probe:probe "$tree" test -e /proc/1 || exit 98 ;;
esac
$without chroot --userspec=probe:probe "$tree" /bin/sh -c "$command"
"#;

/// Asks the host in there.
fn ground(lab: &Lab, folder: &Path, with: Inside) -> Ground {
    let Inside { replaced, proc, without_sudo, without } = with;
    let (inside, ssh) = (folder.join("inside"), folder.join("ssh"));
    fs::write(&inside, INSIDE).unwrap();
    let tree = lab.path("hosts/lab14");
    let line = format!(
        "#!/bin/sh\nfor command; do :; done\nexec unshare -m -p -f --kill-child sh '{}' '{}' '{replaced}' '{proc}' '{}' '{without}' \"$command\"\n",
        inside.display(),
        tree.display(),
        if without_sudo { "none" } else { "" }
    );
    fs::write(&ssh, line).unwrap();
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
    Ground::asking(Shell::with(ssh, None))
}

fn may_not() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("left out: a process table of one's own needs root");
    }
    !root
}

fn services(lab: &Lab) -> Result<(), Failed> {
    if may_not() {
        return Ok(());
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir()?;
    let before = judged("lab14", ground(lab, folder.path(), Inside::default()).ask(&source("lab14"), None));
    assert_eq!(verdict(&before, Some("services")), Verdict::Ok, "{before:#?}");
    let ground = ground(lab, folder.path(), Inside { replaced: SELINUX, ..Inside::default() });
    let (host, _) = ground.seen("lab14")?;
    assert_eq!(host.outdated_services.as_result().map_err(ToString::to_string)?, &["cron"]);
    let after = judged("lab14", ground.ask(&source("lab14"), None));
    assert_eq!(verdict(&after, Some("services")), Verdict::Due);
    let named = after.iter().find(|one| one.part.as_ref().is_some_and(|part| *part == *"services")).unwrap();
    assert!(named.title.as_str().contains("cron"), "{named:?}");
    Ok(())
}

/// What one visit tells of services, of what listens, of its programs' names, and of how long the host has been up.
struct Told {
    services: Result<Vec<String>, Fault>,
    listeners: usize,
    unnamed: Option<Fault>,
    packages: Result<usize, Fault>,
    uptime: Result<u64, Fault>,
    verdict: Verdict,
}

fn told(lab: &Lab, folder: &Path, with: Inside) -> Result<Told, Failed> {
    let ground = ground(lab, folder, Inside { replaced: SELINUX, ..with });
    let answer = ground.ask(&source("lab14"), None);
    let Ok(Answer::Seen { observations, .. }) = &answer else { return Err(format!("{answer:?}").into()) };
    let (host, _) = parts(observations);
    let exposure = observations.iter().find_map(|one| match &one.fact {
        Fact::HostExposure(exposure) => exposure.listening.seen(),
        _ => None,
    });
    let software = observations.iter().find_map(|one| match &one.fact {
        Fact::HostSoftware(software) => Some(software.listening.as_result().map(Vec::len).map_err(Clone::clone)),
        _ => None,
    });
    let exposure = exposure.ok_or("nothing is told of what listens")?;
    let services = host.outdated_services.as_result().map_err(Clone::clone);
    Ok(Told {
        services: services.map(|names| names.iter().map(ToString::to_string).collect()),
        listeners: exposure.listeners.len(),
        unnamed: exposure.unnamed.clone(),
        packages: software.ok_or("nothing is told of its packages")?,
        uptime: host.uptime_seconds.as_result().copied().map_err(Clone::clone),
        verdict: verdict(&judged("lab14", answer), Some("services")),
    })
}

fn hidden(lab: &Lab) -> Result<(), Failed> {
    if may_not() {
        return Ok(());
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir()?;
    let hiding = Inside { proc: "hidepid=2", ..Inside::default() };
    // From root nothing is hidden.
    let root = told(lab, folder.path(), hiding)?;
    assert_eq!((root.services.unwrap(), root.verdict), (vec!["cron".to_owned()], Verdict::Due));
    assert!(root.listeners > 0 && root.uptime.is_ok_and(|seconds| seconds > 0));
    // Who is not root is told of no process but its own.
    let nobody = told(lab, folder.path(), Inside { without_sudo: true, ..hiding })?;
    assert_eq!(nobody.verdict, Verdict::Unknown);
    for fault in [nobody.services.unwrap_err(), nobody.unnamed.ok_or("named")?, nobody.packages.unwrap_err()] {
        assert!(fault.said.as_str().ends_with(" needs root") && fault.mend.is_some(), "{fault:?}");
    }
    assert!(nobody.listeners > 0 && nobody.uptime.is_ok_and(|seconds| seconds > 0));
    // A root that may not look into others' processes, as in a container.
    for proc in ["hidepid=2", "rw"] {
        let without = "setpriv --bounding-set -sys_ptrace";
        let blind = told(lab, folder.path(), Inside { proc, without, ..Inside::default() })?;
        assert_eq!(blind.verdict, Verdict::Unknown, "{proc}");
        for fault in [blind.services.unwrap_err(), blind.unnamed.ok_or("named")?, blind.packages.unwrap_err()] {
            assert!(fault.said.as_str().contains("SYS_PTRACE") && fault.mend.is_some(), "{proc}: {fault:?}");
        }
        assert!(blind.listeners > 0 && blind.uptime.is_ok_and(|seconds| seconds > 0), "{proc}");
    }
    // Where all but processes is hidden as well.
    let bare = told(lab, folder.path(), Inside { proc: "hidepid=2,subset=pid", ..Inside::default() })?;
    assert_eq!(bare.services.unwrap(), ["cron"]);
    let fault = bare.uptime.unwrap_err();
    assert!(fault.said.as_str().starts_with("/proc/uptime failed with 1"), "{fault:?}");
    Ok(())
}
