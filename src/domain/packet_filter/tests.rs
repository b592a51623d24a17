use proptest::prelude::*;

use super::*;
use crate::domain::facts::FilterRules;

fn parsed(program: FilterProgram, text: &str) -> Result<PacketFilter, Fault> {
    parse_packet_filter(&Filter { rules: vec![FilterRules { program, text: text.to_owned() }] })
}

const CHAIN: &str = r#"{"chain": {"family": "inet", "table": "filter", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "POLICY"}}"#;

fn nft(policy: &str, rest: &str) -> PacketFilter {
    let text =
        format!(r#"{{"nftables": [{{"metainfo": {{"version": "1.1"}}}}, {}{rest}]}}"#, CHAIN.replace("POLICY", policy));
    parsed(FilterProgram::Nft, &text).unwrap()
}

fn rule(chain: &str, handle: u32, expressions: &str) -> String {
    format!(
        r#", {{"rule": {{"family": "inet", "table": "filter", "chain": "{chain}", "handle": {handle}, "expr": [{expressions}]}}}}"#
    )
}

const SSH: &str = r#"{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}}, {"accept": null}"#;

#[test]
fn what_nobody_allowed_is_kept_out_by_the_policy_or_by_a_last_rule() {
    assert_eq!((nft("drop", "").v4, nft("drop", "").v6), (Inbound::Blocked, Inbound::Blocked));
    assert_eq!(nft("accept", "").v4, Inbound::Open);
    assert_eq!(
        nft("accept", &rule("input", 2, r#"{"counter": {"packets": 1, "bytes": 2}}, {"reject": null}"#)).v6,
        Inbound::Blocked
    );
    // Only what matches, or what comes too fast, is dropped here.
    let some = rule("input", 2, r#"{"match": {"op": "in"}}, {"drop": null}"#)
        + &rule("input", 3, r#"{"limit": {"rate": 5}}, {"drop": null}"#);
    assert_eq!(nft("accept", &some).v4, Inbound::Open);
    // Another chain's last rule says nothing of this one.
    assert_eq!(nft("accept", &rule("forward", 2, r#"{"drop": null}"#)).v4, Inbound::Open);
}

#[test]
fn the_first_rule_without_a_condition_decides_whatever_the_policy_says() {
    let all = r#"{"counter": {"packets": 1, "bytes": 2}}, {"accept": null}"#;
    assert_eq!(nft("drop", &rule("input", 2, all)).v4, Inbound::Open);
    assert_eq!(nft("drop", &(rule("input", 2, SSH) + &rule("input", 3, all))).v6, Inbound::Open);
    // What is dropped before it is dropped; what comes after the decision never comes.
    let drop = rule("input", 2, r#"{"drop": null}"#);
    assert_eq!(nft("accept", &(drop.clone() + &rule("input", 3, all))).v4, Inbound::Blocked);
    assert_eq!(nft("accept", &(rule("input", 3, all) + &drop)).v4, Inbound::Open);
    // In another chain, if that is asked of everything.
    let jump = rule("input", 2, r#"{"jump": {"target": "mine"}}"#);
    assert_eq!(nft("drop", &(jump.clone() + &rule("mine", 3, all))).v4, Inbound::Open);
    assert_eq!(nft("drop", &rule("mine", 3, all)).v4, Inbound::Blocked);
    let back = rule("mine", 3, r#"{"return": null}"#) + &rule("mine", 4, all);
    assert_eq!(nft("drop", &(jump.clone() + &back)).v4, Inbound::Blocked);
    // As iptables-nft 1.8.9 and nft 1.0.6 print `-m comment … -j ACCEPT`, `-j REJECT`, `-j LOG` and a set mark.
    let xt =
        |kind: &str, name: &str| format!(r#"{{"xt": {{"type": "{kind}", "name": "{name}"}}}}, {{"counter": null}}"#);
    let accept = |before: &str| rule("input", 2, &format!(r#"{before}, {{"accept": null}}"#));
    let mark = r#"{"mangle": {"key": {"meta": {"key": "mark"}}, "value": 1}}"#;
    for before in [xt("match", "comment"), mark.to_owned(), r#"{"notrack": null}"#.to_owned()] {
        assert_eq!(nft("drop", &accept(&before)).v4, Inbound::Open, "{before}");
    }
    assert_eq!(nft("drop", &accept(&xt("match", "state"))).v4, Inbound::Blocked, "that is a condition");
    let ends = |name: &str| nft("accept", &rule("input", 2, &xt("target", name))).v4;
    assert_eq!((ends("REJECT"), ends("LOG"), ends("WHATEVER")), (Inbound::Blocked, Inbound::Open, Inbound::Open));
    // Chains that ask one another end.
    let circle = jump + &rule("mine", 3, r#"{"jump": {"target": "input"}}"#);
    assert_eq!(nft("drop", &circle).v4, Inbound::Blocked);

    let saved = |rules: &str| {
        let text = format!("*filter\n:INPUT DROP [0:0]\n:MINE - [0:0]\n{rules}COMMIT\n");
        parsed(FilterProgram::Iptables, &text).unwrap().v4
    };
    for (rules, inbound) in [
        ("-A INPUT -j ACCEPT\n-A INPUT -s 192.0.2.1/32 -j DROP\n", Inbound::Open),
        ("[1:2] -A INPUT -j ACCEPT\n", Inbound::Open),
        ("-A INPUT -m comment --comment \"let \\\"all\\\" in -j DROP\" -j ACCEPT\n", Inbound::Open),
        ("-A INPUT -m comment --comment all -j ACCEPT\n", Inbound::Open),
        ("-A INPUT -i lo -j ACCEPT\n", Inbound::Blocked),
        ("-A INPUT -j LOG --log-prefix x\n-A INPUT -j DROP\n-A INPUT -j ACCEPT\n", Inbound::Blocked),
        ("-A INPUT -j MINE\n-A MINE -j ACCEPT\n", Inbound::Open),
        ("-A INPUT -g MINE\n-A INPUT -j ACCEPT\n-A MINE -i lo -j ACCEPT\n", Inbound::Blocked),
        ("-A MINE -j ACCEPT\n", Inbound::Blocked),
    ] {
        assert_eq!(saved(rules), inbound, "{rules}");
    }
}

#[test]
fn an_empty_filter_is_no_filter() {
    for text in ["", "\n", r#"{"nftables": [{"metainfo": {"version": "1.0.6"}}]}"#] {
        let filter = parsed(FilterProgram::Nft, text).unwrap();
        assert_eq!((filter.rules, filter.v4, filter.v6), (0, Inbound::Open, Inbound::Open));
    }
    assert_eq!(parse_packet_filter(&Filter { rules: vec![] }).unwrap().rules, 0);
}

#[test]
fn handles_counters_and_bans_are_no_change_and_a_rule_is_one() {
    let before = nft("drop", &rule("input", 2, SSH));
    let counted = format!(r#"{{"counter": {{"packets": 9, "bytes": 9}}}}, {SSH}"#);
    assert_eq!(nft("drop", &rule("input", 77, &counted)).digest, before.digest);
    let banned = rule("input", 2, SSH) + &rule("f2b-sshd", 8, r#"{"drop": null}"#);
    assert_eq!(nft("drop", &banned).digest, before.digest);
    let set = |elements: &str| {
        nft(
            "drop",
            &format!(
                r#", {{"set": {{"family": "inet", "name": "banned", "table": "filter", "flags": ["timeout"], "elem": [{elements}]}}}}"#
            ),
        )
    };
    assert_eq!(set("\"192.0.2.1\"").digest, set("\"192.0.2.2\", \"192.0.2.3\"").digest);
    for changed in [
        nft("accept", &rule("input", 2, SSH)),
        nft("drop", ""),
        nft("drop", &rule("input", 2, &SSH.replace("22", "23"))),
    ] {
        assert_ne!(changed.digest, before.digest);
    }
}

/// What docker writes into chains that are there anyway, as iptables 1.8.9 and nft 1.0.6 print it of a published port.
const DOCKER: &[&str] = &[
    "*nat\n-A POSTROUTING -s 172.18.0.2/32 -d 172.18.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE\n",
    "*nat\n-A POSTROUTING -s 172.18.0.0/16 ! -o br-0123456789ab -j MASQUERADE\n",
    "*nat\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n",
    "*filter\n-A FORWARD -o br-0123456789ab -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n",
    "*filter\n-A FORWARD -i docker0 ! -o docker0 -j ACCEPT\n",
    "*filter\n-A FORWARD -j DOCKER-USER\n",
    "*raw\n-A PREROUTING -i vethe7ae3a2 -j ACCEPT\n",
];

#[test]
fn what_docker_writes_for_a_container_is_no_change() {
    let with = |rules: &str| parsed(FilterProgram::Iptables, &format!("{SAVED}{rules}COMMIT\n")).unwrap();
    let before = with("*nat\n");
    for rules in DOCKER {
        let (table, _) = rules.split_once('\n').unwrap();
        let after = with(rules);
        let alone = with(&format!("{table}\n"));
        assert_eq!((after.digest, after.rules), (alone.digest, before.rules), "{rules}");
    }
    for (rule, changed) in [
        ("-A FORWARD -i eth0 -j ACCEPT", "*filter\n"),
        ("-A FORWARD -o br-lan -j ACCEPT", "*filter\n"),
        ("-A FORWARD -i eth0 -m comment --comment \"as -j DOCKER has it\" -j ACCEPT", "*filter\n"),
        ("-A PREROUTING -p tcp -j DNAT", "*nat\n"),
    ] {
        assert_ne!(with(&format!("{changed}{rule}\n")).digest, with(changed).digest, "{rule}");
    }
    // What opens the server is told, whoever wrote it.
    let open = SAVED.replace("-A INPUT -i lo", "-A INPUT -j DOCKER-USER\n-A DOCKER-USER -j ACCEPT\n-A INPUT -i lo");
    assert_eq!(parsed(FilterProgram::Iptables, &open).unwrap().v4, Inbound::Open);
}

#[test]
fn what_docker_writes_for_a_container_is_no_change_to_nft_either() {
    let before = nft("drop", "");
    let interface = |name: &str| {
        format!(
            r#"{{"match": {{"op": "==", "left": {{"meta": {{"key": "oifname"}}}}, "right": "{name}"}}}}, {{"accept": null}}"#
        )
    };
    for (chain, expressions) in [
        ("FORWARD", interface("br-0123456789ab")),
        ("FORWARD", interface("docker0")),
        ("FORWARD", r#"{"counter": {"packets": 1, "bytes": 2}}, {"jump": {"target": "DOCKER-FORWARD"}}"#.to_owned()),
    ] {
        let after = nft("drop", &rule(chain, 7, &expressions));
        assert_eq!((after.digest, after.rules), (before.digest.clone(), before.rules), "{expressions}");
    }
    let nat = rule("POSTROUTING", 7, r#"{"xt": {"type": "target", "name": "MASQUERADE"}}"#);
    assert_ne!(nft("drop", &nat).digest, before.digest, "of another table");
    assert_eq!(nft("drop", &nat.replace(r#""table": "filter""#, r#""table": "nat""#)).digest, before.digest);
    assert_ne!(nft("drop", &rule("FORWARD", 7, &interface("br-lan"))).digest, before.digest);
    let open =
        rule("input", 7, r#"{"jump": {"target": "DOCKER-USER"}}"#) + &rule("DOCKER-USER", 8, r#"{"accept": null}"#);
    assert_eq!(nft("drop", &open).v4, Inbound::Open);
}

const SAVED: &str = "# Generated by iptables-save v1.8.9\n*filter\n:INPUT DROP [12:34]\n:f2b-sshd - [0:0]\n\
    -A INPUT -p tcp -m tcp --dport 22 -j f2b-sshd\n-A INPUT -i lo -j ACCEPT\n-A f2b-sshd -s 203.0.113.5/32 -j DROP\nCOMMIT\n\
    *nat\n:INPUT ACCEPT [0:0]\nCOMMIT\n";

#[test]
fn iptables_blocks_its_own_family_only() {
    let (v4, v6) = (parsed(FilterProgram::Iptables, SAVED).unwrap(), parsed(FilterProgram::Ip6tables, SAVED).unwrap());
    // The way to fail2ban's chain comes with the first ban.
    assert_eq!((v4.v4, v4.v6, v4.rules), (Inbound::Blocked, Inbound::Open, 1));
    assert_eq!((v6.v4, v6.v6), (Inbound::Open, Inbound::Blocked));
    let last = SAVED
        .replace("INPUT DROP", "INPUT ACCEPT")
        .replace("-i lo -j ACCEPT", "-j REJECT --reject-with icmp-port-unreachable");
    assert_eq!(parsed(FilterProgram::Iptables, &last).unwrap().v4, Inbound::Blocked);
    let only_new = SAVED.replace("INPUT DROP", "INPUT ACCEPT").replace("-i lo -j ACCEPT", "-i eth1 -j DROP");
    assert_eq!(parsed(FilterProgram::Iptables, &only_new).unwrap().v4, Inbound::Open);
}

#[test]
fn iptables_counts_and_bans_are_no_change() {
    let before = parsed(FilterProgram::Iptables, SAVED).unwrap();
    let later = SAVED
        .replace("[12:34]", "[99:99]")
        .replace("203.0.113.5", "203.0.113.6")
        .replace("-A INPUT -i", "[5:6] -A INPUT -i");
    assert_eq!(parsed(FilterProgram::Iptables, &later).unwrap().digest, before.digest);
    assert_ne!(parsed(FilterProgram::Iptables, &SAVED.replace("-i lo", "-i eth0")).unwrap().digest, before.digest);
}

#[test]
fn rules_that_make_no_sense_or_are_cut_off_are_unreadable_and_never_none() {
    for (program, text) in [
        (FilterProgram::Nft, "{"),
        (FilterProgram::Nft, "{}"),
        (FilterProgram::Nft, "Operation not permitted (you must be root)"),
        (FilterProgram::Iptables, "Fatal: can't open lock file"),
        (FilterProgram::Iptables, "*filter\n:INPUT DROP [0:0]\n-A INPUT"),
    ] {
        assert!(parsed(program, text).is_err(), "{text}");
    }
}

#[test]
fn the_rules_of_a_real_machine_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/debian-host/vm");
    let read = |name: &str| std::fs::read_to_string(folder.join(name));
    let (Ok(nft), Ok(old), Ok(both)) =
        (read("nft-j-list-ruleset.json"), read("iptables-save-c.txt"), read("nft-j-of-iptables-nft.json"))
    else {
        return eprintln!("left out: the recorded rules are not here");
    };
    let filter = parsed(FilterProgram::Nft, &nft).unwrap();
    assert_eq!((filter.v4, filter.v6), (Inbound::Blocked, Inbound::Blocked));
    assert!(filter.rules > 8, "{filter:?}");
    assert_eq!(parsed(FilterProgram::Iptables, &old).unwrap().v4, Inbound::Blocked);
    // iptables blocks there, ip6tables does not.
    let both = parsed(FilterProgram::Nft, &both).unwrap();
    assert_eq!((both.v4, both.v6), (Inbound::Blocked, Inbound::Open));
}

proptest! {
    #[test]
    fn no_rules_make_it_panic(
        text in "\\PC{0,120}|([*:A-Z\\[\\-][a-z0-9 \\[\\]:-]{0,20}\\n){0,8}",
        json in "\\{\"nftables\": \\[(\\{\"(rule|chain|set)\": (\\{\"expr\": \\[(\\{\"drop\": null\\})?\\]\\}|\\[\\]|7|\"x\")\\},?){0,3}\\]\\}",
    ) {
        for program in [FilterProgram::Nft, FilterProgram::Iptables, FilterProgram::Ip6tables] {
            parsed(program, &text).ok();
            parsed(program, &json).ok();
        }
    }
}
