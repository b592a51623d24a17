-- What findings of several servers have in common: words of their own instead of the title, and a digest of what asks.
ALTER TABLE finding ADD COLUMN alike TEXT NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN asks BIGINT NOT NULL DEFAULT 0;
