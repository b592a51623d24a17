//! Reading the sources of advisories, from packed bytes on the disk to the fact: prints milliseconds and memory, judges
//! nothing. `cargo bench --bench advisories`
//!
//! - Debian's security tracker at its real shape: 4,000 source packages, 45,000 vulnerabilities, 5 releases
//! - Drupal's database, 600 records

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints its figures"
)]

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use matins::collect::tools::Tools;
use matins::collect::{ALL, Answer, Source};
use matins::domain::register::Register;
use matins::domain::settings::Entry;
use matins::domain::{Fact, Period};
use serde_json::json;

const SOURCES: usize = 4_000;
const ISSUES: usize = 45_000;
const RELEASES: [&str; 5] = ["bullseye", "bookworm", "trixie", "forky", "sid"];
const RECORDS: usize = 600;
const RUNS: usize = 5;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (tracker, drupal) = (folder.path().join("tracker.json.gz"), folder.path().join("main.tar.gz"));
    let unpacked = write_tracker(&tracker);
    write_drupal(&drupal);
    println!(
        "the tracker, {SOURCES} sources × {ISSUES} vulnerabilities × {} releases: {:.1} MB, packed {:.1} MB",
        RELEASES.len(),
        megabytes(unpacked),
        megabytes(std::fs::metadata(&tracker).unwrap().len())
    );
    report("debian_tracker", &tracker, "(aim: under 1,000 ms, under 60 MB more)");
    println!("Drupal's database, {RECORDS} records");
    report("drupal_osv", &drupal, "");
}

fn report(key: &str, file: &Path, aim: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tools = Tools::new(now).unwrap();
    let source = source(key, file);
    let read = || runtime.block_on(source.ask.ask(&tools, None)).unwrap();
    // The first one takes from the system what later ones have already.
    forget_peak();
    let before = memory("VmRSS:");
    let first = read();
    let peak = memory("VmHWM:").saturating_sub(before);
    let kept = memory("VmRSS:").saturating_sub(before);
    println!("  {}", held(&first));
    drop(first);
    let time = |_| {
        let started = Instant::now();
        std::hint::black_box(read());
        started.elapsed().as_secs_f64() * 1e3
    };
    let best = (0..RUNS).map(time).fold(f64::MAX, f64::min);
    println!("  unpacked, parsed, checked {best:>8.1} ms   {aim}");
    println!("  at most {:.1} MB more while reading, {:.1} MB afterwards", megabytes(peak), megabytes(kept));
}

fn held(answer: &Answer) -> String {
    let Answer::Seen { observations, .. } = answer else { panic!("nothing was remembered") };
    match &observations[0].fact {
        Fact::DebianTracker(tracker) => {
            format!("{} vulnerabilities", tracker.packages.values().map(Vec::len).sum::<usize>())
        }
        Fact::DrupalDatabase(database) => {
            format!("{} records, {} unread", database.records.len(), database.unread.len())
        }
        _ => panic!("another fact"),
    }
}

fn source(key: &str, file: &Path) -> Source {
    let collector = ALL.iter().find(|collector| collector.name == "advisories").unwrap();
    let url = url::Url::from_file_path(file).unwrap();
    let entry = Entry { section: "advisories", value: json!({key: url.as_str()}), place: "bench".into(), index: 0 };
    let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
    (collector.plan)(&[entry], &register, Period::minutes(15)).unwrap().remove(0)
}

#[expect(clippy::cast_precision_loss, reason = "a figure to read")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Of this process, in bytes.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.trim().strip_suffix(" kB")?.parse().ok());
    found.unwrap_or(0_u64) * 1_024
}

/// The highest memory from here on.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// As the tracker's own program writes it; how many bytes that are unpacked. Never held as a whole: it would be counted.
fn write_tracker(file: &PathBuf) -> u64 {
    let mut random = fastrand::Rng::with_seed(7);
    let mut owned: Vec<Vec<usize>> = vec![Vec::new(); SOURCES];
    // Most sources have a few vulnerabilities, one of ten has many.
    for issue in 0..ISSUES {
        let source = if random.u8(..4) == 0 { random.usize(..SOURCES) } else { random.usize(..SOURCES / 10) };
        owned[source].push(issue);
    }
    let mut packed = GzEncoder::new(BufWriter::new(std::fs::File::create(file).unwrap()), Compression::default());
    let mut unpacked = 0;
    for (source, issues) in owned.iter().enumerate().filter(|(_, issues)| !issues.is_empty()) {
        let mut text = format!("{}\"source-package-{source}\":{{", if unpacked == 0 { "{" } else { "," });
        for (number, issue) in issues.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(text, "{comma}{}", written(&mut random, *issue)).unwrap();
        }
        text.push('}');
        unpacked += text.len() as u64;
        packed.write_all(text.as_bytes()).unwrap();
    }
    packed.write_all(b"}").unwrap();
    packed.finish().unwrap().flush().unwrap();
    unpacked + 1
}

/// One vulnerability, with a description of the usual length.
fn written(random: &mut fastrand::Rng, issue: usize) -> String {
    let words: Vec<String> = (0..40).map(|_| (0..random.usize(2..9)).map(|_| random.lowercase()).collect()).collect();
    let state = |random: &mut fastrand::Rng| {
        let version = format!("{}.{}.{}-{}", random.u8(..9), random.u8(..30), random.u8(..), random.u8(1..9));
        let urgency = ["not yet assigned", "unimportant", "low", "medium", "high"][random.usize(..5)];
        match random.u8(..10) {
            0 | 1 => json!({"status": "open", "repositories": {"x": version}, "urgency": urgency,
                "nodsa": "Minor issue", "nodsa_reason": ""}),
            2..5 => {
                json!({"status": "resolved", "repositories": {"x": version}, "fixed_version": "0", "urgency": urgency})
            }
            _ => json!({"status": "resolved", "repositories": {"x": version, "x-security": version},
                "fixed_version": version, "urgency": urgency}),
        }
    };
    let releases: serde_json::Map<String, serde_json::Value> =
        RELEASES.iter().map(|release| ((*release).to_owned(), state(random))).collect();
    let about = json!({"description": words.join(" "), "scope": "remote", "debianbug": issue, "releases": releases});
    format!("\"CVE-{}-{issue}\":{about}", 2005 + issue % 22)
}

fn write_drupal(file: &PathBuf) {
    let packed = GzEncoder::new(std::fs::File::create(file).unwrap(), Compression::default());
    let mut builder = tar::Builder::new(packed);
    let mut random = fastrand::Rng::with_seed(7);
    for number in 0..RECORDS {
        let (id, project) = (format!("DRUPAL-CONTRIB-2026-{number:03}"), format!("module{}", number / 2));
        let details: String = (0..1_500).map(|_| random.alphanumeric()).collect();
        let record = json!({
            "schema_version": "1.7.0", "id": id, "modified": "2026-08-19T17:25:00.000Z",
            "published": "2026-08-12T17:25:00.000Z", "aliases": [format!("CVE-2026-{number}")], "details": details,
            "affected": [{
                "package": {"ecosystem": "Packagist:https://packages.drupal.org/8", "name": format!("drupal/{project}")},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1.4"}]}],
                "database_specific": {"affected_versions": "<2.1.4"},
            }],
        })
        .to_string();
        let mut header = tar::Header::new_ustar();
        header.set_size(record.len() as u64);
        builder.append_data(&mut header, format!("main/advisories/{project}/{id}.json"), record.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap();
}
