//! The configuration as a person gets it wrong.

use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, schema_for};
use serde::Deserialize;

use super::*;
use crate::domain::SecretRef;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape matters here")]
struct Feed {
    name: String,
    kind: Kind,
    every: Option<Period>,
    password: Option<SecretRef>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Debian,
    Any,
}

fn feed() -> Schema {
    schema_for!(Feed)
}

static CERTIFICATE: Limit = Limit { key: "certificate", default: Period::days(21), help: "" };

fn owners() -> Owners {
    Owners { sections: vec![Section { name: "feed", many: true, schema: feed }], limits: vec![&CERTIFICATE] }
}

fn paths(folder: &Path) -> Paths {
    Paths { config: folder.join("config"), state: folder.join("state"), home: folder.to_owned(), login: "mona".into() }
}

fn load_text(text: &str) -> Result<Settings, String> {
    load_files(&[("matins.toml", text)])
}

fn load_files(files: &[(&str, &str)]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::create_dir(&config).unwrap();
    for (name, text) in files {
        std::fs::write(config.join(name), text).unwrap();
    }
    load(&Location::Usual, &paths(folder.path()), &owners()).map_err(|error| error.to_string())
}

#[test]
fn without_configuration_it_watches_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let settings = load(&Location::Usual, &paths(folder.path()), &owners()).unwrap();
    assert!(!settings.configured);
    assert_eq!(settings.register.servers, [crate::domain::register::Server::local()]);
    assert_eq!(settings.operator.name, "mona");
    assert_eq!(settings.store, folder.path().join("state/matins.db"));
}

#[test]
fn a_named_place_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error =
        load(&Location::Named(PathBuf::from("/nowhere/matins.toml")), &paths(folder.path()), &owners()).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
}

#[test]
fn files_are_joined_and_only_what_they_name_is_watched() {
    let settings = load_files(&[
        ("10-console.toml", "[console]\noperator = \"roman\"\ntimezone = \"Europe/Vienna\"\n"),
        ("20-web.toml", "[[role]]\nname = \"web\"\nports = [\"tcp/443\"]\nkey = \"~/.ssh/probe\"\n[[server]]\nname = \"web1\"\nrole = \"web\"\n"),
        ("30-db.toml", "[[server]]\nname = \"db1\"\nssh = \"local\"\n[limits]\ncertificate = \"30d\"\n"),
        ("notes.txt", "not toml"),
        (".hidden.toml", "= broken"),
    ])
    .unwrap();
    assert_eq!(settings.operator.name, "roman");
    assert_eq!(settings.zone.iana_name(), Some("Europe/Vienna"));
    let [web, db] = &settings.register.servers[..] else { panic!("{:?}", settings.register) };
    assert_eq!(
        (web.ssh.as_ref().unwrap().as_str(), web.ports.as_deref(), web.key.as_deref()),
        ("web1", Some(&["tcp/443".parse().unwrap()][..]), Some(Path::new("~/.ssh/probe")))
    );
    assert_eq!((&db.ssh, &db.ports), (&None, &None));
    assert_eq!(web.place, "20-web.toml:5");
    assert_eq!(settings.limits.of(&CERTIFICATE), Period::days(30));
    let shown = settings.show(&owners());
    assert!(shown.contains("certificate = \"30d\"") && shown.contains("# 30-db.toml:5"), "{shown}");
}

#[test]
fn a_port_that_is_none_is_told_at_its_own_place_in_servers_and_roles() {
    let error = load_text(
        "[[role]]\nname = \"web\"\nports = [\"tcp/443\", \"443\"]\n[[server]]\nname = \"web1\"\nrole = \"web\"\n\
         [[server]]\nname = \"web2\"\nports = [\n  \"tcp/80\",\n  \"tcp/22 from moon\",\n]\n",
    )
    .unwrap_err();
    for part in [
        "matins.toml:3:21: `443` does not begin with tcp/ or udp/",
        "matins.toml:11:3: `moon` is neither anywhere, vpn nor a network",
        "2 problems",
    ] {
        assert!(error.contains(part), "{part} is missing in:\n{error}");
    }
}

#[test]
fn no_ports_written_and_none_allowed_are_two_things() {
    let settings = load_text(
        "[[role]]\nname = \"web\"\nports = [\"tcp/443\"]\n[[server]]\nname = \"a\"\nrole = \"web\"\n\
         [[server]]\nname = \"b\"\nrole = \"web\"\nports = []\n[[server]]\nname = \"c\"\n",
    )
    .unwrap();
    let counts: Vec<Option<usize>> =
        settings.register.servers.iter().map(|server| server.ports.as_ref().map(Vec::len)).collect();
    assert_eq!(counts, [Some(1), Some(0), None]);
}

#[test]
fn an_unknown_key_names_line_column_and_the_nearest_key() {
    let error = load_text("[console]\noperator = \"roman\"\n  thme = \"dark\"\n").unwrap_err();
    insta::assert_snapshot!(error, @r#"
    matins.toml:3:3: unknown key `thme`
       |
     3 |   thme = "dark"
       |   ^
       did you mean `theme`?
    1 problem in the configuration; nothing was changed
    "#);
}

#[test]
fn all_problems_are_told_at_once() {
    let error = load_text(
        "[[feed]]\nname = \"x\"\nkind = \"debain\"\nevery = \"soon\"\n[[feed]]\nkind = \"any\"\nname = 5\n[limits]\ncertificat = \"1d\"\n[[servr]]\nname=\"a\"\n",
    )
    .unwrap_err();
    assert!(error.contains("unknown section `servr`") && error.contains("did you mean `server`"), "{error}");
    let error = load_text("[[feed]]\nname = \"x\"\nkind = \"debain\"\nevery = \"soon\"\n[[feed]]\nkind = \"any\"\nname = 5\n[limits]\ncertificat = \"1d\"\n").unwrap_err();
    for part in [
        "matins.toml:3:1: `kind` must be one of debian, any",
        "did you mean `debian`?",
        "matins.toml:4:1: `soon` is not a length of time",
        "matins.toml:7:1: `name` must be text in quotes, not a number",
        "matins.toml:9:1: unknown limit `certificat`",
        "4 problems",
    ] {
        assert!(error.contains(part), "{part} is missing in:\n{error}");
    }
}

#[test]
fn an_unknown_section_hides_no_other_problem_of_form() {
    let said = load_text(
        "[[server]]\nname = \"web1\"\nprots = [\"tcp/80\"]\n[[sever]]\nname = \"web2\"\n[limits]\nbackup = 3\n",
    );
    let said = said.unwrap_err();
    for problem in ["unknown key `prots`", "unknown section `sever`", "unknown limit `backup`"] {
        assert!(said.contains(problem), "{said}");
    }
    assert!(said.find("prots") < said.find("sever"), "{said}");
}

#[test]
fn syntax_errors_of_every_file_are_told() {
    let error = load_files(&[("a.toml", "[console\n"), ("b.toml", "x = \n")]).unwrap_err();
    assert!(error.contains("a.toml:1:") && error.contains("b.toml:1:"), "{error}");
}

#[test]
fn the_same_name_twice_names_both_places() {
    let error =
        load_files(&[("a.toml", "[[server]]\nname = \"web1\"\n"), ("b.toml", "\n[[server]]\nname = \"web1\"\n")])
            .unwrap_err();
    assert!(error.contains("b.toml:3:1: the server `web1` is already in a.toml:2"), "{error}");
    let error = load_files(&[("a.toml", "[console]\ntheme = \"dark\"\n"), ("b.toml", "[console]\ntheme = \"dark\"\n")])
        .unwrap_err();
    assert!(error.contains("`console.theme` is already set in a.toml:2"), "{error}");
}

#[test]
fn a_bare_secret_is_refused_and_never_printed() {
    for text in [
        "[[feed]]\nname = \"x\"\nkind = \"any\"\npassword = \"canary-7731\"\n",
        "[[feed]]\nname = \"x\"\nkind = \"any\"\npassword = { value = \"canary-7731\" }\n",
        "[[feed]]\nname = \"x\"\nkind = \"any\"\npassword = canary-7731\n",
    ] {
        let error = load_text(text).unwrap_err();
        assert!(!error.contains("canary"), "{error}");
    }
    assert!(
        load_text("[[feed]]\nname = \"x\"\nkind = \"any\"\npassword = \"c\"\n").unwrap_err().contains("{ keyring = ")
    );
    assert!(load_text("[[feed]]\nname = \"x\"\nkind = \"any\"\npassword = { keyring = \"hetzner\" }\n").is_ok());
}

#[test]
fn a_host_that_looks_like_an_option_is_refused() {
    let error = load_text("[[server]]\nname = \"web1\"\nssh = \"-oProxyCommand=touch x\"\n").unwrap_err();
    assert!(error.contains("matins.toml:3:1") && error.contains("not an ssh destination"), "{error}");
    assert!(load_text("[[server]]\nname = \"-web1\"\n").is_err());
}

#[test]
fn bytes_that_are_not_utf8_are_named_by_offset() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    std::fs::write(&file, b"a = \"\xff\"").unwrap();
    let error = load(&Location::Named(file), &paths(folder.path()), &owners()).unwrap_err().to_string();
    assert!(error.contains("not UTF-8 at byte 5"), "{error}");
}

#[test]
fn one_table_and_many_are_told_apart() {
    assert!(load_text("[server]\nname = \"x\"\n").unwrap_err().contains("write [[server]]"));
    assert!(load_text("[[console]]\ntheme = \"x\"\n").unwrap_err().contains("write [console]"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}|(\\[\\[?(server|feed|console|limits)\\]?\\]\\n([a-z]{1,8} = (\"[a-z0-9]{0,6}\"|[0-9]{1,4}|\\[1\\]|\\{ a = 1 \\}|true)\\n){0,6}){0,3}") {
        load_text(&text).ok();
    }
}
