package program

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A part that hangs leaves time to the others, the whole has its bound, and the last line says what became of each.
func TestPartsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		var out bytes.Buffer
		p := Process{Log: slog.New(slog.NewJSONHandler(&out, nil))}
		pool, ended := false, false
		p.Defer("pool", func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			pool = time.Until(deadline) >= poolReserve
			return ctx.Err()
		})
		p.Go("patient", func(ctx context.Context) {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended = true
		})
		p.Defer("broken", func(context.Context) error { return errors.New("it broke") })
		p.DeferClose("stuck", func() { <-release })
		p.Go("deaf", func(context.Context) { <-release })
		s := stopping{within: 25 * time.Second}
		s.begin()
		err := s.end(p.parts, p.Log)
		s.report(t.Context(), p.Log)
		require.ErrorContains(t, err, "deaf failed to stop")
		require.ErrorContains(t, err, "stuck failed to stop")
		require.ErrorContains(t, err, "broken failed to stop: it broke")
		require.NotContains(t, err.Error(), "patient")
		require.True(t, ended)
		require.True(t, pool, "the pool has its reserve")
		require.LessOrEqual(t, time.Since(s.began), 25*time.Second-logReserve)

		lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
		var last struct {
			Msg, Level, Took string
			Within           string            `json:"stop_within"`
			InTime           bool              `json:"in_time"`
			EachTook         map[string]string `json:"each_took"`
			Failed           []string
			Late             []string `json:"not_in_time"`
		}
		require.NoError(t, json.Unmarshal(lines[len(lines)-1], &last))
		require.Equal(t, "stopped", last.Msg)
		require.Equal(t, "WARN", last.Level)
		require.False(t, last.InTime)
		require.Equal(t, "25s", last.Within)
		require.Equal(t, []string{"deaf", "stuck"}, last.Late)
		require.Equal(t, []string{"broken"}, last.Failed)
		// Three quarters of 24.5 s, then of the rest.
		require.Equal(t, map[string]string{
			"deaf": "18.375s", "stuck": "4.594s", "broken": "0s", "patient": "1s", "pool": "0s",
		}, last.EachTook)
		require.Equal(t, "23.969s", last.Took)
	})
}

// Parts are told to end even when no time is left.
func TestNoTimeIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		told := make(chan struct{})
		p := Process{Log: slog.New(slog.DiscardHandler)}
		pool := false
		p.Defer("pool", func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			pool = time.Until(deadline) >= poolReserve
			return nil
		})
		p.Go("part", func(ctx context.Context) {
			<-ctx.Done()
			close(told)
		})
		s := stopping{within: time.Second}
		s.begin()
		time.Sleep(time.Minute)
		_ = s.end(p.parts, p.Log) // Whether it ended in no time is chance.
		<-told
		require.True(t, pool, "the pool has its reserve")
	})
}
