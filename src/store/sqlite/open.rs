//! Opening the file, its modes, its migrations, and what its errors mean.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::domain::Shown;

/// Numbered, each run once, never edited after a release.
const NEWEST: u32 = 14;
const MIGRATIONS: [&str; NEWEST as usize] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
    include_str!("migrations/0009.sql"),
    include_str!("migrations/0010.sql"),
    include_str!("migrations/0011.sql"),
    include_str!("migrations/0012.sql"),
    include_str!("migrations/0013.sql"),
    include_str!("migrations/0014.sql"),
];

/// What is wrong, and what helps.
type Wrong = (Shown, Shown);

pub(super) fn connection(path: &Path) -> Result<Connection, Wrong> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
            (
                Shown::line(&format!("its folder can't be made: {error}")),
                "set [store] url or XDG_STATE_HOME to a folder of yours".into(),
            )
        })?;
    }
    // SQLite would make it 0644; its -wal and -shm files take the mode of this one.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err((
                Shown::line(&format!("can't be made: {error}")),
                "set [store] url to a place where you may write".into(),
            ));
        }
    }
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        return Err(("is not a file".into(), "set [store] url to another place".into()));
    }
    let mut connection = Connection::open(path).map_err(|error| explain(&error))?;
    prepare(&mut connection)?;
    Ok(connection)
}

/// Of a file that is open already: one that was taken away is not made anew.
pub(super) fn again(path: &Path) -> Result<Connection, Wrong> {
    let mut connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| explain(&error))?;
    prepare(&mut connection)?;
    Ok(connection)
}

pub(super) fn memory() -> Result<Connection, Wrong> {
    let mut connection = Connection::open_in_memory().map_err(|error| explain(&error))?;
    prepare(&mut connection)?;
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> Result<(), Wrong> {
    settings(connection).map_err(|error| explain(&error))?;
    if version(connection)? < NEWEST {
        migrate(connection)?;
    }
    Ok(())
}

/// Which schema the file has, if this program knows it.
fn version(connection: &Connection) -> Result<u32, Wrong> {
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|error| explain(&error))?;
    if version > NEWEST {
        return Err((
            Shown::line(&format!("was written by a newer matins (schema {version}, this one knows {NEWEST})")),
            "start that version, or set [store] url to another file".into(),
        ));
    }
    Ok(version)
}

/// How long to wait for whoever is writing, where somebody waits for us.
pub(super) const BRIEFLY: Duration = Duration::from_secs(2);

fn settings(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BRIEFLY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", "ON")
}

/// The version is read again under the write lock: two consoles that start together migrate once, and what a newer one made of
/// the file meanwhile is left alone.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Wrong> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let transaction = begun.map_err(|error| explain(&error))?;
    let version = version(&transaction)?;
    run(transaction, version).map_err(|error| explain(&error))
}

fn run(transaction: Transaction<'_>, version: u32) -> rusqlite::Result<()> {
    for migration in MIGRATIONS.iter().skip(version as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", NEWEST)?;
    transaction.commit()
}

/// SQLite's errors in words for people.
pub(super) fn explain(error: &rusqlite::Error) -> Wrong {
    let (said, mend) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ("is busy: another process is writing".to_owned(), "try again in a moment")
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (
            format!("is damaged or no database ({error})"),
            "nothing was written to it; move it away and start again, or restore it from your backup",
        ),
        Some(ErrorCode::DiskFull) => ("the disk is full".to_owned(), "make room; what is shown is not being kept"),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            (format!("may not be written ({error})"), "check who owns the file and its folder")
        }
        _ => (error.to_string(), "see what the message says; nothing was changed"),
    };
    (Shown::line(&said), Shown::line(mend))
}
