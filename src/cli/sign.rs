//! `matins sign` and `matins attest`.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::decide::refused;
use super::edge::{Edge, End, Ended, IO, NO_INPUT, USAGE, desk, now, print, runtime, whole};
use super::when;
use crate::collect::tools::ssh_keygen::{Key, Signers, check, sign};
use crate::domain::{Attestation, Shown, Signing, Verdict};
use crate::log::{NAMESPACE, allowed_signers, hash, principal};
use crate::policy;
use crate::round::{Desk, Survey, Written};
use crate::store::Signature;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What the next one should know.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// In whose place you sign: a person of the register who could not look today. The record names both of you.
    #[arg(long = "for", value_name = "PERSON")]
    stands_for: Option<String>,
    /// Also sign the entry with this ssh key: a private key's file, a public key's file whose private part your agent
    /// holds, or `agent` for the agent's first key. Default: `[console] signing_key`.
    #[arg(long, value_name = "FILE|agent")]
    key: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct AttestArguments {
    /// A measure's id, such as restore.
    measure: String,
    /// Whom it concerns: a person, a document, a backup.
    subject: String,
    /// How long it holds: 1y, a day, or a moment as RFC 3339 has it.
    #[arg(long, value_name = "TIME")]
    until: String,
    /// What was seen or done.
    #[arg(long, value_name = "TEXT")]
    note: String,
    /// A file that proves it; its SHA-256 is recorded, not the file.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    let note = whole("--note", &arguments.note)?;
    let (settings, plan, store) = edge.plan()?;
    let key = arguments.key.as_deref().or(settings.operator.signing_key.as_deref()).map(Key::from);
    // Before anything is recorded: an entry that nobody meant to leave unsigned stays for ever.
    if let Some(fault) = key.as_ref().and_then(Key::trouble) {
        return Err(End { code: NO_INPUT, ..End::from(fault) });
    }
    let now = now();
    let mut desk = desk(plan, store)?;
    // A morning on which no source answered is signed too: unknown, as it is.
    let Survey { round, .. } = desk.survey(now)?;
    if !round.is_looked_at() {
        let nothing = match round.sources.as_slice() {
            [] => "nothing is watched: name in the configuration what there is to look at",
            _ => "nothing was ever looked at: run `matins round` first",
        };
        return Err(End::new(USAGE, nothing));
    }
    let stands_for = arguments.stands_for.as_deref().map(Shown::line);
    let signing = Signing { note, stands_for };
    let written = desk.sign(&round, signing, now).map_err(refused)?;
    let asks = round.findings.iter().filter(|finding| !round.rests(finding)).count();
    let count = |verdict: Verdict| round.count(verdict);
    let mut said = format!(
        "signed: {} ok, {} due, {} broken, {} unknown; {asks} undecided; entry {} {}\n",
        count(Verdict::Ok),
        count(Verdict::Due),
        count(Verdict::Broken),
        count(Verdict::Unknown),
        written.head.seq,
        written.head.hash
    );
    if let Some(key) = key {
        said.push_str(&attach(&mut desk, key, &written)?);
    }
    print(&said)?;
    Ok(0)
}

/// The entry counts already; a signature that can't be made is told, and can be made later.
pub(super) fn attach(desk: &mut Desk, key: Key, written: &Written) -> Result<String, End> {
    let (runtime, text) = (runtime()?, format!("{}\n", written.line));
    // A passphrase is asked for where somebody sits who could know it.
    let asks = std::io::stdin().is_terminal();
    let made = runtime.block_on(sign(key, NAMESPACE, text.clone(), asks)).map_err(|fault| {
        let End { code, said } = End::from(fault);
        let seq = written.head.seq;
        End::new(
            code,
            format!(
                "entry {seq} is recorded, but not signed: {said}\n   `matins log sign {seq} --key …` signs it later"
            ),
        )
    })?;
    let operator = &desk.plan.operator;
    let allowed = allowed_signers(&[(operator.clone(), made.public_key.clone())]);
    let signers = Signers { allowed: &allowed, signer: &principal(operator), revoked: None, at: now() };
    // A stale public key beside a private one would be kept for ever, and no signature of it would ever verify.
    runtime.block_on(check(&made.armor, &signers, NAMESPACE, text)).map_err(|fault| {
        End::new(IO, format!("the signature does not fit the public key beside the private one: {}", fault.said))
    })?;
    let fingerprint = made.fingerprint.clone();
    let (seq, armor, public_key) = (written.head.seq, made.armor, made.public_key);
    desk.keep_signature(&Signature { seq, armor, public_key, at: Some(now()) })?;
    Ok(format!("with {fingerprint}\n"))
}

pub(super) fn attest(edge: &Edge, arguments: &AttestArguments) -> Ended {
    let known: Vec<String> = policy::measures().into_iter().map(|measure| measure.id).collect();
    if !known.contains(&arguments.measure) {
        let said = format!("there is no measure `{}`; there are: {}", arguments.measure, known.join(", "));
        return Err(End::new(USAGE, said));
    }
    let note = whole("--note", &arguments.note)?;
    let (settings, plan, store) = edge.plan()?;
    let file = arguments.file.as_ref().map(|path| {
        let bytes = std::fs::read(path)
            .map_err(|error| End::new(NO_INPUT, format!("{} can't be read: {error}", path.display())))?;
        let name = path.file_name().map(|name| Shown::line(&name.to_string_lossy())).unwrap_or_default();
        Ok::<_, End>((Shown::from(hash(&bytes)), name))
    });
    let now = now();
    let attestation = Attestation {
        measure: arguments.measure.as_str().into(),
        subject: Shown::line(&arguments.subject),
        until: when::ahead(&arguments.until, &settings.zone, now)?,
        note,
        file: file.transpose()?,
        drill: None,
    };
    let written = desk(plan, store)?.attest(attestation, now).map_err(refused)?;
    print(&format!("attested; entry {} {}\n", written.head.seq, written.head.hash))?;
    Ok(0)
}
