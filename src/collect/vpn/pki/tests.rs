use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::domain::Read;
use crate::domain::facts::PkiCertificate;
use crate::domain::register::Server;

/// What the look said of a real folder of easy-rsa 3.1.0.
const FOLDER: &str = include_str!("../../../../tests/fixtures/vpn/pki.txt");

fn read(text: &str) -> VpnPki {
    parse_folder(Ok(text.as_bytes()), "gate:/pki".into())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn issued<'a>(pki: &'a VpnPki, name: &str) -> &'a PkiCertificate {
    pki.issued.seen().unwrap().iter().find(|found| found.common_name == *name).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn a_real_folder_is_read() {
    let pki = read(FOLDER);
    let authority = pki.authority.seen().unwrap();
    assert_eq!(
        (authority.common_name.as_str(), authority.not_after),
        ("fixture authority", at("2036-11-22T16:17:56Z"))
    );
    let servers: Vec<_> = pki.servers.seen().unwrap().iter().map(|found| found.common_name.as_str()).collect();
    assert_eq!(servers, ["gate"]);
    assert_eq!(pki.issued.seen().unwrap().len(), 8);
    assert_eq!(issued(&pki, "eve").not_after, at("2026-12-05T16:18:00Z"));
    assert_eq!(issued(&pki, "ben").revoked, Some(at("2026-11-25T16:18:01Z")));
    assert_eq!(issued(&pki, "old").revoked, Some(at("2026-11-25T16:18:02Z")));
    let list = pki.revocations.seen().unwrap().as_ref().unwrap();
    assert_eq!(list.next_update.unwrap(), at("2027-05-24T16:18:02Z"));
    let mut revoked = [issued(&pki, "ben").serial.clone(), issued(&pki, "old").serial.clone()];
    let mut listed = list.serials.clone();
    revoked.sort();
    listed.sort();
    assert_eq!(listed, revoked);
}

/// In the usual order the root comes last, and lasts longest.
#[test]
fn of_several_authorities_the_one_that_ends_first_is_told_whichever_comes_first() {
    let pem = |head: &str| {
        let at = FOLDER.find(head).unwrap();
        let end = at + FOLDER[at..].find("-----END CERTIFICATE-----").unwrap() + "-----END CERTIFICATE-----\n".len();
        &FOLDER[at + head.len()..end]
    };
    let (own, sooner) = (pem("#ca seen\n"), pem("#issued seen\n"));
    let ends = |text: &str| read(text).authority.seen().unwrap().not_after;
    let alone = ends(&FOLDER.replacen(own, sooner, 1));
    assert!(alone < ends(FOLDER));
    for both in [[own, sooner].concat(), [sooner, own].concat()] {
        assert_eq!(ends(&FOLDER.replacen(own, &both, 1)), alone);
    }
}

#[test]
fn names_with_commas_and_of_other_scripts_are_those_that_connect() {
    let pki = read(FOLDER);
    assert_eq!(issued(&pki, "Jörg Weiß").revoked, None);
    assert_eq!(issued(&pki, "carla, contractor").revoked, None);
}

#[test]
fn a_slash_belongs_to_a_name_unless_an_attribute_begins_behind_it() {
    for (name, common_name) in [
        ("/CN=a/b", "a/b"),
        ("/C=AT/O=Example/CN=anna/emailAddress=a@example.org", "anna"),
        ("/CN=\\xC3", "\u{fffd}"),
        ("/CN=\\xZZ\\", "\\xZZ\\"),
        ("/O=Example", "/O=Example"),
    ] {
        let row = format!("#index seen\n V\t271125161757Z\t\t0A\tunknown\t{name}\n#end seen\n");
        assert_eq!(read(&row).issued.seen().unwrap()[0].common_name, common_name, "{name}");
    }
}

#[test]
fn serials_compare_whatever_their_zeros_and_dates_whatever_their_century() {
    let row = "#index seen\n V\t20510101000000Z\t\t000a\tunknown\t/CN=a\n E\t490101000000Z\t\t00\tunknown\t/CN=b\n#end seen\n";
    let pki = read(row);
    assert_eq!((issued(&pki, "a").serial.as_str(), issued(&pki, "a").not_after), ("A", at("2051-01-01T00:00:00Z")));
    assert_eq!((issued(&pki, "b").serial.as_str(), issued(&pki, "b").not_after), ("0", at("2049-01-01T00:00:00Z")));
}

#[test]
fn what_cannot_be_read_says_so_by_itself() {
    let without = |part: &str, state: &str| {
        let (before, rest) = FOLDER.split_once(&format!("#{part} seen\n")).unwrap();
        let end = rest.find("\n#").unwrap();
        read(&format!("{before}#{part} {state}{}", &rest[end..]))
    };
    let pki = without("index", "forbidden");
    let Read::Unreadable(fault) = &pki.issued else { panic!("{pki:?}") };
    assert_eq!(fault.said, "gate:/pki/index.txt can't be read: permission denied");
    assert!(fault.mend.as_ref().unwrap().as_str().contains("setfacl"));
    assert!(pki.authority.seen().is_some() && pki.servers.seen().is_some() && pki.revocations.seen().is_some());
    assert!(matches!(without("ca", "missing").authority, Read::Unreadable(_)));
    assert!(matches!(without("issued", "large").servers, Read::Unreadable(_)));
    // No list is something else than one that can't be read.
    assert_eq!(without("crl", "missing").revocations, Read::Seen(None));
    assert!(matches!(without("crl", "forbidden").revocations, Read::Unreadable(_)));
}

#[test]
fn a_row_or_a_block_that_is_damaged_makes_its_file_unreadable() {
    let pki = read(&FOLDER.replace("unknown\t/CN=anna", "/CN=anna"));
    let Read::Unreadable(fault) = &pki.issued else { panic!("{pki:?}") };
    assert_eq!(fault.said, "line 3 of index.txt can't be read");
    for (from, to) in [(" V\t27", " X\t27"), ("\t271125161757Z", "\tsoon"), ("\t271125161757Z", "\t271325161757Z")] {
        assert!(matches!(read(&FOLDER.replacen(from, to, 1)).issued, Read::Unreadable(_)), "{to}");
    }
    let pki = read(&FOLDER.replace("MIIB0DCC", "MIIB0DCD"));
    assert!(matches!(pki.authority, Read::Unreadable(_)), "{:?}", pki.authority);
}

#[test]
fn an_answer_that_was_cut_off_tells_nothing() {
    for end in (0..FOLDER.len() - 10).step_by(97) {
        let Some(cut) = FOLDER.get(..end) else { continue };
        let pki = read(cut);
        assert!(pki.issued.seen().is_none() && pki.revocations.seen().is_none(), "{end}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is an edge")]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn look(path: &std::path::Path) -> VpnPki {
    let place = Place { server: Server::local(), path: path.to_str().unwrap().to_owned() };
    read_pki(&Tools::new(now).unwrap(), &place).await
}

#[tokio::test]
async fn a_folder_on_this_machine_is_read_and_no_key_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it's a pki");
    std::fs::create_dir_all(path.join("issued")).unwrap();
    std::fs::write(path.join("index.txt"), "V\t271125161757Z\t\t0A\tunknown\t/CN=anna").unwrap();
    let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    std::fs::write(path.join("issued/anna.crt"), key).unwrap();
    let pki = look(&path).await;
    assert_eq!(issued(&pki, "anna").serial, "A");
    assert_eq!(pki.servers, Read::Seen(Vec::new()));
    assert_eq!(pki.revocations, Read::Seen(None));
    assert!(!format!("{pki:?}").contains("c2VjcmV0"));
    let Read::Unreadable(fault) = &pki.authority else { panic!("{pki:?}") };
    assert!(fault.said.as_str().ends_with("ca.crt is missing"), "{fault}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_unknown_in_every_part() {
    let pki = look(std::path::Path::new("/nonexistent/pki")).await;
    assert!(pki.authority.seen().is_none() && pki.issued.seen().is_none() && pki.servers.seen().is_none());
}

proptest! {
    #[test]
    fn no_damage_panics_and_nothing_shown_is_unclean(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)
    ) {
        let mut bytes = FOLDER.as_bytes().to_vec();
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let pki = parse_folder(Ok(&bytes), "gate:/pki".into());
        let names = pki.issued.seen().into_iter().flatten().chain(pki.servers.seen().into_iter().flatten());
        for found in names.chain(pki.authority.seen()) {
            prop_assert!(!found.common_name.as_str().chars().any(char::is_control));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        parse_folder(Ok(&bytes), "gate:/pki".into());
    }
}

/// The look as a login that is not root: to root nothing is closed.
async fn look_as_nobody(path: &std::path::Path) -> (Option<i32>, String) {
    use crate::collect::tools::run::{Program, run};
    let script = format!("p={}\n{SCRIPT}", quoted(path.to_str().unwrap()));
    let words = ["-c", &script];
    let program = if rustix::process::getuid().is_root() {
        Program::new("setpriv").arguments(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]).arguments(words)
    } else {
        Program::new("sh").arguments(words)
    };
    let ran = run(program).await.unwrap();
    (ran.status, String::from_utf8(ran.output).unwrap())
}

#[tokio::test]
async fn one_certificate_that_may_not_be_read_hides_all_and_a_key_behind_an_authority_is_not_printed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(folder.path(), 0o755);
    let issued = folder.path().join("issued");
    std::fs::create_dir_all(&issued).unwrap();
    let block = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    for name in ["anna.crt", "gate.crt"] {
        std::fs::write(issued.join(name), block).unwrap();
    }
    std::fs::write(folder.path().join("ca.crt"), format!("{key}{block}")).unwrap();
    let (status, said) = look_as_nobody(folder.path()).await;
    assert!(status == Some(0) && said.contains("#issued seen\n -----BEGIN"), "{said}");
    assert!(said.contains("#ca seen\n -----BEGIN CERTIFICATE") && !said.contains("c2VjcmV0"), "{said}");
    mode(&issued.join("gate.crt"), 0o000);
    let (status, said) = look_as_nobody(folder.path()).await;
    assert!(status == Some(0) && said.contains("#issued forbidden\n#end seen"), "{said}");
    let fault = parse_folder(Ok(said.as_bytes()), "gate:/pki".into()).servers.as_result().unwrap_err().clone();
    assert!(fault.mend.unwrap().as_str().contains("setfacl -R -m u:LOGIN:rX gate:/pki/issued"));
}
