-- Since 0005 a finding that speaks of nothing kept how things had stood before: the next round writes it anew.
UPDATE particulars SET standings = -1
WHERE standings = 0 AND EXISTS (SELECT 1 FROM standing s WHERE s.key = particulars.key);
