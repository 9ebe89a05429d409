// Command million fills a database with orders, a million unless told otherwise, and shows what lists and exports of
// them cost.
//
// It uses the database of ORDERS_DATABASE_URL, which must be empty, or a private PostgreSQL that it throws away.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/plumbline/impl/devkit/pgserver"
	"example.com/plumbline/impl/orders"
	"example.com/plumbline/impl/platform/postgres"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the report to out and what a person who waits wants to see to progress.
func run(ctx context.Context, args []string, out io.Writer, progress *os.File) error {
	flags := flag.NewFlagSet("million", flag.ContinueOnError)
	orders := flags.Int("orders", 1_000_000, "how many orders to make")
	picture := flags.String("picture", "million.html", "where to draw the comparison")
	if err := flags.Parse(args); err != nil {
		return err
	}
	url, done, err := database(ctx, progress)
	if err != nil {
		return err
	}
	defer done()
	pool, err := postgres.Open(ctx, postgres.Config{
		URL: url, MaxConns: 4, StatementTimeout: -1, LockTimeout: -1, IdleInTransactionTimeout: -1,
	})
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := fill(ctx, pool, *orders, newBar(progress, "orders", *orders)); err != nil {
		return err
	}
	looks, err := lookAtLists(ctx, pool)
	if err != nil {
		return err
	}
	report(out, *orders, looks)
	exports, err := export(ctx, url, *orders, progress)
	if err != nil {
		return err
	}
	reportExports(out, exports)
	if err := os.WriteFile(*picture, draw(*orders, looks), 0o600); err != nil {
		return err
	}
	fmt.Fprintln(progress, "the picture is in", *picture)
	return nil
}

// database gives the URL of a migrated, empty database, and what to do when it is no longer needed.
func database(ctx context.Context, progress io.Writer) (url string, done func(), err error) {
	done = func() {}
	if url = os.Getenv("ORDERS_DATABASE_URL"); url == "" {
		dir := filepath.Join(os.TempDir(), fmt.Sprintf("million-%d", os.Getpid()))
		if os.Geteuid() == 0 { // PostgreSQL does not run as root, and its account cannot reach root's folders.
			dir = filepath.Join("/var/tmp", filepath.Base(dir))
		}
		server, err := pgserver.Start(ctx, pgserver.Options{Dir: dir, Throwaway: true, TCP: true, Progress: progress})
		if err != nil {
			return "", nil, err
		}
		done = func() {
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			if err := server.Stop(stopping); err != nil {
				fmt.Fprintln(progress, err)
			}
		}
		if err := server.CreateDatabase(ctx, "orders", "orders"); err != nil {
			done()
			return "", nil, err
		}
		url = server.TCPURL("orders")
	}
	if err := prepare(ctx, url); err != nil {
		done()
		return "", nil, err
	}
	return url, done, nil
}

// prepare migrates a database and makes sure that there are no orders in it.
func prepare(ctx context.Context, url string) error {
	if err := orders.Program().Run(ctx, []string{"migrate", "--database-url", url}, nil, io.Discard); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	var some bool
	if err := pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM orders)`).Scan(&some); err != nil {
		return err
	}
	if some {
		return errors.New("there are orders in the database already: give an empty one")
	}
	return nil
}
