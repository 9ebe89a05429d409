package program

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Main runs a service as this process, with its arguments, environment and standard output, and exits with 1 on
// failure. SIGINT and SIGTERM stop the service gracefully; a second one ends the process at once. SIGHUP never ends it:
// serve reads its settings again, and other commands go on.
func Main(run func(ctx context.Context, args, environ []string, out io.Writer) error) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) // While a channel is registered, the signal does not kill.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
