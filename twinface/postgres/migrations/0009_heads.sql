-- The head of all boxes for a network, thresholds included: a ZIP of the files of its folder, and the SHA-256 over their
-- names and bytes. `version` is that of the change of the gallery that published it.
CREATE TABLE heads (
    network text PRIMARY KEY,
    version bigint NOT NULL,
    digest text NOT NULL,
    box text NOT NULL,
    files bytea NOT NULL
);
