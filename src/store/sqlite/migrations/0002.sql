-- What only a closer look needs stands apart, so that opening reads titles alone.
CREATE TABLE particulars (
    key    TEXT NOT NULL PRIMARY KEY,
    -- Of all the rest, so that a round writes only what changed.
    digest BIGINT NOT NULL,
    detail TEXT NOT NULL,
    mend   TEXT,
    link   TEXT,
    chain  TEXT NOT NULL
);

INSERT INTO particulars (key, digest, detail, mend, link, chain)
SELECT key, 0, json_extract(particulars, '$.detail'), json_extract(particulars, '$.mend'),
       json_extract(particulars, '$.link'), json_extract(particulars, '$.because')
FROM finding;

ALTER TABLE finding DROP COLUMN particulars;

CREATE INDEX finding_subject ON finding (subject_kind, subject);
