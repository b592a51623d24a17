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
    let told = parse_told(sources);
    let repositories = lists.lists.iter().map(|list| repository(list, signatures, &told)).collect();
    let named = |of: fn(&Told) -> bool| told.iter().filter(|told| of(told)).map(Told::shown).collect();
    Ok(AptSeen { repositories, unsigned: named(Told::is_unsigned), unending: named(Told::is_unending) })
}

fn repository(list: &List, signatures: Option<&Section>, told: &[Told]) -> Repository {
    Repository {
        file: Shown::line(&list.file),
        origin: list.origin(),
        vendor: Shown::line(&list.origin),
        codename: Shown::line(&list.codename),
        security: list.is_security(),
        dated: list.dated,
        valid_until: list.valid_until,
        unending: is_unending(list, told),
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

/// One source of packages and what apt is told of it, or one line of apt's own configuration.
#[derive(Default)]
struct Told {
    /// As a person finds it again.
    place: String,
    file: String,
    uris: String,
    suites: String,
    /// Lower case, and the value. Of apt's own configuration it is the whole name.
    options: Vec<(String, String)>,
}

const CONFIGURATION: &str = "apt-config";

impl Told {
    fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim())
    }

    fn is(&self, name: &str, words: &[&str]) -> bool {
        self.value(name).is_some_and(|value| is_one_of(value, words))
    }

    fn shown(&self) -> Shown {
        Shown::line(&format!("{} ({})", self.place, self.file))
    }

    /// Whether it is believed without a signature.
    fn is_unsigned(&self) -> bool {
        let keys = if self.file == CONFIGURATION { &TRUSTING_ALL[..] } else { &TRUSTING[..] };
        keys.iter().any(|key| self.is(key, &TRUE))
    }

    /// Whether apt takes lists after their end: it is told not to look for it, nor at dates at all, or to put it off. What
    /// only brings the end forward (`Valid-Until-Max`) is no such word: then apt refuses, and the lists grow old.
    fn is_unending(&self) -> bool {
        self.options.iter().any(|(key, value)| {
            // Of apt's own configuration, and there also for one label alone.
            let key = key.strip_prefix("acquire::").unwrap_or(key);
            match key.split("::").next() {
                Some("check-valid-until" | "check-date") => is_one_of(value, &FALSE),
                Some("valid-until-min" | "min-validtime") => value.trim().parse().is_ok_and(|seconds: i64| seconds > 0),
                _ => false,
            }
        })
    }

    /// Whether a list is one of its own, as far as its address tells.
    fn offers(&self, list: &List) -> bool {
        self.uris.split_whitespace().any(|uri| {
            self.suites.split_whitespace().any(|suite| {
                let part = if suite.ends_with('/') { "" } else { "/-" };
                list.is_of(&format!("{uri} {suite}{part}"))
            })
        })
    }
}

const TRUSTING: [&str; 3] = ["trusted", "allow-insecure", "allow-downgrade-to-insecure"];
/// The probe tells of no others.
const TRUSTING_ALL: [&str; 3] = [
    "apt::get::allowunauthenticated",
    "acquire::allowinsecurerepositories",
    "acquire::allowdowngradetoinsecurerepositories",
];

/// Whether apt takes this list after its end: what its own source says counts before what is said for all.
fn is_unending(list: &List, all: &[Told]) -> bool {
    let own: Vec<&Told> = all.iter().filter(|told| told.offers(list)).collect();
    let looks = |key: &str| own.iter().any(|told| told.is(key, &TRUE));
    let for_all = all.iter().filter(|told| told.file == CONFIGURATION && told.is_unending()).any(|told| {
        let mut key = told.options.iter().flat_map(|(key, _)| key.split("::")).skip(1);
        let (what, label) = (key.next().unwrap_or_default(), key.next());
        !looks(what) && label.is_none_or(|label| list.label.eq_ignore_ascii_case(&label.replace("%20", " ")))
    });
    for_all || own.iter().any(|told| told.is_unending())
}

/// What apt is told of its sources. Lines are `FILE<tab>LINE`: of one line each, `deb [trusted=yes] …`, or deb822's
/// `Trusted: yes` between the fields of its stanza. A stanza that is switched off is none.
fn parse_told(section: &Section) -> Vec<Told> {
    let mut all = Vec::new();
    let mut stanza = Told::default();
    let lines: Vec<String> = section.lines.iter().map(|line| without_logins(line)).collect();
    for (file, line) in lines.iter().filter_map(|line| line.split_once('\t')).chain([("", "")]) {
        if file != stanza.file || line.trim().is_empty() {
            all.push(std::mem::take(&mut stanza).of_stanza());
        }
        file.clone_into(&mut stanza.file);
        let one = line.trim_start();
        if one.starts_with("deb ") || one.starts_with("deb\t") {
            all.push(of_one_line(file, one));
        } else if file == CONFIGURATION {
            let options = line
                .split_once(" \"")
                .map(|(key, value)| (key.to_ascii_lowercase(), value.trim_end_matches("\";").to_owned()));
            all.push(Told {
                place: line.to_owned(),
                file: file.to_owned(),
                options: options.into_iter().collect(),
                ..Told::default()
            });
        } else if line.starts_with([' ', '\t']) {
            stanza.options.last_mut().into_iter().for_each(|(_, value)| *value = format!("{value} {one}"));
        } else {
            stanza.options.extend(
                line.split_once(':').map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim().to_owned())),
            );
        }
    }
    all.retain(|told| !told.options.is_empty() && !told.is("enabled", &FALSE));
    all
}

impl Told {
    fn of_stanza(self) -> Self {
        let field = |name: &str| self.value(name).unwrap_or_default().to_owned();
        let (uris, suites) = (field("uris"), field("suites"));
        Self { place: format!("{uris} {suites}"), uris, suites, ..self }
    }
}

fn of_one_line(file: &str, line: &str) -> Told {
    let rest = line.trim_start_matches("deb").trim();
    let (options, place) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).unwrap_or(("", rest));
    let options = options.split_whitespace().filter_map(|option| option.split_once('='));
    let mut words = place.split_whitespace().map(str::to_owned);
    Told {
        place: place.trim().to_owned(),
        file: file.to_owned(),
        uris: words.next().unwrap_or_default(),
        suites: words.next().unwrap_or_default(),
        options: options.map(|(key, value)| (key.to_ascii_lowercase(), value.to_owned())).collect(),
    }
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

/// As apt's `StringToBool` reads them, in whatever case.
const TRUE: [&str; 6] = ["1", "yes", "true", "with", "on", "enable"];
const FALSE: [&str; 6] = ["0", "no", "false", "without", "off", "disable"];

fn is_one_of(value: &str, words: &[&str]) -> bool {
    words.iter().any(|word| value.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::super::packages::tests::section;
    use super::*;

    fn parse_unsigned(section: &Section) -> Vec<Shown> {
        parse_told(section).iter().filter(|told| told.is_unsigned()).map(Told::shown).collect()
    }

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
    fn sources_whose_lists_have_no_end_for_apt_are_named_and_their_lists_known() {
        let told = |text: &str| {
            let told = parse_told(&section(text));
            let named: Vec<String> =
                told.iter().filter(|told| told.is_unending()).map(|told| told.shown().to_string()).collect();
            let lists = ["a", "b"].map(|host| List {
                file: format!("{host}_dists_s_InRelease"),
                label: "Docker CE".into(),
                ..List::default()
            });
            (named.join("; "), lists.map(|list| is_unending(&list, &told)))
        };
        let (both, one, none) = ([true, true], [true, false], [false, false]);
        for (text, named, lists) in [
            ("/x.list\tdeb [check-valid-until=No] http://a s main", "http://a s main (/x.list)", one),
            ("/x.list\tdeb [arch=amd64 check-date=off] https://u:p@a/ s main", "https://a/ s main (/x.list)", one),
            ("/x.list\tdeb [valid-until-min=60] http://a s main", "http://a s main (/x.list)", one),
            ("/x.list\tdeb [valid-until-min=0 valid-until-max=60 check-valid-until=yes] http://a s main", "", none),
            (
                "/x.list\tdeb http://a s main\n/x.list\tdeb [check-valid-until=no] http://c s main",
                "http://c s main (/x.list)",
                none,
            ),
            (
                "/x.sources\tURIs: http://c\n/x.sources\t http://b\n/x.sources\tSuites: t\n/x.sources\t s\n/x.sources\tCheck-Valid-Until: no",
                "http://c http://b t s (/x.sources)",
                [false, true],
            ),
            (
                "/x.sources\tURIs: http://a\n/x.sources\tSuites: s\n/x.sources\tCheck-Date: no\n/x.sources\tEnabled: no",
                "",
                none,
            ),
            (
                "apt-config\tAcquire::Check-Valid-Until \"false\";",
                "Acquire::Check-Valid-Until \"false\"; (apt-config)",
                both,
            ),
            ("apt-config\tAcquire::Check-Valid-Until \"true\";", "", none),
            ("apt-config\tacquire::min-validtime \"9\";", "acquire::min-validtime \"9\"; (apt-config)", both),
            (
                "apt-config\tAcquire::Min-ValidTime::Docker%20CE \"9\";",
                "Acquire::Min-ValidTime::Docker%20CE \"9\"; (apt-config)",
                both,
            ),
            (
                "apt-config\tAcquire::Min-ValidTime::Debian \"9\";",
                "Acquire::Min-ValidTime::Debian \"9\"; (apt-config)",
                none,
            ),
            // What a source says of itself counts before what is said for all.
            (
                "/x.list\tdeb [check-valid-until=yes] http://b s main\napt-config\tAcquire::Check-Valid-Until \"false\";",
                "Acquire::Check-Valid-Until \"false\"; (apt-config)",
                one,
            ),
        ] {
            assert_eq!(told(text), (named.to_owned(), lists), "{text}");
        }
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
