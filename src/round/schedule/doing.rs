//! What is done to servers, from its end to the record.

use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::timeout;

use super::Clerk;
use crate::domain::{Account, Fault, Subject};
use crate::round::Order;

/// How long a console that hung up waits for a deed that may just be ending.
const LAST: Duration = Duration::from_millis(200);

impl Clerk {
    pub(super) fn done(&mut self, done: Result<Option<Account>, JoinError>) {
        match done {
            Ok(Some(account)) => self.settle(&account),
            // It was prepared only.
            Ok(None) => {}
            Err(panic) => {
                let fault = Fault::new(format!("matins failed while it did something on a server ({panic})"));
                self.trouble(fault.mend("look there how far it came, and please report it"));
            }
        }
    }

    /// After a deed, whatever came of it, its servers are asked again: what counts is what is seen. The one place that
    /// every account comes through.
    fn settle(&mut self, account: &Account) {
        let now = (self.tools.now)();
        if let Err(fault) = self.desk.note_done(account, now) {
            self.trouble(fault);
        }
        self.owed.send_modify(|owed| *owed = owed.saturating_sub(1));
        for step in account.deed.steps() {
            self.hurry(&Order::RefreshSubject(Subject::host(step.server.clone())), now);
        }
    }

    /// Nobody looks any more: a deed that has ended gets its last entry all the same. What goes on is cut off, as was said.
    pub(super) async fn part(&mut self) {
        while *self.owed.borrow() > 0
            && let Ok(Some(done)) = timeout(LAST, self.deeds.join_next()).await
        {
            self.done(done);
        }
    }
}
