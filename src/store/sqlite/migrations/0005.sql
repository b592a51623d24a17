-- Whether a standing asks for a person: what a decision is held against before the evidence is read again. Until the next
-- round tells, every one does: asking once too often is better than hiding.
ALTER TABLE standing ADD COLUMN asks BIGINT NOT NULL DEFAULT 1;
UPDATE particulars SET standings = 0;
