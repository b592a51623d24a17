//! Asking one source: under its deadline, with one more try when the trouble may have passed, and without ever taking
//! anything else down.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::{self, sleep, timeout};

use crate::collect::tools::Tools;
use crate::collect::{Answer, Source};
use crate::domain::Fault;
use crate::store::{Attempt, Outcome};

/// Aborts its task when dropped: who stops waiting stops the work as well.
struct Task(JoinHandle<Result<Answer, Fault>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks, and turns everything that can happen into an [`Attempt`].
pub(super) async fn ask(source: Source, tools: Arc<Tools>, memory: Option<String>) -> Attempt {
    let (asked_at, started) = ((tools.now)(), Instant::now());
    let id = source.id.clone();
    let deadline = source.deadline;
    // A task of its own, so that a panic in a parser ends this attempt and nothing else.
    let mut task = Task(tokio::spawn(async move { twice(&source, &tools, memory.as_deref()).await }));
    let outcome = match timeout(deadline, &mut task.0).await {
        Ok(Ok(Ok(Answer::Unchanged))) => Outcome::Unchanged,
        Ok(Ok(Ok(Answer::Seen { observations, memory }))) => Outcome::Seen { observations, memory },
        Ok(Ok(Err(fault))) => Outcome::Failed(fault),
        Ok(Err(panic)) => Outcome::Failed(
            Fault::new(format!(
                "reading its answer failed inside matins ({})",
                if panic.is_panic() { "a panic" } else { "cancelled" }
            ))
            .mend("please report it, with what the source sent if you can share it"),
        ),
        Err(_) => Outcome::Failed(Fault::passing(format!("no whole answer within {} s", deadline.as_secs()))),
    };
    Attempt { id, asked_at, took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX), outcome }
}

/// Not where the first try took most of the time there is: the second could only run into the deadline, and what the
/// first said, which names the cause, would be lost.
async fn twice(source: &Source, tools: &Tools, memory: Option<&str>) -> Result<Answer, Fault> {
    let began = time::Instant::now();
    match source.ask.ask(tools, memory).await {
        Err(fault) if fault.passing && began.elapsed() < source.deadline / 2 => {
            sleep(Duration::from_millis(fastrand::u64(300..900))).await;
            source.ask.ask(tools, memory).await
        }
        answer => answer,
    }
}
