//! A source file: its tokens without test code, its syntax tree, and the paths that it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr as _;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One file, as the rules look at it.
pub struct Source {
    /// From the project's folder on, with `/`.
    pub path: String,
    pub text: String,
    /// `src/collect/vpn/parse.rs` is `collect`, `vpn`, `parse`; empty for `lib.rs`, `main.rs`, and outside of `src`.
    pub module: Vec<String>,
    /// Without what is only compiled for tests.
    pub tokens: TokenStream,
    pub tree: syn::File,
    /// First and last line of each stretch of test code.
    pub tests: Vec<(usize, usize)>,
    /// Modules in other files that are only compiled for tests.
    test_modules: Vec<Vec<String>>,
}

impl Source {
    pub fn parse(path: &str, text: &str) -> Result<Self, String> {
        // A first line `#!/…` is no token.
        let all =
            TokenStream::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| format!("{path}: {error}"))?;
        let module = module_of(path);
        let mut cut = Cut { tests: Vec::new(), modules: Vec::new() };
        let tokens = cut.live(all, &module);
        let tree = syn::parse2(tokens.clone())
            .map_err(|error| format!("{path}: {error} (what syn does not know yet must be written in older words)"))?;
        let (path, text) = (path.to_owned(), text.to_owned());
        Ok(Self { path, text, module, tokens, tree, tests: cut.tests, test_modules: cut.modules })
    }

    /// Whether it is part of the program, rather than a test or a bench.
    pub fn is_program(&self) -> bool {
        self.path.starts_with("src/")
    }

    /// The lines that are not test code, with their numbers from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let test = |number: usize| self.tests.iter().any(|(first, last)| (*first..=*last).contains(&number));
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line)).filter(move |(number, _)| !test(*number))
    }

    /// Every path that it names, in `use` and everywhere else, inside macros too.
    pub fn paths(&self) -> Vec<Named> {
        let mut walk = Walk { named: Vec::new(), aliases: BTreeMap::new() };
        // Twice: an import may stand below what uses it.
        walk.paths(&self.tokens, &self.module);
        walk.named.clear();
        walk.paths(&self.tokens, &self.module);
        walk.named
    }
}

/// A path as a file names it.
#[derive(Debug, Clone)]
pub struct Named {
    pub line: usize,
    /// From the crate's root on when it is ours, otherwise from the other crate's name on.
    pub segments: Vec<String>,
    pub ours: bool,
}

fn module_of(path: &str) -> Vec<String> {
    let Some(below) = path.strip_prefix("src/").and_then(|below| below.strip_suffix(".rs")) else { return Vec::new() };
    let mut module: Vec<String> = below.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        module.pop();
    }
    module
}

/// Leaves out what only tests compile.
struct Cut {
    tests: Vec<(usize, usize)>,
    modules: Vec<Vec<String>>,
}

impl Cut {
    fn live(&mut self, stream: TokenStream, module: &[String]) -> TokenStream {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut live = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if is_punct(tokens.get(at), '#') && is_test_only(tokens.get(at + 1)) {
                let end = item_end(&tokens, at);
                self.tests.push((tokens[at].span().start().line, tokens[end - 1].span().end().line));
                self.note_module(&tokens[at..end], module);
                at = end;
                continue;
            }
            live.push(match &tokens[at] {
                TokenTree::Group(group) => {
                    let mut module = module.to_vec();
                    module.extend(inline_module(&tokens, at));
                    let mut inner = Group::new(group.delimiter(), self.live(group.stream(), &module));
                    inner.set_span(group.span());
                    TokenTree::Group(inner)
                }
                other => other.clone(),
            });
            at += 1;
        }
        live.into_iter().collect()
    }

    /// `#[cfg(test)] mod tests;` makes another file test code.
    fn note_module(&mut self, item: &[TokenTree], module: &[String]) {
        let mut words = item.iter().skip_while(|token| !is_ident(Some(token), "mod")).skip(1);
        if let Some(TokenTree::Ident(name)) = words.next() {
            self.modules.push(module.iter().cloned().chain([name.to_string()]).collect());
        }
    }
}

/// Where the item that starts with attributes at `at` ends: behind its braces, or behind its semicolon.
fn item_end(tokens: &[TokenTree], mut at: usize) -> usize {
    while is_punct(tokens.get(at), '#') {
        at += 2;
    }
    let statement = tokens[at..]
        .iter()
        .take(4)
        .any(|token| ["use", "static", "type"].iter().any(|word| is_ident(Some(token), word)))
        || (tokens[at..].iter().take(3).any(|token| is_ident(Some(token), "const"))
            && !tokens[at..].iter().take(6).any(|token| is_ident(Some(token), "fn")));
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !statement => break,
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            _ => {}
        }
    }
    at
}

/// `[cfg(test)]`, or `[cfg(all(test, …))]`.
fn is_test_only(token: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(attribute)) = token else { return false };
    let text = attribute.stream().to_string().replace(' ', "");
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

fn inline_module(tokens: &[TokenTree], at: usize) -> Option<String> {
    match (at.checked_sub(2).and_then(|at| tokens.get(at)), at.checked_sub(1).and_then(|at| tokens.get(at))) {
        (word, Some(TokenTree::Ident(name))) if is_ident(word, "mod") => Some(name.to_string()),
        _ => None,
    }
}

pub fn is_ident(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if *ident == word)
}

pub fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

/// Collects paths.
struct Walk {
    named: Vec<Named>,
    /// What `use` calls a path in this file.
    aliases: BTreeMap<String, Named>,
}

impl Walk {
    fn paths(&mut self, stream: &TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = stream.clone().into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Ident(word) if *word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    self.tree(&tokens, at + 1, &[], module)
                }
                TokenTree::Ident(_) if !(at > 0 && is_punct(tokens.get(at - 1), '.')) => self.path(&tokens, at, module),
                TokenTree::Group(group) => {
                    let mut module = module.to_vec();
                    module.extend(inline_module(&tokens, at));
                    self.paths(&group.stream(), &module);
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// A path outside of `use`; gives where it ends.
    fn path(&mut self, tokens: &[TokenTree], mut at: usize, module: &[String]) -> usize {
        let line = tokens[at].span().start().line;
        let mut segments = vec![tokens[at].to_string()];
        at += 1;
        while is_separator(tokens, at) {
            let Some(TokenTree::Ident(next)) = tokens.get(at + 2) else { break };
            segments.push(next.to_string());
            at += 3;
        }
        if segments.len() > 1 || self.aliases.contains_key(&segments[0]) {
            let named = self.absolute(segments, line, module);
            self.named.push(named);
        }
        at
    }

    /// One tree of a `use`, from `at` to its end; gives where that is.
    fn tree(&mut self, tokens: &[TokenTree], mut at: usize, prefix: &[String], module: &[String]) -> usize {
        let mut segments = prefix.to_vec();
        let mut line = 0;
        while let Some(token) = tokens.get(at) {
            line = if line == 0 { token.span().start().line } else { line };
            match token {
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    let mut start = 0;
                    while start < inner.len() {
                        start = self.tree(&inner, start, &segments, module);
                    }
                    // What stands in the braces was named there.
                    segments.clear();
                }
                TokenTree::Punct(punct) if [',', ';'].contains(&punct.as_char()) => break,
                TokenTree::Punct(punct) if punct.as_char() == '*' => segments.push("*".to_owned()),
                TokenTree::Ident(word) if *word == "as" => {
                    let alias = tokens.get(at + 1).map(ToString::to_string).unwrap_or_default();
                    self.import(&mut segments, Some(alias), line, module);
                    at += 1;
                }
                TokenTree::Ident(word) if *word == "self" && !segments.is_empty() => {}
                TokenTree::Ident(word) => segments.push(word.to_string()),
                _ => {}
            }
            at += 1;
        }
        self.import(&mut segments, None, line, module);
        at + 1
    }

    fn import(&mut self, segments: &mut Vec<String>, alias: Option<String>, line: usize, module: &[String]) {
        let segments = std::mem::take(segments);
        let Some(last) = segments.last().cloned() else { return };
        let named = self.absolute(segments, line, module);
        self.aliases.insert(alias.unwrap_or(last), named.clone());
        self.named.push(named);
    }

    fn absolute(&self, segments: Vec<String>, line: usize, module: &[String]) -> Named {
        let mut rest = segments.as_slice();
        let mut base = match rest[0].as_str() {
            "crate" | "matins" => Vec::new(),
            "self" | "super" => module.to_vec(),
            first => {
                // An import of a name by itself, as in `use tokio;`, would lead to itself.
                return match self.aliases.get(first).filter(|alias| alias.ours || alias.segments.len() > 1) {
                    Some(alias) if alias.line != line => {
                        let segments = alias.segments.iter().chain(&rest[1..]).cloned().collect();
                        Named { line, segments, ours: alias.ours }
                    }
                    _ => Named { line, segments, ours: false },
                };
            }
        };
        if rest[0] != "super" {
            rest = &rest[1..];
        }
        while rest.first().is_some_and(|segment| segment == "super") {
            base.pop();
            rest = &rest[1..];
        }
        base.extend_from_slice(rest);
        Named { line, segments: base, ours: true }
    }
}

/// Every Rust file of the project but those that only tests of the program bring in.
pub fn read_project(root: &Path) -> Vec<Source> {
    without_tests(read_all(root))
}

/// Those that only tests of the program bring in.
pub fn read_tests(root: &Path) -> Vec<Source> {
    only_tests(read_all(root))
}

fn read_all(root: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for path in files_below(&root.join(folder)) {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            if path.extension().is_some_and(|end| end == "rs") && !name.starts_with("tests/fixtures/") {
                let text = fs::read_to_string(&path).expect("readable");
                sources.push(Source::parse(&name, &text).expect("Rust"));
            }
        }
    }
    sources
}

/// Leaves out files that a `#[cfg(test)] mod` brings in.
pub fn without_tests(sources: Vec<Source>) -> Vec<Source> {
    apart(sources).1
}

/// Leaves out all other files.
pub fn only_tests(sources: Vec<Source>) -> Vec<Source> {
    apart(sources).0
}

/// The files that a `#[cfg(test)] mod` brings in, and the others.
fn apart(sources: Vec<Source>) -> (Vec<Source>, Vec<Source>) {
    let tests: Vec<Vec<String>> = sources.iter().flat_map(|source| source.test_modules.clone()).collect();
    let is_test = |source: &Source| source.is_program() && tests.iter().any(|test| source.module.starts_with(test));
    sources.into_iter().partition(is_test)
}

pub fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return files };
    for entry in entries {
        let entry = entry.expect("a folder that can be listed");
        match entry.file_type().expect("a file type") {
            kind if kind.is_dir() => files.extend(files_below(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files.sort();
    files
}

#[test]
fn test_code_is_left_out_and_its_lines_with_it() {
    let source = Source::parse(
        "src/domain/x.rs",
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    use crate::tui::A;\n}\n#[cfg(test)]\nuse std::{fs, env};\nfn b() {}\n",
    )
    .unwrap();
    assert_eq!(source.tests, [(2, 5), (6, 7)]);
    assert_eq!(source.tree.items.len(), 2);
    assert_eq!(source.lines().map(|(number, _)| number).collect::<Vec<_>>(), [1, 8]);
}

#[test]
fn paths_are_found_in_trees_in_macros_and_behind_aliases() {
    let text = "use crate::{domain::{self, Shown}, collect as outward};\nuse super::b;\n\
        fn f() { format!(\"{}\", outward::tools::x()); b::y(); std::fs::read(0); domain::facts::z() }";
    let source = Source::parse("src/policy/rules/a.rs", text).unwrap();
    let named: Vec<String> = source.paths().iter().map(|named| named.segments.join("::")).collect();
    for path in ["domain", "domain::Shown", "collect", "policy::rules::b", "collect::tools::x", "policy::rules::b::y"] {
        assert!(named.contains(&path.to_owned()), "{path} in {named:?}");
    }
    assert!(named.contains(&"std::fs::read".to_owned()) && named.contains(&"domain::facts::z".to_owned()), "{named:?}");
}
