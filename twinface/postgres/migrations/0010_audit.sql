-- Every change and login of every box, in nobody's name: what it was, by whom, when by the box's clock, and whether it was
-- taken back since. `step` and `undone_by` are numbers of the box's own.
CREATE TABLE audit (
    box text NOT NULL,
    at_ns bigint NOT NULL,
    what text NOT NULL,
    who text NOT NULL,
    said text NOT NULL,
    step bigint,
    undone_by bigint,
    PRIMARY KEY (box, at_ns, what)
);
CREATE INDEX audit_by_time ON audit (at_ns);
