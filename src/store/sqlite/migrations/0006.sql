-- What each channel was told last, in its own words: who was told of a change is not told of it again.
CREATE TABLE told (
    channel TEXT PRIMARY KEY,
    memory TEXT NOT NULL
);
