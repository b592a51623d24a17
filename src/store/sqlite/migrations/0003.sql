-- The log of what people decided and signed: append-only. The triggers
-- guard against accident (against intent there are hashes and signatures).
CREATE TABLE log (
    seq  BIGINT NOT NULL PRIMARY KEY,
    line TEXT NOT NULL
);
CREATE TABLE signature (
    seq        BIGINT NOT NULL PRIMARY KEY REFERENCES log (seq),
    armor      TEXT NOT NULL,
    public_key TEXT NOT NULL
);
CREATE TRIGGER log_changed BEFORE UPDATE ON log BEGIN SELECT raise(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_removed BEFORE DELETE ON log BEGIN SELECT raise(ABORT, 'nothing is removed from the log'); END;
CREATE TRIGGER signature_changed BEFORE UPDATE ON signature BEGIN SELECT raise(ABORT, 'a signature is never changed'); END;
CREATE TRIGGER signature_removed BEFORE DELETE ON signature BEGIN SELECT raise(ABORT, 'no signature is removed'); END;
