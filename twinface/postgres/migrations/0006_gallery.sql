-- Who is known to all boxes. Every change has a version, which is one more than the one before; `token` tells it from the
-- change that had the same number before an older backup was restored.
CREATE TABLE gallery (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    id text NOT NULL,
    version bigint NOT NULL,
    network text NOT NULL,
    network_name text NOT NULL
);
CREATE TABLE gallery_changes (
    version bigint PRIMARY KEY,
    token text NOT NULL,
    box text NOT NULL,
    people integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- `vectors` are float32 (n, dimensions), little endian, exactly as the network gave them, `quality` float32 (n,).
-- `files` and `sources` are JSON, one text for each vector; as text, because JSON in PostgreSQL takes no zero character.
CREATE TABLE people (
    name text PRIMARY KEY,
    version bigint NOT NULL,
    files text NOT NULL,
    sources text NOT NULL,
    dimensions integer NOT NULL,
    vectors bytea NOT NULL,
    quality bytea NOT NULL
);
CREATE INDEX people_by_version ON people (version);

-- The same vectors rounded, one by one, for an index to look among.
CREATE TABLE people_vectors (
    name text NOT NULL REFERENCES people ON DELETE CASCADE,
    place integer NOT NULL,
    search halfvec NOT NULL,
    PRIMARY KEY (name, place)
);

-- Aligned crops, PNG, where a box keeps them, by what tells their vector from others.
CREATE TABLE people_crops (
    name text NOT NULL REFERENCES people ON DELETE CASCADE,
    vector text NOT NULL,
    png bytea NOT NULL,
    PRIMARY KEY (name, vector)
);

-- Who was removed, for boxes that have not heard of it: the SHA-256 of the name, and nothing else of them.
CREATE TABLE people_gone (
    digest text PRIMARY KEY,
    version bigint NOT NULL
);
CREATE INDEX people_gone_by_version ON people_gone (version);
