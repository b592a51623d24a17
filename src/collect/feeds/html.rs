//! HTML → text, through html5ever's tokenizer: no tree, no nesting to blow up, time that grows with the input only.
//!
//! Nothing of the markup survives, and nothing is ever fetched from it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::items::{LINKS, TEXT, capped};

/// A single tag or comment longer than this ends the reading: telling attributes apart costs the square of their number.
const LONGEST_TAG: usize = 16 << 10;
/// The tokenizer is fed in pieces of this size, so that such a tag is noticed.
const PIECE: usize = 4 << 10;
/// Drupal marks its fields with classes.
const FIELD: &str = "field-name-";
/// Most fields of one item.
const FIELDS: usize = 40;

/// What there was to read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Page {
    pub(super) text: String,
    /// Targets of `<a href>`, as written.
    pub(super) links: Vec<String>,
    /// Text by Drupal's field name (`project-machine-name`), without the labels.
    pub(super) fields: BTreeMap<String, String>,
}

/// The readable part of HTML; plain text is its own readable part.
pub(super) fn parse_page(html: &str) -> Page {
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let queue = BufferQueue::default();
    let mut rest = capped(html, TEXT);
    let (mut tokens, mut without) = (0, 0);
    while !rest.is_empty() && without <= LONGEST_TAG {
        let (piece, after) = rest.split_at(capped(rest, PIECE).len());
        queue.push_back(StrTendril::from(piece));
        // A `<script>` asks to be run here; it is not, and reading goes on.
        while !matches!(tokenizer.feed(&queue), html5ever::TokenizerResult::Done) {}
        let seen = tokenizer.sink.0.borrow().tokens;
        without = if seen == tokens { without + piece.len() } else { 0 };
        (tokens, rest) = (seen, after);
    }
    if without <= LONGEST_TAG {
        tokenizer.end();
    }
    tokenizer.sink.0.into_inner().finish()
}

/// Text whose `&amp;` and `&#8217;` are decoded, but whose `<b>` stay as written: for titles, where `<script>` is a word.
pub(super) fn decoded(text: &str) -> String {
    if text.contains('&') { parse_page(&text.replace('<', "&lt;")).text } else { text.to_owned() }
}

#[derive(Default)]
struct Sink(RefCell<Reader>);

#[derive(Default)]
struct Reader {
    page: Page,
    tokens: usize,
    /// Open `<div>`s.
    depth: usize,
    /// The Drupal field that we are in, and the depth at which it began.
    field: Option<(String, usize)>,
    /// The depth at which the field's label began.
    label: Option<usize>,
    /// Inside `<script>` or `<style>`.
    unreadable: bool,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reader = self.0.borrow_mut();
        reader.tokens += 1;
        match token {
            Token::CharacterTokens(text) => reader.text(&text),
            Token::TagToken(tag) => return reader.tag(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Reader {
    fn text(&mut self, text: &str) {
        if self.unreadable {
            return;
        }
        push_words(&mut self.page.text, text);
        if let (Some((name, _)), None) = (&self.field, self.label)
            && let Some(field) = self.page.fields.get_mut(name)
        {
            push_words(field, text);
        }
    }

    fn line_break(&mut self, mark: &str) {
        push_break(&mut self.page.text, mark);
        if let (Some((name, _)), None) = (&self.field, self.label)
            && let Some(field) = self.page.fields.get_mut(name)
        {
            push_break(field, mark);
        }
    }

    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let start = tag.kind == TagKind::StartTag;
        match &*tag.name {
            "script" | "style" => {
                self.unreadable = start && !tag.self_closing;
                return if self.unreadable {
                    TokenSinkResult::RawData(RawKind::Rawtext)
                } else {
                    TokenSinkResult::Continue
                };
            }
            "div" => self.div(tag, start),
            "a" if start => self.link(tag),
            "li" if start => self.line_break("- "),
            "p" | "br" | "tr" | "ul" | "ol" | "pre" | "table" | "blockquote" | "h1" | "h2" | "h3" | "h4" | "h5"
            | "h6" | "section" | "article" | "hr" | "dt" | "dd" => self.line_break(""),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn div(&mut self, tag: &Tag, start: bool) {
        self.line_break("");
        if start {
            self.depth += 1;
            let class = attribute(tag, "class").unwrap_or_default();
            let named = class.split_ascii_whitespace().find_map(|word| word.strip_prefix(FIELD));
            if let Some(name) = named.filter(|_| self.page.fields.len() < FIELDS) {
                self.page.fields.entry(name.to_owned()).or_default();
                self.field = Some((name.to_owned(), self.depth));
                self.label = None;
            } else if class.split_ascii_whitespace().any(|word| word == "field-label") {
                self.label = Some(self.depth);
            }
            return;
        }
        if self.label.is_some_and(|depth| depth >= self.depth) {
            self.label = None;
        }
        if self.field.as_ref().is_some_and(|(_, depth)| *depth >= self.depth) {
            self.field = None;
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn link(&mut self, tag: &Tag) {
        let target = attribute(tag, "href").filter(|target| target.len() <= 2_000);
        if let Some(target) = target.filter(|_| self.page.links.len() < LINKS * 4) {
            self.page.links.push(target.to_owned());
        }
    }

    fn finish(mut self) -> Page {
        let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned();
        self.page.text = trimmed(&self.page.text);
        for field in self.page.fields.values_mut() {
            *field = trimmed(field);
        }
        self.page
    }
}

fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// Appends text with every run of white space as one space.
fn push_words(out: &mut String, text: &str) {
    for c in text.chars() {
        if !c.is_whitespace() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
    }
}

fn push_break(out: &mut String, mark: &str) {
    if !out.is_empty() && !out.ends_with('\n') && !out.ends_with("\n- ") {
        out.push('\n');
    }
    if !mark.is_empty() && !out.ends_with("\n- ") {
        out.push_str(mark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_words_stay() {
        let page = parse_page(
            "<h2>One&nbsp;two</h2><p>a &amp; b &lt;c&gt;<br/>d<script>alert('x')</script><style>p{}</style></p><ul><li>e</li><li><p>f</p></li></ul>",
        );
        assert_eq!(page.text, "One two\na & b <c>\nd\n- e\n- f");
        assert_eq!(parse_page("plain, with 1 < 2 and x<3.0.2").text, "plain, with 1 < 2 and x<3.0.2");
        assert_eq!(parse_page("<script>never closed").text, "");
        assert_eq!(decoded("XSS in <script> &amp; &#8217;x&#8217;"), "XSS in <script> & ’x’");
    }

    #[test]
    fn fields_are_told_apart_by_their_class() {
        let page = parse_page(
            r#"<div class="field field-name-a x"><div class="field-label">A:&nbsp;</div><div class="field-items"><div class="field-item even">one</div><div class="field-item odd">two</div></div></div>
            <div class="field field-name-b"><div class="field-items"><a href="https://x.example/y">three</a></div></div>outside"#,
        );
        assert_eq!(page.fields["a"], "one\ntwo");
        assert_eq!(page.fields["b"], "three");
        assert_eq!(page.links, ["https://x.example/y"]);
        assert!(page.text.contains("A:") && page.text.ends_with("outside"));
    }

    #[test]
    fn hostile_html_is_read_in_time() {
        let attributes = (0..20_000).fold(String::new(), |all, n| all + &n.to_string() + "a ");
        let started = std::time::Instant::now();
        parse_page(&format!("<p>before<a {attributes}>after"));
        parse_page(&"<div>".repeat(20_000));
        parse_page(&"</div>".repeat(20_000));
        parse_page(&"<![CDATA[<!--".repeat(5_000));
        parse_page(&"&".repeat(TEXT));
        parse_page(&"<".repeat(TEXT));
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
        assert_eq!(parse_page(&format!("<p>before<a {attributes}>after")).text, "before");
        assert_eq!(parse_page("").text, "");
    }
}
