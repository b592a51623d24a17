//! What a deed looks at, before and after: nothing here changes anything.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::collect::tools::Tools;
use crate::collect::tools::shell::quoted;
use crate::domain::register::Server;
use crate::domain::{Fault, PackageChange, Shown};

/// A dry run resolves dependencies, which takes a while on a small machine.
const LOOK: Duration = Duration::from_secs(90);
const CAP: usize = 4 << 20;
/// How long a server may take to come back, and how often it is asked meanwhile.
const BOOT: Duration = Duration::from_secs(600);
const AGAIN: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_secs(20);
/// Length of a boot's id: a UUID in text.
pub(super) const BOOT_ID: usize = 36;

/// One server that is asked.
pub(super) struct Asked<'a> {
    pub tools: &'a Tools,
    pub server: Server,
}

impl Asked<'_> {
    /// Runs a script that only looks; its output.
    pub async fn look(&self, script: &str, deadline: Duration) -> Result<String, Fault> {
        let ran = self.tools.shell.once(&self.server, script, deadline, CAP).await?;
        if ran.status != Some(0) {
            return Err(Fault::new(ran.complaint()));
        }
        Ok(String::from_utf8_lossy(&ran.output).into_owned())
    }

    /// Whether the login is root, who needs no sudo; and what another script says after that.
    pub async fn as_whom(&self, script: &str) -> Result<(bool, String), Fault> {
        let text = self.look(&format!("id -u || exit\n{script}"), LOOK).await?;
        let (uid, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
        Ok((uid.trim() == "0", rest.to_owned()))
    }

    /// Whether the packages are as they should be now.
    pub async fn changed(&self, changes: &[PackageChange]) -> Result<Shown, Fault> {
        let names: Vec<String> = changes.iter().map(|change| quoted(change.package.as_str())).collect();
        let format = "${Package} ${db:Status-Status} ${Version}\\n";
        let text = self.look(&format!("dpkg-query -W -f='{format}' {}", names.join(" ")), LOOK).await?;
        for change in changes {
            let name = change.package.as_str().split(':').next().unwrap_or_default();
            let mut said = text.lines().filter(|line| line.split(' ').next() == Some(name)).peekable();
            let wanted = format!("{name} installed {}", change.to);
            if said.peek().is_none() || !said.all(|line| line == wanted) {
                return Err(Fault::new(format!("{} is not {} afterwards", change.package, change.to))
                    .mend("look at what the command said, and at dpkg's log"));
            }
        }
        Ok(format!("seen: {} as planned", count(changes.len(), "package")).into())
    }

    /// Waits until the server has booted another time.
    pub async fn another_boot(&self, before: &Shown) -> Result<Shown, Fault> {
        let until = Instant::now() + BOOT;
        let mut last = Fault::new("it is still up as before");
        while Instant::now() < until {
            match self.look("cat /proc/sys/kernel/random/boot_id", SHORT).await {
                // A server that is going down may answer with nothing.
                Ok(boot) if boot.trim().len() == BOOT_ID && *before != *boot.trim() => {
                    return Ok("seen: it has booted anew".into());
                }
                Ok(_) => last = Fault::new("it is still up as before"),
                Err(fault) => last = fault,
            }
            sleep(AGAIN).await;
        }
        Err(Fault::new(format!("not seen to have booted within {} min: {}", BOOT.as_secs() / 60, last.said)))
    }
}

/// `1 package`, `3 packages`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
