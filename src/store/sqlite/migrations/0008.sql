-- What a morning of the past is shown from. A change of verdict keeps since when it was so, its weight, and what it said.
ALTER TABLE change ADD COLUMN since BIGINT;
ALTER TABLE change ADD COLUMN weight BIGINT NOT NULL DEFAULT 0;
ALTER TABLE change ADD COLUMN said BIGINT;

-- The same verdict in other words. See `retention` for how long.
CREATE TABLE wording (
    key    TEXT NOT NULL,
    at     BIGINT NOT NULL,
    title  TEXT NOT NULL,
    since  BIGINT NOT NULL,
    weight BIGINT NOT NULL,
    said   BIGINT,
    PRIMARY KEY (key, at)
);
CREATE INDEX wording_at ON wording (at);

-- What findings said to who looks closer, once for each content.
CREATE TABLE said (
    digest BIGINT NOT NULL PRIMARY KEY,
    detail TEXT NOT NULL,
    mend   TEXT,
    link   TEXT,
    chain  TEXT NOT NULL
);

-- Whom a key speaks of, also when no finding does any more.
CREATE TABLE spoken (
    key          TEXT NOT NULL PRIMARY KEY,
    subject_kind TEXT NOT NULL,
    subject      TEXT NOT NULL
);
CREATE INDEX spoken_subject ON spoken (subject_kind, subject);
INSERT INTO spoken (key, subject_kind, subject) SELECT key, subject_kind, subject FROM finding;

-- When a standing began to ask for a person, and when it ceased to.
CREATE TABLE asked (
    key  TEXT NOT NULL,
    item TEXT NOT NULL,
    at   BIGINT NOT NULL,
    asks BIGINT NOT NULL,
    PRIMARY KEY (key, item, at)
);
INSERT INTO asked (key, item, at, asks)
SELECT s.key, s.item, coalesce((SELECT max(t.at) FROM turn t WHERE t.key = s.key AND t.item = s.item), 0), 1
FROM standing s WHERE s.asks <> 0;

-- How each source did, as a round saw it. Without a state: it is not asked any more.
CREATE TABLE course (
    collector TEXT NOT NULL,
    name      TEXT NOT NULL,
    at        BIGINT NOT NULL,
    state     TEXT NOT NULL,
    good_at   BIGINT,
    took_ms   BIGINT,
    fault     TEXT,
    PRIMARY KEY (collector, name, at)
);
CREATE INDEX course_at ON course (at);

-- Up to when what is old has been thinned out.
CREATE TABLE thinned (
    one   BIGINT NOT NULL PRIMARY KEY,
    until BIGINT NOT NULL
);
