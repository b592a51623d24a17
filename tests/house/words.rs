//! Words: names that say nothing, exceptions without a reason, paths of one machine; and how the store begins to write.

use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::source::{Source, files_below, is_ident, is_punct};
use super::{Violation, found_in};

/// Words that say that something was put somewhere, not what it is.
const EMPTY_WORDS: &[&str] =
    &["manager", "handler", "helper", "helpers", "util", "utils", "common", "misc", "info", "managers", "handlers"];

fn violation(source: &Source, line: usize, what: String, why: &'static str, mend: &'static str) -> Violation {
    Violation { file: source.path.clone(), line, what, why, mend }
}

/// Files, types and modules have names that mean something; no function is called `get_…`.
pub fn names(sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in sources {
        for part in source.path.trim_end_matches(".rs").split('/') {
            if snake_words(part).any(|word| EMPTY_WORDS.contains(&word.as_str())) {
                found.push(empty(source, 1, part));
            }
        }
        Names { source, found: &mut found }.visit_file(&source.tree);
    }
    found
}

fn empty(source: &Source, line: usize, name: &str) -> Violation {
    let why = "words such as manager, helper, util, common or info fit anything, so everything ends up there";
    violation(source, line, format!("the name {name}"), why, "name what it is: a noun from the domain")
}

fn snake_words(name: &str) -> impl Iterator<Item = String> {
    name.split(['_', '-']).map(str::to_lowercase)
}

/// `HostInfo` is `host` and `info`.
fn camel_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        if letter.is_uppercase() || words.is_empty() {
            words.push(String::new());
        }
        words.last_mut().expect("one was pushed").extend(letter.to_lowercase());
    }
    words
}

struct Names<'a> {
    source: &'a Source,
    found: &'a mut Vec<Violation>,
}

impl Names<'_> {
    fn noun(&mut self, ident: &syn::Ident) {
        let name = ident.to_string();
        let words = if name.contains('_') || name.starts_with(char::is_lowercase) {
            snake_words(&name).collect()
        } else {
            camel_words(&name)
        };
        if words.iter().any(|word| EMPTY_WORDS.contains(&word.as_str())) {
            self.found.push(empty(self.source, ident.span().start().line, &name));
        }
    }

    fn verb(&mut self, ident: &syn::Ident) {
        if ident.to_string().starts_with("get_") {
            let why = "get says nothing: does it compute, read a file, ask the network?";
            let mend = "use the noun alone, or parse_, read_, fetch_, ask_";
            self.found.push(violation(self.source, ident.span().start().line, format!("the name {ident}"), why, mend));
        }
    }
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.noun(&item.ident);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.noun(&item.ident);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.noun(&item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.noun(&item.ident);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.noun(&item.ident);
        visit::visit_item_mod(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        // Another crate's trait names its functions as it likes.
        if item.trait_.is_none() {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.verb(&signature.ident);
    }
}

/// Every file starts with `//!`.
pub fn documented(sources: &[Source]) -> Vec<Violation> {
    let undocumented = |source: &&Source| {
        let first = source.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!/"));
        !first.is_some_and(|line| line.starts_with("//! "))
    };
    let why = "the first line of a file says what it is, and rustdoc shows it";
    sources
        .iter()
        .filter(undocumented)
        .map(|source| violation(source, 1, "no //! at the top".to_owned(), why, "say in a sentence what the module is"))
        .collect()
}

/// `#[expect]` and `#[ignore]` give a reason; the program has no `#[allow]`, which outlives its cause.
pub fn exceptions(sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in sources {
        // Test code counts here, so the text is read anew.
        let Ok(all) = source.text.parse::<TokenStream>() else { continue };
        let live = |line: usize| !source.tests.iter().any(|(first, last)| (*first..=*last).contains(&line));
        for (line, text) in attributes(all) {
            let what = format!("#[{}]", text.split(['(', '=']).next().unwrap_or(&text).trim());
            let reason = text.contains("reason");
            if text.starts_with("allow") && source.is_program() && live(line) {
                let why = "an #[allow] stays when its cause is gone; an #[expect] complains then";
                found.push(violation(source, line, what, why, "mend the cause, or write #[expect(…, reason = \"…\")]"));
            } else if (text.starts_with("allow") || text.starts_with("expect")) && !reason {
                found.push(violation(source, line, what, "an exception needs a reason", "add reason = \"…\""));
            } else if text == "ignore" {
                found.push(violation(
                    source,
                    line,
                    what,
                    "a test that is left out needs a reason",
                    "write #[ignore = \"…\"]",
                ));
            }
        }
    }
    found
}

/// All attributes, as text without spaces between brackets.
fn attributes(stream: TokenStream) -> Vec<(usize, String)> {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
        let marked = is_punct(before(1), '#') || (is_punct(before(1), '!') && is_punct(before(2), '#'));
        if group.delimiter() == Delimiter::Bracket && marked {
            if !is_ident(group.stream().into_iter().next().as_ref(), "doc") {
                found.push((group.span().start().line, group.stream().to_string()));
            }
        } else {
            found.extend(attributes(group.stream()));
        }
    }
    found
}

/// `SQLite` answers "database is locked" at once when a transaction that began by reading wants to write, whatever the
/// busy timeout; one that begins IMMEDIATE waits its turn.
pub fn transactions(sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/store/")) {
        for (number, line) in source.lines() {
            let upper = line.to_uppercase();
            let begins = upper.find("BEGIN").is_some_and(|at| {
                let rest = upper[at + 5..].trim_start();
                rest.starts_with([';', '"']) || rest.starts_with("TRANSACTION") || rest.starts_with("DEFERRED")
            });
            if line.contains(".transaction()") || line.contains("unchecked_transaction(") || begins {
                let why = "a transaction that begins deferred fails at once when two write: it can't wait any more";
                let mend = "transaction_with_behavior(TransactionBehavior::Immediate), or Deferred by name for one that only reads";
                found.push(violation(source, number, line.trim().to_owned(), why, mend));
            }
        }
    }
    found
}

/// Paths that exist on one machine only. Every text file of the project counts.
pub fn workplaces(root: &Path) -> Vec<String> {
    // Written in two parts, so that this file is not found.
    const PLACE: &str = concat!("/wo", "rk/");
    let skipped = [".git", "target"];
    let mut found = Vec::new();
    for entry in fs::read_dir(root).expect("the project's folder").map(|entry| entry.expect("an entry").path()) {
        if entry.file_name().is_some_and(|name| skipped.iter().any(|skip| name == *skip)) {
            continue;
        }
        let files = if entry.is_dir() { files_below(&entry) } else { vec![entry] };
        for file in files {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            for (number, line) in text.lines().enumerate() {
                if line.contains(PLACE) {
                    let file = file.strip_prefix(root).expect("below the root").display();
                    found.push(format!("{file}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    found
}

#[test]
fn names_that_say_nothing_are_found() {
    let bad = [
        ("src/tui/util.rs", "//! x"),
        (
            "src/tui/a.rs",
            "struct HostInfo;\nenum KeyHandler {}\nmod common {}\nfn get_name() {}\nimpl A { fn get_b(&self) {} }",
        ),
        ("tests/helpers/mod.rs", "//! x"),
    ];
    let places = [
        "src/tui/a.rs:1",
        "src/tui/a.rs:2",
        "src/tui/a.rs:3",
        "src/tui/a.rs:4",
        "src/tui/a.rs:5",
        "src/tui/util.rs:1",
        "tests/helpers/mod.rs:1",
    ];
    assert_eq!(found_in(names, &bad), places);
    let good = [("src/tui/a.rs", "struct Information;\nfn get(&self) {}\nimpl Tr for A { fn get_b(&self) {} }")];
    assert_eq!(found_in(names, &good), Vec::<String>::new());
}

#[test]
fn a_module_without_a_sentence_is_found() {
    let files =
        [("src/tui/a.rs", "use x;\n//! late"), ("src/tui/b.rs", "\n//! B.\n"), ("src/tui/c.rs", "/// C.\nfn c() {}")];
    assert_eq!(found_in(documented, &files[1..]), ["src/tui/c.rs:1"]);
}

#[test]
fn exceptions_without_a_reason_are_found() {
    let files = [
        (
            "src/tui/a.rs",
            "#[allow(x, reason = \"y\")]\nfn a() {}\n#[expect(x)]\nfn b() {}\n#[expect(x, reason = \"y\")]\nfn c() {}",
        ),
        (
            "src/tui/b.rs",
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    #[ignore]\n    fn b() {}\n    #[allow(x, reason = \"y\")]\n    fn c() {}\n}",
        ),
        ("tests/a.rs", "#![allow(x)]\n#[ignore = \"slow\"]\nfn a() {}"),
    ];
    assert_eq!(found_in(exceptions, &files), ["src/tui/a.rs:1", "src/tui/a.rs:3", "src/tui/b.rs:5", "tests/a.rs:1"]);
}

#[test]
fn a_deferred_transaction_is_found() {
    let text = "fn f() {\n    c.transaction()?;\n    c.execute(\"BEGIN\");\n    c.execute(\"BEGIN IMMEDIATE\");\n    c.transaction_with_behavior(Immediate);\n}";
    assert_eq!(found_in(transactions, &[("src/store/a.rs", text)]), ["src/store/a.rs:2", "src/store/a.rs:3"]);
}
