-- What people said of names, at all boxes, under the versions of the gallery. `digest` is the SHA-256 of everything else
-- that is said here; of what was taken back or forgotten it alone stays, so that every box hears of it.
CREATE TABLE corrections (
    digest text PRIMARY KEY,
    version bigint NOT NULL,
    box text,
    kind text,
    name text,
    vector bytea,
    network text,
    quality double precision,
    track text,
    event bigint,
    at_ns bigint
);
CREATE INDEX corrections_by_version ON corrections (version);
