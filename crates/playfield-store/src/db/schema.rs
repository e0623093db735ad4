//! The tables, as the list of steps that made them. A step that was released never changes; a new one is appended.

use std::path::Path;

use rusqlite::Connection;

use super::DbError;

/// Step N brings a database from `user_version` N to N + 1.
const STEPS: &[&str] = &[
    "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        module TEXT NOT NULL,
        node TEXT NOT NULL,
        client TEXT NOT NULL,
        profile BLOB,
        storage_bytes INTEGER NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        detail TEXT,
        created_ms INTEGER NOT NULL,
        ended_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_open ON sessions (client, node) WHERE ended_ms IS NULL;
    CREATE INDEX sessions_by_age ON sessions (created_ms);

    CREATE TABLE viewers (
        id TEXT PRIMARY KEY,
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        token BLOB NOT NULL UNIQUE,
        role TEXT NOT NULL,
        slot INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX viewers_by_session ON viewers (session);

    CREATE TABLE storage (
        profile BLOB NOT NULL,
        title TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (profile, title, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE receipts (
        session TEXT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
        receipt TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE idempotency (
        caller TEXT NOT NULL,
        key BLOB NOT NULL,
        request BLOB NOT NULL,
        response BLOB,
        created_ms INTEGER NOT NULL,
        PRIMARY KEY (caller, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE cookies (hash BLOB PRIMARY KEY, expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE sessions ADD COLUMN resumes INTEGER NOT NULL DEFAULT 0;
",
    // What earlier receipts lack cannot be made up, and they were kept for a month at most.
    "
    DROP TABLE receipts;
    CREATE TABLE receipts (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        began_ms INTEGER NOT NULL,
        part TEXT NOT NULL,
        PRIMARY KEY (session, began_ms)
    ) STRICT;
    CREATE INDEX sessions_by_end ON sessions (ended_ms);
",
    "
    CREATE TABLE invites (
        id TEXT PRIMARY KEY,
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        token BLOB NOT NULL UNIQUE,
        role TEXT NOT NULL,
        slot INTEGER,
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX invites_by_session ON invites (session);
",
    // The address that somebody came by a link from; none: the host.
    "
    ALTER TABLE viewers ADD COLUMN client TEXT;
    ALTER TABLE viewers ADD COLUMN created_ms INTEGER NOT NULL DEFAULT 0;
",
    // Links and viewers from before go on as they were: they may what their roles say, for as long as their sessions.
    "
    ALTER TABLE viewers ADD COLUMN may INTEGER;
    ALTER TABLE viewers ADD COLUMN name TEXT;
    ALTER TABLE viewers ADD COLUMN number INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE viewers ADD COLUMN expires_ms INTEGER;
    ALTER TABLE viewers ADD COLUMN invite TEXT;
    ALTER TABLE viewers ADD COLUMN removed_ms INTEGER;
    ALTER TABLE invites ADD COLUMN may INTEGER;
    ALTER TABLE invites ADD COLUMN uses INTEGER;
    ALTER TABLE invites ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE invites ADD COLUMN stay_s INTEGER;
    ALTER TABLE invites ADD COLUMN revoked_ms INTEGER;
    ALTER TABLE sessions ADD COLUMN roster INTEGER NOT NULL DEFAULT 0;
",
    // Blobs that no row names: being written, or to be removed.
    "
    CREATE TABLE states (
        profile BLOB NOT NULL,
        title TEXT NOT NULL,
        slot INTEGER NOT NULL,
        module TEXT NOT NULL,
        maker TEXT NOT NULL,
        blob TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        tick INTEGER NOT NULL,
        tick_hz INTEGER NOT NULL,
        picture BLOB NOT NULL,
        saved_ms INTEGER NOT NULL,
        PRIMARY KEY (profile, title, slot)
    ) STRICT;
    CREATE TABLE loose_blobs (blob TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE devices (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        node TEXT NOT NULL,
        desired TEXT NOT NULL,
        version INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        revoked_ms INTEGER,
        told INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE device_events (
        device TEXT NOT NULL REFERENCES devices ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        time_ms INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (device, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE device_counts (
        device TEXT NOT NULL REFERENCES devices ON DELETE CASCADE,
        what TEXT NOT NULL,
        minute INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (device, what, minute)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE grants (
        id TEXT PRIMARY KEY,
        device TEXT NOT NULL REFERENCES devices ON DELETE CASCADE,
        reason TEXT NOT NULL,
        client TEXT NOT NULL,
        viewer TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        ended_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX grants_by_device ON grants (device, created_ms);
",
    // Cameras that speak MQTT: who they are, the two halves of their twins, and what they bring and get.
    "
    CREATE TABLE evp_devices (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        password BLOB,
        certificate BLOB UNIQUE,
        token BLOB UNIQUE,
        results TEXT,
        dialect TEXT,
        info TEXT,
        deployment TEXT,
        status TEXT,
        created_ms INTEGER NOT NULL,
        seen_ms INTEGER,
        revoked_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE evp_settings (
        device TEXT NOT NULL REFERENCES evp_devices ON DELETE CASCADE,
        instance TEXT NOT NULL,
        topic TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (device, instance, topic)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE evp_states (
        device TEXT NOT NULL REFERENCES evp_devices ON DELETE CASCADE,
        instance TEXT NOT NULL,
        topic TEXT NOT NULL,
        value BLOB NOT NULL,
        reported_ms INTEGER NOT NULL,
        PRIMARY KEY (device, instance, topic)
    ) STRICT;
    CREATE TABLE evp_modules (
        blob TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        created_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE evp_uploads (
        device TEXT NOT NULL REFERENCES evp_devices ON DELETE CASCADE,
        name TEXT NOT NULL,
        blob TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        uploaded_ms INTEGER NOT NULL,
        PRIMARY KEY (device, name)
    ) STRICT;
    CREATE INDEX evp_uploads_by_blob ON evp_uploads (blob);
",
    // Events of all cameras get one order, and the time at which they came; of those from before, what the camera said is all that
    // is known. A camera's model names its classes, for what is told before it speaks again. What rules did outlives the rules.
    "
    CREATE TABLE told (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        device TEXT NOT NULL REFERENCES devices ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        time_ms INTEGER NOT NULL,
        received_ms INTEGER NOT NULL,
        offset_ms INTEGER,
        event TEXT NOT NULL,
        UNIQUE (device, seq)
    ) STRICT;
    INSERT INTO told (device, seq, time_ms, received_ms, event)
        SELECT device, seq, time_ms, time_ms, event FROM device_events ORDER BY time_ms, device, seq;
    DROP TABLE device_events;
    ALTER TABLE told RENAME TO device_events;
    ALTER TABLE devices ADD COLUMN model TEXT;
    CREATE TABLE rules (
        id TEXT PRIMARY KEY,
        rule TEXT NOT NULL,
        version INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        changed_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE firings (
        rule TEXT NOT NULL REFERENCES rules ON DELETE CASCADE,
        device TEXT NOT NULL,
        number INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (rule, device)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE deliveries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        rule TEXT NOT NULL,
        device TEXT,
        action TEXT NOT NULL,
        destination TEXT NOT NULL,
        body TEXT NOT NULL,
        state TEXT NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        detail TEXT,
        created_ms INTEGER NOT NULL,
        next_ms INTEGER,
        ended_ms INTEGER
    ) STRICT;
    CREATE INDEX deliveries_waiting ON deliveries (destination, next_ms) WHERE next_ms IS NOT NULL;
    CREATE INDEX deliveries_by_rule ON deliveries (rule, number);
",
    // Machines with cameras that came by a link, and the codes they come with; how far each one's journal was read.
    "
    CREATE TABLE nodes (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        token BLOB NOT NULL UNIQUE,
        created_ms INTEGER NOT NULL,
        revoked_ms INTEGER,
        seen_ms INTEGER,
        machine TEXT,
        journal TEXT NOT NULL DEFAULT '',
        stored INTEGER NOT NULL DEFAULT 0,
        lost INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE enrolments (
        code BLOB PRIMARY KEY,
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        node TEXT
    ) STRICT;
    ALTER TABLE devices ADD COLUMN tags TEXT NOT NULL DEFAULT '';
    CREATE INDEX devices_by_node ON devices (node);
",
    // Pictures that are kept, by whose leave, and what was found in them.
    "
    CREATE TABLE datasets (
        id TEXT PRIMARY KEY REFERENCES grants ON DELETE CASCADE,
        every_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE samples (
        dataset TEXT NOT NULL REFERENCES datasets ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        blob TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        found TEXT NOT NULL,
        PRIMARY KEY (dataset, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX samples_by_blob ON samples (blob);
",
    // Links by which browsers are cameras.
    "
    CREATE TABLE camera_links (
        id TEXT PRIMARY KEY,
        device TEXT NOT NULL REFERENCES devices ON DELETE CASCADE,
        token BLOB NOT NULL UNIQUE,
        client TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER,
        ended_ms INTEGER,
        used_ms INTEGER,
        used_by TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX camera_links_by_device ON camera_links (device, created_ms);
",
    // What every event changes, apart from what is long and stays: a page of it holds a hundred machines.
    "
    CREATE TABLE positions (
        node TEXT PRIMARY KEY REFERENCES nodes ON DELETE CASCADE,
        journal TEXT NOT NULL,
        stored INTEGER NOT NULL,
        lost INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO positions SELECT id, journal, stored, lost FROM nodes;
    ALTER TABLE nodes DROP COLUMN journal;
    ALTER TABLE nodes DROP COLUMN stored;
    ALTER TABLE nodes DROP COLUMN lost;
    CREATE TABLE told (
        device TEXT PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
        seq INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO told SELECT id, told FROM devices;
    ALTER TABLE devices DROP COLUMN told;
",
    // Events are appended, with all that is to be known of them; in their places, counts, `told` and `positions` they are in rounds:
    // all up to the number that is settled, and of a device all up to what it told. Numbers are never given twice.
    "
    CREATE TABLE appended (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        device TEXT NOT NULL,
        seq INTEGER NOT NULL,
        time_ms INTEGER NOT NULL,
        received_ms INTEGER NOT NULL,
        offset_ms INTEGER,
        journal_seq INTEGER,
        counts_as TEXT,
        event TEXT NOT NULL
    ) STRICT;
    INSERT INTO sqlite_sequence (name, seq) SELECT 'appended', seq FROM sqlite_sequence WHERE name = 'device_events';
    INSERT INTO appended (number, device, seq, time_ms, received_ms, offset_ms, event)
        SELECT number, device, seq, time_ms, received_ms, offset_ms, event FROM device_events ORDER BY number;
    DROP TABLE device_events;
    ALTER TABLE appended RENAME TO device_events;
    CREATE TABLE event_places (
        device TEXT NOT NULL,
        seq INTEGER NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (device, seq)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO event_places SELECT device, seq, number FROM device_events ORDER BY device, seq;
    CREATE TABLE settled (number INTEGER NOT NULL) STRICT;
    INSERT INTO settled SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'device_events';
    ALTER TABLE positions ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE minutes (
        device TEXT NOT NULL,
        minute INTEGER NOT NULL,
        what TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (device, minute, what)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO minutes SELECT device, minute, what, count FROM device_counts ORDER BY device, minute, what;
    DROP TABLE device_counts;
    ALTER TABLE minutes RENAME TO device_counts;
",
    // What apps upload, where that is kept.
    "
    ALTER TABLE datasets ADD COLUMN uploads INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE uploads (
        dataset TEXT NOT NULL REFERENCES datasets ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        name TEXT NOT NULL,
        origin TEXT NOT NULL,
        blob TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (dataset, seq),
        UNIQUE (dataset, origin)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX uploads_by_blob ON uploads (blob);
    CREATE INDEX states_by_blob ON states (blob);
",
];

pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), DbError> {
    let version = |c: &Connection| c.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
    let known = STEPS.len() as u32;
    let found = version(connection)?;
    if found > known {
        return Err(DbError::Newer { path: path.to_owned(), found, known });
    }
    for step in found..known {
        let change = connection.transaction()?;
        change.execute_batch(STEPS[step as usize])?;
        change.pragma_update(None, "user_version", step + 1)?;
        change.commit()?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn events_from_before_they_had_one_order_get_one() {
        let mut connection = Connection::open_in_memory().unwrap();
        let before = 8;
        STEPS[..before].iter().for_each(|step| connection.execute_batch(step).unwrap());
        connection.pragma_update(None, "user_version", before as u32).unwrap();
        connection
            .execute_batch(
                "INSERT INTO devices (id, name, node, desired, version, created_ms, told) VALUES
                     ('a', '', '', '', 1, 0, 2), ('b', '', '', '', 1, 0, 1);
                 INSERT INTO device_events (device, seq, time_ms, event) VALUES
                     ('a', 1, 10, 'one'), ('a', 2, 30, 'three'), ('b', 1, 20, 'two');",
            )
            .unwrap();
        migrate(&mut connection, Path::new("test")).unwrap();
        let mut find =
            connection.prepare("SELECT number, event, received_ms FROM device_events ORDER BY number").unwrap();
        let rows = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let rows: Vec<(i64, String, i64)> = rows.collect::<Result<_, _>>().unwrap();
        let expect = [(1, "one", 10), (2, "two", 20), (3, "three", 30)];
        assert_eq!(rows, expect.map(|(number, event, at)| (number, event.to_owned(), at)));
        let settled = "SELECT (SELECT group_concat(device || seq || number, ' ') FROM event_places) || ' ' || number FROM settled";
        let settled: String = connection.query_row(settled, [], |row| row.get(0)).unwrap();
        assert_eq!(settled, "a11 a23 b12 3");
        // Numbers go on, though the newest are forgotten.
        connection.execute_batch("DELETE FROM device_events").unwrap();
        let next = "INSERT INTO device_events (device, seq, time_ms, received_ms, event) VALUES ('a', 3, 0, 0, '')";
        assert_eq!(connection.prepare(next).unwrap().insert([]).unwrap(), 4);
    }

    #[test]
    fn how_far_journals_were_read_is_kept_where_it_moved_to() {
        let mut connection = Connection::open_in_memory().unwrap();
        let before = 13;
        STEPS[..before].iter().for_each(|step| connection.execute_batch(step).unwrap());
        connection.pragma_update(None, "user_version", before as u32).unwrap();
        connection
            .execute_batch(
                "INSERT INTO nodes (id, name, token, created_ms, journal, stored, lost) VALUES ('n', '', x'01', 0, 'j', 7, 2);
                 INSERT INTO devices (id, name, node, desired, version, created_ms, told) VALUES ('d', '', 'n', '', 1, 0, 5);",
            )
            .unwrap();
        migrate(&mut connection, Path::new("test")).unwrap();
        let position = "SELECT journal || ' ' || stored || ' ' || lost || ' ' || seq FROM positions, told WHERE node = 'n' AND device = 'd'";
        let position: String = connection.query_row(position, [], |row| row.get(0)).unwrap();
        assert_eq!(position, "j 7 2 5");
    }
}
