//! Sending a message, each way in its own form.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Channel, News, Way};
use crate::collect::tools::Tools;
use crate::collect::tools::http::{Post, Proof};
use crate::collect::tools::run::{Program, run};
use crate::domain::{Fault, Shown, Verdict};

const DEADLINE: Duration = Duration::from_secs(20);
/// What a program may say while it tells; nobody reads it.
const CAP: usize = 64 << 10;

impl Channel {
    /// Tells it; an error names the channel's way and never a secret.
    pub async fn send(&self, news: &News, tools: &Tools) -> Result<(), Fault> {
        match &self.way {
            Way::Ntfy { url, topic, token } => {
                let token = match token {
                    Some(token) => Some(Proof::Bearer(tools.secrets.read(token).await?)),
                    None => None,
                };
                // ntfy takes a message with any text in its title as JSON, at its root.
                let mut root = url.clone();
                root.set_path("/");
                root.set_query(None);
                let body = ntfy(topic, news).to_string();
                tools.http.post(Post { url: &root, body, proof: token, total: DEADLINE }).await
            }
            Way::Webhook { url, secret } => {
                let proof = match secret {
                    Some(secret) => Some(Proof::Signed { secret: tools.secrets.read(secret).await?, at: news.at }),
                    None => None,
                };
                tools.http.post(Post { url, body: webhook(news).to_string(), proof, total: DEADLINE }).await
            }
            Way::Ping { url } => tools.http.look(url, DEADLINE).await.and_then(|reached| match reached.status {
                200..=299 => Ok(()),
                status => Err(Fault::new(format!("{} answered {status}", host(url)))),
            }),
            Way::Mail(letterbox) => letterbox.send(news.title.as_str(), &news.text(), news.at, &tools.secrets).await,
            Way::Command(words) => tell_program(words, news).await,
            Way::Desktop => tell_program(&notification(news), news).await,
            Way::Terminal(_) => Err(Fault::new("only an open console reaches its terminal")),
        }
    }
}

fn host(url: &url::Url) -> Shown {
    Shown::line(url.host_str().unwrap_or("the address"))
}

/// <https://docs.ntfy.sh/publish/#publish-as-json>: priority 3 is the default, 5 rings through.
fn ntfy(topic: &str, news: &News) -> Value {
    let priority = match news.worst {
        Verdict::Broken => 4,
        Verdict::Unknown | Verdict::Due => 3,
        Verdict::Ok => 2,
    };
    // ntfy makes a file of what is longer than 4,096 bytes.
    let mut message = String::new();
    for (at, line) in news.lines.iter().enumerate() {
        if message.len() + line.as_str().len() > 3_900 {
            writeln!(message, "and {} more: matins shows them", news.lines.len() - at).ok();
            break;
        }
        writeln!(message, "{line}").ok();
    }
    let message = if message.is_empty() { news.title.to_string() } else { message };
    json!({ "topic": topic, "title": news.title, "message": message, "priority": priority })
}

fn webhook(news: &News) -> Value {
    json!({
        "type": "matins.changes",
        "timestamp": news.at,
        "data": { "title": news.title, "worst": news.worst, "lines": news.lines },
    })
}

/// `--` ends its options: a title is never one. What notification servers read as markup is text.
fn notification(news: &News) -> Vec<String> {
    let body = news.text().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let urgency = if news.worst == Verdict::Broken { "critical" } else { "normal" };
    ["notify-send", "--app-name", "matins", "--urgency", urgency, "--", news.title.as_str(), body.trim_end()]
        .map(str::to_owned)
        .to_vec()
}

async fn tell_program(words: &[String], news: &News) -> Result<(), Fault> {
    let Some((name, arguments)) = words.split_first() else { return Err(Fault::new("there is no command")) };
    let mut program = Program::new(name.as_str()).arguments(arguments);
    program.input = format!("{}\n{}", news.title, news.text()).into_bytes();
    program.keep = &["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR"];
    program.deadline = DEADLINE;
    program.cap = CAP;
    let ran = run(program).await?;
    match ran.status {
        Some(0) => Ok(()),
        status => {
            let how = status.map_or("a signal".to_owned(), |status| format!("status {status}"));
            Err(Fault::new(format!("{} ended with {how}: {}", Shown::line(name), ran.complaint())))
        }
    }
}
