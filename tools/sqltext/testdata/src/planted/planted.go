// Package planted has SQL text that is built at run time.
package planted

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DBTX is what sqlc generates.
type DBTX interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	QueryRow(context.Context, string, ...any) pgx.Row
}

var filled = "SELECT 1"

func statements(
	ctx context.Context, tx pgx.Tx, pool *pgxpool.Pool, db DBTX, conn *pgconn.PgConn, std *sql.DB, name string,
) {
	_, _ = pool.Exec(ctx, "SELECT * FROM users WHERE name = '"+name+"'") // want "not a constant"
	_, _ = pool.Query(ctx, fmt.Sprintf("SELECT %s", name))               // want "not a constant"
	local := "SELECT " + name
	_ = tx.QueryRow(ctx, local) // want "not a constant"
	var built strings.Builder
	built.WriteString("SELECT ")
	built.WriteString(name)
	_, _ = tx.Exec(ctx, built.String(), 1)                  // want "not a constant"
	_, _ = db.Exec(ctx, name)                               // want "not a constant"
	_ = db.QueryRow(ctx, (filled), name)                    // want "not a constant"
	_, _ = tx.Prepare(ctx, "name", "SELECT "+name)          // want "not a constant"
	(&pgx.Batch{}).Queue("DELETE FROM " + name)             // want "not a constant"
	_ = conn.Exec(ctx, name)                                // want "not a constant"
	_ = conn.ExecParams(ctx, name+" 1", nil)                // want "not a constant"
	_ = conn.Prepare(ctx, "name", name, nil)                // want "not a constant"
	_, _ = conn.CopyFrom(ctx, nil, "COPY "+name)            // want "not a constant"
	_, _ = std.ExecContext(ctx, "SET "+name)                // want "not a constant"
	_, _ = (*pgxpool.Pool).Exec(pool, ctx, "SELECT "+name)  // want "not a constant"
	_, _ = tx.Exec(ctx, strings.Repeat("SELECT 1;", 2))     // want "not a constant"
	_, _ = tx.Exec(ctx, pgx.Identifier{"users"}.Sanitize()) // want "not a constant"
	for _, each := range []string{"SELECT 1", "SELECT 2"} {
		_, _ = tx.Exec(ctx, each) // want "not a constant"
	}
	exec := pool.Exec // want "taken as a value"
	_, _ = exec(ctx, name)
	//sqltext:allow // want "the reason is missing"
	_, _ = tx.Exec(ctx, name) // want "not a constant"
	//sqltext:allow it was needed once // want "nothing is to be allowed here"
	_, _ = tx.Exec(ctx, "SELECT 1")
}

// helper runs a statement, but has no name by which its callers are held to the rule.
func helper(ctx context.Context, tx pgx.Tx, text string) {
	_, _ = tx.Exec(ctx, text) // want "not a constant"
}

type wrapper struct{ tx pgx.Tx }

// Exec changes what it passes on.
func (w wrapper) Exec(ctx context.Context, text string, args ...any) (pgconn.CommandTag, error) {
	text += " FOR UPDATE"
	return w.tx.Exec(ctx, text, args...) // want "not a constant"
}

// Query passes on something else than its SQL.
func (w wrapper) Query(ctx context.Context, other io.Reader, text string) (pgx.Rows, error) {
	name, _ := other.(fmt.Stringer)
	return w.tx.Query(ctx, name.String()) // want "not a constant"
}

func callers(ctx context.Context, w wrapper, name string) {
	_, _ = w.Exec(ctx, "SELECT "+name) // want "not a constant"
}
