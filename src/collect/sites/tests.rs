//! Locks as Composer writes them, and as they arrive when something went wrong.

use std::path::PathBuf;

use jiff::Timestamp;
use proptest::prelude::*;

use super::parse::parse_lock;
use super::*;

const LOCK: &str = r#"{
    "_readme": ["This file locks the dependencies of your project to a known state"],
    "content-hash": "0123456789abcdef0123456789abcdef",
    "packages": [
        {"name": "drupal/core", "version": "10.5.3", "type": "drupal-core", "extra": []},
        {"name": "Drupal/Webform", "version": "6.2.2", "type": "drupal-module", "abandoned": false,
         "extra": {"drupal": {"version": "6.2.2", "datestamp": "1", "security-coverage": {"status": "covered", "message": "Covered"}}}},
        {"name": "drupal/swiftmailer", "version": "2.4.0", "abandoned": "drupal/symfony_mailer"},
        {"name": "drupal/left", "version": "dev-1.x", "abandoned": true,
         "extra": {"drupal": {"security-coverage": {"status": "not-covered", "message": "x"}}}}
    ],
    "packages-dev": [{"name": "drupal/devel", "version": "5.0.0"}],
    "aliases": []
}"#;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

#[test]
fn a_lock_is_read_with_what_drupal_says_of_its_modules() {
    let seen = parse_lock(LOCK.as_bytes()).unwrap();
    let short = |package: &crate::domain::facts::ComposerPackage| {
        let said = |text: &Option<Shown>| text.as_ref().map_or("-", Shown::as_str).to_owned();
        format!("{} {} {} {}", package.name, package.version, said(&package.abandoned), said(&package.coverage))
    };
    assert_eq!(
        seen.packages.iter().map(short).collect::<Vec<_>>(),
        [
            "drupal/core 10.5.3 - -",
            "drupal/webform 6.2.2 - covered",
            "drupal/swiftmailer 2.4.0 drupal/symfony_mailer -",
            "drupal/left dev-1.x yes not-covered",
        ]
    );
    assert_eq!(seen.content_hash.unwrap(), "0123456789abcdef0123456789abcdef");
}

#[test]
fn what_is_no_lock_is_an_error_and_never_an_empty_site() {
    for (text, said) in [
        (&LOCK[..LOCK.len() / 2], "not a composer.lock"),
        ("<!DOCTYPE html><html></html>", "not a composer.lock"),
        ("{}", "missing field `packages`"),
        ("[]", "not a composer.lock"),
        (r#"{"packages": []}"#, "no package at all"),
        (r#"{"packages": [{"name": "drupal/core"}]}"#, "missing field `version`"),
        (r#"{"packages": [{"name": "drupal/core", "version": 10}]}"#, "invalid type"),
        (r#"{"packages": {"0": {"name": "a", "version": "1"}}}"#, "not a composer.lock"),
        ("", "not a composer.lock"),
    ] {
        let error = parse_lock(text.as_bytes()).unwrap_err();
        assert!(error.contains(said), "{text:.20}: {error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_do_harm(at in 0_usize..900, byte in any::<u8>(), cut in 0_usize..1_200) {
        let mut bytes = LOCK.as_bytes().to_vec();
        let place = at % bytes.len();
        bytes[place] = byte;
        bytes.truncate(cut);
        parse_lock(&bytes).ok();
    }
}

#[test]
fn real_locks_are_read_whole() {
    let data = std::env::var_os("MATINS_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    for (name, packages) in [("bookworm-composer.lock", 8), ("sid-composer.lock", 8)] {
        let Ok(bytes) = std::fs::read(data.join("drush-composer").join(name)) else {
            eprintln!("skipped: no real {name} is here");
            return;
        };
        let seen = parse_lock(&bytes).unwrap();
        assert_eq!(seen.packages.len(), packages, "{name}");
        assert!(seen.packages.iter().any(|package| package.name == "drupal/core"));
    }
}

fn register(servers: &[(&str, &[(&str, &std::path::Path)])]) -> Register {
    let server = |(name, sites): &(&str, &[(&str, &std::path::Path)])| {
        let mut server = Server::local();
        server.name = (*name).into();
        server.sites =
            sites.iter().map(|(name, root)| Site { name: (*name).into(), root: (*root).to_owned() }).collect();
        server
    };
    Register { configured: true, persons: Vec::new(), servers: servers.iter().map(server).collect() }
}

fn ask(source: &Source, memory: Option<&str>) -> Result<Answer, Fault> {
    let tools = Tools::new(now).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(source.ask.ask(&tools, memory))
}

#[test]
fn a_lock_is_asked_for_again_only_when_it_changed() {
    let root = tempfile::tempdir().unwrap();
    let sources = plan(&[], &register(&[("web1", &[("www.example.org", root.path())])]), Period::minutes(15)).unwrap();
    let source = &sources[0];
    assert_eq!(source.id.to_string(), "sites/www.example.org");
    let fault = ask(source, None).unwrap_err();
    assert!(fault.said.as_str().contains("composer.lock") && fault.mend.is_some(), "{fault}");
    std::fs::write(root.path().join("composer.lock"), LOCK).unwrap();
    let Answer::Seen { observations, memory } = ask(source, None).unwrap() else { panic!("nothing seen") };
    assert!(matches!(&observations[0].fact, Fact::SiteSeen(seen) if seen.packages.len() == 4));
    assert_eq!(observations[0].subject, Subject::new(SubjectKind::Site, "www.example.org"));
    assert_eq!(ask(source, memory.as_deref()).unwrap(), Answer::Unchanged);
    // What another reader made of the same bytes is read again.
    let other = remembered(READER + 1, LOCK.as_bytes());
    assert!(matches!(ask(source, Some(&other)).unwrap(), Answer::Seen { .. }));
    std::fs::write(root.path().join("composer.lock"), LOCK.replace("10.5.3", "10.5.4")).unwrap();
    assert!(matches!(ask(source, memory.as_deref()).unwrap(), Answer::Seen { .. }));
    std::fs::write(root.path().join("composer.lock"), &LOCK[..200]).unwrap();
    let fault = ask(source, memory.as_deref()).unwrap_err();
    assert!(fault.said.as_str().contains("not a composer.lock"), "{fault}");
}

#[test]
fn a_site_on_several_servers_is_one_on_each() {
    let root = PathBuf::from("/srv/www/");
    let site: &[(&str, &std::path::Path)] = &[("www.example.org", &root)];
    let sources = plan(&[], &register(&[("web1", site), ("web2", site)]), Period::minutes(15)).unwrap();
    let names: Vec<String> = sources.iter().map(|source| source.id.name.to_string()).collect();
    assert_eq!(names, ["www.example.org on web1", "www.example.org on web2"]);
    assert!(
        matches!(&sources[1].declared[0].fact, Fact::SiteDeclared(site) if site.server == "web2" && site.root == "/srv/www/")
    );
}
