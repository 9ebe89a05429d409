package users

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/postgres"
)

// The database refuses rows that break an invariant of accounts, whichever program writes them.
func TestDatabaseRefusesWhatAnAccountMayNotBe(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin, customer := s.member(usersapi.RoleAdmin), s.member()
	const card, key = "users_id_card_number_marked", "user_keys_data_key_id_fkey"
	for statement, constraint := range map[string]string{
		`UPDATE users SET deletes_at = now() WHERE id = $1 AND id <> $2`:                             "users_admin_stays",
		`UPDATE users SET deletes_at = now(), roles = '{customer,admin}' WHERE id = $2 AND id <> $1`: "users_admin_stays",
		`UPDATE users SET roles = '{root}' WHERE id = $1 AND id <> $2`:                               "users_roles_known",
		`UPDATE users SET roles = '{}' WHERE id = $1 AND id <> $2`:                                   "users_roles_known",
		`UPDATE users SET sealed_phone = 'x' WHERE id = $1 AND id <> $2`:                             "users_phone_marked",
		`UPDATE users SET sealed_id_card_number = 'x' WHERE id = $1 AND id <> $2`:                    card,
		`UPDATE users SET email = upper((SELECT email FROM users WHERE id = $2)) WHERE id = $1`:      "users_email_key",
		`INSERT INTO user_keys SELECT $1::uuid, gen_random_uuid(), 'x' WHERE $1::uuid <> $2::uuid`:   key,
	} {
		_, err := s.Pool.Exec(t.Context(), statement, admin.user.ID, customer.user.ID)
		require.Equal(t, constraint, postgres.Constraint(err), "%s: %v", statement, err)
	}
}
