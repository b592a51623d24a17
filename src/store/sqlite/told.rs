//! What each channel was told last.

use rusqlite::{Connection, OptionalExtension as _, Transaction};

pub(super) fn read(connection: &Connection, channel: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT memory FROM told WHERE channel = ?1", [channel], |row| row.get(0)).optional()
}

pub(super) fn keep(transaction: &Transaction<'_>, channel: &str, memory: &str) -> rusqlite::Result<()> {
    transaction
        .execute(
            "INSERT INTO told (channel, memory) VALUES (?1, ?2) ON CONFLICT (channel) DO UPDATE SET memory = excluded.memory",
            [channel, memory],
        )
        .map(drop)
}
