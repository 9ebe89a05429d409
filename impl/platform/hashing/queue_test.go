package hashing

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

type knownKey struct{}

type siteKey struct{}

// However many wait at one site, known or not, others have places in the queue.
func TestASiteHasAQuarterOfTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const queue, share = 8, 2
		h := start(t, Config{Concurrency: 1, Queue: queue, Wait: time.Hour, Caller: func(ctx context.Context) (string, bool) {
			site, _ := ctx.Value(siteKey{}).(string)
			return site, ctx.Value(knownKey{}) != nil
		}})
		release, err := h.Hold(t.Context())
		require.NoError(t, err)
		var turns, busy int
		wait := func(site string, known any) {
			ctx := context.WithValue(context.WithValue(t.Context(), siteKey{}, site), knownKey{}, known)
			go func() {
				done, err := h.Hold(ctx)
				if err != nil {
					busy++
					return
				}
				turns++
				done()
			}()
			synctest.Wait()
		}
		for i := range queue {
			wait("192.0.2.66/32", []any{nil, true}[i%2])
		}
		require.Equal(t, queue-share, busy)
		wait("192.0.2.7/32", true)
		wait("192.0.2.8/32", nil)
		for range share + 1 {
			wait("", nil) // is no site
		}
		require.Equal(t, queue-share, busy, "others have places")
		release()
		synctest.Wait()
		require.Equal(t, share+2+share+1, turns)
		release, err = h.Hold(t.Context())
		require.NoError(t, err)
		wait("192.0.2.66/32", true)
		require.Equal(t, queue-share, busy, "a place that was left is free")
		release()
		synctest.Wait()
	})
}

// However many strangers wait, who is known has a place in the queue and the next turn.
func TestKnownComeFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(
			t,
			Config{
				Concurrency: 1,
				Queue:       8,
				Wait:        time.Hour,
				Caller:      func(ctx context.Context) (string, bool) { return "", ctx.Value(knownKey{}) != nil },
			},
		)
		known := context.WithValue(t.Context(), knownKey{}, true)
		release, err := h.Hold(t.Context())
		require.NoError(t, err)
		var order []string
		var busy int
		wait := func(ctx context.Context, name string) {
			go func() {
				done, err := h.Hold(ctx)
				if err != nil {
					busy++
					return
				}
				order = append(order, name)
				done()
			}()
			synctest.Wait()
		}
		for range 10 {
			wait(t.Context(), "stranger")
		}
		require.Equal(t, 4, busy, "strangers have three quarters of the queue")
		for range 3 {
			wait(known, "known")
		}
		require.Equal(t, 5, busy, "the queue is full")
		canceled, cancel := context.WithCancel(known)
		cancel()
		_, err = h.Hold(canceled)
		require.ErrorIs(t, err, context.Canceled)
		release()
		synctest.Wait()
		require.Equal(
			t,
			[]string{"known", "known", "stranger", "stranger", "stranger", "stranger", "stranger", "stranger"},
			order,
		)
		requireIdle(t, h)
	})
}
