//! `matins log`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::edge::{Edge, End, Ended, IO, NO_INPUT, USAGE, desk, print, runtime};
use super::sign::attach;
use crate::collect::tools::ssh_keygen::{Key, Signers, check};
use crate::domain::{Done, Shown, counted};
use crate::log::{self, Act, Anchor, Entry, Head, NAMESPACE};
use crate::report;
use crate::round::Written;
use crate::store::{Archive, Signature, Store as _};

/// What `log verify` exits with when something was changed.
const BROKEN: u8 = 2;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// The entries, newest last.
    Show,
    /// Holds every entry against the one before, and every signature against its key, as that counted then; exits 2 naming the first bad entry.
    Verify {
        /// An export instead of this machine's own log.
        dir: Option<PathBuf>,
        /// A file with an anchor line that was kept elsewhere: finds a log that was cut off at its end.
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
        /// Whose keys count, as ALLOWED SIGNERS in ssh-keygen(1) has it, instead of those kept with the log.
        #[arg(long, value_name = "FILE")]
        signers: Option<PathBuf>,
        /// Keys that count no more: a file of public keys or a revocation list (ssh-keygen -r).
        #[arg(long, value_name = "FILE")]
        revoked: Option<PathBuf>,
    },
    /// Writes entries, signatures, public keys and a script that checks them without matins.
    Export { dir: PathBuf },
    /// Prints the line to keep elsewhere: the last entry's number and hash.
    Anchor,
    /// Prints what was said while something was done to servers, by the number of the entry that names its end.
    Transcript { entry: u64 },
    /// Signs an entry of yours that has no signature yet.
    Sign {
        entry: u64,
        /// A private key's file, a public key's file whose private part your agent holds, or `agent`. Default:
        /// `[console] signing_key`.
        #[arg(long, value_name = "FILE|agent")]
        key: Option<String>,
    },
}

pub(super) fn run(edge: &Edge, command: &Command) -> Ended {
    match command {
        Command::Show => show(edge),
        Command::Verify { dir, anchor, signers, revoked } => {
            let mut exhibit = dir.as_deref().map_or_else(|| own(edge), read_export)?;
            if let Some(path) = anchor {
                exhibit.anchors.push(read_anchor(path)?);
            }
            if let Some(path) = signers {
                exhibit.allowed = read(path)?;
            }
            verify(&exhibit, revoked.as_deref())
        }
        Command::Export { dir } => export(edge, dir),
        Command::Anchor => {
            let head = lines(edge)?.last().map_or_else(Head::default, |(seq, line)| Head::at(*seq, line));
            print(&format!("{}\n", Anchor(head)))?;
            Ok(0)
        }
        Command::Transcript { entry } => transcript(edge, *entry),
        Command::Sign { entry, key } => sign_later(edge, *entry, key.as_deref()),
    }
}

fn lines(edge: &Edge) -> Result<Vec<(u64, String)>, End> {
    let (_, _, store) = edge.plan()?;
    Ok(store.log(0)?)
}

fn show(edge: &Edge) -> Ended {
    let (settings, _, store) = edge.plan()?;
    let signed: Vec<u64> = store.signatures()?.iter().map(|signature| signature.seq).collect();
    for (seq, line) in store.log(0)? {
        print(&report::entry(seq, &line, signed.contains(&seq), &settings.zone))?;
    }
    Ok(0)
}

/// What is verified: the lines, their signatures and whose keys count, and what was written down of the end.
struct Exhibit {
    lines: Vec<String>,
    /// Number of the entry and the armored signature.
    signatures: Vec<(u64, String)>,
    /// Number of the entry and what was said.
    transcripts: Vec<(u64, String)>,
    allowed: String,
    anchors: Vec<Anchor>,
}

fn own(edge: &Edge) -> Result<Exhibit, End> {
    let (_, _, store) = edge.plan()?;
    let Archive { lines, signatures, transcripts } = store.archive()?;
    let allowed = log::allowed_signers(&signers(&lines, &signatures));
    Ok(Exhibit {
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        signatures: signatures.into_iter().map(|signature| (signature.seq, signature.armor)).collect(),
        transcripts,
        allowed,
        anchors: Vec::new(),
    })
}

/// Who signed with which key.
fn signers(lines: &[(u64, String)], signatures: &[Signature]) -> Vec<(Shown, String)> {
    let signer = |signature: &Signature| {
        let (_, line) = lines.iter().find(|(seq, _)| *seq == signature.seq)?;
        Some((Entry::parse(line).ok()?.actor, signature.public_key.clone()))
    };
    signatures.iter().filter_map(signer).collect()
}

fn verify(exhibit: &Exhibit, revoked: Option<&Path>) -> Ended {
    let head = log::verify(exhibit.lines.iter().map(String::as_str), &exhibit.anchors)
        .map_err(|found| End::new(BROKEN, found.to_string()))?;
    let runtime = runtime()?;
    for (seq, armor) in &exhibit.signatures {
        let bad = |said: String| End::new(BROKEN, format!("entry {seq}: {said}"));
        let line = usize::try_from(*seq).ok().and_then(|seq| exhibit.lines.get(seq.checked_sub(1)?));
        let line = line.ok_or_else(|| bad("it is missing, its signature is there".into()))?;
        let entry = Entry::parse(line).map_err(bad)?;
        let signer = log::principal(&entry.actor);
        let signers = Signers { allowed: &exhibit.allowed, signer: &signer, revoked, at: entry.time };
        runtime
            .block_on(check(armor, &signers, NAMESPACE, format!("{line}\n")))
            .map_err(|fault| bad(format!("its signature: {}", fault.said)))?;
    }
    transcribed(exhibit).map_err(|said| End::new(BROKEN, said))?;
    let (entries, signed) = (counted(exhibit.lines.len(), "entry", "entries"), exhibit.signatures.len());
    print(&format!("{entries}, {signed} signed, every one follows the one before\n{}\n", Anchor(head)))?;
    Ok(0)
}

/// Every transcript that an entry names is there and is the one that it names.
fn transcribed(exhibit: &Exhibit) -> Result<(), String> {
    let mut told = BTreeMap::new();
    for line in &exhibit.lines {
        // Most entries name none, and a long check-in is not read for that.
        if !line.contains("\"transcript\":") {
            continue;
        }
        let entry = Entry::parse(line).map_err(|said| format!("an entry with a transcript: {said}"))?;
        if let Act::Action(Done { transcript: Some(hash), .. }) = entry.act {
            told.insert(entry.seq, hash);
        }
    }
    for (seq, text) in &exhibit.transcripts {
        let hash = told.remove(seq).ok_or_else(|| format!("entry {seq} names no transcript, but there is one"))?;
        if hash != *log::hash(text.as_bytes()) {
            return Err(format!("entry {seq}: its transcript was changed"));
        }
    }
    told.keys().next().map_or(Ok(()), |seq| Err(format!("entry {seq}: its transcript is missing")))
}

fn transcript(edge: &Edge, entry: u64) -> Ended {
    let exhibit = own(edge)?;
    let found = exhibit.transcripts.iter().find(|(seq, _)| *seq == entry);
    let (_, text) = found.ok_or_else(|| {
        End::new(USAGE, format!("entry {entry} has no transcript: `matins log show` names what was done to servers"))
    })?;
    transcribed(&exhibit).map_err(|said| End::new(BROKEN, said))?;
    for line in text.lines() {
        print(&format!("{}\n", Shown::text(line)))?;
    }
    Ok(0)
}

fn read(path: &Path) -> Result<String, End> {
    fs::read_to_string(path).map_err(|error| End::new(NO_INPUT, format!("{} can't be read: {error}", path.display())))
}

fn read_anchor(path: &Path) -> Result<Anchor, End> {
    parse_anchor(path, &read(path)?)
}

fn parse_anchor(path: &Path, text: &str) -> Result<Anchor, End> {
    text.parse().map_err(|said| End::new(USAGE, format!("{}: {said}", path.display())))
}

/// `None` only where there is none: one that may not be read is no missing one.
fn read_if_there(path: &Path) -> Result<Option<String>, End> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(End::new(NO_INPUT, format!("{} can't be read: {error}", path.display()))),
    }
}

/// Every file that is named after an entry, `7.sig`: also one whose entry is missing tells something.
fn read_numbered(folder: &Path, ending: &str) -> Result<Vec<(u64, String)>, End> {
    let wrong = |error: std::io::Error| End::new(NO_INPUT, format!("{} can't be read: {error}", folder.display()));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(wrong(error)),
    };
    let mut numbered = Vec::new();
    for entry in entries {
        let path = entry.map_err(wrong)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(ending)?.parse::<u64>().ok());
        // `09.sig` is nobody's: it would stand in for one that was taken away.
        let number = number.filter(|seq| name.is_some_and(|name| name == format!("{seq}{ending}")));
        let seq = number.ok_or_else(|| End::new(BROKEN, format!("{} belongs to no entry", path.display())))?;
        numbered.push((seq, read(&path)?));
    }
    numbered.sort_by_key(|(seq, _)| *seq);
    Ok(numbered)
}

fn read_export(dir: &Path) -> Result<Exhibit, End> {
    let text = fs::read(dir.join("log.jsonl"))
        .map_err(|error| End::new(NO_INPUT, format!("{} can't be read: {error}", dir.join("log.jsonl").display())))?;
    let (lines, cut) = log::exported(&text);
    let allowed = read_if_there(&dir.join("allowed_signers"))?.unwrap_or_default();
    let mut anchors = Vec::new();
    if let Some(text) = read_if_there(&dir.join("anchor"))? {
        anchors.push(parse_anchor(&dir.join("anchor"), &text)?);
    }
    anchors.extend(cut);
    let signatures = read_numbered(&dir.join("sigs"), ".sig")?;
    let transcripts = read_numbered(&dir.join("transcripts"), ".txt")?;
    Ok(Exhibit { lines, signatures, transcripts, allowed, anchors })
}

fn export(edge: &Edge, dir: &Path) -> Ended {
    let (_, _, store) = edge.plan()?;
    let Archive { lines, signatures, transcripts } = store.archive()?;
    let wrong = |error: std::io::Error| End::new(IO, format!("{} can't be written: {error}", dir.display()));
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(End::new(USAGE, format!("{} is not empty: name a new folder", dir.display())));
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir.join("sigs")).map_err(wrong)?;
    let text = lines.iter().fold(String::new(), |text, (_, line)| text + line + "\n");
    let head = lines.last().map_or_else(Head::default, |(seq, line)| Head::at(*seq, line));
    for signature in &signatures {
        fs::write(dir.join(format!("sigs/{}.sig", signature.seq)), &signature.armor).map_err(wrong)?;
    }
    if !transcripts.is_empty() {
        fs::DirBuilder::new().mode(0o700).create(dir.join("transcripts")).map_err(wrong)?;
    }
    for (seq, text) in &transcripts {
        fs::write(dir.join(format!("transcripts/{seq}.txt")), text).map_err(wrong)?;
    }
    let files = [
        ("log.jsonl", text),
        ("allowed_signers", log::allowed_signers(&signers(&lines, &signatures))),
        ("anchor", format!("{}\n", Anchor(head))),
        ("verify.sh", log::VERIFY.to_owned()),
        ("README", log::README.to_owned()),
    ];
    for (name, text) in files {
        fs::write(dir.join(name), text).map_err(wrong)?;
    }
    let entries = counted(lines.len(), "entry", "entries");
    let signatures = counted(signatures.len(), "signature", "signatures");
    let said = format!("{entries}, {signatures}: {}\n", dir.display());
    print(&Shown::text(&said).to_string())?;
    Ok(0)
}

fn sign_later(edge: &Edge, seq: u64, key: Option<&str>) -> Ended {
    let (settings, plan, store) = edge.plan()?;
    let key = key
        .or(settings.operator.signing_key.as_deref())
        .ok_or_else(|| End::new(USAGE, "with which key? Name it with --key, or as `[console] signing_key`"))?;
    let operator = plan.operator.clone();
    let line = store.log(seq.saturating_sub(1))?.into_iter().find(|(at, _)| *at == seq).map(|(_, line)| line);
    let line = line.ok_or_else(|| End::new(USAGE, format!("the log has no entry {seq}")))?;
    let entry = Entry::parse(&line).map_err(|said| End::new(BROKEN, format!("entry {seq}: {said}")))?;
    if entry.actor != operator {
        return Err(End::new(USAGE, format!("entry {seq} is by {}, not by {operator}", entry.actor)));
    }
    if store.signatures()?.iter().any(|signature| signature.seq == seq) {
        return Err(End::new(USAGE, format!("entry {seq} is signed already")));
    }
    let mut desk = desk(plan, store)?;
    let said = attach(&mut desk, Key::from(key), &Written { head: Head::at(seq, &line), line })?;
    print(&said)?;
    Ok(0)
}
