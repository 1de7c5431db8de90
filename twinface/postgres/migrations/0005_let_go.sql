-- The tables of days that are empty, and of which nobody stores any more, are dropped.
CREATE FUNCTION drop_empty_days(before BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    one RECORD;
    holds_any BOOLEAN;
BEGIN
    FOR one IN
        SELECT inhrelid::regclass::text AS of_day FROM pg_inherits
        WHERE inhparent = 'events'::regclass AND inhrelid::regclass::text ~ '^events_[0-9]+$'
        AND substring(inhrelid::regclass::text FROM '[0-9]+$')::bigint < before
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', one.of_day) INTO holds_any;
        IF NOT holds_any THEN
            EXECUTE format('DROP TABLE %s', one.of_day);
        END IF;
    END LOOP;
END $$;
