package program

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The error names a part that does not end; the others have their own time.
func TestAPartThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		p := Process{Log: slog.New(slog.DiscardHandler)}
		ended := false
		p.Go("patient", func(ctx context.Context) {
			<-ctx.Done()
			time.Sleep(stopTimeout - time.Second)
			ended = true
		})
		p.DeferClose("stuck", func() { <-release })
		p.Go("deaf", func(context.Context) { <-release })
		began := time.Now()
		err := p.stop()
		require.ErrorContains(t, err, "deaf failed to stop")
		require.ErrorContains(t, err, "stuck failed to stop")
		require.NotContains(t, err.Error(), "patient")
		require.True(t, ended)
		require.Equal(t, 3*stopTimeout-time.Second, time.Since(began))
	})
}
