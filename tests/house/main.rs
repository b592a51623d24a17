//! The house rules, as a test: what the crate's documentation calls the house, checked by parsing the sources.
//!
//! Each rule is a function from sources to violations, with tests of its own that a bad snippet is found. A violation says
//! where, what, why, and what to do. The lists of what may be where are tables at the top of each file here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod imports;
mod silence;
mod sizes;
mod source;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};

use source::Source;

/// Something that the house does not want.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    file: String,
    line: usize,
    what: String,
    why: &'static str,
    mend: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n    why:  {}\n    mend: {}", self.file, self.line, self.what, self.why, self.mend)
    }
}

type Rule = fn(&[Source]) -> Vec<Violation>;

/// The project's folder; cargo names it also to tests that were built elsewhere.
fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

/// Applies a rule to the project, or fails with all that it found.
fn keeps(rule: Rule) {
    kept(rule(&source::read_project(&root())));
}

fn kept(mut found: Vec<Violation>) {
    found.sort();
    found.dedup();
    let list: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{} found:\n{}", found.len(), list.join("\n"));
}

/// What a rule finds in snippets, as `file:line`.
fn found_in(rule: Rule, snippets: &[(&str, &str)]) -> Vec<String> {
    let sources =
        source::without_tests(snippets.iter().map(|(path, text)| Source::parse(path, text).unwrap()).collect());
    let mut found: Vec<String> =
        rule(&sources).into_iter().map(|violation| format!("{}:{}", violation.file, violation.line)).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn rooms_import_only_what_lies_below_them() {
    keeps(imports::layers);
}

#[test]
fn siblings_never_import_each_other() {
    keeps(imports::siblings);
}

#[test]
fn the_outside_is_touched_only_where_it_belongs() {
    keeps(imports::outside);
}

#[test]
fn nothing_grows_too_big() {
    keeps(sizes::sizes);
}

#[test]
fn no_file_of_tests_grows_too_long() {
    kept(sizes::files(&source::read_tests(&root())));
}

#[test]
fn names_say_what_things_are() {
    keeps(words::names);
}

#[test]
fn every_module_says_what_it_is() {
    keeps(words::documented);
}

#[test]
fn every_exception_has_a_reason() {
    keeps(words::exceptions);
}

#[test]
fn nothing_fails_silently() {
    keeps(silence::silence);
}

#[test]
fn the_store_writes_in_immediate_transactions() {
    keeps(words::transactions);
}

#[test]
fn no_file_names_the_place_where_it_was_written() {
    let found = words::workplaces(&root());
    assert!(found.is_empty(), "these name a path of one machine:\n{}", found.join("\n"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test that runs cargo")]
fn the_sources_are_formatted() {
    let run = |arguments: &[&str]| {
        std::process::Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs")
    };
    if !run(&["fmt", "--version"]).status.success() {
        eprintln!("left out: rustfmt is not installed (rustup component add rustfmt)");
        return;
    }
    let checked = run(&["fmt", "--check"]);
    assert!(checked.status.success(), "run cargo fmt:\n{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn the_project_is_read_at_all() {
    let sources = source::read_project(&root());
    let has = |path: &str| sources.iter().any(|source| source.path == path);
    assert!(has("src/domain/mod.rs") && has("tests/house/main.rs") && has("src/policy/rules/mod.rs"));
    assert!(Path::new(&root()).join("src/lib.rs").exists());
}
