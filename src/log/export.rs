//! What an export holds besides the entries, so that somebody without matins can check it.

use super::NAMESPACE;
use super::chain::{Anchor, Head};
use super::entry::written;
use crate::domain::Shown;

/// A shell script that checks the chain and every signature with `sha256sum` and `ssh-keygen` alone.
pub const VERIFY: &str = include_str!("../../assets/log/verify.sh");
pub const README: &str = include_str!("../../assets/log/README");

/// Lines for `ssh-keygen -Y verify -f allowed_signers`, see ALLOWED SIGNERS in ssh-keygen(1): a principal, what it may
/// sign, its public key. Whoever reads an export must hold the keys against what the people themselves say.
pub fn allowed_signers(signers: &[(Shown, String)]) -> String {
    let mut lines: Vec<String> = signers
        .iter()
        .map(|(actor, key)| format!("{} namespaces=\"{NAMESPACE}\" {}\n", principal(actor), key.trim()))
        .collect();
    lines.sort();
    lines.dedup();
    lines.concat()
}

/// A person's name as one word: no blank, comma, quote or pattern may stand in a principal. Made from the name as it
/// stands in the entry, byte for byte, so that verify.sh can do the same with `tr`.
pub fn principal(actor: &Shown) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() || "-_.@+".contains(c) { c } else { '_' };
    written(actor).chars().map(word).collect()
}

/// The entries of an exported log. Every one ends with a line feed: where the last one does not, what comes with them says
/// that one more must follow.
pub fn exported(text: &[u8]) -> (Vec<String>, Option<Anchor>) {
    // A line that is no text any more is a changed entry: the chain names it.
    let text = String::from_utf8_lossy(text);
    let complete = text.is_empty() || text.ends_with('\n');
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    if complete {
        lines.pop();
        return (lines, None);
    }
    let seq = u64::try_from(lines.len()).unwrap_or(u64::MAX).saturating_add(1);
    (lines, Some(Anchor(Head { seq, hash: "0".repeat(64) })))
}
