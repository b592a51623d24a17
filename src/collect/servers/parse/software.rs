//! What was chosen to be on a server, what no repository offers, and which packages listen.

use super::exposure::{nameless, programs};
use super::sections::Sections;
use crate::domain::facts::{HostSoftware, Listens};
use crate::domain::{Fault, Shown};

/// What no repository offers is made out where the lists are.
pub fn parse_software(sections: &Sections, unsourced: Result<Vec<Shown>, Fault>) -> HostSoftware {
    HostSoftware {
        chosen: sections
            .sound("chosen", "apt-mark")
            .and_then(|section| {
                let names: Vec<Shown> =
                    section.lines.iter().filter(|line| !line.is_empty()).map(|name| name.as_str().into()).collect();
                // Whoever installs a system asks for something.
                if names.is_empty() {
                    Err(Fault::new("apt holds every package for one that came because another needed it").mend(
                        "see what `apt-mark showmanual` names there; if dpkg's database is damaged, restore that first",
                    ))
                } else {
                    Ok(names)
                }
            })
            .into(),
        unsourced: unsourced.into(),
        listening: parse_listening(sections).into(),
    }
}

/// `openssh-server: /usr/sbin/sshd`, as `dpkg-query -S` prints it of every program that listens.
fn parse_listening(sections: &Sections) -> Result<Vec<Listens>, Fault> {
    let listening = sections.sound("listening", "ss")?;
    let known = programs(listening);
    let nameless = || nameless(sections, "naming the packages that listen");
    // Sockets without a name: that of none is known whose it is does not say that no package listens.
    if known.is_empty() && listening.lines.iter().any(|line| !line.trim().is_empty()) {
        return Err(nameless());
    }
    // Of what is no package's it complains, and ends with 1.
    let owners = sections.get("owners").filter(|section| section.code < 2).ok_or_else(nameless)?;
    let mut listens: Vec<Listens> = Vec::new();
    for line in &owners.lines {
        let Some((packages, path)) = line.split_once(": /") else { continue };
        let program = path.rsplit('/').next().unwrap_or(path);
        if !known.contains(program) {
            continue;
        }
        let names = packages.split(", ").filter_map(|name| name.split(':').next());
        listens.extend(names.map(|package| Listens { package: package.into(), program: program.into() }));
    }
    listens.sort();
    listens.dedup();
    Ok(listens)
}

#[cfg(test)]
mod tests {
    use super::super::sections::parse_sections;
    use super::*;

    #[test]
    fn what_listens_is_named_by_its_package() {
        let software = parse_software(&parse_sections(
            b"#listening\n tcp LISTEN 0 1 *:80 *:* users:((\"nginx\",pid=3,fd=4))\n tcp LISTEN 0 1 *:22 *:* users:((\"sshd\",pid=3,fd=4))\n tcp LISTEN 0 1 *:99 *:* users:((\"own\",pid=3,fd=4))\n\n rc=0\n\
#owners\n nginx-light, nginx-core: /usr/sbin/nginx\n openssh-server: /usr/sbin/sshd\n other: /usr/bin/other\n dpkg-query: no path found matching pattern *bin/own\n\n rc=1\n\
#chosen\n nginx-light\n\n rc=0\n",
        ), Ok(Vec::new()));
        let listening: Vec<String> =
            software.listening.seen().unwrap().iter().map(|one| format!("{} {}", one.package, one.program)).collect();
        assert_eq!(listening, ["nginx-core nginx", "nginx-light nginx", "openssh-server sshd"]);
        assert_eq!(software.chosen.seen().unwrap(), &["nginx-light"]);
    }

    #[test]
    fn nothing_chosen_and_nothing_named_is_not_known() {
        let software = parse_software(&parse_sections(b"#listening\n\n rc=0\n#chosen\n\n rc=0\n"), Ok(Vec::new()));
        assert!(software.chosen.seen().is_none() && software.listening.seen().is_none());
    }

    #[test]
    fn sockets_without_a_name_do_not_say_that_no_package_listens() {
        for (owners, said, mend) in [
            // What sudo's rules lack, so that `ss` named nothing.
            ("#owners\n\n rc=0\n", "naming the packages that listen needs root", "matins probe sudoers"),
            (
                "#owners\n\n rc=78\n",
                "naming the packages that listen needs the capability SYS_PTRACE, which not even root has there",
                "container",
            ),
        ] {
            let text = format!("#listening\n tcp LISTEN 0 1 *:80 *:*\n\n rc=0\n{owners}");
            let sections = parse_sections(text.as_bytes());
            let fault = parse_software(&sections, Ok(Vec::new())).listening.as_result().unwrap_err().clone();
            assert_eq!(fault.said, said);
            assert!(fault.mend.unwrap().as_str().contains(mend));
            let unnamed = crate::collect::servers::parse::exposure::parse_exposure(&sections).listening;
            let unnamed = unnamed.as_result().unwrap().unnamed.clone().unwrap();
            assert_eq!(unnamed.said, said.replace("packages", "programs").as_str());
        }
    }
}
