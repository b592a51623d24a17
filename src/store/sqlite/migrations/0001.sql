-- Types and statements here serve PostgreSQL as well: BIGINT milliseconds since 1970, TEXT, natural keys.

CREATE TABLE source (
    collector TEXT NOT NULL,
    name      TEXT NOT NULL,
    asked_at  BIGINT,
    good_at   BIGINT,
    took_ms   BIGINT,
    failures  BIGINT NOT NULL,
    fault     TEXT,
    memory    TEXT,
    PRIMARY KEY (collector, name)
);

-- A fact is stored once per content: a hundred servers with the same packages share one row.
CREATE TABLE body (
    digest TEXT NOT NULL PRIMARY KEY,
    json   TEXT NOT NULL
);

CREATE TABLE observation (
    collector    TEXT NOT NULL,
    name         TEXT NOT NULL,
    position     BIGINT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject      TEXT NOT NULL,
    at           BIGINT NOT NULL,
    digest       TEXT NOT NULL,
    PRIMARY KEY (collector, name, position)
);
CREATE INDEX observation_digest ON observation (digest);

CREATE TABLE sighting (
    collector    TEXT NOT NULL,
    name         TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject      TEXT NOT NULL,
    item         TEXT NOT NULL,
    first_seen   BIGINT NOT NULL,
    PRIMARY KEY (collector, name, subject_kind, subject, item)
);

CREATE TABLE finding (
    key          TEXT NOT NULL PRIMARY KEY,
    measure      TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject      TEXT NOT NULL,
    verdict      TEXT NOT NULL,
    title        TEXT NOT NULL,
    since        BIGINT NOT NULL,
    first_seen   BIGINT NOT NULL,
    particulars  TEXT NOT NULL
);

-- What changed and when, for ever: a new verdict, or no finding any more (verdict is then empty).
CREATE TABLE change (
    at      BIGINT NOT NULL,
    key     TEXT NOT NULL,
    verdict TEXT NOT NULL,
    title   TEXT NOT NULL,
    PRIMARY KEY (key, at)
);

CREATE TABLE round (
    at       BIGINT NOT NULL PRIMARY KEY,
    operator TEXT NOT NULL,
    ok       BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    broken   BIGINT NOT NULL,
    unknown  BIGINT NOT NULL
);

-- The last round's order and sources, in one row, so that a console opens with one read.
CREATE TABLE opening (
    one     BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    ranking TEXT NOT NULL,
    sources TEXT NOT NULL
);
