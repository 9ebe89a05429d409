-- name: DeleteUsersBut :exec
-- DeleteUsersBut removes every account that has none of the addresses, with its sessions. Only the development binary asks for it.
DELETE FROM users
WHERE email <> ALL(@emails::text[]);

-- name: RestoreUser :one
-- RestoreUser makes an account what it was when it was opened. Only the development binary asks for it.
UPDATE users
SET name = @name,
    password_hash = @password_hash,
    avatar = NULL,
    phone = NULL,
    sealed_phone = NULL,
    phone_mark = NULL,
    sealed_id_card_number = NULL,
    id_card_number_mark = NULL,
    biography = NULL,
    status = 'active',
    roles = @roles,
    email_verified_at = @updated_at::timestamptz,
    deletes_at = NULL,
    updated_at = @updated_at::timestamptz
WHERE email = @email
RETURNING *;

-- name: ListRecoveryCodes :many
-- ListRecoveryCodes gives the HMACs of an account's recovery codes. Only the development binary asks for them.
SELECT hash
FROM recovery_codes
WHERE user_id = @user_id;
