// Package pgconn stands for the one of pgx.
package pgconn

import (
	"context"
	"io"
)

type CommandTag struct{}

type PgConn struct{}

func (*PgConn) Exec(ctx context.Context, sql string) *CommandTag { return nil }

func (*PgConn) ExecParams(ctx context.Context, sql string, values [][]byte) *CommandTag { return nil }

func (*PgConn) ExecPrepared(ctx context.Context, name string, values [][]byte) *CommandTag {
	return nil
}

func (*PgConn) Prepare(ctx context.Context, name, sql string, oids []uint32) error { return nil }

func (*PgConn) CopyFrom(ctx context.Context, r io.Reader, sql string) (CommandTag, error) {
	return CommandTag{}, nil
}
