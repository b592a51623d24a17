//! Mail: through this machine's `sendmail`, or through a server over TLS.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::ExposeSecret as _;

use super::run::{Program, run};
use super::secrets::Secrets;
use crate::domain::{Fault, SecretRef, Shown};

const DEADLINE: Duration = Duration::from_secs(30);
/// sendmail answers with a status; what it says goes to stderr.
const CAP: usize = 64 << 10;

/// From whom to whom, and how.
#[derive(Debug, Clone)]
pub struct Letterbox {
    from: Mailbox,
    to: Vec<Mailbox>,
    /// Without one: sendmail.
    server: Option<Server>,
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct Server {
    pub host: String,
    /// 465: TLS from the start; others: `STARTTLS`, without which nothing is sent.
    pub port: u16,
    pub login: Option<(String, SecretRef)>,
}

impl Letterbox {
    pub fn new(from: &str, to: &[String], server: Option<Server>) -> Result<Self, String> {
        let read = |text: &str| {
            text.parse::<Mailbox>()
                .map_err(|error| format!("`{}` is no mail address: {error}", Shown::line(text).cut(80)))
        };
        if to.is_empty() {
            return Err("nobody is named in `to`".into());
        }
        Ok(Self { from: read(from)?, to: to.iter().map(|to| read(to)).collect::<Result<_, _>>()?, server })
    }

    /// Sends plain text.
    pub async fn send(&self, subject: &str, text: &str, at: Timestamp, secrets: &Secrets) -> Result<(), Fault> {
        let message = self.message(subject, text, at)?;
        match &self.server {
            None => hand_over(&message.formatted()).await,
            Some(server) => deliver(server, message, secrets).await,
        }
    }

    fn message(&self, subject: &str, text: &str, at: Timestamp) -> Result<Message, Fault> {
        let since_1970 = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let builder = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .date(SystemTime::UNIX_EPOCH + Duration::from_millis(since_1970));
        let builder = self.to.iter().fold(builder, |builder, to| builder.to(to.clone()));
        // RFC 3834: no holiday notices in return.
        let builder = builder.raw_header(lettre::message::header::HeaderValue::new(
            lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".into(),
        ));
        builder
            .header(ContentType::TEXT_PLAIN)
            .body(text.to_owned())
            .map_err(|error| Fault::new(format!("the mail can't be written: {error}")))
    }
}

/// `-t`: to whom the message itself says; `-i`: a line with a single dot does not end it.
async fn hand_over(message: &[u8]) -> Result<(), Fault> {
    let mut program = Program::new("/usr/sbin/sendmail").arguments(["-t", "-i"]);
    program.input = message.to_vec();
    program.deadline = DEADLINE;
    program.cap = CAP;
    let ran = run(program).await.map_err(|fault| Fault {
        mend: Some("install a sendmail, such as msmtp-mta, or name a `server`".into()),
        ..fault
    })?;
    match ran.status {
        Some(0) => Ok(()),
        _ => Err(Fault::new(format!("sendmail did not take the mail: {}", ran.complaint()))),
    }
}

async fn deliver(server: &Server, message: Message, secrets: &Secrets) -> Result<(), Fault> {
    let builder = match server.port {
        465 => AsyncSmtpTransport::<Tokio1Executor>::relay(&server.host),
        _ => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&server.host),
    };
    let mut builder = builder.map_err(|error| fault(server, &error))?.port(server.port).timeout(Some(DEADLINE));
    if let Some((login, password)) = &server.login {
        let password = secrets.read(password).await?;
        builder = builder.credentials(Credentials::new(login.clone(), password.expose_secret().to_owned()));
    }
    let transport = builder.build();
    let sent = tokio::time::timeout(DEADLINE, transport.send(message)).await;
    match sent {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(fault(server, &error)),
        Err(_) => Err(Fault::passing(format!("{} did not take the mail within {} s", server.host, DEADLINE.as_secs()))),
    }
}

fn fault(server: &Server, error: &Error) -> Fault {
    let deepest = std::iter::successors(std::error::Error::source(error), |cause| cause.source()).last();
    let why = deepest.map_or_else(|| error.to_string(), ToString::to_string);
    let said = Shown::line(&format!("{}:{}: {why}", server.host, server.port));
    match error.status() {
        Some(code) => Fault { passing: error.is_transient(), ..Fault::new(said).mend(mend(u16::from(code))) },
        None if error.is_tls() || error.is_client() => Fault::new(said),
        None => Fault::passing(said).mend("check host and port of the mail server"),
    }
}

fn mend(code: u16) -> &'static str {
    match code {
        530 | 534 | 535 | 538 => "check `login` and `password` of the channel",
        550..=554 => "check `from` and `to`: the server does not take them",
        _ => "see what the mail server says",
    }
}
