//! sudo's rules: who may become root, and who may run what.

use serde_json::Value;

use super::super::sections::Sections;
use crate::domain::facts::{MIGHTY_GROUPS, SudoRule};
use crate::domain::{Fault, Shown};

/// Programs that start others, or change who has power: whoever runs one as root with arguments of their own is root.
const OPENERS: &str = "ash awk bash busybox chpasswd chroot csh dash doas docker ed emacs env expect find fish gawk gdb ksh \
    less lua lxc man mawk mksh more nano nerdctl nice node nohup nsenter passwd perl php podman python rbash ruby \
    runuser screen script setpriv setsid sh strace su sudo sudoedit systemd-run tcsh timeout tmux unshare \
    usermod vi view vigr vim vipw visudo xargs zsh";
/// Those that open a shell from within, whatever they were started with, unless sudo keeps them from starting anything.
const PAGERS_AND_EDITORS: &[&str] = &["ed", "emacs", "less", "man", "more", "nano", "vi", "view", "vim"];

/// `cvtsudoers -e -f json`: the rules with every file that they include, behind `host NAME`, the server's own. 3: there are
/// none.
pub(super) fn parse_sudoers(sections: &Sections) -> Result<Vec<SudoRule>, Fault> {
    let section = match sections.get("sudoers") {
        Some(section) if section.code == 3 => return Ok(Vec::new()),
        _ => sections.rooted("sudoers", "cvtsudoers", "reading sudo's rules")?,
    };
    let nonsense = || Fault::new("cvtsudoers said what makes no sense");
    let host = section.lines.iter().find_map(|line| line.strip_prefix("host "));
    // What it warns of stands in front.
    let json = section.lines.iter().skip_while(|line| !line.starts_with('{'));
    let json: Value =
        serde_json::from_str(&json.map(String::as_str).collect::<Vec<_>>().join("\n")).map_err(|_| nonsense())?;
    let mut rules = Vec::new();
    for spec in list(&json, "User_Specs").filter(|spec| is_of(spec, host)) {
        let grants: Vec<Grant> = list(spec, "Cmnd_Specs").flat_map(grants).collect();
        for who in users(spec) {
            let some = grants.iter().filter(|grant| grant.command != "ALL" || grant.whom.is_some());
            rules.push(SudoRule {
                who: Shown::line(&who),
                all: grants.iter().any(Grant::is_all),
                commands: some.map(|grant| Shown::line(&grant.words())).collect(),
            });
        }
    }
    rules.sort();
    rules.dedup();
    if json.is_object() { Ok(rules) } else { Err(nonsense()) }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// What a rule takes away makes nobody mightier.
fn is_given(member: &Value) -> bool {
    member.get("negated").and_then(Value::as_bool) != Some(true)
}

/// Whether a rule is one of this server: one is not that names other hosts alone. What is no plain name may be ours.
fn is_of(spec: &Value, host: Option<&str>) -> bool {
    let first = |name: &str| name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let Some(host) = host.map(first) else { return true };
    let mut hosts = list(spec, "Host_List").filter(|member| is_given(member)).peekable();
    let ours = |member: &Value| {
        let name = member.get("hostname").and_then(Value::as_str);
        name.is_none_or(|name| name == "ALL" || has_pattern(name) || first(name) == host)
    };
    hosts.peek().is_none() || hosts.any(ours)
}

/// As sudoers writes them; aliases are resolved.
fn users(spec: &Value) -> Vec<String> {
    let user = |user: &Value| {
        let text = |key: &str| user.get(key).and_then(Value::as_str);
        let named = text("username").or_else(|| text("useralias")).map(str::to_owned);
        let group = text("usergroup").or_else(|| text("nonunixgroup")).map(|group| format!("%{group}"));
        let id = user.get("userid").map(|id| format!("#{id}"));
        let netgroup = text("netgroup").map(|netgroup| format!("+{netgroup}"));
        let gid = user.get("usergid").map(|id| format!("%#{id}"));
        let gid = gid.or_else(|| user.get("nonunixgid").map(|id| format!("%:#{id}")));
        // Whoever is written down in a way that nobody knows here may be anybody: he is not left out.
        named.or(group).or(id).or(netgroup).or(gid).unwrap_or_else(|| user.to_string())
    };
    list(spec, "User_List").filter(|member| is_given(member)).map(user).collect()
}

/// One command, and as whom.
struct Grant<'a> {
    command: &'a str,
    /// `None` is root, or whoever may be.
    whom: Option<String>,
    /// It can start nothing else.
    alone: bool,
}

fn grants(spec: &Value) -> impl Iterator<Item = Grant<'_>> {
    let whom = whom(spec);
    let alone = list(spec, "Options").any(|option| option.get("noexec").and_then(Value::as_bool) == Some(true));
    list(spec, "Commands").filter(|member| is_given(member)).filter_map(move |command| {
        let text = ["command", "cmndalias"].iter().find_map(|key| command.get(*key)?.as_str());
        text.map(|command| Grant { command, whom: whom.clone(), alone })
    })
}

/// As whom, where that is nobody with power: accounts that are not root, or the same account in groups that say nothing.
/// Without a word it is root.
fn whom(spec: &Value) -> Option<String> {
    let (users, groups) = (list(spec, "runasusers").peekable(), list(spec, "runasgroups"));
    let (mut users, groups) = (users, groups.collect::<Vec<_>>());
    let named = |member: &Value, name: &str, id: &str| {
        let name = member.get(name).and_then(Value::as_str).map(str::to_owned);
        name.or_else(|| member.get(id).map(|id| format!("#{id}")))
    };
    let (members, powers): (Vec<Option<String>>, &[&str]) = if users.peek().is_some() {
        (users.filter(|member| is_given(member)).map(|one| named(one, "username", "userid")).collect(), &["root"])
    } else if groups.is_empty() {
        return None;
    } else {
        let groups = groups.into_iter().filter(|member| is_given(member));
        (groups.map(|one| named(one, "usergroup", "usergid").map(|name| format!(":{name}"))).collect(), MIGHTY_GROUPS)
    };
    // In a way that nobody knows here it may be anybody; of a group's number nobody knows the name.
    let mighty = |name: &String| {
        let name = name.strip_prefix(":#").map_or(name.trim_start_matches(':'), |_| "ALL");
        matches!(name, "ALL" | "#0") || powers.contains(&name)
    };
    let members: Option<Vec<String>> = members.into_iter().collect();
    members.filter(|members| !members.iter().any(mighty)).map(|members| members.join(", "))
}

impl Grant<'_> {
    /// Whether it makes root of whoever holds it.
    fn is_all(&self) -> bool {
        if self.whom.is_some() {
            return false;
        }
        let (program, arguments) = self.command.split_once(' ').unwrap_or((self.command, ""));
        // A folder, or a pattern that may be any program's.
        if program == "ALL" || program.ends_with('/') || has_pattern(program) {
            return true;
        }
        let Some(name) = opener(program) else { return false };
        let words: Vec<&str> = arguments.split_whitespace().collect();
        match name {
            _ if PAGERS_AND_EDITORS.contains(&name) => !self.alone,
            "visudo" => !words.iter().any(|word| word.starts_with("-c") || *word == "--check"),
            // Of fixed arguments one must say what is done, else there comes a shell: `su -`, `sudo -i`, `env bash`.
            _ => {
                has_pattern(arguments)
                    || !words.iter().any(|word| {
                        let said = !word.starts_with('-') && !word.contains('=') && !matches!(*word, "root" | "\"\"");
                        let said = said && !word.starts_with(|first: char| first.is_ascii_digit());
                        said && opener(word).is_none()
                    })
            }
        }
    }

    fn words(&self) -> String {
        self.whom.as_ref().map_or_else(|| self.command.to_owned(), |whom| format!("({whom}) {}", self.command))
    }
}

/// `python` of `/usr/bin/python3.11`.
fn opener(program: &str) -> Option<&'static str> {
    let name = program.rsplit('/').next().unwrap_or(program);
    let name = name.trim_end_matches(|end: char| end.is_ascii_digit() || end == '.');
    OPENERS.split_whitespace().find(|opener| *opener == name)
}

/// Wildcards of sudoers, and its regular expressions, which begin with `^`.
fn has_pattern(text: &str) -> bool {
    text.starts_with('^') || text.contains(['*', '?', '['])
}

#[cfg(test)]
mod tests;
