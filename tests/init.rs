//! `matins init` through the built program: from ssh's files, from inventories, and from a provider's API that pages,
//! rate-limits, refuses and lies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "support/home.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod home;
#[path = "support/web.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod web;

use home::{Home, text};
use serde_json::{Value, json};
use web::{Does, Web, says};

const FIRST: &str = "/v1/servers?page=1&per_page=50";
const SECOND: &str = "/v1/servers?page=2&per_page=50";
const TOKEN: &str = "canary-81c4";

/// A page of as many servers, the first of this number.
fn page(from: u32, count: u32, next: Option<u32>) -> Does {
    let server = |number: u32| {
        json!({"name": format!("node{number}"), "status": "running", "labels": {"role": "web"},
            "public_net": {"ipv4": {"ip": format!("203.0.113.{number}")}, "ipv6": null}})
    };
    let servers: Vec<Value> = (from..from + count).map(server).collect();
    let body = json!({"servers": servers, "meta": {"pagination": {"next_page": next}}}).to_string();
    says("200 OK", &[("Content-Type", "application/json")], body.as_bytes())
}

/// Exit code, what is proposed, and what is said besides.
fn init(home: &Home, server: &Web) -> (Option<i32>, String, String) {
    let url = server.url("/v1");
    let mut command = home.command(&["init", "--hetzner", "env:HCLOUD_TOKEN", "--hetzner-url", &url]);
    let output = command.env("HCLOUD_TOKEN", TOKEN).output().unwrap();
    let (proposed, said) = (text(&output.stdout), text(&output.stderr));
    assert!(!proposed.contains("canary") && !said.contains("canary"), "{proposed}{said}");
    (output.status.code(), proposed, said)
}

#[test]
fn every_page_of_a_project_is_proposed() {
    let home = Home::new("");
    let server = Web::start(vec![(FIRST, page(1, 50, Some(2))), (SECOND, page(51, 3, None))]);
    let (status, proposed, said) = init(&home, &server);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(proposed.matches("[[server]]").count(), 53);
    assert!(proposed.contains("# Hetzner Cloud: 53 servers"), "{proposed}");
    assert!(proposed.contains("ssh = \"203.0.113.51\"\nprovider = \"Hetzner\"\ntags = [\"web\"]"), "{proposed}");
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    for request in asked {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    }
    // What it proposes is a configuration.
    home.configure(&proposed);
    let checked = home.run(&["config", "check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
}

#[test]
fn half_a_list_proposes_nothing_and_says_why() {
    let home = Home::new("");
    let busy = || says("429 Too Many Requests", &[("Retry-After", "120")], b"{}");
    for (second, words) in [
        (says("401 Unauthorized", &[], b"{}"), "refused the token (401)"),
        (busy(), "answered 429"),
        (says("500 Internal Server Error", &[], b"x"), "answered 500"),
        (says("200 OK", &[], b"{\"servers\": [{\"na"), "can't be read"),
        (says("200 OK", &[], b"{\"error\": {\"code\": \"x\"}}"), "can't be read"),
        (page(1, 1, Some(1)), "have no end"),
        (Does::Resets, ""),
    ] {
        let server = Web::start(vec![(FIRST, page(1, 50, Some(2))), (SECOND, second)]);
        let (status, proposed, said) = init(&home, &server);
        assert_eq!((status, proposed.as_str()), (Some(74), ""), "{said}");
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_token_in_place_of_where_it_is_kept_is_refused_and_not_repeated() {
    let home = Home::new("");
    for place in [TOKEN, &format!("env:{TOKEN}"), "env:", "vault:canary-81c4", ""] {
        let output = home.run(&["init", "--hetzner", place]);
        assert_eq!(output.status.code(), Some(64), "{place}");
        let said = text(&output.stderr);
        assert!(said.contains("env:NAME, keyring:NAME") && !said.contains("canary"), "{said}");
    }
    // Nor is it sent where everybody could read it.
    let mut command =
        home.command(&["init", "--hetzner", "env:HCLOUD_TOKEN", "--hetzner-url", "http://api.example.org/v1"]);
    let said = text(&command.env("HCLOUD_TOKEN", TOKEN).output().unwrap().stderr);
    assert!(said.contains("a token is not sent unencrypted"), "{said}");
    let unset = home.run(&["init", "--hetzner", "env:HCLOUD_TOKEN"]);
    assert!(text(&unset.stderr).contains("HCLOUD_TOKEN is not set"), "{}", text(&unset.stderr));
}

/// What is proposed out of these files, which is a configuration as it stands: name and destination of each server, tags,
/// and the whole text.
fn proposed(home: &Home, files: &[(&str, &str)], arguments: &[&str]) -> (Vec<String>, String) {
    for (name, content) in files {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let mut command = home.command(&["init"]);
    let output = command.args(arguments).current_dir(home.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let toml = text(&output.stdout);
    home.configure(&toml);
    let checked = home.run(&["config", "check"]);
    assert_eq!(checked.status.code(), Some(0), "{toml}{}", text(&checked.stderr));
    home.configure("");
    let table: toml::Table = toml.parse().unwrap();
    let servers = table.get("server").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let told = servers.iter().map(|server| {
        let ssh = server.get("ssh").map_or("", |ssh| ssh.as_str().unwrap());
        let tags = server.get("tags").map_or_else(String::new, ToString::to_string);
        [server["name"].as_str().unwrap(), ssh, &tags].join(" ").trim().to_owned()
    });
    (told.collect(), toml)
}

#[test]
fn ssh_s_configuration_is_followed_into_what_it_includes_and_known_hosts_double_nothing() {
    let home = Home::new("");
    let config = "\u{feff}Include config.d/*.conf config.d/none ~/elsewhere\n\
        Host web1 \"web2\" # main site\n  HostName %h.example.org\n  User root\n\
        Host *.internal !x\nHost=db1\nHostName=203.0.113.9 # primary\nMatch host bastion exec \"true\"\n  HostName 203.0.113.77\n\
        Host -oProxyCommand=touch\nHost \x1b[31mred a;b $(id)\n";
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ";
    let hosts = format!(
        "# c\nweb1.example.org,203.0.113.5 {key}\n203.0.113.9 {key}\n|1|aGFzaA==|aGFzaA== {key}\n\
         @cert-authority *.example.org {key}\n@revoked old.example.org {key}\n[git.example.org]:2222 {key}\n\
         mail.example.org {key}\nmail.example.org ssh-rsa AAAA\n*.wild {key}\n-oProxyCommand=x {key}\n\x1b]0;x\x07 {key}\nbroken\n"
    );
    let files = [
        (".ssh/config", config),
        (".ssh/known_hosts", hosts.as_str()),
        (".ssh/config.d/a.conf", "Host a1\nInclude config.d/a.conf b.extra\n"),
        (".ssh/config.d/b.txt", "Host not-included\n"),
        (".ssh/b.extra", "Host b1\nInclude config\n"),
        ("elsewhere", "host e1\n"),
    ];
    let (servers, toml) = proposed(&home, &files, &[]);
    assert_eq!(servers, ["a1", "b1", "broken", "db1", "e1", "mail.example.org", "web1", "web2"], "{toml}");
    for part in [
        "config.d/none can't be read",
        "Match host bastion exec \"true\" is not read",
        "web1.example.org: it is web1",
        "203.0.113.9: it is db1",
        "1 hashed names",
        "[git.example.org]:2222: another port",
        "-oProxyCommand=touch: not a name",
        "-oProxyCommand=x: not a name",
        "a;b: not a name",
        "~/.ssh/known_hosts: 2 servers",
    ] {
        assert!(toml.contains(part), "{part}: {toml}");
    }
    assert!(!toml.contains(['\x1b', '\x07']), "{toml}");
}

#[test]
fn known_hosts_that_can_t_be_read_are_said_and_hide_nothing_else() {
    let home = Home::new("");
    std::fs::create_dir_all(home.path().join(".ssh/known_hosts")).unwrap();
    let (servers, toml) = proposed(&home, &[(".ssh/config", "Host web1\n")], &[]);
    assert_eq!(servers, ["web1"]);
    assert!(toml.contains("known_hosts can't be read"), "{toml}");
    // A file that was named is another matter.
    let named = home.run(&["init", "--ssh-config", &home.path().join("none").display().to_string()]);
    assert_eq!(named.status.code(), Some(74));
}

#[test]
fn an_ini_inventory_is_read_as_ansible_reads_it() {
    let home = Home::new("");
    let ini = "; c\nlone  # ansible_host=203.0.113.99\nlocalhost ansible_connection=local\nhere:2222\n\
        [web]\nweb[01:03].example.org ansible_user=deploy\nweb01.example.org ansible_host=203.0.113.1\nzoo-[a:c:2]\n\
        [db]\ndb1 ansible_ssh_common_args='-o ProxyCommand=\"ssh -W %h:%p user@jump ansible_user=no\"' ansible_ssh_host=203.0.113.7\n\
        db2 ansible_host={{ip}} ansible_port=2200\n-oProxyCommand=x\ndb3 ansible_host=-oProxyCommand=x\n\x1b[2Jx\n\
        import json\nbig[0:99999999]\n\
        [web:vars]\nansible_user = 'www'\n[prod:vars]\nansible_user=root # all of it\n[prod:children]\nweb\ndb\n\
        [all:vars]\nansible_user=nobody\n[odd:things]\nx\n";
    let (servers, toml) = proposed(&home, &[("hosts", ini)], &["--ansible", "hosts"]);
    assert_eq!(
        servers,
        [
            "db1 root@203.0.113.7 [\"db\"]",
            "here nobody@here",
            "lone nobody@lone",
            "web01.example.org deploy@203.0.113.1 [\"web\"]",
            "web02.example.org deploy@web02.example.org [\"web\"]",
            "web03.example.org deploy@web03.example.org [\"web\"]",
            "zoo-a www@zoo-a [\"web\"]",
            "zoo-c www@zoo-c [\"web\"]",
        ],
        "{toml}"
    );
    for part in [
        "localhost: it is not reached by ssh (ansible_connection local)",
        "the port of here: 2222",
        "the port of db2: 2200",
        "db2: root@{{ip}} is not an ssh destination",
        "-oProxyCommand=x: not a name",
        "db3: root@-oProxyCommand=x is not an ssh destination",
        "line 15: no host and its variables",
        "big[0:99999999]: not a range",
        "a section of this kind is not read",
    ] {
        assert!(toml.contains(part), "{part}: {toml}");
    }
    assert!(!toml.contains('\x1b'), "{toml}");
}

#[test]
fn a_yaml_inventory_is_read_as_ansible_reads_it() {
    let home = Home::new("");
    let yaml = "%YAML 1.2\n---\nall:\n  vars:\n    ansible_user: nobody\n  children:\n    web:\n      hosts:\n        web1:\n\
        \x20       \"web[2:3]\":\n          ansible_host: \"203.0.113.2\"  # one for both\n        -oProxyCommand=x:\n      vars:\n\
        \x20       secret: !vault |\n          $ANSIBLE_VAULT;1.1;AES256\n          3763\n          hosts:\n            ghost:\n\
        \x20   prod:\n      vars: { ansible_user: lost }\n      children:\n        db:\n          vars:\n            ansible_user: root\n\
        \x20         hosts:\n            db1: {}\n            web1:\n              ansible_host: 203.0.113.1\n              ansible_port: 2200\n\
        \x20             note: |-\n                ansible_user: ghost\n";
    let (servers, toml) = proposed(&home, &[("h.yml", yaml)], &["--ansible", "h.yml"]);
    assert_eq!(
        servers,
        [
            "db1 root@db1 [\"db\"]",
            "web1 root@203.0.113.1 [\"db\", \"web\"]",
            "web2 nobody@203.0.113.2 [\"web\"]",
            "web3 nobody@203.0.113.2 [\"web\"]",
        ],
        "{toml}"
    );
    for part in ["the port of web1: 2200", "line 20: flow style", "-oProxyCommand=x: not a name"] {
        assert!(toml.contains(part), "{part}: {toml}");
    }
}

#[test]
fn an_inventory_that_is_encrypted_or_broken_proposes_nothing_out_of_its_rubble() {
    let home = Home::new("");
    let vault = "$ANSIBLE_VAULT;1.1;AES256\n33313061363033\n6230\n";
    for name in ["v.yml", "v"] {
        std::fs::write(home.path().join(name), vault).unwrap();
        let output = home.run(&["init", "--ansible", &home.path().join(name).display().to_string()]);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(74), ""), "{said}");
        assert!(said.contains("is encrypted by ansible-vault; decrypt a copy"), "{said}");
    }
    let broken = "all\n  hosts\n- x\n".repeat(2000);
    let (servers, toml) = proposed(&home, &[("b\nx = 1.yml", broken.as_str())], &["--ansible", "b\nx = 1.yml"]);
    assert_eq!(servers, Vec::<String>::new());
    assert!(toml.contains("left out: 5980 more") && toml.lines().count() < 30, "{toml}");
}
