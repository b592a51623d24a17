//! What is done to servers, from its end to the record.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use super::Clerk;
use crate::domain::{Account, Fault, Subject};
use crate::round::Order;

/// How long a console that hung up waits for a deed that may just be ending.
const LAST: Duration = Duration::from_millis(200);

/// What is done to servers, and what the record lacks of it.
pub(super) struct Deeds {
    /// What is being prepared (`None`) or done.
    pub doing: JoinSet<Option<Account>>,
    /// How many have begun whose end is not in the record yet.
    pub owed: watch::Sender<usize>,
    /// What has ended of these.
    unsettled: Vec<Account>,
}

impl Deeds {
    pub fn new(owed: watch::Sender<usize>) -> Self {
        Self { doing: JoinSet::new(), owed, unsettled: Vec::new() }
    }
}

impl Clerk {
    pub(super) fn done(&mut self, done: Result<Option<Account>, JoinError>) {
        match done {
            Ok(Some(account)) => self.end(account),
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
    fn end(&mut self, account: Account) {
        let now = (self.tools.now)();
        for step in account.deed.steps() {
            self.hurry(&Order::RefreshSubject(Subject::host(step.server.clone())), now);
        }
        self.deeds.unsettled.push(account);
        self.settle();
    }

    /// Writes the last entry of each deed that has ended; what the store does not take is tried again with the next evaluation.
    pub(super) fn settle(&mut self) {
        let now = (self.tools.now)();
        for account in std::mem::take(&mut self.deeds.unsettled) {
            match self.desk.note_done(&account, now) {
                Ok(_) => self.deeds.owed.send_modify(|owed| *owed = owed.saturating_sub(1)),
                Err(why) => {
                    self.trouble(why.into());
                    self.deeds.unsettled.push(account);
                }
            }
        }
    }

    /// Nobody looks any more: a deed that has ended gets its last entry all the same. What goes on is cut off, as was said.
    pub(super) async fn part(&mut self) {
        while *self.deeds.owed.borrow() > 0
            && let Ok(Some(done)) = timeout(LAST, self.deeds.doing.join_next()).await
        {
            self.done(done);
        }
        self.settle();
    }
}
