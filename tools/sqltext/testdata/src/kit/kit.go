// Package kit is for tests.
package kit

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

func Count(t *testing.T, tx pgx.Tx, table string) pgx.Row {
	t.Helper()
	return tx.QueryRow(context.Background(), "SELECT count(*) FROM "+table)
}
