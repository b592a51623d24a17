//! Certificates of easy-rsa's that end, that were taken back, and what a real server does with them.

use super::round::{Judged, judge};
use super::world::World;

fn register(world: &World) -> String {
    let peer = |name: &str| format!("[[peer]]\nname = \"{name}'s laptop\"\ncommon_name = \"{name}\"\n");
    format!(
        "[[vpn]]\nname = \"gate\"\nkind = \"openvpn\"\nmanagement = \"unix:{}\"\npassword = {{ file = \"{}\" }}\npki = \"{}\"\n{}{}{}",
        world.path("m.sock").display(),
        world.path("password").display(),
        world.path("pki").display(),
        peer("roman"),
        peer("eve"),
        peer("Zoë, extern"),
    )
}

fn judged(world: &World) -> Judged {
    judge(&register(world), &[])
}

#[test]
fn who_is_revoked_stays_connected_until_the_next_handshake_and_that_is_broken() {
    let Some(world) = World::new(&["roman", "eve", "mallory", "Zoë, extern"]) else { return };
    let mut server = world.serve(&[]);
    let names = ["roman", "eve", "mallory", "Zoë, extern"];
    let clients = names.map(|name| world.join(name, &[]));
    let before = judged(&world);
    assert_eq!(before.of("eve's laptop").0, "ok", "{before:?}");
    assert_eq!(before.of("Zoë, extern's laptop").0, "ok", "{before:?}");
    assert_eq!(before.of("gate/revocations").0, "ok", "{before:?}");
    // Revoked, but nobody told OpenVPN: it still lets in.
    world.easyrsa(&["revoke", "eve"]);
    let forgotten = judged(&world);
    let (verdict, title) = forgotten.of("gate/revocations");
    assert_eq!((verdict, title), ("broken", "the certificate of eve is revoked, not in crl.pem: they still let in"));
    // Told, it still has whom it had: the list is read at a handshake.
    world.revoke("mallory");
    world.revoke("Zoë, extern");
    let after = judged(&world);
    for (key, said) in [
        ("eve's laptop", "its certificate was revoked on "),
        ("Zoë, extern's laptop", "its certificate was revoked on "),
        ("gate/mallory", "though its certificate was revoked on "),
    ] {
        let (verdict, title) = after.of(key);
        assert!(verdict == "broken" && title.contains(said), "{key}: {verdict} {title}");
    }
    assert!(after.of("eve's laptop").1.contains(", and it is connected"), "{after:?}");
    assert_eq!(after.of("gate/revocations").0, "ok", "{after:?}");
    assert_eq!(after.of("gate/issued").1, "5 certificates issued, 3 of them revoked");
    assert_eq!(after.of("roman's laptop").0, "ok", "{after:?}");
    // At the next handshake the real server has the last word.
    drop(clients);
    let _knocking = world.knock("eve", &[]);
    server.says("certificate revoked");
}

#[test]
fn a_revocation_list_that_ended_locks_everybody_out_and_is_told_ahead() {
    let Some(world) = World::new(&["roman", "eve"]) else { return };
    let mut server = world.serve(&[]);
    let roman = world.join("roman", &[]);
    world.renew_list(10);
    let ahead = judged(&world);
    let (verdict, title) = ahead.of("gate/revocations");
    assert!(verdict == "due" && title.starts_with("the revocation list expires in 9 d"), "{verdict} {title}");
    world.renew_list(-1);
    let ended = judged(&world);
    let (verdict, title) = ended.of("gate/revocations");
    assert_eq!(verdict, "broken");
    assert!(title.starts_with("the revocation list expired on "), "{title}");
    assert!(title.ends_with(": OpenVPN locks everybody out"), "{title}");
    // Nobody is revoked, and nobody gets in.
    drop(roman);
    let _knocking = world.knock("roman", &[]);
    server.says("CRL has expired");
    world.renew_list(100);
    assert_eq!(judged(&world).of("gate/revocations").0, "ok");
    world.join("roman", &[]);
}

#[test]
fn certificates_are_due_ahead_of_their_end() {
    let days = [("EASYRSA_CA_EXPIRE", "15"), ("EASYRSA_CERT_EXPIRE", "7")];
    let Some(world) = World::with(&["roman", "eve"], &days) else { return };
    let _server = world.serve(&[]);
    let _roman = world.join("roman", &[]);
    let judged = judged(&world);
    for (key, said) in [
        ("gate/authority", "its authority, matins test, expires in 14 d"),
        ("gate/server certificate", "the server's certificate, gate, expires in 6 d"),
        ("roman's laptop", "its certificate expires in 6 d"),
        ("eve's laptop", "its certificate expires in 6 d"),
    ] {
        let (verdict, title) = judged.of(key);
        assert!(verdict == "due" && title.starts_with(said), "{key}: {verdict} {title}");
    }
    assert!(judged.of("roman's laptop").1.contains("connected from 127.0.0.1"), "{judged:?}");
}
