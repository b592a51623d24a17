//! A page as a real HTML parser reads it: that it nests, and which tags and attributes it has.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

/// What there is in a page.
#[derive(Debug, Default)]
pub struct Page {
    pub tags: BTreeMap<String, usize>,
    pub attributes: BTreeSet<String>,
    pub links: Vec<String>,
    pub ids: Vec<String>,
    pub text: String,
    pub errors: Vec<String>,
    open: Vec<String>,
}

const VOID: [&str; 1] = ["meta"];

#[derive(Default)]
struct Reader(RefCell<Page>);

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => {
                let name = tag.name.to_string();
                if tag.kind == TagKind::EndTag {
                    let open = page.open.pop();
                    if open.as_ref() != Some(&name) {
                        page.errors.push(format!("line {line}: </{name}> closes {open:?}"));
                    }
                    return TokenSinkResult::Continue;
                }
                for attribute in &tag.attrs {
                    let (key, value) = (attribute.name.local.to_string(), attribute.value.to_string());
                    match key.as_str() {
                        "href" => page.links.push(value),
                        "id" => page.ids.push(value),
                        _ => {}
                    }
                    page.attributes.insert(key);
                }
                *page.tags.entry(name.clone()).or_default() += 1;
                let raw = name == "style";
                if !tag.self_closing && !VOID.contains(&name.as_str()) {
                    page.open.push(name);
                }
                if raw {
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
            }
            Token::CharacterTokens(text) => page.text.push_str(&text),
            Token::ParseError(said) => page.errors.push(format!("line {line}: {said}")),
            Token::CommentToken(_) => page.errors.push(format!("line {line}: a comment")),
            Token::NullCharacterToken => page.errors.push(format!("line {line}: NUL")),
            Token::DoctypeToken(_) | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

fn read(html: &str) -> Page {
    let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() });
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(html));
    while !matches!(tokenizer.feed(&queue), html5ever::TokenizerResult::Done) {}
    tokenizer.end();
    let mut page = tokenizer.sink.0.into_inner();
    let open = std::mem::take(&mut page.open);
    page.errors.extend(open.into_iter().map(|name| format!("<{name}> is never closed")));
    page
}

/// The tags that a report may have; no script, nothing that fetches, no form.
const TAGS: &str = "a article body caption dd div dl dt figcaption figure footer h1 h2 h3 head html li line main meta p \
                    polyline pre rect section span style svg table tbody td text th thead title tr ul";
const ATTRIBUTES: &str = "aria-hidden aria-label aria-labelledby charset class content height href http-equiv id lang name \
                          points rel role scope tabindex viewbox viewBox width x x1 x2 y y1 y2";

/// The page, if nothing is wrong with it.
pub fn sound(html: &str) -> Page {
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{}", &html[..100]);
    assert!(html.contains("content=\"default-src 'none'; style-src 'unsafe-inline';"));
    let page = read(html);
    assert_eq!(page.errors, Vec::<String>::new());
    for tag in page.tags.keys() {
        assert!(TAGS.split_whitespace().any(|known| known == tag), "<{tag}>");
    }
    for attribute in &page.attributes {
        assert!(ATTRIBUTES.split_whitespace().any(|known| known == attribute), "{attribute}=");
    }
    assert!(page.links.iter().all(|link| link.starts_with("https://")), "{:?}", page.links);
    assert_eq!((page.tags["h1"], page.tags["main"], page.tags["style"]), (1, 1, 1));
    let mut ids = page.ids.clone();
    ids.dedup();
    assert_eq!(ids, page.ids);
    assert_eq!(page.tags.get("table"), page.tags.get("caption"), "every table has a caption");
    page
}
