// Package pgx stands for the one of pgx.
package pgx

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

type Rows interface{ Next() bool }

type Row interface{ Scan(...any) error }

type Tx interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) Row
	Prepare(ctx context.Context, name, sql string) (*pgconn.CommandTag, error)
}

type Batch struct{}

func (*Batch) Queue(query string, arguments ...any) {}

type Identifier []string

func (Identifier) Sanitize() string { return "" }
