-- Of who was removed a digest of the name stays. It gets the salt of the database, so that a list of names does not tell
-- who it was; those that are there are digested once more, as `name_digest` does.
UPDATE people_gone SET digest = encode(sha256(convert_to((SELECT salt FROM erasing_salt) || ' ' || digest, 'UTF8')), 'hex');
