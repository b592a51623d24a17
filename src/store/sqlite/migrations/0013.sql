-- What sources answered, for a while: each answer that differs from the one before it, as a list of what was told of whom.
-- What is packed is BLOB here, BYTEA in PostgreSQL.
CREATE TABLE answer (
    collector TEXT NOT NULL,
    name      TEXT NOT NULL,
    at        BIGINT NOT NULL,
    digest    BIGINT NOT NULL,
    listed    BLOB NOT NULL,
    PRIMARY KEY (collector, name, at)
);

-- What was told, once per content, and when an answer named it last.
CREATE TABLE past_fact (
    digest   BIGINT NOT NULL PRIMARY KEY,
    named_at BIGINT NOT NULL,
    packed   BLOB NOT NULL
);
CREATE INDEX past_fact_named_at ON past_fact (named_at);
