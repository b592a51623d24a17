-- How each thing that a finding speaks of stands.
CREATE TABLE standing (
    key  TEXT NOT NULL,
    item TEXT NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (key, item)
);

-- Every change of that, for ever. Without a word: the finding speaks of it no more.
CREATE TABLE turn (
    key  TEXT NOT NULL,
    at   BIGINT NOT NULL,
    item TEXT NOT NULL,
    word TEXT,
    PRIMARY KEY (key, at, item)
);

ALTER TABLE particulars ADD COLUMN standings BIGINT NOT NULL DEFAULT 0;
