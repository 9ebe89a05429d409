package pgserver_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/devkit/pgserver"
)

// ownerDir makes this test binary the owner of a private server, for tests that kill an owner.
const ownerDir = "PGSERVER_TEST_OWNER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerDir); dir != "" {
		if err := own(context.Background(), dir); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// own starts a server, commits a row, prints the process id of postgres, and stays until its input ends.
func own(ctx context.Context, dir string) error {
	server, err := pgserver.Start(ctx, pgserver.Options{Dir: dir})
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
