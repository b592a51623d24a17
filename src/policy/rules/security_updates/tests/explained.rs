//! Why updates did not come: the run's causes, frozen mirrors, sources that are not to be believed, replaced libraries.

use super::*;
use crate::domain::facts::{Repository, Signature};

fn repository(origin: &str, codename: &str) -> Repository {
    Repository {
        file: format!("{codename}_InRelease").into(),
        origin: origin.into(),
        vendor: "Debian".into(),
        codename: codename.into(),
        security: codename.ends_with("-security"),
        dated: Some(ago("2d")),
        valid_until: None,
        unending: false,
        signature: Signature::Good,
    }
}

pub(super) fn security() -> Repository {
    Repository {
        valid_until: Some(now() + Period::days(5).as_duration()),
        ..repository("Debian-Security:12/oldstable-security", "bookworm-security")
    }
}

fn with(repositories: Vec<Repository>, unsigned: &[&str]) -> Vec<Judgement> {
    let unsigned: Vec<Shown> = unsigned.iter().map(|source| Shown::line(source)).collect();
    seen(|host| host.apt = Read::Seen(AptSeen { repositories, unsigned, ..AptSeen::default() }))
}

fn run(failed: bool, causes: &[&str], kept: &[&str]) -> Judgement {
    let list = |lines: &[&str]| lines.iter().map(|line| Shown::line(line)).collect();
    let judgements = seen(|host| {
        let Read::Seen(unattended) = &mut host.unattended else { unreachable!() };
        let said = if failed { "Installing the upgrades failed!" } else { "All upgrades installed" };
        let run = UnattendedRun { at: ago("5h"), failed, said: said.into(), causes: list(causes), kept: list(kept) };
        unattended.last = Read::Seen(Some(run));
    });
    part(&judgements, Some("unattended-upgrades")).clone()
}

#[test]
fn a_failed_run_names_the_package_and_the_reason_that_caused_it() {
    let failed = run(
        true,
        &["web-config: end of file on stdin at conffile prompt", "nginx: dependency problems"],
        &["libc6 is kept back with a related package"],
    );
    assert_eq!(failed.title, "unattended-upgrades failed 5 h ago: web-config: end of file on stdin at conffile prompt");
    assert_eq!(
        failed.mend.unwrap(),
        "apt-get install web-config on the server, and answer which of the two configuration files stays"
    );
    assert!(failed.detail.as_str().contains("libc6 is kept back"));
    assert!(failed.because.iter().any(|link| link.said.as_str().starts_with("nginx:")));
}

#[test]
fn all_upgrades_installed_is_not_ok_while_some_were_left() {
    let left = run(false, &[], &["mariadb-server is blacklisted", "nginx is held"]);
    assert_eq!(
        (left.verdict, left.title.as_str()),
        (Verdict::Due, "unattended-upgrades ran 5 h ago and left 2 packages: mariadb-server is blacklisted")
    );
    let stands: Vec<String> = left.standings.iter().map(|one| format!("{}: {}", one.item, one.word)).collect();
    assert_eq!(stands, ["package mariadb-server: is blacklisted", "package nginx: is held"]);
    assert_eq!(run(false, &[], &[]).verdict, Verdict::Ok);
}

#[test]
fn origins_without_security_are_broken_however_well_the_run_ended() {
    let judgements = seen(|host| {
        let Read::Seen(unattended) = &mut host.unattended else { unreachable!() };
        unattended.covers_security = Some(false);
    });
    let judgement = part(&judgements, Some("unattended-upgrades"));
    assert_eq!(judgement.verdict, Verdict::Broken);
    assert!(judgement.title.as_str().contains("takes no security updates"));
}

#[test]
fn a_frozen_mirror_is_unknown_and_never_no_updates() {
    let title = |repository: Repository| {
        let judgements = with(vec![repository], &[]);
        let judgement = part(&judgements, None);
        (judgement.verdict, judgement.title.to_string())
    };
    assert_eq!(title(security()).0, Verdict::Ok);
    let expired = Repository { valid_until: Some(ago("3d")), ..security() };
    assert_eq!(
        title(expired),
        (Verdict::Unknown, "Debian-Security:12/oldstable-security stopped being valid 3 d ago: a frozen mirror".into())
    );
    // A suite that does not say until when it is valid is judged by when it was made.
    let old = Repository { valid_until: None, dated: Some(ago("30d")), ..security() };
    assert_eq!(title(old).0, Verdict::Unknown);
    // And one that says neither may be of any age.
    let undated = Repository { valid_until: None, dated: None, ..security() };
    let said = "Debian-Security:12/oldstable-security does not say when it was made: it may be a frozen mirror";
    assert_eq!(title(undated), (Verdict::Unknown, said.into()));
    // What is stable changes every two months.
    let main = Repository { dated: Some(ago("100d")), ..repository("Debian:12.15/oldstable", "bookworm") };
    assert_eq!(title(main).0, Verdict::Ok);
    // Somebody else's repository says nothing of Debian's updates.
    let other =
        Repository { vendor: "Docker".into(), valid_until: Some(ago("3d")), ..repository("Docker CE", "bookworm") };
    assert_eq!(title(other).0, Verdict::Ok);
    // What is known to be broken stays broken.
    let judgements = judged(
        record(HostSeen {
            pending: Read::Seen(vec![update("openssl", true)]),
            apt: Read::Seen(AptSeen {
                repositories: vec![Repository { valid_until: Some(ago("3d")), ..security() }],
                ..AptSeen::default()
            }),
            ..good()
        }),
        &[("security update openssl 1.0", "3d")],
    );
    assert_eq!(part(&judgements, None).verdict, Verdict::Broken);
}

#[test]
fn sources_are_signed_by_a_key_that_counts_and_of_the_release() {
    let verdict = |repositories, unsigned: &[&str]| {
        let judgements = with(repositories, unsigned);
        let judgement = part(&judgements, Some("sources"));
        (judgement.verdict, judgement.title.to_string())
    };
    let good = || vec![repository("Debian:12.15/oldstable", "bookworm"), security()];
    assert_eq!(verdict(good(), &[]), (Verdict::Ok, "2 repositories, signed".into()));
    assert_eq!(verdict(good(), &["http://blind/ x (/etc/apt/sources.list.d/x.list)"]).0, Verdict::Broken);
    for signature in [Signature::Expired, Signature::Revoked, Signature::Bad, Signature::Missing] {
        let mut all = good();
        all[1].signature = signature.clone();
        assert_eq!(verdict(all, &[]).0, Verdict::Broken, "{signature:?}");
    }
    let mut all = good();
    all.push(repository("Debian:13.2/stable", "trixie"));
    assert_eq!(verdict(all, &[]), (Verdict::Due, "packages of another release: Debian:13.2/stable (trixie)".into()));
    let mut all = good();
    all.push(repository("Debian Backports:12/bookworm-backports", "bookworm-backports"));
    assert_eq!(verdict(all, &[]).0, Verdict::Ok);
    // Each of them asks for itself, also those that the title does not name.
    let mut all = good();
    (all[0].codename, all[1].signature) = ("trixie".into(), Signature::Expired);
    let all = with(all, &["http://blind/ x"]);
    let stands: Vec<String> = part(&all, Some("sources")).standings.iter().map(|one| one.item.to_string()).collect();
    assert_eq!(
        stands,
        [
            "repository Debian-Security:12/oldstable-security bookworm-security",
            "repository Debian:12.15/oldstable trixie",
            "source http://blind/ x"
        ]
    );
    // Nothing is ever pending from nowhere.
    let main = || vec![repository("Debian:12.15/oldstable", "bookworm")];
    assert_eq!(verdict(main(), &[]), (Verdict::Broken, "no security suite among its sources".into()));
    assert_eq!(verdict(vec![], &[]).0, Verdict::Broken);
    let sid = vec![repository("Debian:unstable", "sid")];
    assert_ne!(verdict(sid, &[]).0, Verdict::Broken, "sid has none");
    let raspbian = seen(|host| {
        let Read::Seen(release) = &mut host.release else { unreachable!() };
        release.id = "raspbian".into();
        host.apt = Read::Seen(AptSeen { repositories: main(), ..AptSeen::default() });
    });
    assert_eq!(part(&raspbian, Some("sources")).verdict, Verdict::Ok, "its fixes come in its one suite");
    let unread = seen(|host| host.apt = Read::unreadable("gone"));
    assert_eq!(part(&unread, Some("sources")).verdict, Verdict::Unknown);
}

#[test]
fn services_on_replaced_libraries_are_due_and_unread_ones_unknown() {
    let some = seen(|host| host.outdated_services = Read::Seen(vec!["nginx".into(), "ssh".into()]));
    let judgement = part(&some, Some("services"));
    assert_eq!(
        (judgement.verdict, judgement.title.as_str()),
        (Verdict::Due, "2 services still on replaced libraries: nginx, ssh")
    );
    let none = part(&seen(|_| {}), Some("services")).clone();
    assert_eq!((none.verdict, none.title.as_str()), (Verdict::Ok, "no service on replaced libraries"));
    // What was due is not gone when nobody may look any more.
    let unread = seen(|host| host.outdated_services = Read::Unreadable(Fault::new("needs root").mend("allow it")));
    let unread = part(&unread, Some("services"));
    assert_eq!(unread.verdict, Verdict::Unknown);
    assert_eq!(unread.title, "which services run replaced libraries unknown: needs root");
    // A program that is missing is a fact, and below the updates that are due.
    let missing = seen(|host| host.outdated_services = Read::unreadable(crate::domain::facts::NO_NEEDRESTART));
    let missing = part(&missing, Some("services"));
    assert_eq!(missing.verdict, Verdict::Due);
    assert!(missing.title.as_str().starts_with("needrestart is not installed"));
    assert_eq!(unread.mend.as_ref().unwrap(), &"allow it");
}

#[test]
fn what_only_apt_has_checked_is_not_called_signed() {
    let title = |signatures: [Signature; 2]| {
        let [one, two] = signatures.map(|signature| Repository { signature, ..security() });
        let judgements = with(vec![one, two], &[]);
        part(&judgements, Some("sources")).title.to_string()
    };
    assert_eq!(title([Signature::Good, Signature::Good]), "2 repositories, signed");
    assert_eq!(title([Signature::Good, Signature::Unchecked]), "2 repositories, 1 signed, 1 checked by apt alone");
    assert_eq!(title([Signature::Unchecked, Signature::Unchecked]), "2 repositories, checked by apt alone");
}

#[test]
fn a_check_of_a_signature_that_settles_nothing_is_unknown_in_its_own_words() {
    let doubt = |said: &str| Repository { signature: Signature::Unknown(said.into()), ..security() };
    let foreign = repository("Debian:13.2/stable", "trixie");
    let of = |repositories| part(&with(repositories, &[]), Some("sources")).clone();
    let one = of(vec![foreign.clone(), doubt("gpgv: no signature found"), doubt("sqv: odd")]);
    assert_eq!(
        (one.verdict, one.title.as_str()),
        (
            Verdict::Unknown,
            "whether Debian-Security:12/oldstable-security is signed is unknown: gpgv: no signature found, and 1 more"
        )
    );
    assert!(one.mend.unwrap().as_str().contains("apt-get update"));
    assert!(one.detail.as_str().contains("not known whether it is signed: sqv: odd"), "{}", one.detail);
    let stands: Vec<String> = one.standings.iter().map(|one| format!("{}: {}", one.item, one.word)).collect();
    assert_eq!(
        stands,
        [
            "repository Debian-Security:12/oldstable-security bookworm-security: not known whether it is signed",
            "repository Debian:13.2/stable trixie: of another release",
        ]
    );
    // What is known to be wrong comes first.
    let bad = Repository { signature: Signature::Bad, ..foreign };
    assert_eq!(of(vec![doubt("gpgv: no signature found"), bad]).verdict, Verdict::Broken);
}

#[test]
fn origins_that_can_not_be_read_are_not_ones_that_fit() {
    let judgements = seen(|host| {
        let Read::Seen(unattended) = &mut host.unattended else { unreachable!() };
        unattended.covers_security = None;
        unattended.covers_doubt = Some(Fault::new("apt-config failed with 100").mend("look"));
    });
    let judgement = part(&judgements, Some("unattended-upgrades"));
    assert_eq!(judgement.verdict, Verdict::Unknown);
    assert_eq!(
        judgement.title,
        "whether unattended-upgrades takes security updates is unknown: apt-config failed with 100"
    );
    assert_eq!(judgement.mend.as_ref().unwrap(), "look");
}

#[test]
fn a_list_that_apt_is_told_to_take_after_its_end_is_a_frozen_mirror_and_the_word_alone_is_due() {
    let of = |all: &[Repository], named: &[&str]| {
        let all = [&[security()], all].concat();
        let unending = named.iter().map(|source| Shown::line(source)).collect();
        seen(|host| host.apt = Read::Seen(AptSeen { repositories: all, unending, ..AptSeen::default() }))
    };
    let foreign = Repository { unending: true, ..repository("Docker CE", "bookworm") };
    let docker =
        Repository { vendor: "Docker".into(), valid_until: Some(now() + Period::days(2).as_duration()), ..foreign };
    let source = "http://docker s (/etc/apt/sources.list.d/docker.list)";
    let due =
        part(&of(std::slice::from_ref(&docker), &[source, "Acquire::Check-Date \"no\";"]), Some("sources")).clone();
    assert_eq!(
        (due.verdict, due.title.to_string()),
        (Verdict::Due, format!("apt takes lists after their end: {source}, and 1 more"))
    );
    assert!(due.mend.is_some() && due.detail.as_str().contains("and apt is told to take it after its end"), "{due:?}");
    let stands: Vec<&str> = due.standings.iter().map(|one| one.item.as_str()).collect();
    assert_eq!(stands, ["source Acquire::Check-Date \"no\";", &format!("source {source}")]);
    let ended = Repository { valid_until: Some(ago("3d")), ..docker };
    let unknown = part(&of(std::slice::from_ref(&ended), &[source]), Some("sources")).clone();
    assert_eq!(
        (unknown.verdict, unknown.title.as_str()),
        (Verdict::Unknown, "Docker CE stopped being valid 3 d ago: a frozen mirror, which apt is told to take")
    );
    assert!(unknown.standings.iter().any(|one| one.item == *"repository Docker CE bookworm"), "{unknown:?}");
    // Where apt looks for it, apt-get update fails on it and says so.
    let looked = Repository { unending: false, ..ended.clone() };
    assert_eq!(part(&of(&[looked], &[]), Some("sources")).verdict, Verdict::Ok);
    // Of the release's own nothing that is pending can be told then.
    let own = of(&[Repository { vendor: "Debian".into(), ..ended }], &[source]);
    assert_eq!(part(&own, Some("sources")).verdict, Verdict::Due);
    assert_eq!(
        (part(&own, None).verdict, part(&own, None).title.as_str()),
        (Verdict::Unknown, "Docker CE stopped being valid 3 d ago: a frozen mirror, which apt is told to take")
    );
}

#[test]
fn a_security_update_that_a_pin_keeps_back_says_so_and_how_to_let_it_in() {
    let pinned = seen(|host| host.pending = Read::Seen(vec![Pending { pinned: true, ..update("openssl", true) }]));
    let updates = part(&pinned, None);
    assert_eq!(updates.verdict, Verdict::Due);
    assert!(updates.detail.as_str().contains(", kept back by a pin"), "{}", updates.detail);
    let mend = updates.mend.as_ref().unwrap().as_str();
    assert!(mend.contains("openssl is kept back by a pin: take that out of /etc/apt/preferences.d"), "{mend}");
    assert_eq!(updates.standings.alike.as_ref().unwrap(), "the same security update: openssl (pinned)");
}
