//! How big things may become: limits that keep the house livable.

use proc_macro2::Span;
use syn::visit::{self, Visit};

use super::source::{Source, only_tests};
use super::{Violation, found_in};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;
const ARGUMENTS: usize = 5;
const FIELDS: usize = 12;
const ARMS: usize = 20;
/// Enums that grow with every feature, and how far they may.
const GROWING: &[(&str, usize)] = &[("Msg", 12), ("Effect", 12)];

pub fn sizes(sources: &[Source]) -> Vec<Violation> {
    let mut found = files(sources);
    for source in sources {
        Measure { source, of_trait: false, found: &mut found }.visit_file(&source.tree);
    }
    found
}

/// Files alone: of tests too long a function is no harm, but a file that nobody finds anything in is.
pub fn files(sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in sources {
        let lines = source.lines().count();
        if lines > FILE_LINES {
            let what = format!("{lines} lines without tests of its own; {FILE_LINES} are the limit");
            let mut measure = Measure { source, of_trait: false, found: &mut found };
            measure.too_big(1, what, "split it by what it is about");
        }
    }
    found
}

struct Measure<'a> {
    source: &'a Source,
    /// Inside an `impl` of a trait, which decides on the arguments.
    of_trait: bool,
    found: &'a mut Vec<Violation>,
}

impl Measure<'_> {
    fn too_big(&mut self, line: usize, what: String, mend: &'static str) {
        let why = "what is short can be read, reviewed and replaced";
        self.found.push(Violation { file: self.source.path.clone(), line, what, why, mend });
    }

    fn function(&mut self, attributes: &[syn::Attribute], signature: &syn::Signature, end: Option<Span>) {
        let line = signature.fn_token.span.start().line;
        let lines = end.map_or(0, |end| end.end().line - line + 1);
        if lines > FUNCTION_LINES && !expected(attributes, "too_many_lines") {
            let what = format!("{} has {lines} lines; {FUNCTION_LINES} are the limit", signature.ident);
            self.too_big(line, what, "take steps out of it that have a name, or turn it into a table");
        }
        let arguments = signature.inputs.len();
        if arguments > ARGUMENTS && !self.of_trait && !expected(attributes, "too_many_arguments") {
            let what = format!("{} takes {arguments} arguments; {ARGUMENTS} are the limit", signature.ident);
            self.too_big(line, what, "group what belongs together in a struct");
        }
    }

    fn fields(&mut self, name: &syn::Ident, fields: &syn::Fields) {
        if fields.len() > FIELDS {
            let what = format!("{name} has {} fields; {FIELDS} are the limit", fields.len());
            self.too_big(name.span().start().line, what, "group what changes together in a struct of its own");
        }
    }
}

/// Whether `#[expect(clippy::LINT, reason = …)]` stands there: an exception that gives its reason.
fn expected(attributes: &[syn::Attribute], lint: &str) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(meta) if meta.path.is_ident("expect") => meta.tokens.to_string().contains(lint),
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Measure<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.attrs, &item.sig, Some(item.block.brace_token.span.close()));
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let before = std::mem::replace(&mut self.of_trait, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.of_trait = before;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.attrs, &item.sig, Some(item.block.brace_token.span.close()));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(&item.attrs, &item.sig, item.default.as_ref().map(|block| block.brace_token.span.close()));
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_expr_match(&mut self, expression: &'ast syn::ExprMatch) {
        if expression.arms.len() > ARMS {
            let what = format!("a match with {} arms; {ARMS} are the limit", expression.arms.len());
            self.too_big(expression.match_token.span.start().line, what, "use a table, or split what is matched");
        }
        visit::visit_expr_match(self, expression);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.fields(&item.ident, &item.fields);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        for (name, limit) in GROWING {
            if item.ident == name && item.variants.len() > *limit {
                let what = format!("{name} has {} variants; {limit} are the limit", item.variants.len());
                self.too_big(
                    item.ident.span().start().line,
                    what,
                    "group variants that one place deals with in an enum of its own",
                );
            }
        }
        for variant in &item.variants {
            self.fields(&variant.ident, &variant.fields);
        }
        visit::visit_item_enum(self, item);
    }
}

#[test]
fn what_is_too_big_is_found() {
    let long = format!("\nfn f() {{\n{}}}\n", "    g();\n".repeat(59));
    let exactly = format!("\nfn f() {{\n{}}}\n", "    g();\n".repeat(58));
    let arms = format!("fn f() {{\n    match x {{ {} }}\n}}", "1 => 1,".repeat(21));
    let many = |name: &str, part: &str, times: usize| {
        let parts: Vec<String> = (0..times).map(|n| part.replace('#', &n.to_string())).collect();
        format!("{name} {{ {} }}", parts.join(", "))
    };
    let bad = [
        ("src/tui/a.rs", "//! a\n".repeat(401)),
        ("src/tui/b.rs", long),
        ("src/tui/c.rs", arms),
        ("src/tui/d.rs", many("struct D", "a#: u8", 13)),
        ("src/tui/e.rs", many("enum Msg", "A#", 13)),
        ("src/tui/f.rs", "impl F { fn f(&self, a: A, b: B, c: C, d: D, e: E) {} }".to_owned()),
        ("tests/a.rs", "fn f(a: A, b: B, c: C, d: D, e: E, f: F) {}".to_owned()),
    ];
    let bad: Vec<(&str, &str)> = bad.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let places = [
        "src/tui/a.rs:1",
        "src/tui/b.rs:2",
        "src/tui/c.rs:2",
        "src/tui/d.rs:1",
        "src/tui/e.rs:1",
        "src/tui/f.rs:1",
        "tests/a.rs:1",
    ];
    assert_eq!(found_in(sizes, &bad), places);
    assert_eq!(found_in(sizes, &[("src/tui/b.rs", &exactly)]), Vec::<String>::new());
}

#[test]
fn a_file_of_tests_that_is_too_long_is_found() {
    let own = ("src/tui/a.rs", "#[cfg(test)]\nmod tests;\n".to_owned() + &"//! a\n".repeat(500));
    let found = |lines: usize| {
        let tests = ("src/tui/a/tests/b.rs", "//! b\n".repeat(lines));
        let sources = [&own, &tests].map(|(path, text)| Source::parse(path, text).unwrap());
        files(&only_tests(sources.into())).into_iter().map(|found| found.file).collect::<Vec<_>>()
    };
    assert_eq!(found(401), ["src/tui/a/tests/b.rs"]);
    assert!(found(400).is_empty());
}

#[test]
fn test_code_and_named_exceptions_do_not_count() {
    let tests = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    fn a() {}\n".repeat(500));
    let excepted = format!(
        "#[expect(clippy::too_many_lines, reason = \"one table\")]\nfn f() {{\n{}}}\n",
        "    g();\n".repeat(100)
    );
    let foreign = "impl Tr for A { fn f(&self, a: A, b: B, c: C, d: D, e: E) {} }";
    let good = [("src/tui/a.rs", tests.as_str()), ("src/tui/b.rs", excepted.as_str()), ("src/tui/c.rs", foreign)];
    assert_eq!(found_in(sizes, &good), Vec::<String>::new());
}
