//! `[[service]]`: one entry of the register of approved services.

use jiff::civil::Date;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use url::Url;

use crate::domain::facts::ServiceDeclared;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Link, Period, Shown};

pub(super) const SERVICE: Section = Section { name: "service", many: true, schema: || schema_for!(Written) };

/// A service that the organisation approved.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "service")]
struct Written {
    /// What findings call it.
    name: String,
    /// Where it answers, http or https. Looked at for reachability and certificate. Without it, only the agreement is
    /// judged.
    #[schemars(extend("format" = "uri"))]
    url: Option<String>,
    /// Who answers for it.
    owner: Option<String>,
    /// What it is used for.
    purpose: Option<String>,
    /// Kinds of sensitive data that it processes, such as "personal". Not empty: an agreement is needed.
    #[serde(default)]
    data: Vec<String>,
    /// The day of the data processing agreement, or of its last review.
    #[schemars(extend("format" = "date"))]
    agreement: Option<String>,
    /// How long the agreement holds before it is reviewed, such as "1y".
    #[schemars(with = "Option<Period>")]
    review: Option<String>,
    /// The provider's status page as JSON. Checked and kept for a later version; not read yet.
    #[schemars(extend("format" = "uri"))]
    status: Option<String>,
    /// How often it is looked at.
    #[schemars(with = "Option<Period>")]
    every: Option<String>,
}

/// A service as it is meant.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: Shown,
    pub(super) every: Option<Period>,
    pub(super) declared: ServiceDeclared,
}

pub(super) fn read_entry(entry: &Entry) -> Result<Service, Misfit> {
    let written: Written = entry.read()?;
    let wrong = |key: &'static str| move |message: String| entry.misfit(Some(key), message);
    let name = Shown::line(written.name.trim());
    if name.is_empty() {
        return Err(entry.misfit(Some("name"), "a service needs a name"));
    }
    let url = written.url.as_deref().map(parse_address).transpose().map_err(wrong("url"))?;
    written.status.as_deref().map(parse_address).transpose().map_err(wrong("status"))?;
    let period = |text: Option<&str>| text.map(str::parse::<Period>).transpose();
    let review = period(written.review.as_deref()).map_err(wrong("review"))?;
    if review.is_some_and(|review| review < Period::days(1)) {
        return Err(entry.misfit(Some("review"), "a review is due after days, not sooner: write 90d or 1y"));
    }
    let every = period(written.every.as_deref()).map_err(wrong("every"))?;
    if every.is_some_and(|every| every < Period::minutes(1)) {
        return Err(entry.misfit(Some("every"), "a service is looked at once a minute at most"));
    }
    let agreement = written.agreement.as_deref().map(parse_day).transpose().map_err(wrong("agreement"))?;
    let line = |text: Option<String>| text.map(Shown::from).filter(|text| !text.is_empty());
    Ok(Service {
        name,
        every,
        declared: ServiceDeclared {
            url,
            owner: line(written.owner),
            purpose: line(written.purpose),
            data: written.data.into_iter().map(Shown::from).filter(|kind| !kind.is_empty()).collect(),
            agreement,
            review,
        },
    })
}

/// A web address without a secret in it: what stands here is shown, stored and reported.
fn parse_address(text: &str) -> Result<Link, String> {
    const SECRETS: [&str; 8] = ["token", "key", "secret", "password", "passwd", "auth", "signature", "api_key"];
    let link = Link::parse(text).ok_or_else(|| {
        format!(
            "`{}` is not a web address: write http:// or https://, a host, and no user or password",
            Shown::line(text).cut(80)
        )
    })?;
    let url = Url::parse(link.as_str()).map_err(|error| error.to_string())?;
    let secret = url.query_pairs().find(|(key, _)| {
        let key = key.to_ascii_lowercase();
        SECRETS.iter().any(|word| key == *word || key.ends_with(&format!("_{word}")))
    });
    match secret {
        Some((key, _)) => Err(format!("`{}=` looks like a secret, which an address must not hold", Shown::line(&key))),
        None => Ok(link),
    }
}

/// `2025-03-01`, and nothing longer: a time of day would say that more is known than is.
fn parse_day(text: &str) -> Result<Date, String> {
    let day = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
    day.ok_or_else(|| format!("`{}` is not a day: write it as in 2025-03-01", Shown::line(text).cut(40)))
}
