package main

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// told is a service whose streams tell what is written to it.
type told struct{ events *io.PipeReader }

func (o told) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Request: r, Body: o.events, ProtoMajor: 1}, nil
}

// followOne opens a stream of an order, lets during happen, ends the run and gives what became of the stream.
func followOne(t *testing.T, during func(o *order, events *io.PipeWriter)) followed {
	t.Helper()
	s := oneKind(t)
	s.hold = 30 * time.Second
	reader, writer := io.Pipe()
	held := newStreams(s, told{reader})
	o := &order{id: uuid.New()}
	o.stream = &stream{order: o}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://orders.invalid", http.NoBody)
	require.NoError(t, err)
	a, err := held.open(r, o.stream, time.Second)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.status)
	during(o, writer)
	found := held.end()
	require.Nil(t, o.stream, "another stream may follow the order")
	require.Equal(t, 1, found.Opened)
	require.Zero(t, found.Open)
	return found
}

func pay(o *order) { o.paid = time.Now() }

func TestAStreamTellsOfThePayment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		found := followOne(t, func(o *order, events *io.PipeWriter) {
			_, _ = io.WriteString(events, "id: 1\nevent: order.placed\ndata: {}\n\n")
			time.Sleep(time.Second)
			pay(o)
			time.Sleep(200 * time.Millisecond)
			_, _ = io.WriteString(events, "id: 2\nevent: order.paid\ndata: {}\n\n")
			synctest.Wait()
		})
		require.Equal(t, 2, found.Events)
		require.Equal(t, []time.Duration{200 * time.Millisecond}, found.delivered)
		require.Empty(t, found.missed)
		require.Empty(t, found.broken)
	})
}

// TestAStreamThatDoesNotTellIsAnError ends the run right after a payment: the stream has its time to tell, and no more.
func TestAStreamThatDoesNotTellIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		found := followOne(t, func(o *order, _ *io.PipeWriter) { pay(o) })
		require.Equal(t, eventWithin, time.Since(began))
		require.Len(t, found.missed, 1)
		require.Equal(t, missedEvent, found.missed[0].code)
	})
}

func TestAStreamThatBreaksOffIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		found := followOne(t, func(_ *order, events *io.PipeWriter) {
			require.NoError(t, events.Close())
			synctest.Wait()
		})
		require.Len(t, found.broken, 1)
		require.Equal(t, noConnection, found.broken[0].code)
	})
}
