use super::super::super::sections::parse_sections;
use super::super::parse_power;
use super::*;
use crate::domain::Read;
use crate::domain::facts::HostPower;

fn power(text: &str) -> HostPower {
    parse_power(&parse_sections(text.as_bytes()))
}

#[test]
fn what_sudos_rules_take_away_is_no_power() {
    let json = r#"{ "User_Specs": [
 { "User_List": [ { "username": "anna" }, { "usergroup": "ops" }, { "username": "mallory", "negated": true } ],
   "Cmnd_Specs": [ { "Commands": [ { "command": "ALL" } ] } ] },
 { "User_List": [ { "username": "deploy" }, { "userid": 1007 }, { "usergid": 27 }, { "nonunixgid": 9 }, { "new": "x" } ],
   "Cmnd_Specs": [ { "Commands": [ { "command": "/usr/bin/rsync" }, { "command": "ALL", "negated": true } ] } ] } ] }"#;
    let body = json.replace('\n', "\n ");
    let power = power(&format!("#sudoers\n warning: x\n {body}\n\n rc=0\n"));
    let told: Vec<String> = power
        .sudoers
        .seen()
        .unwrap()
        .iter()
        .map(|rule| format!("{} {} {}", rule.who, rule.all, rule.commands.len()))
        .collect();
    assert_eq!(
        told,
        [
            "#1007 false 1",
            "%#27 false 1",
            "%:#9 false 1",
            "%ops true 0",
            "anna true 0",
            "deploy false 1",
            "{\"new\":\"x\"} false 1"
        ]
    );
}

#[test]
fn no_sudo_is_known_and_unreadable_rules_are_not() {
    assert_eq!(power("#sudoers\n\n rc=3\n").sudoers, Read::Seen(Vec::new()));
    for (body, words) in [
        (" needs root\n\n rc=77", "needs root"),
        (" sudo: a password is required\n\n rc=1", "needs root"),
        (" sh: 1: cvtsudoers: not found\n\n rc=127", "not there"),
        (" []\n\n rc=0", "no sense"),
        ("\n rc=0", "no sense"),
    ] {
        let power = power(&format!("#sudoers\n{body}\n"));
        let fault = power.sudoers.as_result().unwrap_err();
        assert!(fault.said.as_str().contains(words), "{body}: {fault}");
    }
}

/// Who, whether that is all, and what; of rules as cvtsudoers 1.9.13 prints them, on web1.
fn told(specs: &[String]) -> Vec<String> {
    let body = format!("{{ \"User_Specs\": [ {} ] }}", specs.join(", "));
    let power = power(&format!("#sudoers\n host web1\n {body}\n\n rc=0\n"));
    let told = |rule: &SudoRule| {
        let commands: Vec<&str> = rule.commands.iter().map(Shown::as_str).collect();
        format!("{} {} {}", rule.who, rule.all, commands.join("; "))
    };
    power.sudoers.as_result().unwrap().iter().map(told).collect()
}

fn spec(hosts: &str, commands: &str) -> String {
    format!(r#"{{"User_List": [{{"username": "u"}}], "Host_List": [{hosts}], "Cmnd_Specs": [{{{commands}}}]}}"#)
}

const EVERYWHERE: &str = r#"{"hostname": "ALL"}"#;

#[test]
fn everything_as_somebody_who_is_not_root_is_no_full_access() {
    let all = |whom: &str| told(&[spec(EVERYWHERE, &format!(r#"{whom}"Commands": [{{"command": "ALL"}}]"#))]).remove(0);
    for root in [
        "",
        r#""runasusers": [{"username": "ALL"}], "runasgroups": [{"usergroup": "ALL"}], "#,
        r#""runasusers": [{"username": "www-data"}, {"username": "root"}], "#,
        r#""runasusers": [{"userid": 0}], "#,
        r#""runasusers": [{"username": "ALL"}, {"username": "root", "negated": true}], "#,
        // Nobody knows who is in there.
        r#""runasusers": [{"usergroup": "wheel"}], "#,
    ] {
        assert_eq!(all(root), "u true ", "{root}");
    }
    assert_eq!(all(r#""runasgroups": [{"usergroup": "docker"}], "#), "u true ");
    assert_eq!(all(r#""runasusers": [{"username": "www-data"}], "#), "u false (www-data) ALL");
    assert_eq!(all(r#""runasusers": [{"userid": 33}, {"username": "git"}], "#), "u false (#33, git) ALL");
    assert_eq!(all(r#""runasgroups": [{"usergroup": "video"}], "#), "u false (:video) ALL");
    assert_eq!(all(r#""runasgroups": [{"usergid": 27}], "#), "u true ");
}

#[test]
fn a_program_that_opens_a_shell_as_root_is_full_access_and_one_with_its_task_is_not() {
    let is_all = |command: &str, more: &str| {
        let command = serde_json::to_string(command).unwrap();
        let rules = told(&[spec(EVERYWHERE, &format!(r#"{more}"Commands": [{{"command": {command}}}]"#))]);
        rules[0].starts_with("u true ")
    };
    for open in [
        "/bin/bash",
        "/bin/sh \"\"",
        "/usr/bin/bash -i",
        "/bin/su",
        "/usr/bin/su -",
        "/bin/su - root",
        "/bin/su - [a-z]*",
        "/usr/bin/sudo -i",
        "/usr/bin/env",
        "/usr/bin/env FOO=1 bash",
        "/usr/sbin/visudo",
        "/usr/sbin/visudo -f /etc/sudoers.d/x",
        "/usr/bin/python3.11",
        "/usr/bin/vim /etc/hosts",
        "/usr/bin/less /var/log/syslog",
        "/usr/bin/docker",
        "sudoedit",
        "/usr/sbin/",
        "/usr/bin/*",
        "^/usr/bin/.*$",
        "/usr/bin/timeout 5 sh",
        "/bin/bash /opt/*",
    ] {
        assert!(is_all(open, ""), "{open}");
        assert!(!is_all(open, r#""runasusers": [{"username": "www-data"}], "#), "{open}");
    }
    for fixed in [
        "/usr/bin/systemctl restart nginx",
        "/bin/bash /opt/deploy.sh",
        "/usr/bin/su - postgres",
        "/usr/sbin/visudo -c",
        "/usr/bin/rsync",
        "sudoedit /etc/motd",
        "/usr/bin/docker compose up",
        "list",
        "/usr/local/bin/bash-backup",
        "/usr/bin/find -H /root /home -maxdepth 4 -type f -name authorized_keys -print -exec /usr/bin/ssh-keygen -lf {} ;",
    ] {
        assert!(!is_all(fixed, ""), "{fixed}");
    }
    assert!(!is_all("/usr/bin/less /var/log/syslog", r#""Options": [{"noexec": true}], "#));
}

#[test]
fn a_rule_for_other_hosts_alone_is_none_of_this_one() {
    let ours = |hosts: &str| told(&[spec(hosts, r#""Commands": [{"command": "ALL"}]"#)]).len() == 1;
    for host in ["ALL", "web1", "WEB1.example.org", "web*"] {
        assert!(ours(&format!(r#"{{"hostname": "{host}"}}"#)), "{host}");
    }
    assert!(ours(r#"{"hostname": "web2"}, {"networkaddr": "10.0.0.0/8"}"#));
    assert!(ours(r#"{"netgroup": "webs"}"#) && ours(r#"{"hostname": "web2", "negated": true}"#) && ours(""));
    assert!(!ours(r#"{"hostname": "web2"}, {"hostname": "web11.example.org"}"#));
    // A server that does not tell its name.
    let body = spec(r#"{"hostname": "web2"}"#, r#""Commands": [{"command": "ALL"}]"#);
    let power = power(&format!("#sudoers\n {{\"User_Specs\": [{body}]}}\n\n rc=0\n"));
    assert_eq!(power.sudoers.seen().unwrap().len(), 1);
}
