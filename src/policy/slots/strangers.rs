//! Snapshots of a host that the register does not know, in a backup of one server: the register's word is taken for whose
//! they are, and it is said.
//!
//! It stays a word beside the verdict. A container's host name, the number of a virtual machine and the name of before a
//! move are all unknown to the register, in set-ups in which nothing is wrong: nothing tells them from somebody else's.

use std::collections::BTreeSet;

use super::held::Backup;
use super::judge::Said;
use super::whose::Shares;
use super::words;
use crate::domain::Shown;

/// As many are named; a container's name is another every night, and would ask every night.
const NAMED: usize = 3;

pub fn strangers(mut said: Said, backup: &Backup<'_>, server: &Shown, shares: &Shares<'_, '_>) -> Said {
    // What stands before the date in a folder is the name of a dump.
    if backup.says.tool == "directory" {
        return said;
    }
    let hosts: BTreeSet<&Shown> =
        shares.unclaimed(server).iter().filter_map(|snapshot| snapshot.host.as_ref()).collect();
    let names = match hosts.len() {
        0 => return said,
        1..=NAMED => words::listed(&hosts.iter().map(ToString::to_string).collect::<Vec<_>>()),
        more => format!("{more} hosts"),
    };
    let asked = if hosts.len() > NAMED { "several that are no servers".into() } else { names.clone() };
    said.ask("hosts", asked);
    said.title = format!("{}; of {names}, unknown to the register", said.title);
    said.detail.push(format!(
        "No snapshot names {server}; those of {names} are taken for its own, because `of` names nobody else. If they are \
         not, nothing here is {server}'s: write `of` anew. If they are, make them with --host {server}."
    ));
    said
}

#[cfg(test)]
mod tests {
    use crate::domain::facts::Snapshots;
    use crate::domain::{Judgement, Verdict};
    use crate::policy::decisions::scene::reopened;
    use crate::policy::rules;
    use crate::policy::slots::scene::{Scene, nightly, says};

    fn judged(tool: &str, hosts: &[&str], nights: i64) -> Judgement {
        let mut made = Snapshots::default();
        for host in hosts {
            made.snapshots.extend(nightly(host, nights).snapshots);
        }
        let says = says(tool, &["web1"], &["last night", "1 week"], false);
        let scene = Scene::new(&["web1"]).backup("nas", says, Ok(made));
        let judged = scene.judged(rules::ALL.iter().find(|rule| rule.measure == "backup-on-site").unwrap());
        judged.into_iter().find(|one| one.key().as_str() == "backup-on-site/web1/nas").unwrap()
    }

    #[test]
    fn somebody_elses_repository_is_said_to_be_of_somebody_else() {
        let one = judged("restic", &["kundeB-mailserver"], 20);
        assert_eq!(one.verdict, Verdict::Ok);
        let title = one.title.as_str();
        assert_eq!(title, "last night, 1 week; newest Mon 23 Nov 02:14; of kundeB-mailserver, unknown to the register");
        assert!(one.detail.as_str().contains("No snapshot names web1"), "{}", one.detail);
        assert!(judged("restic", &["a", "b", "c", "d"], 20).title.as_str().contains("; of 4 hosts, unknown"));
    }

    #[test]
    fn other_names_of_the_server_and_names_of_dumps_are_nobody_else() {
        for (tool, host) in [("restic", "web1"), ("restic", "WEB1.example.org"), ("borg", ""), ("directory", "shop")] {
            let title = judged(tool, &[host], 20).title;
            assert!(!title.as_str().contains("unknown"), "{tool} {host}: {title}");
        }
    }

    #[test]
    fn another_stranger_asks_who_decided_on_the_first() {
        let [one, other, many, more] =
            [&["a"][..], &["b"], &["a", "b", "c", "d"], &["e", "f", "g", "h"]].map(|hosts| judged("restic", hosts, 3));
        assert_eq!(one.verdict, Verdict::Due);
        assert_eq!(reopened(&one, &other).unwrap().to_string(), "hosts: b");
        assert_eq!((reopened(&one, &one), reopened(&many, &more)), (None, None));
    }
}
