//! [`Deed`]: something to be done to servers, whole, as a person sees it before confirming it.

use super::Shown;
use super::register::{Destination, Server};

/// What is to be done. Nothing runs that does not stand here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    pub kind: DeedKind,
    /// `Open ssh to web1`.
    pub title: Shown,
    /// One after another; the steps of one may run side by side.
    pub batches: Vec<Vec<Step>>,
    /// What is worth knowing before.
    pub remarks: Vec<Shown>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeedKind {
    /// The terminal goes to the user's own ssh.
    Session,
}

/// One command on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// As the register calls it.
    pub server: Shown,
    /// `None` is this machine.
    pub ssh: Option<Destination>,
    /// The command's words, exactly.
    pub words: Vec<Shown>,
}

impl Step {
    /// The words as one line that a POSIX shell reads as these words and nothing else.
    pub fn line(&self) -> Shown {
        let words: Vec<String> = self.words.iter().map(|word| quoted(word.as_str())).collect();
        words.join(" ").into()
    }
}

impl Deed {
    /// A login on the server, in the terminal; `None` for this machine, where there is nothing to log in to.
    pub fn session(server: &Server) -> Option<Self> {
        let destination = server.ssh.as_ref()?;
        let words = ["ssh".into(), "--".into(), destination.as_str().into()].to_vec();
        Some(Self {
            kind: DeedKind::Session,
            title: format!("Open ssh to {}", server.name).into(),
            batches: vec![vec![Step { server: server.name.clone(), ssh: None, words }]],
            remarks: vec!["The terminal is ssh's until it ends; then the console is back.".into()],
        })
    }

    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.batches.iter().flatten()
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@%,~".contains(c);
    // A tilde is a home folder where a word or a path in it begins.
    let home = word.starts_with('~') || word.contains("=~") || word.contains(":~");
    if !word.is_empty() && !home && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_words_as_they_are_and_quotes_what_a_shell_would_take_apart() {
        for (word, line) in [
            ("openssl=3.0.22-1~deb12u2", "openssl=3.0.22-1~deb12u2"),
            ("--force-confold", "--force-confold"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(id)", "'$(id)'"),
            ("it's", "'it'\\''s'"),
            ("~root", "'~root'"),
            ("a=~/x", "'a=~/x'"),
            ("a;b", "'a;b'"),
        ] {
            assert_eq!(quoted(word), line);
        }
    }

    #[test]
    fn ssh_gets_the_destination_as_one_word_behind_the_dashes() {
        let mut server = Server::local();
        assert_eq!(Deed::session(&server), None);
        server.ssh = Some(Destination::parse("root@web1").unwrap());
        let deed = Deed::session(&server).unwrap();
        assert_eq!(deed.steps().map(|step| step.line().to_string()).collect::<Vec<_>>(), ["ssh -- root@web1"]);
    }
}
