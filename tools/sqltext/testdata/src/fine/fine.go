// Package fine has SQL text that is there when the program is built.
package fine

import (
	"context"
	_ "embed"
	"os/exec"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const table = "users"

//go:embed schema.sql
var schema string

var (
	//go:embed schema.sql
	bytes []byte
	other = 1
)

type wrapper struct{ tx pgx.Tx }

// Exec passes on what its callers are held to.
func (w wrapper) Exec(ctx context.Context, text string, args ...any) (pgconn.CommandTag, error) {
	return func() (pgconn.CommandTag, error) { return w.tx.Exec(ctx, text, args...) }()
}

func statements(ctx context.Context, w wrapper, conn *pgconn.PgConn, name string) {
	const local = "SELECT * FROM " + table
	_, _ = w.Exec(ctx, local+" WHERE name = $1", name)
	_ = w.tx.QueryRow(ctx, (schema))
	_, _ = w.tx.Query(ctx, string(bytes), other)
	_ = conn.ExecPrepared(ctx, name, nil)
	_ = exec.CommandContext(ctx, name)    // not SQL
	_, _ = w.tx.Exec(ctx, "LISTEN "+name) //sqltext:allow a channel is no argument
	//sqltext:allow a channel is no argument
	_, _ = w.tx.Exec(ctx, "LISTEN "+name)
}
