use super::plan::{batches, parse_dry_run, waiting};
use super::*;
use crate::domain::PackageChange;
use crate::domain::facts::Pending;

fn change(package: &str, from: Option<&str>, to: &str) -> PackageChange {
    PackageChange { package: package.into(), from: from.map(Into::into), to: to.into() }
}

#[test]
fn a_dry_run_is_read_line_by_line() {
    let said = "NOTE: This is only a simulation!\nReading package lists...\n\
        Inst openssl [3.0.20-1~deb12u1] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64]) []\n\
        Inst libssl3 [3.0.20-1~deb12u1] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])\n\
        Inst linux-image-6.1.0-42-amd64 (6.1.159-1 Debian-Security:12/oldstable-security [amd64])\n\
        Conf libssl3 (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])\n";
    let expected = [
        change("libssl3", Some("3.0.20-1~deb12u1"), "3.0.22-1~deb12u2"),
        change("linux-image-6.1.0-42-amd64", None, "6.1.159-1"),
        change("openssl", Some("3.0.20-1~deb12u1"), "3.0.22-1~deb12u2"),
    ];
    assert_eq!(parse_dry_run(said).unwrap(), expected);
    assert!(parse_dry_run("Remv nginx [1.22]\n").unwrap_err().said.as_str().contains("would remove nginx"));
    assert!(parse_dry_run("Inst broken\n").is_err());
    assert_eq!(parse_dry_run("0 upgraded\n").unwrap(), []);
}

#[test]
fn the_first_server_goes_alone_and_a_cluster_is_never_together() {
    let server = |name: &str, cluster: Option<&str>| Server {
        name: name.into(),
        cluster: cluster.map(Into::into),
        ..Server::local()
    };
    let servers = [
        server("a", None),
        server("db1", Some("db")),
        server("db2", Some("db")),
        server("b", None),
        server("c", None),
        server("d", None),
        server("db3", Some("db")),
    ];
    let ready = servers.iter().map(|server| (server, Step::shell(server, Vec::new(), Proof::Person)));
    let names: Vec<Vec<String>> = batches(ready.collect())
        .iter()
        .map(|batch| batch.iter().map(|step| step.server.to_string()).collect())
        .collect();
    assert_eq!(names, [vec!["a"], vec!["db1", "b", "c", "d"], vec!["db2"], vec!["db3"]]);
}

#[test]
fn what_is_on_hold_or_pinned_is_left_out_and_told() {
    let update = |package: &str| Pending {
        package: package.into(),
        installed: Some("1.0".into()),
        candidate: "1.1".into(),
        security: true,
        pinned: package == "pinned",
        origin: "Debian-Security:12/oldstable-security".into(),
    };
    let updates = [update("openssl"), update("nginx"), update("pinned")];
    let held = vec!["nginx".into()];
    let found = waiting(updates.iter(), Some(&held));
    assert_eq!(found.changes, [change("openssl", Some("1.0"), "1.1")]);
    assert_eq!(found.held, ["nginx", "pinned"]);
    assert_eq!(waiting(updates.iter(), None).changes.len(), 2);
}

#[test]
fn of_a_complaint_that_names_a_link_only_the_link_is_hidden() {
    let said = without_links("drush: https://www.example.org/user/reset/1/2/SECRET/login was refused by /srv/www");
    assert_eq!(said, "drush: (a link) was refused by /srv/www");
    assert_eq!(without_links("see /user/reset/1/2/SECRET, it failed"), "see (a link) it failed");
}
