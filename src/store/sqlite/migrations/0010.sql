-- Whether anything still holds what was said, asked when what is old is thinned out.
CREATE INDEX change_said ON change (said);
CREATE INDEX wording_said ON wording (said);
