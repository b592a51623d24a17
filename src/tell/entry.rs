//! `[[notify]]` and `[[maintenance]]`: who is told what, and when nobody is.

use jiff::civil::DateTime;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use url::Url;

use super::{Channel, Quiet, Way};
use crate::collect::tools::http::is_here;
use crate::collect::tools::mail::{Letterbox, Server as MailServer};
use crate::domain::register::Server;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Chime, Hours, Period, SecretRef, Shown, Verdict};

pub(super) const NOTIFY: Section = Section { name: "notify", many: true, schema: || schema_for!(Written) };
pub(super) const MAINTENANCE: Section = Section { name: "maintenance", many: true, schema: || schema_for!(Quieted) };

/// Who is told of what changed, after each `matins round`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "notify")]
struct Written {
    /// What messages about it call it.
    name: String,
    /// `ntfy`, `webhook`, `mail`, `command`, or `ping` (asked for after each complete round; its silence is the alarm); from
    /// the open console `desktop` (notify-send) and `terminal`.
    kind: String,
    /// Which verdicts are told: "broken", "unknown", "due"; default: broken and unknown.
    about: Option<Vec<String>>,
    /// Nothing is sent in these hours; what is still so afterwards comes as one message. Such as "22:00-06:00".
    #[schemars(with = "Option<Hours>")]
    quiet: Option<String>,
    /// How long changes are gathered at least, such as "2h": they are sent with the first round after it, and what has gone by
    /// then is never told.
    #[schemars(with = "Option<Period>")]
    digest: Option<String>,
    /// Numbers only: no names, no findings.
    #[serde(default)]
    counts_only: bool,
    /// Of ntfy with the topic, such as "<https://ntfy.example.org/matins>"; of a webhook or ping, its address.
    #[schemars(extend("format" = "uri"))]
    url: Option<String>,
    /// What ntfy wants to see: an access token.
    token: Option<SecretRef>,
    /// What a webhook's messages are signed with, as "Standard Webhooks" has it: `whsec_` and base64.
    secret: Option<SecretRef>,
    /// The program and its arguments; the message comes as text on its standard input.
    command: Option<Vec<String>>,
    /// Where mail goes and how.
    mail: Option<Mail>,
    /// What a terminal is sent: "bell", "osc9" or "osc777" (notifications of terminals that have them); default: bell.
    chime: Option<String>,
}

/// Mail through this machine's sendmail, or through a server with TLS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Mail {
    to: Vec<String>,
    from: String,
    /// `HOST` or `HOST:PORT`; 465 is TLS from the start, others `STARTTLS`. Without it: this machine's sendmail.
    server: Option<String>,
    login: Option<String>,
    password: Option<SecretRef>,
}

/// When nobody is told of what some servers' own findings say.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "maintenance")]
struct Quieted {
    /// The servers, by name.
    of: Vec<String>,
    /// Each week: "Sun 02:00-04:00".
    #[schemars(with = "Option<Hours>")]
    hours: Option<String>,
    /// Once: "2026-12-01 22:00", in the console's timezone.
    from: Option<String>,
    until: Option<String>,
}

type Wrong<'e> = &'e dyn Fn(&str, String) -> Misfit;

pub(super) fn read_channel(entry: &Entry) -> Result<Channel, Misfit> {
    let written: Written = entry.read()?;
    let wrong = |key: &str, message: String| entry.misfit(Some(key), message);
    let name = Shown::line(written.name.trim());
    if name.is_empty() {
        return Err(wrong("name", "a channel needs a name".into()));
    }
    let about = read_about(written.about.as_deref(), &wrong)?;
    let quiet = written.quiet.as_deref().map(str::parse::<Hours>).transpose();
    let quiet = quiet.map_err(|message| wrong("quiet", message))?;
    let digest = written.digest.as_deref().map(str::parse::<Period>).transpose();
    let digest = digest.map_err(|message| wrong("digest", message))?;
    let kinds = ["ntfy", "webhook", "ping", "command", "mail", "desktop", "terminal"];
    if kinds.contains(&written.kind.as_str()) {
        check_keys(&written, &wrong)?;
    }
    let (counts_only, way) = (written.counts_only, read_way(written, &wrong)?);
    Ok(Channel { name, about, quiet, digest: digest.unwrap_or(Period::seconds(0)), counts_only, way })
}

fn read_about(words: Option<&[String]>, wrong: Wrong<'_>) -> Result<Vec<Verdict>, Misfit> {
    let Some(words) = words else { return Ok(vec![Verdict::Broken, Verdict::Unknown]) };
    let known = [Verdict::Broken, Verdict::Unknown, Verdict::Due];
    let read = words.iter().map(|word| known.into_iter().find(|verdict| verdict.word() == word));
    let about: Option<Vec<Verdict>> = read.collect();
    about
        .filter(|about| !about.is_empty())
        .ok_or_else(|| wrong("about", "write some of \"broken\", \"unknown\", \"due\"".into()))
}

/// A key that does nothing would be taken for one that does.
fn check_keys(written: &Written, wrong: Wrong<'_>) -> Result<(), Misfit> {
    let kind = written.kind.as_str();
    let ping = kind != "ping";
    for (key, there, fits) in [
        ("url", written.url.is_some(), matches!(kind, "ntfy" | "webhook" | "ping")),
        ("token", written.token.is_some(), kind == "ntfy"),
        ("secret", written.secret.is_some(), kind == "webhook"),
        ("command", written.command.is_some(), kind == "command"),
        ("mail", written.mail.is_some(), kind == "mail"),
        ("chime", written.chime.is_some(), kind == "terminal"),
        ("about", written.about.is_some(), ping),
        ("quiet", written.quiet.is_some(), ping),
        ("digest", written.digest.is_some(), ping),
        ("counts_only", written.counts_only, ping),
    ] {
        if there && !fits {
            return Err(wrong(key, format!("`{key}` means nothing to {kind}")));
        }
    }
    Ok(())
}

fn read_way(written: Written, wrong: Wrong<'_>) -> Result<Way, Misfit> {
    let address = |what: &str| {
        let url = written.url.as_deref().ok_or_else(|| wrong("url", format!("{what} needs a `url`")))?;
        read_address(url).map_err(|message| wrong("url", message))
    };
    match written.kind.as_str() {
        "ntfy" => {
            let url = address("ntfy")?;
            let topic = url.path().trim_matches('/').to_owned();
            if topic.is_empty() || topic.contains('/') {
                return Err(wrong("url", "write the topic into the address: https://ntfy.example.org/TOPIC".into()));
            }
            Ok(Way::Ntfy { url, topic, token: written.token })
        }
        "webhook" => Ok(Way::Webhook { url: address("a webhook")?, secret: written.secret }),
        "ping" => Ok(Way::Ping { url: address("a ping")? }),
        "command" => match written.command {
            Some(words) if words.first().is_some_and(|word| !word.is_empty()) => Ok(Way::Command(words)),
            _ => Err(wrong(
                "command",
                "write the program and its arguments: command = [\"notify-send\", \"matins\"]".into(),
            )),
        },
        "desktop" => Ok(Way::Desktop),
        "terminal" => match written.chime.as_deref() {
            None | Some("bell") => Ok(Way::Terminal(Chime::Bell)),
            Some("osc9") => Ok(Way::Terminal(Chime::Osc9)),
            Some("osc777") => Ok(Way::Terminal(Chime::Osc777)),
            Some(_) => Err(wrong("chime", "write \"bell\", \"osc9\" or \"osc777\"".into())),
        },
        "mail" => {
            let mail =
                written.mail.ok_or_else(|| wrong("mail", "write mail = { to = [\"…\"], from = \"…\" }".into()))?;
            read_letterbox(mail).map(Way::Mail).map_err(|message| wrong("mail", message))
        }
        other => Err(wrong(
            "kind",
            format!(
                "`{}` is no way to tell anybody: write ntfy, webhook, mail, command, ping, desktop or terminal",
                Shown::line(other).cut(40)
            ),
        )),
    }
}

/// Findings name what is wrong with whom: they leave this machine encrypted or not at all.
fn read_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{}`: {error}", Shown::line(text).cut(80)))?;
    match url.scheme() {
        _ if !url.username().is_empty() || url.password().is_some() => {
            Err(format!("no login belongs into the address; {}", SecretRef::FOUR))
        }
        "https" => Ok(url),
        "http" if is_here(&url) => Ok(url),
        _ => Err("write an https address: what is wrong with your servers is nobody's business on the way".into()),
    }
}

fn read_letterbox(mail: Mail) -> Result<Letterbox, String> {
    let server = match mail.server {
        None if mail.login.is_some() || mail.password.is_some() => {
            return Err("a login needs a `server`: sendmail asks for none".into());
        }
        None => None,
        Some(text) => {
            let (host, port) = match text.rsplit_once(':') {
                Some((host, port)) => {
                    (host, port.parse().map_err(|_| format!("`{}` is no port", Shown::line(port).cut(20)))?)
                }
                None => (text.as_str(), 587),
            };
            if mail.login.is_some() != mail.password.is_some() {
                return Err("`login` and `password` belong together".into());
            }
            Some(MailServer { host: host.to_owned(), port, login: mail.login.zip(mail.password) })
        }
    };
    Letterbox::new(&mail.from, &mail.to, server)
}

pub(super) fn read_quiet(entry: &Entry, servers: &[Server]) -> Result<Quiet, Misfit> {
    let written: Quieted = entry.read()?;
    let wrong = |key: &str, message: String| entry.misfit(Some(key), message);
    let time = |key: &str, text: Option<&str>| -> Result<Option<DateTime>, Misfit> {
        let read = text.map(|text| text.replacen(' ', "T", 1).parse::<DateTime>()).transpose();
        read.map_err(|_| wrong(key, "write a day and a time, such as \"2026-12-01 22:00\"".into()))
    };
    if written.of.is_empty() {
        return Err(wrong("of", "name the servers".into()));
    }
    if let Some(name) = written.of.iter().find(|name| !servers.iter().any(|server| server.name == ***name)) {
        return Err(wrong("of", format!("there is no [[server]] `{}`", Shown::line(name).cut(60))));
    }
    let hours = written.hours.as_deref().map(str::parse::<Hours>).transpose();
    let hours = hours.map_err(|message| wrong("hours", message))?;
    let once = match (time("from", written.from.as_deref())?, time("until", written.until.as_deref())?) {
        (Some(from), Some(until)) if from < until => Some((from, until)),
        (None, None) => None,
        _ => return Err(wrong("from", "write `from` and a later `until`".into())),
    };
    if hours.is_none() == once.is_none() {
        return Err(wrong("of", "write either `hours`, or `from` and `until`".into()));
    }
    Ok(Quiet { of: written.of.iter().map(|name| Shown::line(name)).collect(), hours, once })
}
