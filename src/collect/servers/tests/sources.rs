//! Where packages come from, as apt is told.

use super::*;

const SOURCES: &[&str] = &["configured", "sources"];

/// Where apt keeps its sources, and this the lists that it made of them.
fn places(machine: &Machine) -> String {
    let path = |name: &str| machine.path(name).display().to_string();
    let (sources, parts, lists) = (path("etc/apt/sources.list"), path("etc/apt/sources.list.d"), path("lists"));
    format!("sources={sources} parts={parts} lists={lists}")
}

#[tokio::test]
async fn sources_are_told_without_logins_and_an_indent_hides_none() {
    let machine = Machine::new();
    machine.program("apt-config", "echo 'Acquire::AllowInsecureRepositories \"true\";'; echo 'Acquire::Min-ValidTime::A B \"9\";'; echo 'Acquire::check-date \"no\";'; echo 'APT::Other \"1\";'");
    machine.write("etc/apt/sources.list", "# deb x\n  deb [trusted=yes] https://TOKEN@h/debian s main\n");
    machine.write("etc/apt/sources.list.d/a.list", "\tdeb\thttp://user:TOKEN@x@h:80/@y s main\n");
    machine.write(
        "etc/apt/sources.list.d/b.sources",
        "URIs: https://user:TOKEN@one/ http://TOKEN@two\n\t http://three\n \nSigned-By:\n -----BEGIN PGP\n .\nTrusted: yes\n",
    );
    let (said, status) = machine.says(&places(&machine), SOURCES, "configured; sources").await;
    let tab = said.replace('\t', "|");
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(
        tab.lines().collect::<Vec<_>>(),
        [
            "/etc/apt/sources.list|deb [trusted=yes] https://h/debian s main",
            "/etc/apt/sources.list.d/a.list|deb|http://h:80/@y s main",
            "/etc/apt/sources.list.d/b.sources|URIs: https://one/ http://two",
            "/etc/apt/sources.list.d/b.sources|| http://three",
            "/etc/apt/sources.list.d/b.sources|Signed-By:",
            "/etc/apt/sources.list.d/b.sources|Trusted: yes",
            "apt-config|Acquire::AllowInsecureRepositories \"true\";",
            "apt-config|Acquire::Min-ValidTime::A B \"9\";",
            "apt-config|Acquire::check-date \"no\";",
        ]
    );
}

#[tokio::test]
async fn sources_that_can_not_be_read_are_not_none() {
    let machine = Machine::new();
    machine.program("apt-config", "echo E: broken; exit 100");
    machine.write("etc/apt/sources.list.d/a.list", "deb [trusted=yes] http://h/ s\n");
    let (said, status) = machine.says(&places(&machine), SOURCES, "configured; sources").await;
    assert!(status == Some(100) && said.contains("E: broken"), "{said}");
    machine.program("apt-config", "exit 0");
    assert_eq!(machine.says(&places(&machine), SOURCES, "configured; sources").await.1, Some(0));
    lock(&machine.path("etc/apt/sources.list.d"), 0o711);
    if !rustix::process::getuid().is_root() {
        lock(&machine.path("etc/apt/sources.list.d"), 0o311);
    }
    let (said, status) = machine.says(&places(&machine), SOURCES, "configured; sources").await;
    lock(&machine.path("etc/apt/sources.list.d"), 0o755);
    assert_eq!((said.trim(), status), ("/etc/apt/sources.list.d: permission denied", Some(3)));
}

#[tokio::test]
async fn a_keyring_that_gpgv_can_not_read_hides_no_other_and_a_gpgv_that_hangs_is_told() {
    let machine = Machine::new();
    machine.write("etc/apt/trusted.gpg.d/a.gpg", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n");
    machine.write("etc/apt/trusted.gpg.d/html.gpg", "<!doctype html>not found");
    fs::write(machine.path("etc/apt/trusted.gpg.d/b.gpg"), b"\x99binary").unwrap();
    machine.write("lists/x_InRelease", "-----BEGIN PGP SIGNATURE-----\n");
    let lists = places(&machine);
    let told = "case \"$*\" in *a.gpg* | *html.gpg*) ;; *b.gpg*) echo '[GNUPG:] GOODSIG' ;; esac; exit 2";
    machine.program("gpgv", told);
    let parts = ["named_keys", "with_gpgv", "signatures"];
    let (said, status) = machine.says(&lists, &parts, "signatures").await;
    assert_eq!((said.as_str(), status), ("/lists/x_InRelease\nGOODSIG\n", Some(0)));
    machine.program("gpgv", "exit 124");
    assert_eq!(machine.says(&lists, &parts, "signatures").await.1, Some(124));
}

#[tokio::test]
async fn the_keyrings_that_sources_name_are_asked_wherever_they_lie() {
    let machine = Machine::new();
    let key = |name: &str| machine.path(&format!("srv/{name}.gpg")).display().to_string();
    for name in ["one", "two", "three"] {
        machine.write(&format!("srv/{name}.gpg"), "");
        fs::write(machine.path(&format!("srv/{name}.gpg")), b"\x99binary").unwrap();
    }
    machine.write("etc/apt/sources.list", &format!("deb [arch=amd64 signed-by={}] http://h/ s main\n", key("one")));
    machine.write(
        "etc/apt/sources.list.d/a.list",
        &format!("deb [signed-by={},{}] http://h/ t main\n", key("two"), key("one")),
    );
    machine.write("etc/apt/sources.list.d/b.sources", &format!("URIs: http://h/\nSigned-By: {}\n", key("three")));
    machine.write("lists/x_InRelease", "-----BEGIN PGP SIGNATURE-----\n");
    machine.program("gpgv", "case \"$*\" in *srv/one.gpg*srv/two.gpg*srv/three.gpg*) echo '[GNUPG:] GOODSIG' ;; esac");
    let parts = ["named_keys", "with_gpgv", "signatures"];
    let (said, status) = machine.says(&places(&machine), &parts, "signatures").await;
    assert_eq!((said.as_str(), status), ("/lists/x_InRelease\nGOODSIG\n", Some(0)));
}

/// What gpgv 2.2.40 said of real keys and lists.
#[tokio::test]
async fn what_gpgv_says_that_settles_nothing_is_told_in_its_words() {
    let machine = Machine::new();
    let list = machine.path("x_InRelease").display().to_string();
    let variables = format!("list={list} signed={list}");
    let (no_key, weak) = ("[GNUPG:] ERRSIG 54 1 8 01 1795573351 9 ED", "[GNUPG:] ERRSIG AF 1 2 00 1795758174 5 9A");
    let new = "[GNUPG:] NEWSIG";
    for (said, words) in [
        (format!("{new}\n{no_key}\n{new}\n[GNUPG:] GOODSIG 54 x"), "ERRSIG\nGOODSIG\n"),
        (format!("{new}\n{no_key}\ngpgv: Can't check signature: No public key"), "ERRSIG\n"),
        // A keyring that is none hides the keys of all.
        (
            format!(
                "{new}\ngpgv: keydb_search failed: Invalid packet\n{no_key}\ngpgv: Can't check signature: No public key"
            ),
            "? gpgv: keydb_search failed: Invalid packet\n",
        ),
        (
            format!("{new}\n{no_key}\n{new}\n{weak}\ngpgv: Can't check signature: Invalid digest algorithm"),
            "ERRSIG\n? gpgv: Can't check signature: Invalid digest algorithm\n",
        ),
        (String::new(), "? gpgv: nothing\n"),
    ] {
        machine.program("gpgv", &format!("cat <<'E'\n{said}\nE\nexit 2"));
        let told = machine.says(&variables, &["with_gpgv"], "with_gpgv").await;
        assert_eq!((told.0.as_str(), told.1), (words, Some(0)), "{said}");
    }
    if !Path::new("/usr/bin/gpgv").exists() {
        eprintln!("left out: gpgv is not installed");
        return;
    }
    // The real one, of what looks like a signed list and is none.
    fs::remove_file(machine.path("bin/gpgv")).unwrap();
    machine.write(
        "x_InRelease",
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nhello\n-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n",
    );
    let told = machine.says(&variables, &["with_gpgv"], "with_gpgv").await;
    assert!(told.0.starts_with("? gpgv: ") && told.0.lines().count() == 1 && told.1 == Some(0), "{told:?}");
}

/// What sqv 1.3.0 said of real keys and lists, on trixie.
#[tokio::test]
async fn sqv_s_words_are_gpgv_s_and_what_it_does_not_explain_is_told_as_it_is() {
    let machine = Machine::new();
    machine.write("lists/x_InRelease", "-----BEGIN PGP SIGNATURE-----\n");
    let list = machine.path("lists/x_InRelease").display().to_string();
    let variables = format!("list={list} signed={list} inline=");
    for (said, words) in [
        (
            "Signing key on 06 is bad:\n  The primary key is not live\n  because: Expired on 2025-01-02T00:00:00Z",
            "EXPKEYSIG\n",
        ),
        ("Signing key on 26 is bad:\n  Invalid key: \"certificate is revoked\"", "REVKEYSIG\n"),
        (
            "Verifying signature:\n           Message has been manipulated\n0 of 1 signatures are valid (threshold is: 1).",
            "BADSIG\n",
        ),
        ("Missing key 4C, which is needed to verify signature.", "ERRSIG\n"),
        (
            "Missing key 4C, which is needed to verify signature.\nVerifying signature:\n           Policy rejected non-revocation signature (Binary)\n  \
             because: SHA1 is not considered secure\n0 of 2 signatures are valid (threshold is: 1).",
            "ERRSIG\n? sqv: Verifying signature: Policy rejected non-revocation signature (Binary) because: SHA1 is not considered secure\n",
        ),
        (
            "Error: Failed to parse keyring \"/etc/x\"\n\nCaused by:\n    1: EOF\n\nStack backtrace:\n   0: <unknown>",
            "? sqv: Error: Failed to parse keyring \"/etc/x\" 1: EOF\n",
        ),
        ("", "? sqv: nothing\n"),
    ] {
        machine.program("sqv", &format!("cat <<'E'\n{said}\nE\nexit 1"));
        let told = machine.says(&variables, &["signed_text", "with_sqv"], "with_sqv").await;
        assert_eq!((told.0.as_str(), told.1), (words, Some(0)), "{said}");
    }
    machine.program("sqv", "exit 124");
    assert_eq!(machine.says(&variables, &["signed_text", "with_sqv"], "with_sqv").await.1, Some(124));
}
