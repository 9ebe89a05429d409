-- +goose Up
-- Otherwise every search reads through up to 4 MB of words that are not in the index yet.
ALTER INDEX products_words_idx SET (fastupdate = off);
SELECT gin_clean_pending_list('products_words_idx');

-- +goose Down
ALTER INDEX products_words_idx RESET (fastupdate);
