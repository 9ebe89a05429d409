-- +goose Up
-- What a name is searched by: canonically equal names are one, whatever form they were written in, and so are letters that lower does not
-- bring together: ß with ss, final and long s with the others, and i with a dot or without.
CREATE FUNCTION folded(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT translate(replace(replace(replace(lower(normalize($1)), 'ß', 'ss'), 'ẞ', 'ss'), U&'i\0307', 'i'), 'ςſıİ', 'σsii') $$;

CREATE INDEX users_folded_name_idx ON users (folded(name) text_pattern_ops);
DROP INDEX users_name_idx;

-- +goose Down
CREATE INDEX users_name_idx ON users (lower(name) text_pattern_ops);
DROP INDEX users_folded_name_idx;
DROP FUNCTION folded(text);
