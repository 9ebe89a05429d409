-- name: CreateWidget :one
-- CreateWidget creates a widget of an account.
INSERT INTO widgets (id, owner_id, title, text, created_at, updated_at)
VALUES (@id, @owner_id, @title, @text, @created_at, @created_at)
RETURNING *;

-- name: GetWidget :one
-- GetWidget reads a widget.
SELECT *
FROM widgets
WHERE id = @id;

-- name: GetWidgetOwner :one
-- GetWidgetOwner reads the owner of a widget.
SELECT owner_id
FROM widgets
WHERE id = @id;

-- name: ListWidgets :many
-- ListWidgets reads a page of widgets, newest first, from behind (before_time, before_id) on. A filter that is null matches
-- every widget.
SELECT *
FROM widgets
WHERE (created_at, id) < (@before_time::timestamptz, @before_id::uuid)
  AND owner_id = coalesce(sqlc.narg(owner_id), owner_id)
  AND status = coalesce(sqlc.narg(status), status)
ORDER BY created_at DESC, id DESC
LIMIT @row_limit;

-- name: UpdateWidget :execrows
-- UpdateWidget changes the columns that are given, if the widget has one of the versions.
UPDATE widgets
SET title = coalesce(sqlc.narg(title), title),
    text = coalesce(sqlc.narg(text), text),
    status = coalesce(sqlc.narg(status), status),
    version = version + 1,
    updated_at = @updated_at
WHERE id = @id
  AND (@any_version::boolean OR version = ANY(@versions::bigint[]));

-- name: DeleteWidget :execrows
-- DeleteWidget removes a widget.
DELETE FROM widgets
WHERE id = @id;

-- name: RemoveWidgetsOf :execrows
-- RemoveWidgetsOf removes widgets of an account.
DELETE FROM widgets
WHERE id IN (SELECT owned.id FROM widgets AS owned WHERE owned.owner_id = @owner_id LIMIT @row_limit);

-- name: RemoveEverything :exec
-- RemoveEverything empties the tables of the service. Only the development binary calls it.
TRUNCATE widgets, idempotency_keys;

-- name: SeedWidgets :exec
-- SeedWidgets gives each owner three widgets of the last days, if there is no widget. Only the development binary calls it.
INSERT INTO widgets (id, owner_id, title, text, created_at, updated_at)
SELECT gen_random_uuid(), owners.id, 'Widget ' || days.ago, '', now() - make_interval(days => days.ago),
       now() - make_interval(days => days.ago)
FROM unnest(@owners::uuid[]) AS owners (id)
CROSS JOIN generate_series(1, 3) AS days (ago)
WHERE NOT EXISTS (SELECT FROM widgets);
