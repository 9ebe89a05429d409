package program

import (
	"context"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/pgtest"
)

// A part that does not end is named, and the others have their own time.
func TestAPartThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		var p Process
		ended := false
		p.Go("patient", func(ctx context.Context) {
			<-ctx.Done()
			time.Sleep(stopTimeout - time.Second)
			ended = true
		})
		p.Go("deaf", func(context.Context) { <-release })
		began := time.Now()
		err := p.stop()
		require.ErrorContains(t, err, "deaf did not end well")
		require.NotContains(t, err.Error(), "patient")
		require.True(t, ended)
		require.Equal(t, 2*stopTimeout-time.Second, time.Since(began))
	})
}

// A connection that is never given back does not keep the program from ending.
func TestClosePool(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(t.Context(), pgtest.URL(t, fstest.MapFS{"00001_nothing.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}}))
	require.NoError(t, err)
	lost, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, closePool(short, pool), context.DeadlineExceeded)
	lost.Release()
	require.NoError(t, closePool(t.Context(), pool))
}
