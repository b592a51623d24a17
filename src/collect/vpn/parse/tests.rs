use std::path::PathBuf;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::domain::facts::VpnClient;

const V1: &[u8] = include_bytes!("../../../../tests/fixtures/vpn/v1.status");
const V2: &[u8] = include_bytes!("../../../../tests/fixtures/vpn/v2.status");
const V3: &[u8] = include_bytes!("../../../../tests/fixtures/vpn/v3.status");
const REFUSED: &[u8] = include_bytes!("../../../../tests/fixtures/vpn/v3-refused.status");
const V27: &[u8] = include_bytes!("../../../../tests/fixtures/vpn/v3-2.7.status");
const V23: &[u8] = include_bytes!("../../../../tests/fixtures/vpn/v2-2.3.status");
const V24: &[u8] = include_bytes!("../../../../tests/fixtures/vpn/v1-2.4.status");
const RECORDED: [&[u8]; 7] = [V1, V2, V3, REFUSED, V27, V23, V24];

fn client<'a>(status: &'a Status, name: &str) -> &'a VpnClient {
    status.clients.iter().find(|client| client.common_name == name).unwrap_or_else(|| panic!("{name}: {status:#?}"))
}

/// Name, address without its port, how many virtual addresses.
fn who(status: &Status) -> Vec<(String, String, usize)> {
    let row = |client: &VpnClient| {
        (client.common_name.to_string(), client.address().to_string(), client.virtual_addresses.len())
    };
    let mut who: Vec<_> = status.clients.iter().map(row).collect();
    who.sort();
    who
}

fn torn(bytes: &[u8]) -> bool {
    matches!(parse_status(bytes), Err(Flaw::Torn(_)))
}

#[test]
fn all_three_versions_tell_of_the_same_clients() {
    let [one, two, three] = [V1, V2, V3].map(|bytes| parse_status(bytes).unwrap());
    assert_eq!([one.version, two.version, three.version], [1, 2, 3]);
    let plain = |name: &str, address: &str| (name.to_owned(), address.to_owned(), 1);
    let certain = [
        plain("anna lee", "127.0.0.3"),
        plain("anna lee", "127.0.0.4"),
        plain("mallory", "127.0.0.5"),
        plain("roman", "127.0.0.2"),
    ];
    assert_eq!(who(&one), certain);
    assert_eq!(who(&two), certain);
    let everybody: Vec<_> = certain[..2]
        .iter()
        .cloned()
        .chain([plain("berta, contractor", "127.0.0.6")])
        .chain(certain[2..].to_vec())
        .collect();
    assert_eq!(who(&three), everybody);
    assert!([&one, &two, &three].iter().all(|status| !status.torn));
    assert!(three.ambiguous.is_empty());
    assert_eq!(client(&three, "roman").bytes_received, 1780);
    assert_eq!(client(&three, "roman").username, None);
    assert_eq!(
        [client(&one, "roman").id, client(&two, "roman").id, client(&three, "roman").id],
        [None, Some(3), Some(4)]
    );
}

#[test]
fn a_comma_in_a_name_is_never_guessed_at() {
    for bytes in [V1, V2] {
        let status = parse_status(bytes).unwrap();
        assert_eq!(status.ambiguous.len(), 2, "{:?}", status.ambiguous);
        assert!(status.ambiguous.iter().all(|row| row.as_str().contains("berta, contractor")));
        assert!(!status.clients.iter().any(|client| client.common_name.as_str().contains("berta")));
    }
}

#[test]
fn time_is_told_by_its_time_t_and_only_local_in_version_1() {
    let at = |seconds| Timestamp::from_second(seconds).unwrap();
    let three = parse_status(V3).unwrap();
    assert_eq!(three.written, Written::At(at(1_795_474_808)));
    assert_eq!(client(&three, "roman").since, Some(at(1_795_474_807)));
    let one = parse_status(V1).unwrap();
    assert_eq!(one.written, Written::Local(date(2026, 11, 23).at(23, 0, 8, 0)));
    assert_eq!(client(&one, "roman").since, None);
    assert_eq!(parse_status(V24).unwrap().written, Written::Local(date(2026, 11, 2).at(9, 4, 0, 0)));
    let unsaid = String::from_utf8_lossy(V3).replace("\t1795474808", "\tsoon");
    assert_eq!(parse_status(unsaid.as_bytes()).unwrap().written, Written::Unsaid);
}

#[test]
fn a_refused_login_is_listed_but_not_connected() {
    let status = parse_status(REFUSED).unwrap();
    let ben = client(&status, "ben");
    assert!(!ben.connected());
    assert_eq!(ben.address(), "127.0.0.7");
}

#[test]
fn columns_are_read_by_the_header_of_each_version() {
    let old = parse_status(V23).unwrap();
    assert_eq!(client(&old, "roman").virtual_addresses, ["10.8.0.6"]);
    assert_eq!(client(&old, "roman").bytes_sent, 228_390_856);
    assert!(!client(&old, "UNDEF").connected());
    let dual = parse_status(V24).unwrap();
    assert_eq!(client(&dual, "roman").address(), "192.0.2.17");
    assert!(client(&dual, "roman").connected());
    assert!(!client(&dual, "UNDEF").connected());
    let new = parse_status(V27).unwrap();
    assert_eq!(client(&new, "roman").virtual_addresses, ["10.8.0.3", "fd00:8::1001"]);
    assert_eq!(client(&new, "roman").username.as_ref().unwrap(), "roman");
    assert_eq!(client(&new, "Zoë, extern").address(), "2001:db8::2");
    assert_eq!(client(&new, "Zoë, extern").bytes_received, u64::MAX);
    assert_eq!(client(&new, "office").virtual_addresses, ["10.8.0.9", "192.168.7.0/24"]);
    assert!(new.ambiguous.is_empty() && !new.torn, "{:?}", new.ambiguous);
    let swapped =
        String::from_utf8_lossy(V23).replace("Common Name,Real Address,Virtual", "Real Address,Common Name,Virtual");
    assert_eq!(client(&parse_status(swapped.as_bytes()).unwrap(), "192.0.2.17:57831").real_address, "roman");
}

#[test]
fn an_unknown_column_moves_nothing() {
    let more = String::from_utf8_lossy(V3)
        .replace("Data Channel Cipher", "Favourite Colour\tData Channel Cipher")
        .replace("AES-256-GCM", "blue\tAES-256-GCM");
    assert_eq!(parse_status(more.as_bytes()).unwrap().clients, parse_status(V3).unwrap().clients);
}

#[test]
fn a_header_without_a_needed_column_is_no_list() {
    for column in ["Common Name", "Real Address", "Virtual Address", "Bytes Received"] {
        let less = String::from_utf8_lossy(V3).replace(column, "Something");
        let flaw = parse_status(less.as_bytes()).unwrap_err();
        assert!(matches!(&flaw, Flaw::Foreign(said) if said.as_str().contains(column)), "{flaw:?}");
    }
}

#[test]
fn the_same_session_twice_is_one_and_two_sessions_of_a_name_are_two() {
    let text = String::from_utf8_lossy(V3);
    let row = text.lines().find(|line| line.starts_with("CLIENT_LIST\troman")).unwrap();
    let twice = text.replace(row, &format!("{row}\n{row}"));
    assert_eq!(parse_status(twice.as_bytes()).unwrap().clients.len(), 5);
    let named = |status: &Status| status.clients.iter().filter(|client| client.common_name == "anna lee").count();
    assert_eq!(named(&parse_status(V3).unwrap()), 2);
}

#[test]
fn a_route_of_nobody_makes_the_list_doubtful() {
    let text = String::from_utf8_lossy(V3);
    let row = text.lines().find(|line| line.starts_with("CLIENT_LIST\tmallory")).unwrap();
    let status = parse_status(text.replace(&format!("{row}\n"), "").as_bytes()).unwrap();
    assert!(status.torn);
    assert!(status.ambiguous[0].as_str().contains("of mallory, who is not listed"), "{:?}", status.ambiguous);
}

#[test]
fn a_short_row_of_version_3_was_torn() {
    let status = parse_status(String::from_utf8_lossy(V3).replace("\tAES-256-GCM", "").as_bytes()).unwrap();
    assert!(status.torn && status.clients.is_empty());
    assert!(status.ambiguous.len() >= 5);
}

#[test]
fn two_sessions_behind_one_address_without_ports_are_not_told_apart() {
    let text = "OpenVPN CLIENT LIST\nUpdated,2026-11-23 23:00:08\n\
        Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n\
        anna,2001:db8::7,1,2,2026-11-23 22:00:00\nanna,2001:db8::7,1,2,2026-11-23 22:10:00\n\
        ROUTING TABLE\nVirtual Address,Common Name,Real Address,Last Ref\n\
        10.8.0.2,anna,2001:db8::7,2026-11-23 23:00:00\nGLOBAL STATS\nMax bcast/mcast queue length,0\nEND\n";
    let status = parse_status(text.as_bytes()).unwrap();
    assert_eq!(status.clients.len(), 2);
    assert!(status.ambiguous[0].as_str().contains("one of several sessions of anna"), "{:?}", status.ambiguous);
}

#[test]
fn cells_that_are_not_what_their_column_says_make_the_row_ambiguous() {
    for (good, bad) in
        [("\t1780\t", "\t-1780\t"), ("\t1780\t", "\t99999999999999999999\t"), ("\t10.8.0.6\t\t", "\t10.8.0\t\t")]
    {
        let status = parse_status(String::from_utf8_lossy(V3).replace(good, bad).as_bytes()).unwrap();
        assert!(status.ambiguous.iter().any(|row| row.as_str().contains("roman")), "{bad}: {:?}", status.ambiguous);
        assert!(!status.clients.iter().any(|client| client.common_name == "roman"));
    }
}

#[test]
fn what_is_not_a_servers_list_says_what_it_is() {
    let of_a_client = b"OpenVPN STATISTICS\nUpdated,2026-11-23 19:22:07\nTUN/TAP read bytes,3648\nEND\n";
    for (bytes, said) in [
        (&of_a_client[..], "OpenVPN client or point-to-point"),
        (b"<html>\n<body>no</body>\n</html>\n", "not an OpenVPN status"),
        (b"\n\nEND\n", "not an OpenVPN status"),
        (b"TITLE\nEND\n", "not an OpenVPN status"),
    ] {
        let flaw = parse_status(bytes).unwrap_err();
        assert!(matches!(&flaw, Flaw::Foreign(text) if text.as_str().contains(said)), "{flaw:?}");
    }
    assert!(torn(b"") && torn(b"TITLE"));
}

#[test]
fn a_reading_that_goes_on_after_its_end_is_torn() {
    for bytes in RECORDED {
        assert!(torn(&[bytes, b"ROUTING_TABLE\t10.8.0.2\n"].concat()));
        assert!(torn(&[bytes, b"x"].concat()));
        assert!(torn(&[bytes, bytes].concat()));
    }
}

#[test]
fn a_thousand_peers_are_read() {
    let text = String::from_utf8_lossy(V3);
    let (client, route) = (
        text.lines().find(|line| line.starts_with("CLIENT_LIST\troman")).unwrap(),
        text.lines().find(|line| line.starts_with("ROUTING_TABLE") && line.contains("roman")).unwrap(),
    );
    let many = |row: &str| {
        let peer = |n: usize| {
            row.replace("roman", &format!("peer{n}")).replace("10.8.0.6", &format!("10.9.{}.{}", n / 250, n % 250 + 1))
        };
        (0..1_000).map(peer).collect::<Vec<_>>().join("\n")
    };
    let status = parse_status(text.replace(client, &many(client)).replace(route, &many(route)).as_bytes()).unwrap();
    assert_eq!(status.clients.len(), 1_004);
    assert!(status.clients.iter().all(VpnClient::connected) && status.ambiguous.is_empty());
}

#[test]
fn a_list_as_long_as_the_cap_is_read_in_time() {
    let mut text = String::from("OpenVPN CLIENT LIST\nUpdated,2026-11-23 23:00:08\n");
    text.push_str("Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n");
    text.push_str(&"a,b,1,2,c\n".repeat(100_000));
    text.push_str("ROUTING TABLE\nVirtual Address,Common Name,Real Address,Last Ref\n");
    text.push_str(&"10.8.0.2,a,x,c\n".repeat(100_000));
    text.push_str("GLOBAL STATS\nEND\n");
    let begin = std::time::Instant::now();
    parse_status(text.as_bytes()).unwrap();
    assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[test]
fn escapes_in_names_are_shown_for_what_they_are() {
    let status =
        parse_status(String::from_utf8_lossy(V3).replace("mallory", "mal\u{1b}[2J\u{202e}").as_bytes()).unwrap();
    assert!(status.clients.iter().any(|client| client.common_name == "mal␛[2J‹U+202E›"));
}

/// Where real files of other versions lie, when they are here.
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("MATINS_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")), PathBuf::from)
        .join("openvpn");
    if !folder.is_dir() {
        eprintln!("left out: {} is not here", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn real_files_of_versions_2_3_to_2_7_are_read() {
    let Some(folder) = data() else { return };
    let read = |name: &str| parse_status(&std::fs::read(folder.join(name)).unwrap());
    // Name, how many clients are certain, how many of them are connected, how many rows are not certain.
    for (name, version, clients, connected, ambiguous) in [
        ("fixtures/kumina-server2.status", 2, 5, 5, 0),
        ("fixtures/kumina-server3.status", 3, 5, 5, 0),
        ("fixtures/patrickjahns-version1.status", 1, 4, 4, 0),
        ("fixtures/patrickjahns-version2.status", 2, 2, 2, 0),
        ("fixtures/patrickjahns-version3.status", 3, 2, 2, 0),
        ("o26udp1/status-v1.log", 1, 5, 4, 3),
        ("o26tcp2/status-v2.log", 2, 3, 3, 3),
        ("o26udp3/status-v3.log", 3, 6, 5, 0),
        ("o27tcp1/status-v1.log", 1, 3, 3, 3),
        ("o27udp3/status-v3.log", 3, 6, 5, 0),
        ("auth26/status-v3.log", 3, 1, 0, 0),
        ("auth27/status-v3.log", 3, 1, 0, 0),
    ] {
        let status = read(name).unwrap_or_else(|flaw| panic!("{name}: {flaw:?}"));
        let on = status.clients.iter().filter(|client| client.connected()).count();
        let told = (status.version, status.clients.len(), on, status.ambiguous.len());
        assert_eq!(told, (version, clients, connected, ambiguous), "{name}: {status:#?}");
        assert!(!status.torn, "{name}");
        assert!(
            status.clients.iter().all(|client| client.address().as_str().parse::<std::net::IpAddr>().is_ok()),
            "{name}"
        );
    }
}

#[test]
fn real_answers_of_the_management_interface_are_read() {
    let Some(folder) = data() else { return };
    for name in ["o26udp1", "o26tcp2", "o26udp3", "o27udp3", "o27tcp1"] {
        let transcript = std::fs::read_to_string(folder.join(name).join("mgmt-transcript.txt")).unwrap();
        let answer = transcript.split("<<< status 3\n").nth(1).unwrap();
        let end = answer.find("\nEND").unwrap() + "\nEND".len();
        let status = parse_status(format!("{}\r\n", answer[..end].replace('\n', "\r\n")).as_bytes()).unwrap();
        assert_eq!(status.version, 3);
        assert!(status.clients.iter().any(|client| client.connected() && client.common_name == "carla, contractor"));
        assert!(status.ambiguous.is_empty() && !status.torn, "{name}: {status:#?}");
    }
}

#[test]
fn real_files_that_are_no_list_are_none() {
    let Some(folder) = data() else { return };
    for name in ["fixtures/kumina-client.status", "o26udp3/client-status.log", "o27tcp1/client-status.log"] {
        let flaw = parse_status(&std::fs::read(folder.join(name)).unwrap()).unwrap_err();
        assert!(matches!(&flaw, Flaw::Foreign(said) if said.as_str().contains("point-to-point")), "{name}: {flaw:?}");
    }
    // Made by hand, without the table of routes that OpenVPN always writes.
    for name in ["fixtures/patrickjahns-duplicate.status", "fixtures/patrickjahns-error.status"] {
        assert!(torn(&std::fs::read(folder.join(name)).unwrap()), "{name}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        parse_status(&bytes).ok();
    }

    #[test]
    fn no_damage_panics(which in 0..RECORDED.len(), edits in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..20)) {
        let mut bytes = RECORDED[which].to_vec();
        for (place, byte) in edits {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        parse_status(&bytes).ok();
    }

    #[test]
    fn no_rows_of_any_text_panic(rows in proptest::collection::vec("[a-zA-Z0-9,\t:./ ]{0,60}", 0..30), tabs in any::<bool>()) {
        let text = if tabs { String::from_utf8_lossy(V3) } else { String::from_utf8_lossy(V1) };
        let place = text.find("\nCLIENT_LIST").or_else(|| text.find("\nmallory")).unwrap();
        parse_status(format!("{}\n{}{}", &text[..place], rows.join("\n"), &text[place..]).as_bytes()).ok();
    }
}

#[test]
fn cut_off_anywhere_it_is_never_a_whole_list() {
    for bytes in RECORDED {
        for end in 0..bytes.len() {
            assert!(parse_status(&bytes[..end]).is_err(), "{}", String::from_utf8_lossy(&bytes[..end]));
        }
    }
    let sly = String::from_utf8_lossy(V1).replace("\nmallory", "\nEND-of-line");
    for end in 0..sly.len() {
        assert!(torn(&sly.as_bytes()[..end]));
    }
}

/// OpenVPN rewrites the file from its start: new lines, then what was there from that byte on.
#[test]
fn a_reading_in_the_middle_of_a_rewrite_invents_nobody() {
    let texts = [V1, V2, V3].map(String::from_utf8_lossy);
    for old in &texts {
        let mut lines: Vec<&str> = old.lines().filter(|line| !line.contains("roman")).collect();
        let (clients, routes): (Vec<usize>, Vec<usize>) = (0..lines.len())
            .filter(|at| lines[*at].contains("anna lee") || lines[*at].contains("mallory"))
            .partition(|at| *at < lines.len() / 2);
        lines.swap(clients[0], clients[2]);
        lines.swap(routes[0], routes[1]);
        let new = lines.join("\n").replace("1782", "98765432") + "\n";
        let ends = new.match_indices('\n').map(|(place, _)| place + 1);
        for end in ends {
            let mixed = [&new.as_bytes()[..end], old.as_bytes().get(end..).unwrap_or_default()].concat();
            let Ok(status) = parse_status(&mixed) else { continue };
            for client in status.clients.iter().filter(|client| client.connected()) {
                let name = client.common_name.as_str();
                assert!(
                    ["roman", "anna lee", "mallory", "berta, contractor"].contains(&name),
                    "{name}: {}",
                    String::from_utf8_lossy(&mixed)
                );
            }
        }
    }
}
