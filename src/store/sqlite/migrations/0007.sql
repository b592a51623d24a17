-- What was said while something was done to servers: evidence beside the entry of the log that holds its hash.
CREATE TABLE transcript (
    seq  BIGINT NOT NULL PRIMARY KEY REFERENCES log (seq),
    text TEXT NOT NULL
);
CREATE TRIGGER transcript_changed BEFORE UPDATE ON transcript BEGIN SELECT raise(ABORT, 'a transcript is never changed'); END;
CREATE TRIGGER transcript_removed BEFORE DELETE ON transcript BEGIN SELECT raise(ABORT, 'no transcript is removed'); END;
