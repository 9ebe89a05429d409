package postgres_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/platform/pgtest"
	"example.com/plumbline/impl/platform/postgres"
)

// ownerDir makes this test binary the owner of a private server, for tests that kill an owner.
const ownerDir = "POSTGRES_TEST_OWNER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerDir); dir != "" {
		if err := own(context.Background(), dir); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(pgtest.Main(m))
}

// own starts a server, commits a row, says so with the pid of postgres, and stays until its input ends.
func own(ctx context.Context, dir string) error {
	server, err := postgres.StartServer(ctx, postgres.ServerOptions{Dir: dir})
	if err != nil {
		return err
	}
	if err := server.CreateDatabase(ctx, "app", "app"); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, server.URL("app"))
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)"); err != nil {
		return err
	}
	fmt.Println("ready", server.Pid())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return server.Stop(ctx)
}

func migration(sql string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + sql + "\n")}
}

func accounts() fstest.MapFS {
	return fstest.MapFS{"00001_create_accounts.sql": migration(
		"CREATE TABLE accounts (id int CONSTRAINT accounts_pkey PRIMARY KEY, balance bigint NOT NULL DEFAULT 0 CONSTRAINT accounts_balance_check CHECK (balance >= 0));\n" +
			"INSERT INTO accounts (id) VALUES (1), (2);")}
}
