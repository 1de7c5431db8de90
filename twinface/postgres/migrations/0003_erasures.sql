-- What is to be erased at every box. `name` and `spans` (JSON, the names somebody had, and until when) go once every box
-- has confirmed; `digest`, salted, stays, so that who restores a backup finds out what must not come back.
CREATE TABLE erasures (
    id BIGSERIAL PRIMARY KEY,
    digest TEXT NOT NULL,
    name TEXT,
    spans TEXT,
    asked_by TEXT NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE TABLE erasures_confirmed (
    erasure BIGINT NOT NULL REFERENCES erasures ON DELETE CASCADE,
    box TEXT NOT NULL,
    rows BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (erasure, box)
);
CREATE TABLE erasing_salt (one INTEGER PRIMARY KEY CHECK (one = 1), salt TEXT NOT NULL);
INSERT INTO erasing_salt VALUES (1, gen_random_uuid()::text);
