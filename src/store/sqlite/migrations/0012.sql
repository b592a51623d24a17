-- When a signature was made: one may come long after the line that it is under.
ALTER TABLE signature ADD COLUMN at BIGINT;
