//! Mail through this machine's sendmail: msmtp as /usr/sbin/sendmail, and a mail server on loopback.

use std::os::unix::fs::PermissionsExt as _;

use super::home::{Home, text};
use super::mail::Mail;
use super::round;

/// The address that nobody listens at.
const CLOSED: u16 = 1;

/// Said aloud where another sendmail is installed, or none: what it would do with a mail is not known.
fn is_msmtp() -> bool {
    let there = std::fs::canonicalize("/usr/sbin/sendmail").is_ok_and(|program| program.ends_with("msmtp"));
    if !there {
        eprintln!("left out: /usr/sbin/sendmail is not msmtp (msmtp-mta)");
    }
    there
}

/// Where msmtp, which sees this home, hands mail over.
fn hand_over(home: &Home, port: u16) {
    let file = home.path().join(".msmtprc");
    std::fs::write(&file, format!("account default\nhost 127.0.0.1\nport {port}\nfrom bounces@example.org\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// One service of this name, as TOML writes it, lacks an agreement; these are told.
fn tell(home: &Home, service: &str, to: &[&str]) {
    home.configure(&format!(
        "[console]\ntimezone = \"UTC\"\n[[service]]\nname = \"{service}\"\ndata = [\"personal\"]\n\
         [[notify]]\nname = \"on call\"\nkind = \"mail\"\nmail = {{ to = {to:?}, from = \"Matins <matins@example.org>\" }}\n"
    ));
}

#[test]
fn a_mail_arrives_whole_and_nothing_in_it_is_taken_for_a_header_or_an_option() {
    let (home, true) = (Home::new(""), is_msmtp()) else { return };
    let Some(mut mail) = Mail::start(&[]) else { return };
    hand_over(&home, mail.port);
    let evil = "-C/etc/passwd\\r\\nBcc: eve@example.org\\r\\n.\\r\\nthe rest";
    tell(&home, evil, &["mona@example.org", "-oQ/x@example.org"]);
    let said = round(&home);
    assert!(!said.contains("not told"), "{said}");
    let message = mail.message();
    let (head, body) = message.split_once("\n\n").or_else(|| message.split_once("\r\n\r\n")).unwrap();
    let head: Vec<&str> = head.lines().map(str::trim_end).collect();
    assert_eq!(head[0], "to mona@example.org,-oQ/x@example.org tls False");
    for line in ["From: Matins <matins@example.org>", "Subject: matins: 1 broken", "Auto-Submitted: auto-generated"] {
        assert!(head.contains(&line), "{message}");
    }
    for name in ["Date: ", "To: mona@example.org, -oQ/x@example.org", "Content-Type: text/plain; charset=utf-8"] {
        assert!(head.iter().any(|line| line.starts_with(name)), "{name}: {message}");
    }
    assert!(!head.iter().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{message}");
    let (_, told) = body.split_once("TEXT ").unwrap();
    assert!(told.starts_with("✖ broken -C/etc/passwd") && told.contains("the rest: no data processing"), "{message}");
}

#[test]
fn a_refusal_is_said_in_the_servers_words_and_tried_again() {
    let (home, true) = (Home::new(""), is_msmtp()) else { return };
    let Some(mut mail) = Mail::start(&[]) else { return };
    for (port, to, why) in [
        (CLOSED, "mona@example.org", "cannot connect to 127.0.0.1"),
        (mail.port, "later@example.org", "recipient address later@example.org not accepted"),
        (mail.port, "nobody@example.org", "recipient address nobody@example.org not accepted"),
    ] {
        hand_over(&home, port);
        tell(&home, "cloud", &[to]);
        let said = round(&home);
        assert!(
            said.contains("on call was not told: sendmail did not take the mail: ") && said.contains(why),
            "{said}"
        );
    }
    let doctor = text(&home.run(&["doctor"]).stdout);
    assert!(doctor.contains("nothing reaches the channel on call since "), "{doctor}");
    tell(&home, "cloud", &["mona@example.org"]);
    let said = round(&home);
    assert!(!said.contains("not told"), "{said}");
    let message = mail.message();
    assert!(message.starts_with("to mona@example.org ") && message.contains("Subject: matins: 1 broken"), "{message}");
    assert!(message.contains("✖ broken cloud: no data processing agreement on record"), "{message}");
}
