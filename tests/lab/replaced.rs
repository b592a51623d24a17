//! needrestart, run by the probe through sudo's rules on lab14, beside a real daemon whose library was replaced as dpkg does
//! it. needrestart looks at the processes of the machine, which are not the lab's to restart or to judge: so host and daemon
//! have a process table of their own for this, in which `ssh` is one that asks in there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use matins::collect::tools::shell::Shell;
use matins::domain::Verdict;

use super::Lab;
use super::servers::{Ground, judged, source, verdict};

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let trial = |name: &'static str, run: fn(&Lab) -> Result<(), Failed>| {
        let lab = lab.clone();
        Trial::test(format!("needrestart: {name}"), move || run(&lab))
    };
    vec![trial("a daemon on a replaced library is due and named, and fine before", services)]
}

/// Inside: the tree's own /proc, its cron, and, with a file's name, that file of the tree replaced by its like under the daemon.
const INSIDE: &str = r#"
tree=$1 replaced=$2 command=$3
mount -t proc proc "$tree/proc"
chroot "$tree" cron -f >/dev/null 2>&1 </dev/null &
until grep -q libselinux "$tree/proc/$!/maps" 2>/dev/null; do kill -0 $! || exit 99; done
if [ -n "$replaced" ]; then
  file=$(readlink -f "$tree/$replaced")
  cp -p "$file" "$file.dpkg-new"
  mv "$file.dpkg-new" "$file"
fi
chroot --userspec=probe:probe "$tree" /bin/sh -c "$command"
"#;

/// Asks the host in there.
fn ground(lab: &Lab, folder: &Path, replaced: &str) -> Ground {
    let (inside, ssh) = (folder.join("inside"), folder.join("ssh"));
    fs::write(&inside, INSIDE).unwrap();
    let tree = lab.path("hosts/lab14");
    let line = format!(
        "#!/bin/sh\nfor command; do :; done\nexec unshare -m -p -f --kill-child sh '{}' '{}' '{replaced}' \"$command\"\n",
        inside.display(),
        tree.display()
    );
    fs::write(&ssh, line).unwrap();
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
    Ground::asking(Shell::with(ssh, None))
}

fn services(lab: &Lab) -> Result<(), Failed> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("left out: a process table of one's own needs root");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let before = judged("lab14", ground(lab, folder.path(), "").ask(&source("lab14"), None));
    assert_eq!(verdict(&before, Some("services")), Verdict::Ok, "{before:#?}");
    let ground = ground(lab, folder.path(), "usr/lib/x86_64-linux-gnu/libselinux.so.1");
    let (host, _) = ground.seen("lab14")?;
    assert_eq!(host.outdated_services.as_result().map_err(ToString::to_string)?, &["cron"]);
    let after = judged("lab14", ground.ask(&source("lab14"), None));
    assert_eq!(verdict(&after, Some("services")), Verdict::Due);
    let named = after.iter().find(|one| one.part.as_ref().is_some_and(|part| *part == *"services")).unwrap();
    assert!(named.title.as_str().contains("cron"), "{named:?}");
    Ok(())
}
