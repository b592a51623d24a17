//! Where apt gets packages from, and whether their signatures are asked for and good.

use super::lists::{List, Lists};
use super::sections::{Section, Sections};
use crate::domain::facts::{AptSeen, Repository, Signature};
use crate::domain::{Fault, Shown};

pub fn parse_apt(sections: &Sections, lists: &Result<Lists, Fault>) -> Result<AptSeen, Fault> {
    let lists = lists.as_ref().map_err(Clone::clone)?;
    // Without gpgv and sqv only apt itself has checked them.
    let signatures = match sections.get("signatures") {
        Some(section) if section.code == 127 => None,
        _ => Some(sections.sound("signatures", "checking signatures")?),
    };
    let sources = sections.sound("sources", "reading apt's sources")?;
    let repositories = lists.lists.iter().map(|list| repository(list, signatures)).collect();
    Ok(AptSeen { repositories, unsigned: parse_unsigned(sources) })
}

fn repository(list: &List, signatures: Option<&Section>) -> Repository {
    Repository {
        file: Shown::line(&list.file),
        origin: list.origin(),
        vendor: Shown::line(&list.origin),
        codename: Shown::line(&list.codename),
        security: list.is_security(),
        dated: list.dated,
        valid_until: list.valid_until,
        signature: signatures.map_or(Signature::Unchecked, |section| signature(&list.file, section)),
    }
}

/// A list's name, then gpgv's word for each of its signatures, or `? ` and what was said instead. One good one is enough.
fn signature(file: &str, section: &Section) -> Signature {
    let named = |line: &&String| line.starts_with('/') && line.rsplit('/').next() == Some(file);
    let lines = section.lines.iter().skip_while(|line| !named(line)).skip(1);
    let words: Vec<&str> = lines.map(String::as_str).take_while(|line| !line.starts_with('/')).collect();
    let said = |word: &str| words.contains(&word);
    if said("GOODSIG") {
        Signature::Good
    } else if said("BADSIG") {
        Signature::Bad
    } else if said("REVKEYSIG") {
        Signature::Revoked
    } else if said("EXPKEYSIG") || said("EXPSIG") {
        Signature::Expired
    } else if said("none") {
        Signature::Missing
    } else if let Some(doubt) = words.iter().find_map(|word| word.strip_prefix("? ")) {
        Signature::Unknown(Shown::line(doubt))
    } else if said("ERRSIG") {
        // A key that is not there is no doubt: only apt may know where it is.
        Signature::Unchecked
    } else {
        Signature::Unknown("nothing was said of it".into())
    }
}

/// Sources that are believed without a signature. Lines are `FILE<tab>LINE`: of one line each, `deb [trusted=yes] …`, or
/// deb822's `Trusted: yes` between the fields of its stanza.
fn parse_unsigned(section: &Section) -> Vec<Shown> {
    let mut unsigned = Vec::new();
    let mut stanza: Vec<&str> = Vec::new();
    let mut last = "";
    let lines: Vec<String> = section.lines.iter().map(|line| without_logins(line)).collect();
    for (file, line) in lines.iter().filter_map(|line| line.split_once('\t')).chain([("", "")]) {
        if file != last || line.trim().is_empty() {
            unsigned.extend(trusting(&stanza).map(|place| Shown::line(&format!("{place} ({last})"))));
            stanza.clear();
        }
        last = file;
        let one = line.trim_start();
        if one.starts_with("deb ") || one.starts_with("deb\t") {
            let place = one.split(']').next_back().unwrap_or(one).trim_start_matches("deb").trim();
            let options =
                line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(options, _)| options);
            if options.split_whitespace().any(|option| is_yes(option, '=')) {
                unsigned.push(Shown::line(&format!("{place} ({file})")));
            }
        } else if file == "apt-config" {
            if !line.split('"').nth(1).is_some_and(is_true) {
                continue;
            }
            unsigned.push(Shown::line(&format!("{line} ({file})")));
        } else {
            stanza.push(line);
        }
    }
    unsigned
}

/// `https://TOKEN@host/` as `https://host/`: the probe takes them out too, but an older one may answer.
fn without_logins(line: &str) -> String {
    let mut pieces = line.split("://");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |line, piece| {
        let end = piece.find(|letter: char| letter == '/' || letter.is_whitespace()).unwrap_or(piece.len());
        let kept = piece[..end].rfind('@').map_or(piece, |at| &piece[at + 1..]);
        line + "://" + kept
    })
}

/// The address of a deb822 stanza that says so and is not switched off.
fn trusting(stanza: &[&str]) -> Option<String> {
    let off = stanza.iter().any(|line| {
        line.split_once(':').is_some_and(|(key, value)| key.eq_ignore_ascii_case("enabled") && is_one_of(value, &FALSE))
    });
    let trusted = !off && stanza.iter().any(|line| is_yes(line, ':'));
    let field = |name: &str| {
        let value = stanza.iter().find_map(|line| {
            line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        });
        value.unwrap_or_default()
    };
    trusted.then(|| format!("{} {}", field("uris"), field("suites")))
}

fn is_yes(text: &str, mark: char) -> bool {
    text.split_once(mark).is_some_and(|(key, value)| {
        let key = key.trim().to_ascii_lowercase();
        matches!(key.as_str(), "trusted" | "allow-insecure" | "allow-downgrade-to-insecure") && is_true(value)
    })
}

/// As apt's `StringToBool` reads them, in whatever case.
const TRUE: [&str; 6] = ["1", "yes", "true", "with", "on", "enable"];
const FALSE: [&str; 6] = ["0", "no", "false", "without", "off", "disable"];

fn is_true(value: &str) -> bool {
    is_one_of(value, &TRUE)
}

fn is_one_of(value: &str, words: &[&str]) -> bool {
    words.iter().any(|word| value.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::super::packages::tests::section;
    use super::*;

    #[test]
    fn yes_is_what_apt_takes_for_it() {
        for yes in ["yes", "Yes", "TRUE", "with", "on", "Enable", "1"] {
            let told = parse_unsigned(&section(&format!(
                "/a.list\tdeb [trusted={yes}] http://h/ s\n/b.sources\tURIs: http://b/\n/b.sources\tTrusted: {yes}\n\
                 apt-config\tapt::get::allowunauthenticated \"{yes}\";"
            )));
            assert_eq!(told.len(), 3, "{yes}: {told:?}");
        }
        for no in ["no", "False", "0", "maybe"] {
            let told = parse_unsigned(&section(&format!(
                "/a.list\tdeb [trusted={no}] http://h/ s\napt-config\tAPT::Get::AllowUnauthenticated \"{no}\";"
            )));
            assert_eq!(told.len(), 0, "{no}: {told:?}");
        }
    }

    #[test]
    fn a_source_that_is_believed_blindly_is_named_wherever_it_says_so() {
        let seen = parse_unsigned(&section(
            "/a.list\tdeb [arch=amd64 trusted=yes] http://h/debian s main\n/a.list\tdeb http://good/debian s main\n\
             /b.sources\tTypes: deb\n/b.sources\tURIs: http://blind/\n/b.sources\tSuites: x\n/b.sources\tTrusted: yes\n\
             /b.sources\t\n/b.sources\tURIs: http://good/\n/b.sources\tTrusted: no\n\
             /c.sources\tURIs: http://off/\n/c.sources\tTrusted: yes\n/c.sources\tEnabled: no\n\
             /d.sources\tURIs: http://last/\n/d.sources\tAllow-Insecure: yes\n\
             /e.list\tdeb [ allow-downgrade-to-insecure=yes signed-by=/k ] http://later/ s\n\
             apt-config\tAcquire::AllowDowngradeToInsecureRepositories \"1\";\napt-config\tAcquire::AllowInsecureRepositories \"0\";\n\
             apt-config\tAPT::Get::AllowUnauthenticated \"true\";",
        ));
        assert_eq!(
            seen,
            [
                "http://h/debian s main (/a.list)",
                "http://blind/ x (/b.sources)",
                "http://last/  (/d.sources)",
                "http://later/ s (/e.list)",
                "Acquire::AllowDowngradeToInsecureRepositories \"1\"; (apt-config)",
                "APT::Get::AllowUnauthenticated \"true\"; (apt-config)",
            ]
        );
        assert_eq!(parse_unsigned(&section("")), Vec::<Shown>::new());
    }

    #[test]
    fn no_login_of_a_repository_is_kept() {
        let seen = parse_unsigned(&section(
            "/a.list\tdeb [trusted=yes] https://TOKEN@h/x s main\n/a.list\t\tdeb [trusted=yes] http://user:TOKEN@x@h:80/@y s\n\
             /b.sources\tURIs: https://user:TOKEN@one/ http://TOKEN@two\n/b.sources\tSuites: x\n/b.sources\tTrusted: yes",
        ));
        assert_eq!(
            seen,
            ["https://h/x s main (/a.list)", "http://h:80/@y s (/a.list)", "https://one/ http://two x (/b.sources)"]
        );
    }

    #[test]
    fn signatures_that_could_not_be_looked_at_are_not_good_ones() {
        let apt = |signatures: &str| {
            let text = format!("#sources\n\n rc=0\n{signatures}");
            let lists = Lists { lists: vec![List { file: "a_InRelease".into(), ..List::default() }], stamp: None };
            let sections = super::super::sections::parse_sections(text.as_bytes());
            parse_apt(&sections, &Ok(lists)).map(|apt| apt.repositories[0].signature.clone())
        };
        assert_eq!(apt("#signatures\n /l/a_InRelease\n GOODSIG\n\n rc=0\n"), Ok(Signature::Good));
        assert_eq!(apt("#signatures\n\n rc=127\n"), Ok(Signature::Unchecked));
        assert_eq!(
            apt("#signatures\n\n rc=124\n").unwrap_err().said,
            "checking signatures hung on the server and was ended"
        );
        assert!(apt("").is_err());
    }

    #[test]
    fn one_good_signature_is_enough_and_what_is_not_understood_is_no_good_one() {
        let unknown = |said: &str| Signature::Unknown(said.into());
        for (said, signature_of_it) in [
            ("EXPKEYSIG\nGOODSIG", Signature::Good),
            ("? gpgv: odd\nGOODSIG", Signature::Good),
            ("EXPKEYSIG\nERRSIG", Signature::Expired),
            ("? sqv: odd\nBADSIG", Signature::Bad),
            ("none", Signature::Missing),
            // Its key is where only apt finds it.
            ("ERRSIG\nERRSIG", Signature::Unchecked),
            ("ERRSIG\n? gpgv: \u{1b}[2Jodd (/l/a_InRelease)", unknown("gpgv: ␛[2Jodd (/l/a_InRelease)")),
            ("ODDSIG", unknown("nothing was said of it")),
            ("", unknown("nothing was said of it")),
        ] {
            let signatures = section(&format!(
                "/l/b_InRelease\n? not of /l/a_InRelease\n/l/a_InRelease\n{said}\n/l/c_InRelease\nGOODSIG"
            ));
            assert_eq!(signature("a_InRelease", &signatures), signature_of_it, "{said}");
        }
        assert_eq!(signature("a_InRelease", &section("/l/b_InRelease\nGOODSIG")), unknown("nothing was said of it"));
    }
}
