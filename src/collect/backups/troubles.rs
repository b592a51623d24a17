//! What programs' complaints mean for the person who can mend them.

/// The first row whose words occur in what a program said.
#[derive(Debug)]
pub struct Trouble {
    pub words: &'static [&'static str],
    pub said: &'static str,
    pub mend: &'static str,
    pub passing: bool,
}

/// On the way to a repository on another machine, whichever tool goes there.
pub const ON_THE_WAY: &[Trouble] = &[
    Trouble {
        words: &["host key verification failed", "host identification has changed"],
        said: "ssh refused the host key",
        mend: "connect with ssh by hand and compare the key's fingerprint with the server's",
        passing: false,
    },
    Trouble {
        words: &["permission denied (", "too many authentication failures"],
        said: "ssh was refused the login",
        mend: "let ssh log in without asking: a key in the agent, or in ssh's configuration for this host",
        passing: false,
    },
    Trouble {
        words: &[
            "connection refused",
            "connection reset",
            "timed out",
            "timeout",
            "no route to host",
            "unreachable",
            "no such host",
            "could not resolve",
            "connection closed by",
        ],
        said: "the repository can't be reached",
        mend: "see that its host is up and that this machine may reach it",
        passing: true,
    },
];

/// The first trouble of these tables whose words are on any line, and that line.
pub fn find<'a>(tables: &[&'static [Trouble]], lines: &'a [(String, &'a str)]) -> Option<(&'static Trouble, &'a str)> {
    tables.iter().copied().flatten().find_map(|trouble| {
        let (_, line) = lines.iter().find(|(lower, _)| trouble.words.iter().any(|words| lower.contains(words)))?;
        Some((trouble, *line))
    })
}

impl Trouble {
    /// As a fault, in that line's words.
    pub fn fault(&self, line: &str) -> crate::domain::Fault {
        crate::domain::Fault {
            said: if line.to_lowercase().starts_with(self.said) {
                line.into()
            } else {
                format!("{}: {line}", self.said).into()
            },
            mend: Some(self.mend.into()),
            passing: self.passing,
        }
    }
}
