use proptest::prelude::*;

use super::*;

fn names(found: &Found) -> Vec<&str> {
    found.servers.iter().map(|server| server.name.as_str()).collect()
}

#[test]
fn ssh_configuration_gives_its_plain_names_and_says_what_it_leaves_out() {
    let text = "# c\nHost web1 db1\n  HostName 10.0.0.1\nHost *.example.org !x\nhost=\"mail\"\nInclude more \"~/a b\"\nMatch user x\nHost -oProxyCommand=x a;b\n";
    let found = parse_ssh_config(text);
    assert_eq!(names(&found), ["web1", "db1", "mail"]);
    let skipped = found.skipped.join("\n");
    assert_eq!(parse_includes(text), ["more", "~/a b"]);
    for part in ["Match user x is not read", "-oProxyCommand=x: not a name", "a;b: not a name"] {
        assert!(skipped.contains(part), "{part}: {skipped}");
    }
}

#[test]
fn known_hosts_give_names_and_count_what_is_hashed() {
    let found = parse_known_hosts(
        "web1.example.org,203.0.113.5 ssh-ed25519 AAAA\nweb1.example.org ssh-rsa AAAA\n|1|aa=|bb= ssh-rsa AAAA\n\
         @revoked bad ssh-rsa AAAA\n[git.example.org]:2222 ssh-rsa AAAA\n203.0.113.9 ssh-rsa AAAA\n2001:db8::1 ssh-rsa AAAA\n",
    );
    assert_eq!(names(&found), ["web1.example.org", "203.0.113.9"]);
    assert_eq!(found.skipped.len(), 3);
    assert!(found.skipped[2].starts_with("1 hashed names"), "{found:?}");
}

#[test]
fn an_inventory_gives_hosts_with_their_groups() {
    let ini = "lone\n[web]\nweb1 ansible_host=203.0.113.5 ansible_user=root\nweb[01:x]\n[web:vars]\nx=1\n[all:children]\nweb\n";
    let yaml = "---\nall:\n  hosts:\n    lone:\n  children:\n    web:\n      hosts:\n        web1:\n          ansible_host: 203.0.113.5  # here\n          ansible_user: root\n        \"web[01:x]\":\n      vars:\n        x: 1\n";
    for found in [parse_ini(ini), parse_yaml(yaml)] {
        assert_eq!(names(&found), ["lone", "web1"], "{found:?}");
        assert_eq!(
            (found.servers[1].ssh.as_deref(), &found.servers[1].tags[..]),
            (Some("root@203.0.113.5"), &["web".to_owned()][..])
        );
        assert_eq!((found.servers[0].ssh.as_deref(), found.servers[0].tags.len()), (None, 0));
        assert_eq!(found.skipped, ["web[01:x]: not a range that can be expanded"]);
    }
    let odd = parse_yaml("all:\n  hosts:\n    - web1\n    web2: { ansible_host: x }\n");
    assert_eq!(names(&odd), ["web2"]);
    assert_eq!(odd.skipped.len(), 2, "{odd:?}");
}

#[test]
fn what_is_proposed_is_toml_with_each_server_once() {
    let one = parse_ini("[web]\nweb1 ansible_host=203.0.113.5\n[eu]\nweb1\n");
    let text = to_toml(&[("~/.ssh/config".into(), parse_ssh_config("Host web1 db1\n")), ("hosts.ini".into(), one)]);
    let parsed: toml::Table = text.parse().unwrap();
    let servers = parsed["server"].as_array().unwrap();
    assert_eq!(servers.len(), 2);
    assert_eq!(servers[1]["name"].as_str(), Some("web1"));
    // The first that named it decides where it is.
    assert!(servers[1].get("ssh").is_none());
    assert_eq!(servers[1]["tags"].as_array().unwrap().len(), 2);
}

proptest! {
    #[test]
    fn no_file_makes_it_panic_and_all_that_is_proposed_is_toml(text in "\\PC{0,200}|([\\[ ]{0,4}[a-z0-9|@:=.*\"-]{0,12}[\\] ]?[a-z=:]{0,8}\\n){0,8}") {
        for parse in [parse_ssh_config, parse_known_hosts, parse_ini, parse_yaml] {
            let toml = to_toml(&[("x".into(), parse(&text))]);
            prop_assert!(toml.parse::<toml::Table>().is_ok(), "{}", toml);
        }
    }
}

#[test]
fn a_providers_list_gives_addresses_and_labels_and_keeps_what_ssh_knows_better() {
    let page = r#"{"servers": [
        {"name": "web1", "status": "running", "labels": {"role": "web", "eu": "", "backup": "true", "old": "false"},
         "public_net": {"ipv4": {"ip": "203.0.113.5"}, "ipv6": {"ip": "2001:db8:1::/64"}}},
        {"name": "db1", "status": "running", "public_net": {"ipv4": null, "ipv6": {"ip": "2001:db8:2::/64"}}},
        {"name": "in1", "status": "initializing", "public_net": null, "private_net": [{"ip": "10.0.0.7"}]},
        {"name": "old", "status": "off", "public_net": null},
        {"name": "none", "status": "running"},
        {"name": "-oProxyCommand=x", "status": "running", "private_net": [{"ip": "10.0.0.8"}]}]}"#;
    let found = parse_hetzner(page.as_bytes()).unwrap();
    assert_eq!(names(&found), ["web1", "db1", "in1"]);
    let ssh: Vec<_> = found.servers.iter().map(|server| server.ssh.as_deref().unwrap()).collect();
    assert_eq!(ssh, ["203.0.113.5", "2001:db8:2::1", "10.0.0.7"]);
    assert_eq!(found.servers[0].tags, ["backup", "eu", "web"]);
    let skipped = found.skipped.join("\n");
    for part in ["old: it is switched off", "none: it has no address", "-oProxyCommand=x: not a name"] {
        assert!(skipped.contains(part), "{part}: {skipped}");
    }
    let text = to_toml(&[("~/.ssh/config".into(), parse_ssh_config("Host web1\n")), ("the API".into(), found)]);
    let parsed: toml::Table = text.parse().unwrap();
    let web1 = &parsed["server"].as_array().unwrap()[2];
    assert_eq!((web1.get("ssh"), web1["provider"].as_str()), (None, Some("Hetzner")));
    for said in ["", "[]", "{}", r#"{"error": {}}"#, r#"{"servers": [{}]}"#] {
        assert!(parse_hetzner(said.as_bytes()).is_err(), "{said}");
    }
}
