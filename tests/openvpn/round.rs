//! What the built program says of VPNs.

use std::collections::BTreeMap;
use std::path::Path;

use matins::collect::tools::Tools;
use matins::collect::{self, Answer};
use matins::domain::facts::VpnClients;
use matins::domain::register::Register;
use matins::domain::settings::Entry;
use matins::domain::{Fact, Fault, Period};
use serde_json::Value;

use super::home::Home;

/// Of each finding of `admin-via-vpn`, by the rest of its key.
#[derive(Debug)]
pub struct Judged(BTreeMap<String, [String; 3]>);

impl Judged {
    /// Verdict and title.
    pub fn of(&self, key: &str) -> (&str, &str) {
        let [verdict, title, _] = self.0.get(key).unwrap_or_else(|| panic!("{key} is not in {self:#?}"));
        (verdict, title)
    }

    pub fn detail(&self, key: &str) -> &str {
        &self.0.get(key).unwrap_or_else(|| panic!("{key} is not in {self:#?}"))[2]
    }

    pub fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

/// What an OpenVPN's source says when it is asked once.
pub fn ask(management: &Path, password: &Path) -> Result<VpnClients, Fault> {
    let value = serde_json::json!({
        "name": "gate", "kind": "openvpn",
        "management": format!("unix:{}", management.display()), "password": { "file": password },
    });
    let entry = Entry { section: "vpn", value, place: "test".into(), index: 0 };
    let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
    let collector = collect::ALL.iter().find(|collector| collector.name == "vpn").unwrap();
    let source = (collector.plan)(&[entry], &register, Period::minutes(15)).unwrap().remove(0);
    let tools = Tools::new(super::home::jiff_now).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match runtime.block_on(source.ask.ask(&tools, None))? {
        Answer::Seen { observations, .. } => match &observations[0].fact {
            Fact::VpnClients(clients) => Ok(clients.clone()),
            other => panic!("{other:?}"),
        },
        Answer::Unchanged => panic!("unchanged"),
    }
}

/// One round of a home of its own.
pub fn judge(toml: &str, variables: &[(&str, String)]) -> Judged {
    judge_in(&Home::new(&format!("[console]\ntimezone = \"UTC\"\noperator = \"mona\"\n{toml}")), variables)
}

/// The next round of a home that may have had some.
pub fn judge_in(home: &Home, variables: &[(&str, String)]) -> Judged {
    let mut command = home.command(&["round", "--json"]);
    let ran = command.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap();
    let round: Value = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&ran.stderr)));
    let findings = round["findings"].as_array().unwrap().iter();
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let of = findings.filter_map(|finding| {
        let key = word(finding, "key").strip_prefix("admin-via-vpn/")?.to_owned();
        Some((key, ["verdict", "title", "detail"].map(|name| word(finding, name))))
    });
    Judged(of.collect())
}
