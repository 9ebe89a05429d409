package users

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/testkit/pgtest"
)

// copied holds the content of tables, as pg_dump writes it and pg_restore loads it.
type copied []struct {
	table string
	rows  bytes.Buffer
}

func dump(t *testing.T, pool *pgxpool.Pool, tables ...string) copied {
	t.Helper()
	all := make(copied, len(tables))
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	for i, table := range tables {
		all[i].table = table
		_, err := conn.Conn().PgConn().CopyTo(t.Context(), &all[i].rows, "COPY "+table+" TO STDOUT")
		require.NoError(t, err)
	}
	return all
}

func (c copied) load(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	for i := range c {
		_, err := conn.Conn().PgConn().CopyFrom(t.Context(), &c[i].rows, "COPY "+c[i].table+" FROM STDIN")
		require.NoError(t, err, c[i].table)
	}
}

// TestRestore runs the statements of the operations guide, with keys that are newer than the rest of the backup: the
// values of an account that was deleted in between do not open, and the key of an account that was opened in between
// disturbs no other account.
func TestRestore(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	var statements []string
	for _, found := range regexp.MustCompile(`-c '([^']*user_keys[^']*)'`).FindAllSubmatch(guide, -1) {
		statements = append(statements, string(found[1]))
	}
	require.Len(t, statements, 3)

	s := start(t)
	ada, bob := s.confiding(onePhone, oneCard), s.confiding(otherPhone, otherCard)
	backup := dump(t, s.Pool, "users")
	gone, err := s.as(s.member(usersapi.RoleAdmin).access).DeleteUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, 204, gone.StatusCode())
	s.confiding("+4930123456", "CARD0001")
	keys := dump(t, s.Pool, "data_keys", "user_keys")

	restored := pgtest.New(t, schema.Migrations, schema.Parts...)
	backup.load(t, restored)
	exec := func(statement string) {
		_, err := restored.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	exec(statements[0])
	keys.load(t, restored)
	exec(strings.Join(statements[1:], ";"))

	service, err := newPrepared(t.Context(), s.config(func(c *Config) { c.Database, c.Pool = restored, restored }))
	require.NoError(t, err)
	told, err := service.profile(t.Context(), service.queries, bob.user.ID)
	require.NoError(t, err)
	require.Equal(t, [2]string{otherPhone, otherCard}, [2]string{*told.Phone, *told.IDCardNumber})
	_, err = service.profile(t.Context(), service.queries, ada.user.ID)
	require.Error(t, err, "it was deleted, whatever the backup holds")
	var owners []uuid.UUID
	require.NoError(t, restored.QueryRow(t.Context(), `SELECT array_agg(user_id) FROM user_keys`).Scan(&owners))
	require.Equal(t, []uuid.UUID{bob.user.ID}, owners)
	exec(`DELETE FROM users WHERE id = '` + bob.user.ID.String() + `'`)
	require.NoError(t, restored.QueryRow(t.Context(), `SELECT array_agg(user_id) FROM user_keys`).Scan(&owners))
	require.Empty(t, owners, "a key goes with its account again")
}
