-- What changed since somebody signed, over all findings.
CREATE INDEX change_at ON change (at);
