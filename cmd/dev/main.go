// Command dev runs every service in one process behind one address, with what they need: a private PostgreSQL and a
// private NATS in the data folder, personas to log in as, a catalog with orders, and secrets made on the first start.
// It is for development only.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `dev runs the services for development.

Usage: dev [run | reset | --help]

  run    start everything until Ctrl-C; this is what dev does by itself
  reset  forget the data of the private PostgreSQL and NATS

  PLUMBLINE_ADDR          where the services are (127.0.0.1:8080)
  PLUMBLINE_OPS_ADDR      where health and metrics are (127.0.0.1:9090)
  PLUMBLINE_HOSTS         names, with commas between, under which these may be called besides this
                          machine's own and those of the two addresses
  PLUMBLINE_DATA          the data folder (.data)
  PLUMBLINE_DEV_PASSWORD  the personas' password (random, kept in the data folder)
  PLUMBLINE_PG_BINDIR     the folder of initdb and postgres (found, or fetched)
  SERVICE_DATABASE_URL    a PostgreSQL to use instead of the private one, for one service, as in USERS_DATABASE_URL
  SERVICE_NATS_URL        a NATS to use instead of the private one, for all services
  SERVICE_…               any setting of that service's serve, which its --help lists
`

func main() {
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // The terminal is closed: nobody could end what would go on.
		ending = append(ending, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ending...)
	context.AfterFunc(ctx, stop) // A second signal ends the program at once.
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	d, err := newDevelopment(os.Environ(), os.Stdout)
	if err != nil {
		return err
	}
	command := "run"
	if len(args) > 0 {
		command = args[0]
	}
	if len(args) > 1 {
		return fmt.Errorf("%s takes nothing behind it; dev --help explains", command)
	}
	switch command {
	case "run":
		return d.run(ctx)
	case "reset":
		return d.reset(ctx)
	case "--help", "-h", "help":
		_, err := io.WriteString(os.Stdout, usage)
		return err
	default:
		return fmt.Errorf("there is no command %q; dev --help lists them", command)
	}
}
