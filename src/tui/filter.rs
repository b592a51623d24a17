//! The filter: words and fields, all of which must fit: `host:web* verdict:broken age:>7d openssl`.

use jiff::Timestamp;

use super::looks::Sought;
use crate::domain::{Finding, Period, Seek, Shown, SubjectKind, Verdict, contains, like};

/// A filter as meant. The empty one lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    /// A word somewhere in subject, measure, title or detail; a source that it is judged from.
    Sought(Seek),
    Subject(Option<SubjectKind>, String),
    Measure(String),
    Verdict(Vec<Verdict>),
    Age {
        over: bool,
        period: Period,
    },
    New,
}

/// What a finding is matched against besides itself.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    pub now: Timestamp,
    /// What was first seen at or after this is new.
    pub news_from: Option<Timestamp>,
    /// What the words of the filter found in the particulars.
    pub sought: &'a Sought,
}

impl Moment<'_> {
    pub fn is_new(&self, finding: &Finding) -> bool {
        self.news_from.is_some_and(|from| finding.first_seen >= from)
    }
}

/// The fields and what they take, for the help and for errors.
pub const FIELDS: [(&str, &str); 8] = [
    ("host:", "a server's name; * stands for anything"),
    ("subject:", "any subject's name"),
    ("measure:", "a measure, as in measure:backup*"),
    ("source:", "a source that a finding is judged from"),
    ("verdict:", "ok, due, broken or unknown; several with a comma"),
    ("age:", "age:>7d for older, age:<2h for younger"),
    ("is:", "is:new for what was first seen lately"),
    ("", "any other word: in subject, measure, title or detail"),
];

impl Query {
    /// The filter that was typed, or what is wrong with it in one line.
    pub fn parse(text: &str) -> Result<Self, Shown> {
        text.split_whitespace().map(term).collect::<Result<_, _>>().map(Self).map_err(Shown::from)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it says itself which verdicts it wants.
    pub fn names_verdicts(&self) -> bool {
        self.0.iter().any(|term| matches!(term, Term::Verdict(_)))
    }

    /// What has to be sought in the particulars before it can be said what fits.
    pub fn seeks(&self) -> Vec<Seek> {
        let seek = |term: &Term| if let Term::Sought(seek) = term { Some(seek.clone()) } else { None };
        self.0.iter().filter_map(seek).collect()
    }

    pub fn fits(&self, finding: &Finding, moment: &Moment<'_>) -> bool {
        self.0.iter().all(|term| term.fits(finding, moment))
    }
}

fn term(text: &str) -> Result<Term, String> {
    let Some((field, value)) = text.split_once(':').filter(|(_, value)| !value.starts_with("//")) else {
        return Ok(Term::Sought(Seek::Word(text.to_lowercase())));
    };
    let value = value.to_lowercase();
    match field {
        "host" => Ok(Term::Subject(Some(SubjectKind::Host), value)),
        "subject" => Ok(Term::Subject(None, value)),
        "measure" => Ok(Term::Measure(value)),
        "source" => Ok(Term::Sought(Seek::Source(value))),
        "verdict" => verdicts(&value),
        "age" => age(&value),
        "is" if value == "new" => Ok(Term::New),
        "is" => Err(format!("`is:{value}`: only is:new is known")),
        _ => {
            let known: Vec<_> = FIELDS.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect();
            Err(format!("`{field}:` is no field; there are {}", known.join(" ")))
        }
    }
}

fn verdicts(value: &str) -> Result<Term, String> {
    let named = value.split(',').map(|word| {
        let found = Verdict::ALL.into_iter().find(|verdict| verdict.word() == word);
        found.ok_or_else(|| format!("`verdict:{word}`: a verdict is ok, due, broken or unknown"))
    });
    named.collect::<Result<_, _>>().map(Term::Verdict)
}

fn age(value: &str) -> Result<Term, String> {
    let over = !value.starts_with('<');
    let period = value
        .trim_start_matches(['<', '>'])
        .parse()
        .map_err(|_| format!("`age:{value}`: write age:>7d or age:<2h, with one of s, m, h, d, w, y"))?;
    Ok(Term::Age { over, period })
}

impl Term {
    fn fits(&self, finding: &Finding, moment: &Moment<'_>) -> bool {
        match self {
            Self::Sought(seek) => {
                let own = [&finding.subject.name, &finding.title, &finding.measure];
                let word = |word| own.into_iter().any(|text| contains(text.as_str(), word));
                matches!(seek, Seek::Word(text) if word(text)) || moment.sought.fits(seek, &finding.key)
            }
            Self::Subject(kind, name) => {
                kind.is_none_or(|kind| kind == finding.subject.kind) && like(finding.subject.name.as_str(), name)
            }
            Self::Measure(name) => like(finding.measure.as_str(), name),
            Self::Verdict(verdicts) => verdicts.contains(&finding.verdict),
            Self::Age { over, period } => (moment.now.duration_since(finding.since) > period.as_duration()) == *over,
            Self::New => moment.is_new(finding),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SubjectKind::{Host, Service};
    use crate::tui::sample;

    fn fits(text: &str) -> bool {
        let mut finding = sample::finding("backup-on-site", Host);
        finding.subject.name = "web7".into();
        finding.title = "No snapshot from last night".into();
        finding.verdict = Verdict::Broken;
        finding.since = sample::NOW.parse::<Timestamp>().unwrap() - Period::days(9).as_duration();
        let moment = Moment { now: sample::NOW.parse().unwrap(), news_from: None, sought: &Sought::default() };
        Query::parse(text).unwrap().fits(&finding, &moment)
    }

    #[test]
    fn words_and_fields_must_all_fit() {
        for text in [
            "",
            "SNAPSHOT",
            "host:web*",
            "host:web7 verdict:broken",
            "measure:backup-*",
            "age:>7d",
            "verdict:due,broken last",
        ] {
            assert!(fits(text), "{text}");
        }
        for text in ["nothing", "host:web", "host:db*", "verdict:ok", "age:<7d", "is:new", "snapshot host:x"] {
            assert!(!fits(text), "{text}");
        }
        assert!(!Query::parse("host:x").unwrap().fits(
            &sample::finding("approved-services", Service),
            &Moment { now: Timestamp::UNIX_EPOCH, news_from: None, sought: &Sought::default() }
        ));
    }

    #[test]
    fn a_bad_field_is_named_together_with_the_good_ones() {
        let said = |text: &str| Query::parse(text).unwrap_err().to_string();
        assert!(said("hots:web1").contains("`hots:` is no field") && said("hots:web1").contains("host:"));
        assert!(said("verdict:bad").contains("ok, due, broken or unknown"));
        assert!(said("age:soon").contains("age:>7d"));
        assert!(said("is:old").contains("is:new"));
    }

    #[test]
    fn an_address_is_a_word() {
        assert_eq!(Query::parse("https://x").unwrap().0, [Term::Sought(Seek::Word("https://x".into()))]);
    }
}
