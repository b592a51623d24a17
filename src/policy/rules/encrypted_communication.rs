//! `encrypted-communication`: only encrypted protocols. Judged is each service's certificate, and that it is not
//! reached over plain http; and of each server, what its declared ports speak.

mod hosts;

use jiff::Timestamp;

use crate::domain::facts::{CertificateSeen, ServiceSeen};
use crate::domain::{Fault, Judgement, Link, Shown, Verdict, age};
use crate::policy::looks::{Registered, registered};
use crate::policy::{CERTIFICATE, Case, Rule, no_exhibits};

const MEASURE: &str = "encrypted-communication";

pub const RULE: Rule = Rule { measure: MEASURE, limits: &[&CERTIFICATE], judge, exhibits: no_exhibits };

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let services = registered(case.evidence).filter_map(|one| {
        let url = one.service.url.as_ref()?;
        Some(if url.as_str().starts_with("http:") { plain(one, url) } else { encrypted(case, one, url) })
    });
    services.chain(hosts::judge(case)).collect()
}

/// Known from the register: nobody needs to be asked.
fn plain(one: Registered<'_>, url: &Link) -> Judgement {
    one.judged(MEASURE, Verdict::Broken, "plain http")
        .detail(&format!("{url}\nWhoever is on the way can read and change what is sent."))
        .mend("let the service answer over https, and write that URL into the register")
        .because(one.declared.place.clone(), None, format!("url = {url}"))
        .weight(60)
}

fn encrypted(case: &Case<'_>, one: Registered<'_>, url: &Link) -> Judgement {
    match one.seen(url, case.now).and_then(|(at, seen)| Ok((at, seen, certificate(seen)?))) {
        Ok((at, seen, certificate)) => {
            let judgement = redirected(one, seen).unwrap_or_else(|| judged(case, one, certificate));
            let judgement = judgement.detail(&particulars(certificate));
            let said = format!("{}, valid until {}", certificate.subject, day(case, certificate.not_after));
            one.looked(judgement, Some(at), &said).because(
                "limits.certificate",
                None,
                case.limits.of(&CERTIFICATE).to_string(),
            )
        }
        Err(fault) => one.unknown(MEASURE, &fault),
    }
}

fn certificate(seen: &ServiceSeen) -> Result<&CertificateSeen, Fault> {
    match &seen.certificate {
        Some(read) => read.as_result().map_err(Clone::clone),
        None => Err(Fault::new("its certificate was not read")),
    }
}

/// An answer that sends people on to plain http, when the certificate that it came with is otherwise believed.
fn redirected(one: Registered<'_>, seen: &ServiceSeen) -> Option<Judgement> {
    let to = seen.reached.seen()?.redirect.as_ref()?;
    let plain = to.as_str().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
    plain.then(|| {
        one.judged(MEASURE, Verdict::Broken, format!("redirects to plain http: {to}"))
            .mend("let the service redirect to https only")
            .weight(60)
    })
}

fn judged(case: &Case<'_>, one: Registered<'_>, certificate: &CertificateSeen) -> Judgement {
    if let Some(problem) = problem(case, one, certificate) {
        return problem;
    }
    let left = case.now.duration_until(certificate.not_after).as_secs();
    let limit = ahead(case, certificate);
    if left <= limit {
        // The nearer its end, the higher up.
        let nearness = 40 * (limit - left) / limit.max(1);
        let when = if left == 0 { "now".into() } else { age(certificate.not_after, case.now) };
        return one
            .judged(MEASURE, Verdict::Due, format!("certificate expires {when}"))
            .mend("renew the certificate, and see why that did not happen by itself")
            .weight(40 + u8::try_from(nearness).unwrap_or(40));
    }
    let until = day(case, certificate.not_after);
    one.judged(MEASURE, Verdict::Ok, format!("certificate until {until}, {} d", left / 86_400))
}

/// How many seconds before its end it is due. One that is made for days or weeks is renewed when a third of its time is left:
/// by a limit for yearly ones it would be due as soon as it is issued.
fn ahead(case: &Case<'_>, certificate: &CertificateSeen) -> i64 {
    let lifetime = certificate.not_before.duration_until(certificate.not_after).as_secs().max(0);
    case.limits.of(&CERTIFICATE).as_seconds().min(lifetime / 10 * 3)
}

/// What makes a certificate worthless, the plainest first.
fn problem(case: &Case<'_>, one: Registered<'_>, certificate: &CertificateSeen) -> Option<Judgement> {
    let broken = |title: String| one.judged(MEASURE, Verdict::Broken, title);
    let CertificateSeen { not_before, not_after, .. } = *certificate;
    if not_after < case.now {
        let title = format!("certificate expired {} ago", age(not_after, case.now));
        return Some(broken(title).since(Some(not_after)).mend("renew the certificate").weight(70));
    }
    if not_before > case.now {
        let title = format!("certificate not valid before {}", day(case, not_before));
        return Some(broken(title).mend("check the clocks here and there, or wait").weight(70));
    }
    if !certificate.name_matches {
        let title = match certificate.names.first() {
            Some(name) => format!("certificate is for {}, not for this name", name.cut(60)),
            None => "certificate names no host".into(),
        };
        return Some(broken(title).mend("have a certificate issued that names this host").weight(65));
    }
    let fault = certificate.trusted.as_result().err()?;
    let mut judgement = broken(format!("certificate not trusted: {}", fault.said)).weight(65);
    judgement.mend.clone_from(&fault.mend);
    Some(judgement)
}

fn day(case: &Case<'_>, at: Timestamp) -> String {
    at.to_zoned_datetime(case.zone.clone()).date().to_string()
}

fn particulars(certificate: &CertificateSeen) -> String {
    let names: Vec<&str> = certificate.names.iter().take(20).map(Shown::as_str).collect();
    let verified = match certificate.trusted.as_result() {
        Ok(()) => "yes".into(),
        Err(fault) => format!("no, {}", fault.said),
    };
    format!(
        "subject: {}\nissuer: {}\nnames: {}\nvalid: {} to {}\nverified: {verified}",
        certificate.subject,
        certificate.issuer,
        names.join(", "),
        certificate.not_before,
        certificate.not_after,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Period;
    use crate::domain::facts::{Reached, ServiceDeclared};
    use crate::domain::{Declared, Evidence, Fact, Limits, Observation, Read};
    use crate::domain::{SourceId, SourceRecord, Subject, SubjectKind};
    use jiff::tz::TimeZone;

    fn now() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    fn good() -> CertificateSeen {
        CertificateSeen {
            subject: "CN=cloud.example.org".into(),
            issuer: "CN=Some authority".into(),
            names: vec!["cloud.example.org".into()],
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2027-01-03T09:00:00Z".parse().unwrap(),
            name_matches: true,
            trusted: Read::Seen(()),
        }
    }

    fn evidence(url: Option<&str>, certificate: Option<Read<CertificateSeen>>, redirect: Option<&str>) -> Evidence {
        let subject = Subject::new(SubjectKind::Service, "Nextcloud");
        let url = url.map(|url| Link::parse(url).unwrap());
        let declared = ServiceDeclared {
            url: url.clone(),
            owner: None,
            purpose: None,
            data: vec![],
            agreement: None,
            review: None,
        };
        let reached = Read::Seen(Reached { status: 200, took_ms: 5, redirect: redirect.map(Shown::from) });
        let seen = url.map(|url| Observation {
            subject: subject.clone(),
            at: now(),
            fact: Fact::ServiceSeen(ServiceSeen { url, reached, certificate }),
        });
        let source = SourceRecord {
            id: SourceId::new("services", "Nextcloud"),
            declared: vec![Declared { subject, fact: Fact::ServiceDeclared(declared), place: "a.toml:1".into() }],
            seen: seen.into_iter().collect(),
            good_at: Some(now()),
            asked_at: Some(now()),
            took_ms: Some(5),
            fault: None,
            failures: 0,
            stale_after: Period::hours(1),
        };
        Evidence { sources: vec![source], configured: true, ..Evidence::default() }
    }

    fn judgements(evidence: &Evidence, now: Timestamp) -> Vec<Judgement> {
        judge(&Case { evidence, limits: &Limits::default(), now, zone: &TimeZone::UTC })
    }

    const CLOUD: Option<&str> = Some("https://cloud.example.org");

    fn said(alter: impl FnOnce(&mut CertificateSeen)) -> (Verdict, String) {
        let mut certificate = good();
        alter(&mut certificate);
        let judgement = judgements(&evidence(CLOUD, Some(Read::Seen(certificate)), None), now()).remove(0);
        assert_eq!(judgement.key().as_str(), "encrypted-communication/Nextcloud");
        assert_eq!(judgement.because[0].source, "services/Nextcloud");
        assert!(judgement.verdict == Verdict::Ok || judgement.mend.is_some(), "{judgement:?}");
        (judgement.verdict, judgement.title.to_string())
    }

    #[test]
    fn a_certificate_is_ok_then_due_then_broken() {
        for (until, verdict, title) in [
            ("2027-01-03T09:00:00Z", Verdict::Ok, "certificate until 2027-01-03, 41 d"),
            ("2026-12-14T08:00:01Z", Verdict::Ok, "certificate until 2026-12-14, 21 d"),
            ("2026-12-14T08:00:00Z", Verdict::Due, "certificate expires in 21 d"),
            ("2026-12-05T09:00:00Z", Verdict::Due, "certificate expires in 12 d"),
            ("2026-11-23T10:00:00Z", Verdict::Due, "certificate expires in 2 h"),
            ("2026-11-23T08:00:00Z", Verdict::Due, "certificate expires now"),
            ("2026-11-20T08:00:00Z", Verdict::Broken, "certificate expired 3 d ago"),
        ] {
            assert_eq!(said(|it| it.not_after = until.parse().unwrap()), (verdict, title.into()), "{until}");
        }
    }

    #[test]
    fn a_certificate_for_a_few_days_is_due_when_its_renewal_is_late() {
        let six_days = |until: &str| {
            said(|it| {
                it.not_after = until.parse().unwrap();
                it.not_before = it.not_after - Period::days(6).as_duration();
            })
        };
        assert_eq!(six_days("2026-11-29T03:00:00Z").0, Verdict::Ok, "issued five hours ago");
        assert_eq!(six_days("2026-11-25T04:00:00Z").0, Verdict::Ok);
        assert_eq!(six_days("2026-11-25T03:00:00Z"), (Verdict::Due, "certificate expires in 43 h".into()));
    }

    #[test]
    fn a_worthless_certificate_is_broken_whatever_its_end() {
        let broken = |title: &str| (Verdict::Broken, title.to_owned());
        let tomorrow = "2026-11-24T08:00:00Z".parse().unwrap();
        assert_eq!(said(|it| it.not_before = tomorrow), broken("certificate not valid before 2026-11-24"));
        assert_eq!(
            said(|it| (it.name_matches, it.names) = (false, vec!["other.example".into()])),
            broken("certificate is for other.example, not for this name")
        );
        assert_eq!(said(|it| (it.name_matches, it.names) = (false, vec![])), broken("certificate names no host"));
        assert_eq!(
            said(|it| it.trusted = Read::Unreadable(Fault::new("it was revoked").mend("replace it"))),
            broken("certificate not trusted: it was revoked")
        );
    }

    #[test]
    fn plain_http_is_broken_without_asking_anybody() {
        let mut evidence = evidence(Some("http://cloud.example.org"), None, None);
        (evidence.sources[0].good_at, evidence.sources[0].seen) = (None, Vec::new());
        let judgement = judgements(&evidence, now()).remove(0);
        assert_eq!((judgement.verdict, judgement.title.as_str()), (Verdict::Broken, "plain http"));
        assert_eq!(judgement.because[0].source, "a.toml:1");
    }

    #[test]
    fn a_redirect_to_plain_http_is_broken() {
        let evidence = evidence(CLOUD, Some(Read::Seen(good())), Some("http://cloud.example.org/login"));
        let judgement = judgements(&evidence, now()).remove(0);
        assert_eq!(judgement.title, "redirects to plain http: http://cloud.example.org/login");
        assert_eq!(judgement.verdict, Verdict::Broken);
    }

    #[test]
    fn what_was_not_read_is_unknown_and_never_ok() {
        let fault = Fault::new("cloud.example.org:443: offers only TLS older than 1.2").mend("enable TLS 1.2");
        let unreadable = judgements(&evidence(CLOUD, Some(Read::Unreadable(fault.clone())), None), now()).remove(0);
        assert_eq!((unreadable.verdict, unreadable.title), (Verdict::Unknown, fault.said));
        assert_eq!(unreadable.mend.unwrap(), "enable TLS 1.2");
        assert_eq!(judgements(&evidence(CLOUD, None, None), now())[0].title, "its certificate was not read");
        let good = evidence(CLOUD, Some(Read::Seen(good())), None);
        let stale = judgements(&good, now() + Period::hours(2).as_duration()).remove(0);
        assert_eq!((stale.verdict, stale.title.as_str()), (Verdict::Unknown, "stale: last answer 2 h ago"));
        let back = judgements(&good, now() - Period::hours(2).as_duration()).remove(0);
        assert_eq!(back.verdict, Verdict::Unknown);
    }

    #[test]
    fn a_failed_try_does_not_shake_a_fresh_verdict_but_is_told() {
        let mut evidence = evidence(CLOUD, Some(Read::Seen(good())), None);
        evidence.sources[0].fault = Some(Fault::passing("refused the connection"));
        let judgement = judgements(&evidence, now()).remove(0);
        assert_eq!(judgement.verdict, Verdict::Ok);
        assert!(judgement.because.iter().any(|link| link.said == "the last try failed: refused the connection"));
    }

    #[test]
    fn a_service_without_a_url_has_nothing_to_encrypt() {
        assert!(judgements(&evidence(None, None, None), now()).is_empty());
        assert!(judgements(&Evidence::default(), now()).is_empty());
    }
}
