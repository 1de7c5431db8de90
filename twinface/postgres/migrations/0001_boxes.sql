-- Every box that has this database: what it last said of itself. `id` is the box's own, `name` what people call it.
CREATE TABLE boxes (
    id text PRIMARY KEY,
    name text NOT NULL,
    start text NOT NULL,
    version text NOT NULL,
    page text NOT NULL,
    started_at timestamptz NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    clock_ahead_s double precision NOT NULL,
    health text NOT NULL,
    ok boolean NOT NULL,
    gallery_version bigint NOT NULL,
    events_waiting bigint NOT NULL,
    warning text NOT NULL
);
CREATE INDEX boxes_by_name ON boxes (name);
