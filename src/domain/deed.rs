//! [`Deed`]: something to be done to servers, whole, as a person sees it before confirming it; and [`Account`], how it
//! went.

use super::register::{Destination, Server, Site};
use super::{FindingKey, Interface, Link, Shown, Subject, VpnSession};

/// What a person wants done, before it is known what that takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    Servers {
        kind: DeedKind,
        servers: Vec<Server>,
    },
    /// The end of a VPN client's sessions: of whom the finding tells.
    Disconnect {
        subject: Subject,
        key: FindingKey,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeedKind {
    /// The terminal goes to the user's own ssh.
    Session,
    /// A one-time login to a Drupal site.
    Login,
    /// The pending security updates.
    Upgrade,
    Reboot,
    /// The end of a VPN client's sessions.
    Disconnect,
}

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

/// One command on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The server, or the VPN, as the register calls it.
    pub server: Shown,
    /// `None` is this machine.
    pub ssh: Option<Destination>,
    pub taker: Taker,
    /// The command's words, exactly.
    pub words: Vec<Shown>,
    pub proof: Proof,
}

/// What takes a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taker {
    Shell,
    /// An OpenVPN's management interface.
    Openvpn(Box<Interface>),
}

/// What has to be seen afterwards: that a command ended well is not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Whoever sits at the terminal sees.
    Person,
    /// A link in the answer.
    Link,
    /// The packages have changed as the dry run said.
    Changes(Vec<PackageChange>),
    /// Another boot than this one.
    Boot(Shown),
    /// This session is gone, and there is none of its name that was not known when it was planned.
    Gone { session: VpnSession, known: Vec<VpnSession> },
}

/// What a dry run says of one package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageChange {
    pub package: Shown,
    /// `None` is installed anew.
    pub from: Option<Shown>,
    pub to: Shown,
}

/// How a deed goes, or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub deed: Deed,
    /// One for each step, in their order.
    pub reports: Vec<Report>,
    pub ended: bool,
}

/// A link that logs whoever opens it in, once. It is never stored, logged or printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTime(Shown);

impl OneTime {
    pub fn new(link: &Link) -> Self {
        Self(Shown::text(link.as_str()))
    }

    /// For the one place that shows it.
    pub fn reveal(&self) -> &Shown {
        &self.0
    }
}

impl std::fmt::Debug for OneTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneTime(…)")
    }
}

/// How one step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub state: StepState,
    /// The command's exit status; `None` while there is none.
    pub status: Option<i32>,
    /// What the command said, and what was seen afterwards.
    pub said: Vec<Shown>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Waiting,
    Running,
    /// Seen to be so.
    Done,
    Failed,
    /// Not begun, because another failed.
    Left,
}

impl StepState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waits",
            Self::Running => "runs",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Left => "not begun",
        }
    }
}

impl Step {
    /// A command for a shell.
    pub fn shell(server: &Server, words: Vec<Shown>, proof: Proof) -> Self {
        Self { server: server.name.clone(), ssh: server.ssh.clone(), taker: Taker::Shell, words, proof }
    }

    /// The words as one line that a POSIX shell reads as these words and nothing else. On a server this is what runs.
    pub fn line(&self) -> Shown {
        let words: Vec<String> = self.words.iter().map(|word| quoted(word.as_str())).collect();
        // Not `line`, which cuts: what runs must be what is shown.
        Shown::text(&words.join(" "))
    }

    /// What takes it besides a shell: `the management interface unix:/run/openvpn/gate.sock`.
    pub fn by(&self) -> Option<Shown> {
        match &self.taker {
            Taker::Shell => None,
            Taker::Openvpn(interface) => Some(format!("the management interface {}", interface.at).into()),
        }
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
            // The terminal is here.
            batches: vec![vec![Step { ssh: None, ..Step::shell(server, words, Proof::Person) }]],
            remarks: vec!["The terminal is ssh's until it ends; then the console is back.".into()],
        })
    }

    /// A link that logs in to the site once, from its own drush.
    pub fn login(server: &Server, site: &Site) -> Self {
        let root = site.root.to_string_lossy();
        let words = [
            format!("{}/vendor/bin/drush", root.trim_end_matches('/')),
            format!("--root={root}"),
            format!("--uri=https://{}", site.name),
            "uli".into(),
        ];
        let words = words.iter().map(|word| Shown::line(word)).collect();
        Self {
            kind: DeedKind::Login,
            title: format!("One-time login to {}", site.name).into(),
            batches: vec![vec![Step::shell(server, words, Proof::Link)]],
            remarks: vec!["The link is shown once and kept nowhere. That it was issued is noted.".into()],
        }
    }

    /// What a person types before it is done: the name of the only server that changes or goes down, or of the VPN that
    /// somebody is thrown out of; or how many there are. Neither a shell of one's own nor a link changes anything.
    pub fn word(&self) -> Option<Shown> {
        let mut steps = self.steps();
        match (self.kind, steps.next(), steps.count()) {
            (DeedKind::Reboot | DeedKind::Upgrade | DeedKind::Disconnect, Some(only), 0) => Some(only.server.clone()),
            (DeedKind::Reboot | DeedKind::Upgrade, Some(_), more @ 1..) => Some(format!("{} servers", more + 1).into()),
            (DeedKind::Disconnect, Some(_), more @ 1..) => Some(format!("{} sessions", more + 1).into()),
            _ => None,
        }
    }

    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.batches.iter().flatten()
    }
}

impl Account {
    /// Before the first step.
    pub fn of(deed: Deed) -> Self {
        let reports =
            deed.steps().map(|_| Report { state: StepState::Waiting, status: None, said: Vec::new() }).collect();
        Self { deed, reports, ended: false }
    }

    /// Whether every step was seen to have done what it should.
    pub fn succeeded(&self) -> bool {
        self.reports.iter().all(|report| report.state == StepState::Done)
    }

    /// All of it as lines of text, for the record: what ran where, how it ended, what it said and what was seen.
    pub fn transcript(&self) -> String {
        let mut lines = vec![self.summary().to_string()];
        lines.extend(self.deed.remarks.iter().map(Shown::to_string));
        for (step, report) in self.deed.steps().zip(&self.reports) {
            let status = report.status.map_or_else(String::new, |status| format!(", exit status {status}"));
            let place = step.ssh.as_ref().map_or("this machine", Destination::as_str);
            let by = step.by().map_or_else(String::new, |by| format!(", {by}"));
            lines.extend([
                String::new(),
                format!("{} ({place}{by}): {}{status}", step.server, report.state.word()),
                format!("  $ {}", step.line()),
            ]);
            if let Proof::Changes(changes) = &step.proof {
                lines.extend(changes.iter().map(|change| format!("  planned: {change}")));
            }
            lines.extend(report.said.iter().map(|said| format!("  {said}")));
        }
        lines.join("\n") + "\n"
    }

    /// How it went, in a line.
    pub fn summary(&self) -> Shown {
        let count = |state| self.reports.iter().filter(|report| report.state == state).count();
        let of = self.reports.len();
        let (done, failed, left) = (count(StepState::Done), count(StepState::Failed), count(StepState::Left));
        let title = &self.deed.title;
        match (self.ended, failed) {
            (false, _) => format!("{title}: {done} of {of} done"),
            (true, 0) => format!("{title}: done, {done} of {of} seen to be so"),
            (true, _) => format!("{title}: failed on {failed} of {of}, {left} not begun"),
        }
        .into()
    }
}

impl std::fmt::Display for PackageChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.from {
            Some(from) => write!(f, "{} {from} → {}", self.package, self.to),
            None => write!(f, "{} {}, new", self.package, self.to),
        }
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

    #[test]
    fn what_changes_or_goes_down_asks_for_a_word() {
        let server = |name: &str| Server { name: name.into(), ..Server::local() };
        let step = |name: &str| Step::shell(&server(name), vec!["true".into()], Proof::Boot("1".into()));
        let deed = |kind, servers: &[&str]| Deed {
            kind,
            title: "Do it".into(),
            batches: servers.iter().map(|server| vec![step(server)]).collect(),
            remarks: Vec::new(),
        };
        assert_eq!(deed(DeedKind::Reboot, &["web1"]).word(), Some("web1".into()));
        assert_eq!(deed(DeedKind::Reboot, &["web1", "web2"]).word(), Some("2 servers".into()));
        assert_eq!(deed(DeedKind::Upgrade, &["web1", "web2", "db1"]).word(), Some("3 servers".into()));
        assert_eq!(deed(DeedKind::Upgrade, &["web1"]).word(), Some("web1".into()));
        assert_eq!(deed(DeedKind::Disconnect, &["gate"]).word(), Some("gate".into()));
        assert_eq!(deed(DeedKind::Disconnect, &["gate", "gate"]).word(), Some("2 sessions".into()));
        assert_eq!(deed(DeedKind::Login, &["web1"]).word(), None);
    }

    #[test]
    fn a_site_whose_folder_is_hostile_stays_one_word() {
        let site = Site { name: "www.example.org".into(), root: "/srv/a b;reboot".into() };
        let deed = Deed::login(&Server::local(), &site);
        let line = deed.steps().next().unwrap().line();
        assert_eq!(
            line,
            "'/srv/a b;reboot/vendor/bin/drush' '--root=/srv/a b;reboot' --uri=https://www.example.org uli"
        );
    }
}
