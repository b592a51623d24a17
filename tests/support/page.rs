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

pub fn read(html: &str) -> Page {
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
