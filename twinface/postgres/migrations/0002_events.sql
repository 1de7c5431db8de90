-- Events and looks of all boxes. An event is (box, at_ns, sequence): numbers begin again where a box makes a new store,
-- and the time tells the two apart. Times are ns of the box's wall clock; received_ns is the clock of this server.
CREATE TABLE events (
    box TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    camera TEXT NOT NULL,
    stream BIGINT NOT NULL,
    track BIGINT,
    name TEXT,
    state TEXT NOT NULL,
    score DOUBLE PRECISION,
    at_ns BIGINT NOT NULL,
    since_ns BIGINT NOT NULL,
    duration_s DOUBLE PRECISION NOT NULL,
    media_ms DOUBLE PRECISION NOT NULL,
    frame BIGINT NOT NULL,
    gallery_version BIGINT NOT NULL,
    head TEXT NOT NULL,
    reason TEXT,
    details TEXT,
    received_ns BIGINT NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1e9)::BIGINT,
    PRIMARY KEY (box, at_ns, sequence)
) PARTITION BY RANGE (at_ns);
CREATE INDEX events_by_time ON events (at_ns);
CREATE INDEX events_by_name ON events (name, at_ns) WHERE name IS NOT NULL;

-- What is of a day that a clock cannot have yet, or of very long ago, has no table of its own.
CREATE TABLE events_of_other_days PARTITION OF events DEFAULT;

-- A table for a day (days since 1970, UTC) where there is none yet; one that the default already has events of stays there.
CREATE FUNCTION keep_day(day BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    a_day CONSTANT BIGINT := 86400000000000;
    today CONSTANT BIGINT := (extract(epoch FROM clock_timestamp()) / 86400)::BIGINT;
BEGIN
    IF day BETWEEN today - 1000 AND today + 2 AND to_regclass(format('events_%s', day)) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('twinface days'));
        EXECUTE format('CREATE TABLE IF NOT EXISTS events_%s PARTITION OF events FOR VALUES FROM (%s) TO (%s)',
                       day, day * a_day, (day + 1) * a_day);
    END IF;
EXCEPTION WHEN check_violation THEN
    NULL;
END $$;

-- How far each box's store has been taken over, and what its retention erased before it could be.
CREATE TABLE forwarded (
    box TEXT PRIMARY KEY,
    through BIGINT NOT NULL,
    events BIGINT NOT NULL,
    passed_over BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- `vector` is float32, little endian, as the network gave it; `search` the same rounded, for the index.
CREATE TABLE looks (
    box TEXT NOT NULL,
    camera TEXT NOT NULL,
    stream BIGINT NOT NULL,
    track BIGINT NOT NULL,
    crop BIGINT NOT NULL,
    at_ns BIGINT NOT NULL,
    network TEXT NOT NULL,
    vector BYTEA NOT NULL,
    search HALFVEC NOT NULL,
    quality DOUBLE PRECISION NOT NULL,
    state TEXT NOT NULL,
    name TEXT,
    score DOUBLE PRECISION NOT NULL,
    enrolled_as TEXT,
    PRIMARY KEY (box, camera, stream, track, crop)
);
CREATE INDEX looks_by_time ON looks (box, at_ns);
CREATE INDEX looks_by_name ON looks (name) WHERE name IS NOT NULL;
