//! Silent success: failures that nobody hears of.

use syn::visit::{self, Visit};

use super::source::Source;
use super::{Violation, found_in};

/// Where what gets lost would turn into a false verdict.
const EVIDENCE: &[&str] = &["src/collect/", "src/policy/", "src/round/", "src/store/", "src/config/"];

/// Calls that fail: what they end in is an error, not an absence.
const FAILING: &[&str] = &["parse", "ok", "from_str", "from_slice", "from_utf8", "from_reader"];
const FAILING_STARTS: &[&str] = &["parse_", "read_", "fetch_", "ask_"];

/// Dropped results, and defaults made out of errors, unless a comment right there says why nothing is lost.
pub fn silence(sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| EVIDENCE.iter().any(|room| source.path.starts_with(room))) {
        let mut silent = Silent { found: Vec::new() };
        silent.visit_file(&source.tree);
        let text: Vec<&str> = source.text.lines().collect();
        let lines: Vec<usize> = silent.found.iter().map(|(line, _)| *line).collect();
        for (line, what) in silent.found {
            if !explained(&text, &lines, line) {
                let why = "silent success: what failed looks as if there had been nothing";
                let mend = "return a Fault or an unreadable fact, or say in a comment above why nothing is lost";
                found.push(Violation { file: source.path.clone(), line, what: what.to_owned(), why, mend });
            }
        }
    }
    found
}

/// Lines where a failure goes unheard, and how.
struct Silent {
    found: Vec<(usize, &'static str)>,
}

impl<'ast> Visit<'ast> for Silent {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        if matches!(local.pat, syn::Pat::Wild(_)) && local.init.is_some() {
            self.found.push((local.let_token.span.start().line, "`let _ =`"));
        }
        visit::visit_local(self, local);
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        if let syn::Stmt::Expr(syn::Expr::MethodCall(call), Some(_)) = statement
            && call.method == "ok"
            && !writes_text(&call.receiver)
        {
            self.found.push((call.method.span().start().line, "`.ok();`"));
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let stays_an_error = matches!(call.args.first(), Some(syn::Expr::Call(call)) if is_error(&call.func));
        let defaults = call.method == "unwrap_or_default" || call.method == "unwrap_or";
        if defaults && !stays_an_error && fails(&call.receiver) {
            self.found.push((call.method.span().start().line, "a default in place of an error"));
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Formatting into a String can't fail.
fn writes_text(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Macro(call) => call.mac.path.is_ident("write") || call.mac.path.is_ident("writeln"),
        _ => false,
    }
}

fn is_error(function: &syn::Expr) -> bool {
    matches!(function, syn::Expr::Path(path) if path.path.is_ident("Err"))
}

fn fails(expression: &syn::Expr) -> bool {
    let name = match expression {
        syn::Expr::Await(_) => return true,
        syn::Expr::MethodCall(call) => call.method.to_string(),
        syn::Expr::Call(call) => match &*call.func {
            syn::Expr::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
            _ => return false,
        },
        _ => return false,
    };
    FAILING.contains(&name.as_str()) || FAILING_STARTS.iter().any(|start| name.starts_with(start))
}

/// Whether a comment stands on the line, above it, or above the statement that it ends; one comment serves several such
/// lines in a row.
fn explained(text: &[&str], silent: &[usize], line: usize) -> bool {
    let comment = |line: &str| line.contains("// ") && !line.trim_start().starts_with("///");
    if comment(text[line - 1]) {
        return true;
    }
    for at in (0..line - 1).rev() {
        let end = text[at].trim_end();
        if comment(end) {
            return true;
        }
        if (at + 1..line).all(|above| silent.contains(&above)) {
            continue;
        }
        if end.is_empty() || end.ends_with([';', '{', '}', ',']) {
            return false;
        }
    }
    false
}

#[test]
fn silence_is_found_unless_it_is_explained() {
    let text = "fn f() {
    let _ = a();
    b().ok();
    // Nothing to lose.
    c().ok();
    c().ok();
    let d = e
        .parse()
        .unwrap_or_default();
    // Zero is what absent means here.
    let g = h
        .parse().unwrap_or(0);
    plain();
    let i = serde_json::from_slice(j).unwrap_or_default();
    let k = l().await.unwrap_or(false);
}";
    let places = [2, 3, 9, 14, 15].map(|line| format!("src/collect/a.rs:{line:02}"));
    let mut found = found_in(silence, &[("src/collect/a.rs", text), ("src/tui/a.rs", text)]);
    for place in &mut found {
        let (file, line) = place.rsplit_once(':').unwrap();
        *place = format!("{file}:{line:0>2}");
    }
    found.sort();
    assert_eq!(found, places);
}

#[test]
fn what_loses_nothing_is_fine() {
    let text = "fn f() {
    let a = text.parse().ok();
    writeln!(out, \"x\").ok();
    let b = words.next().unwrap_or_default();
    let c = option.unwrap_or(0);
    let _guard = lock();
    let d = timeout(e).await.unwrap_or(Err(Late));
    let f = u32::try_from(g).unwrap_or(u32::MAX);
}";
    assert_eq!(found_in(silence, &[("src/collect/a.rs", text)]), Vec::<String>::new());
}
