//! `approved-services`: only approved services process sensitive data. Judged are the agreement and its review, and,
//! as the part `reachable`, whether the service answers at all.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use crate::domain::facts::{Reached, ServiceSeen};
use crate::domain::{Fault, Judgement, Limit, Link, Period, Read, Shown, Verdict, counted};
use crate::policy::looks::{Registered, registered};
use crate::policy::{Case, Rule, no_exhibits};

const MEASURE: &str = "approved-services";

/// How long before the review an agreement asks for it.
pub const REVIEW_AHEAD: Limit = Limit {
    key: "review_ahead",
    default: Period::days(30),
    help: "how long before its review a data processing agreement is due",
};

pub const RULE: Rule = Rule { measure: MEASURE, limits: &[&REVIEW_AHEAD], judge, exhibits: no_exhibits };

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    registered(case.evidence)
        .flat_map(|one| {
            let reachable = one.service.url.as_ref().map(|url| reachable(case, one, url));
            std::iter::once(agreement(case, one)).chain(reachable)
        })
        .collect()
}

/// The agreement and its review, from the register alone.
fn agreement(case: &Case<'_>, one: Registered<'_>) -> Judgement {
    let service = one.service;
    let judgement = match (service.agreement, service.review) {
        (None, _) if service.data.is_empty() => {
            one.judged(MEASURE, Verdict::Ok, "no sensitive data, so no agreement needed")
        }
        (None, _) => one
            .judged(MEASURE, Verdict::Broken, "no data processing agreement on record")
            .mend("make an agreement with the provider, and write its day into the register: agreement = …"),
        (Some(made), review) => reviewed(case, one, made, review),
    };
    let line = |name: &str, value: Option<String>| value.map(|value| format!("{name}: {value}\n")).unwrap_or_default();
    let kinds: Vec<&str> = service.data.iter().map(Shown::as_str).collect();
    let detail = [
        line("purpose", service.purpose.as_ref().map(ToString::to_string)),
        line("data", (!kinds.is_empty()).then(|| kinds.join(", "))),
        line("owner", service.owner.as_ref().map(ToString::to_string)),
        line("agreement", service.agreement.map(|day| day.to_string())),
        line("review every", service.review.map(|period| period.to_string())),
    ];
    let says = match service.agreement {
        Some(day) => format!("agreement = {day}"),
        None => "no agreement".into(),
    };
    let says = service.review.map_or(says.clone(), |review| format!("{says}, review = {review}"));
    judgement.detail(detail.concat().trim_end()).because(one.declared.place.clone(), None, says)
}

fn reviewed(case: &Case<'_>, one: Registered<'_>, made: Date, review: Option<Period>) -> Judgement {
    let today = case.now.to_zoned_datetime(case.zone.clone()).date();
    if made > today {
        return one
            .judged(MEASURE, Verdict::Unknown, format!("the agreement is dated in the future: {made}"))
            .mend("correct the day in the register");
    }
    let Some(review) = review else {
        return one.judged(MEASURE, Verdict::Ok, format!("agreement of {made}, no review set"));
    };
    let Ok(due) = made.checked_add(Span::new().days(review.as_seconds() / 86_400)) else {
        return one.judged(MEASURE, Verdict::Unknown, "the day of the next review can't be reckoned");
    };
    let ahead = case.limits.of(&REVIEW_AHEAD);
    let left = today.duration_until(due).as_secs() / 86_400;
    let title = |text: String| format!("data processing agreement: review {text}");
    let judgement = if left < 0 {
        one.judged(MEASURE, Verdict::Broken, title(format!("overdue since {due}"))).since(start_after(case, due))
    } else if left * 86_400 <= ahead.as_seconds() {
        let when = if left == 0 { "today".into() } else { format!("in {}", counted(left, "day", "days")) };
        one.judged(MEASURE, Verdict::Due, title(format!("due {when}"))).weight(30)
    } else {
        one.judged(MEASURE, Verdict::Ok, format!("agreement of {made}, review in {}", counted(left, "day", "days")))
    };
    let judgement = judgement.because("limits.review_ahead", None, ahead.to_string());
    if left * 86_400 <= ahead.as_seconds() {
        judgement.mend("review the agreement, and write the day of the review into the register: agreement = …")
    } else {
        judgement
    }
}

/// When the day after began, where the operator is.
fn start_after(case: &Case<'_>, day: Date) -> Option<Timestamp> {
    let next = day.tomorrow().ok()?.to_zoned_datetime(case.zone.clone()).ok()?;
    Some(next.timestamp())
}

/// Whether the service answers. What can't be reached from here is unknown: it may be our own network.
fn reachable(case: &Case<'_>, one: Registered<'_>, url: &Link) -> Judgement {
    let answer = one.seen(url, case.now).and_then(|(at, seen)| match &seen.reached {
        Read::Seen(reached) => Ok((at, reached)),
        Read::Unreadable(fault) if is_refused(seen) => Err(Fault {
            // What is wrong with it is encrypted-communication's to say.
            said: format!("not asked whether it answers: {}", fault.said).into(),
            ..fault.clone()
        }),
        Read::Unreadable(fault) => Err(fault.clone()),
    });
    let judgement = match answer {
        Ok((at, reached)) => {
            let (verdict, said) = answers(reached);
            let judgement = one.judged(MEASURE, verdict, said.as_str()).detail(&particulars(url, reached));
            one.looked(judgement, Some(at), &said)
        }
        Err(fault) => one.unknown(MEASURE, &fault),
    };
    judgement.part("reachable").weight(40)
}

/// Whether its certificate was seen and not accepted: then nothing was asked behind it.
fn is_refused(seen: &ServiceSeen) -> bool {
    let certificate = seen.certificate.as_ref().and_then(Read::seen);
    certificate.is_some_and(|seen| !seen.name_matches || seen.trusted.seen().is_none())
}

/// What an HTTP status says of a service (RFC 9110, section 15).
fn answers(reached: &Reached) -> (Verdict, String) {
    let status = reached.status;
    match status {
        200..=399 => (Verdict::Ok, format!("answers {status}")),
        401 | 403 | 407 => (Verdict::Ok, format!("asks for a login ({status})")),
        429 => (Verdict::Unknown, "answers 429: we look too often".into()),
        400..=599 => (Verdict::Broken, format!("answers {status}")),
        _ => (Verdict::Unknown, format!("answers {status}, which is no answer")),
    }
}

fn particulars(url: &Link, reached: &Reached) -> String {
    let redirect = reached.redirect.as_ref().map(|to| format!("\nredirects to {to}")).unwrap_or_default();
    format!("{url}\nanswered {} in {} ms{redirect}", reached.status, reached.took_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::{CertificateSeen, ServiceDeclared};
    use crate::domain::{Declared, Evidence, Fact, Limits, Observation};
    use crate::domain::{SourceId, SourceRecord, Subject, SubjectKind};
    use jiff::tz::TimeZone;

    fn now() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    fn service(alter: impl FnOnce(&mut ServiceDeclared)) -> ServiceDeclared {
        let mut service = ServiceDeclared {
            url: None,
            owner: Some("anna".into()),
            purpose: None,
            data: vec!["personal".into()],
            agreement: Some(jiff::civil::date(2026, 1, 1)),
            review: Some(Period::days(365)),
        };
        alter(&mut service);
        service
    }

    fn evidence(service: ServiceDeclared, reached: Option<Read<Reached>>) -> Evidence {
        let subject = Subject::new(SubjectKind::Service, "Nextcloud");
        let seen = reached.map(|reached| {
            let url = service.url.clone().unwrap();
            let fact = Fact::ServiceSeen(ServiceSeen { url, reached, certificate: None });
            Observation { subject: subject.clone(), at: now(), fact }
        });
        let source = SourceRecord {
            id: SourceId::new("services", "Nextcloud"),
            declared: vec![Declared { subject, fact: Fact::ServiceDeclared(service), place: "a.toml:1".into() }],
            good_at: seen.is_some().then(now),
            seen: seen.into_iter().collect(),
            asked_at: None,
            took_ms: None,
            fault: None,
            failures: 0,
            stale_after: Period::hours(1),
        };
        Evidence { sources: vec![source], configured: true, ..Evidence::default() }
    }

    fn judged(evidence: &Evidence, now: Timestamp) -> Vec<Judgement> {
        judge(&Case { evidence, limits: &Limits::default(), now, zone: &TimeZone::UTC })
    }

    fn said(service: ServiceDeclared) -> (Verdict, String) {
        let judgement = judged(&evidence(service, None), now()).remove(0);
        assert_eq!(judgement.key().as_str(), "approved-services/Nextcloud");
        assert_eq!(judgement.because.last().unwrap().source, "a.toml:1");
        (judgement.verdict, judgement.title.to_string())
    }

    fn agreed(day: &str) -> (Verdict, String) {
        said(service(|it| it.agreement = Some(day.parse().unwrap())))
    }

    #[test]
    fn personal_data_without_an_agreement_is_broken() {
        let missing = |it: &mut ServiceDeclared| it.agreement = None;
        assert_eq!(said(service(missing)), (Verdict::Broken, "no data processing agreement on record".into()));
        let (verdict, _) = said(service(|it| (it.agreement, it.data) = (None, Vec::new())));
        assert_eq!(verdict, Verdict::Ok);
    }

    #[test]
    fn a_review_is_ok_then_due_then_overdue() {
        for (made, verdict, title) in [
            ("2026-01-01", Verdict::Ok, "agreement of 2026-01-01, review in 39 days"),
            ("2025-12-24", Verdict::Ok, "agreement of 2025-12-24, review in 31 days"),
            ("2025-12-23", Verdict::Due, "data processing agreement: review due in 30 days"),
            ("2025-11-29", Verdict::Due, "data processing agreement: review due in 6 days"),
            ("2025-11-24", Verdict::Due, "data processing agreement: review due in 1 day"),
            ("2025-11-23", Verdict::Due, "data processing agreement: review due today"),
            ("2025-11-22", Verdict::Broken, "data processing agreement: review overdue since 2026-11-22"),
            ("2019-01-01", Verdict::Broken, "data processing agreement: review overdue since 2020-01-01"),
            ("2026-11-24", Verdict::Unknown, "the agreement is dated in the future: 2026-11-24"),
        ] {
            assert_eq!(agreed(made), (verdict, title.into()), "{made}");
        }
        assert_eq!(said(service(|it| it.review = None)).1, "agreement of 2026-01-01, no review set");
    }

    #[test]
    fn today_is_the_operators() {
        let midnight = "2026-11-23T23:30:00Z".parse().unwrap();
        let evidence = evidence(service(|it| it.agreement = Some(jiff::civil::date(2025, 11, 23))), None);
        let judged =
            |zone| judge(&Case { evidence: &evidence, limits: &Limits::default(), now: midnight, zone: &zone });
        assert_eq!(judged(TimeZone::UTC)[0].verdict, Verdict::Due);
        let vienna = judged(TimeZone::get("Europe/Vienna").unwrap()).remove(0);
        assert_eq!(vienna.verdict, Verdict::Broken);
        assert_eq!(vienna.since, Some("2026-11-23T23:00:00Z".parse().unwrap()));
    }

    fn online(it: &mut ServiceDeclared) {
        it.url = Link::parse("https://cloud.example.org");
    }

    fn answered(reached: Read<Reached>) -> Judgement {
        let judgement = judged(&evidence(service(online), Some(reached)), now()).remove(1);
        assert_eq!(judgement.key().as_str(), "approved-services/Nextcloud/reachable");
        judgement
    }

    #[test]
    fn a_status_says_whether_it_answers() {
        for (status, verdict) in [
            (200, Verdict::Ok),
            (302, Verdict::Ok),
            (401, Verdict::Ok),
            (403, Verdict::Ok),
            (404, Verdict::Broken),
            (429, Verdict::Unknown),
            (500, Verdict::Broken),
            (503, Verdict::Broken),
            (0, Verdict::Unknown),
            (999, Verdict::Unknown),
        ] {
            let judgement = answered(Read::Seen(Reached { status, took_ms: 12, redirect: None }));
            assert_eq!(judgement.verdict, verdict, "{status}");
            assert!(judgement.title.as_str().contains(&status.to_string()));
        }
    }

    #[test]
    fn what_was_not_reached_is_unknown_and_says_why() {
        let fault = Fault::new("refused the connection").mend("start it");
        let judgement = answered(Read::Unreadable(fault.clone()));
        assert_eq!((judgement.verdict, judgement.title.as_str()), (Verdict::Unknown, "refused the connection"));
        assert_eq!(judgement.mend.unwrap(), "start it");
        let mut never = evidence(service(online), None);
        assert_eq!(judged(&never, now())[1].title, "not asked yet");
        never.sources[0].fault = Some(fault);
        let judgement = judged(&never, now()).remove(1);
        assert_eq!(judgement.title, "never answered: refused the connection");
        assert_eq!((judgement.verdict, judgement.mend.unwrap().as_str()), (Verdict::Unknown, "start it"));
    }

    #[test]
    fn behind_a_certificate_that_is_not_accepted_nothing_was_asked() {
        let fault = Fault::new("the certificate of cloud.example.org expired 3 d ago").mend("tell whoever runs it");
        let mut evidence = evidence(service(online), Some(Read::Unreadable(fault)));
        let certificate = |sound: bool| CertificateSeen {
            subject: "CN=cloud.example.org".into(),
            issuer: "CN=authority".into(),
            names: vec!["cloud.example.org".into()],
            not_before: now(),
            not_after: now(),
            name_matches: true,
            trusted: if sound { Read::Seen(()) } else { Read::Unreadable(Fault::new("it has expired")) },
        };
        for (sound, before) in [(false, "not asked whether it answers: "), (true, "")] {
            let Fact::ServiceSeen(seen) = &mut evidence.sources[0].seen[0].fact else { panic!() };
            seen.certificate = Some(Read::Seen(certificate(sound)));
            let judgement = judged(&evidence, now()).remove(1);
            let title = format!("{before}the certificate of cloud.example.org expired 3 d ago");
            assert_eq!((judgement.verdict, judgement.title.as_str()), (Verdict::Unknown, title.as_str()));
            assert_eq!(judgement.mend.unwrap(), "tell whoever runs it");
        }
    }

    #[test]
    fn an_old_look_or_one_at_another_url_is_unknown() {
        let reached = || Some(Read::Seen(Reached { status: 200, took_ms: 12, redirect: None }));
        let mut evidence = evidence(service(online), reached());
        let later = now() + Period::hours(3).as_duration();
        assert_eq!(judged(&evidence, later)[1].title, "stale: last answer 3 h ago");
        let Fact::ServiceDeclared(service) = &mut evidence.sources[0].declared[0].fact else { panic!() };
        service.url = Link::parse("https://new.example.org");
        let judgement = judged(&evidence, now()).remove(1);
        assert_eq!(
            (judgement.verdict, judgement.title.as_str()),
            (Verdict::Unknown, "not looked at since its URL changed")
        );
    }

    #[test]
    fn no_services_give_no_findings() {
        assert!(judged(&Evidence::default(), now()).is_empty());
    }
}
