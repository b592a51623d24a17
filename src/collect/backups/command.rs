//! Any program that prints its snapshots as JSON, for providers that matins doesn't know.
//!
//! It prints a list, one object for each snapshot; only `id` and `time` are needed:
//!
//! ```json
//! [{"id": "4711", "time": "2026-11-23T01:14:00Z", "host": "web1", "paths": ["/srv"],
//!   "bytes": 5724839, "files": 67, "seconds": 312}]
//! ```
//!
//! or an object with more to say: `{"snapshots": […], "encryption": "aes-256" or false, "running": "since 02:00",
//! "verified": "2026-11-22T04:00:00Z"}`. Times are RFC 3339 or seconds since 1970. Where a `token` is configured, the program
//! finds it on its standard input. It must end with status 0 and must not write anything anywhere.

use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;

use super::kind::{Given, Kind, Listing, Lists, Planned};
use super::scripted::{self, DEADLINE, Line, words};
use crate::collect::tools::Tools;
use crate::collect::tools::shell::quoted;
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::register::Server;
use crate::domain::settings::Misfit;
use crate::domain::{Fault, SecretRef, Shown};

pub const KIND: Kind = Kind {
    word: "command",
    keys: || schemars::schema_for!(Keys),
    encryption: Encryption::default,
    plan,
    parse: parse_list,
};

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// command: the program and its words, as in `["/usr/local/bin/list-snapshots", "web1"]`.
    command: Vec<String>,
    /// command: the server that runs it; this machine where nothing is said.
    #[serde(default)]
    on: Option<String>,
    /// The provider's token: where it is kept.
    #[serde(default)]
    token: Option<SecretRef>,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let server = match &keys.on {
        Some(name) => given.register.server(name).cloned().ok_or_else(|| {
            given.at("on")(format!("`{}` is no [[server]] of the register", Shown::line(name).cut(80)))
        })?,
        None => Server::local(),
    };
    if !keys.command.first().is_some_and(|program| program.starts_with('/')) {
        return Err(given.at("command")("the program's path must be absolute, as in [\"/usr/local/bin/list\"]".into()));
    }
    if keys.command.iter().any(|word| word.contains('\0')) {
        return Err(given.at("command")("a word holds a zero byte".into()));
    }
    Ok(Planned::new(Command { server, words: keys.command, token: keys.token }, DEADLINE))
}

struct Command {
    server: Server,
    words: Vec<String>,
    token: Option<SecretRef>,
}

impl Lists for Command {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            let all: Vec<&str> = self.words.iter().map(String::as_str).collect();
            let line = words(false, &all);
            let script = match &self.token {
                // printf is the shell's own: the token is in nobody's arguments.
                Some(token) => {
                    let token = tools.secrets.read(token).await?;
                    format!("printf '%s\\n' {} | {line}", quoted(token.expose_secret()))
                }
                None => format!("{line}</dev/null"),
            };
            let said = scripted::ask(tools, &self.server, &Line { program: "the command", script }).await?;
            parse_list(&said)
        })
    }
}

#[derive(Deserialize)]
struct More {
    snapshots: Vec<Listed>,
    #[serde(default)]
    encryption: Option<Value>,
    #[serde(default)]
    running: Option<String>,
    #[serde(default)]
    verified: Option<Value>,
}

#[derive(Deserialize)]
struct Listed {
    id: Value,
    time: Value,
    #[serde(default)]
    host: Option<String>,
    #[serde(default)]
    paths: Option<Vec<String>>,
    #[serde(default)]
    bytes: Option<u64>,
    #[serde(default)]
    files: Option<u64>,
    #[serde(default)]
    seconds: Option<u64>,
}

pub fn parse_list(said: &[u8]) -> Result<Snapshots, Fault> {
    let wrong = |what: String| {
        Fault::new(format!("the command's list can't be read: {}", Shown::line(&what).cut(200)))
            .mend("it prints [{\"id\": \"…\", \"time\": \"2026-11-23T01:14:00Z\"}, …], and nothing else")
    };
    let unread = |error: serde_json::Error| wrong(error.to_string());
    // By its first mark, so that what is wrong is said of the form that was meant.
    let (listed, more) = match said.trim_ascii_start().first() {
        None => return Err(wrong("it printed nothing, where [] would say that there are none".into())),
        Some(b'{') => {
            let mut more: More = serde_json::from_slice(said).map_err(unread)?;
            (std::mem::take(&mut more.snapshots), Some(more))
        }
        Some(_) => (serde_json::from_slice(said).map_err(unread)?, None),
    };
    let time = |value: &Value| {
        moment(value).ok_or_else(|| wrong(format!("{} is no time", Shown::line(&value.to_string()).cut(60))))
    };
    let mut list = Snapshots::default();
    for one in listed {
        let id = one.id.as_str().map_or_else(|| one.id.to_string(), str::to_owned);
        list.snapshots.push(Snapshot {
            host: one.host.filter(|host| !host.is_empty()).map(|host| Shown::line(&host)),
            paths: one.paths.iter().flatten().take(16).map(|path| Shown::line(path)).collect(),
            bytes: one.bytes,
            files: one.files,
            took_seconds: one.seconds,
            ..Snapshot::new(Shown::line(&id).cut(60), time(&one.time)?)
        });
    }
    if let Some(more) = more {
        list.encryption = match more.encryption {
            Some(Value::Bool(false)) => Encryption::Plain("not encrypted, as the command says".into()),
            Some(Value::String(by)) if !by.is_empty() => Encryption::By(Shown::line(&by).cut(40)),
            _ => Encryption::Untold,
        };
        list.running = more.running.map(|words| Shown::line(&words).cut(80));
        list.verified_at = more.verified.filter(|value| !value.is_null()).as_ref().map(time).transpose()?;
    }
    Ok(list)
}

/// RFC 3339, or seconds since 1970.
fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(seconds) => Timestamp::from_second(seconds.as_i64()?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_list_is_read() {
        let list = parse_list(
            br#"[{"id": "4711", "time": "2026-11-23T01:14:00Z", "host": "web1", "paths": ["/srv"],
                "bytes": 5724839, "files": 67, "seconds": 312}, {"id": 12, "time": 1795402807}]"#,
        )
        .unwrap();
        assert_eq!((list.snapshots[0].bytes, list.snapshots[0].took_seconds), (Some(5_724_839), Some(312)));
        assert_eq!(
            (list.snapshots[1].id.as_str(), list.snapshots[1].at.to_string().as_str()),
            ("12", "2026-11-23T03:00:07Z")
        );
        assert_eq!(list.encryption, Encryption::Untold);
    }

    #[test]
    fn an_object_says_more() {
        let more = |encryption: &str| {
            parse_list(
                format!(
                    r#"{{"snapshots": [], "encryption": {encryption}, "running": "since\u001b[2J 02:00", "verified": 1795402807}}"#
                )
                .as_bytes(),
            )
            .unwrap()
        };
        assert_eq!(more("\"aes\"").encryption, Encryption::By("aes".into()));
        assert!(matches!(more("false").encryption, Encryption::Plain(_)));
        for untold in ["null", "true", "\"\"", "7"] {
            assert_eq!(more(untold).encryption, Encryption::Untold);
        }
        assert_eq!(more("null").running.unwrap(), "since␛[2J 02:00");
        assert_eq!(more("null").verified_at.unwrap().to_string(), "2026-11-23T03:00:07Z");
    }

    #[test]
    fn one_entry_that_cannot_be_read_makes_the_whole_a_fault() {
        for said in [
            "",
            "null",
            "{}",
            "[7]",
            r#"[{"id": "a"}]"#,
            r#"[{"id": "a", "time": "yesterday"}]"#,
            r#"[{"id": "a", "time": 1.5}]"#,
            r#"[{"id": "a", "time": 99999999999999999}]"#,
            r#"[{"id": "a", "time": "2026-11-23T01:14:00Z", "bytes": -1}]"#,
            r#"{"snapshots": [], "verified": "soon"}"#,
        ] {
            let fault = parse_list(said.as_bytes()).unwrap_err();
            assert!(fault.said.as_str().starts_with("the command's list can't be read"), "{said}");
        }
    }
}
