package orders

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/webhook"
)

// Receivers that occupy all the workers of webhooks delay nothing but webhooks.
func TestReceiversThatHangHoldUpNothingElse(t *testing.T) {
	t.Parallel()
	s := start(t, today)
	release := make(chan struct{})
	var hanging atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		hanging.Add(1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(receiver.Close)
	s.service.sender.Close()
	// A busy machine takes its time.
	s.service.sender = webhook.NewSender(webhook.Config{AllowPrivate: true, Timeout: patience, Clock: s.Clock.Now})
	s.subscribe(receiver.URL)
	forgotten := s.order(s.as(), s.product(10), 1)
	const workers = 32
	for range workers + 10 {
		s.placed()
	}
	s.works()
	t.Cleanup(func() { close(release) }) // before the jobs are stopped
	s.eventually("every worker waits for a receiver", func() bool { return hanging.Load() >= workers })
	s.Clock.Advance(30 * time.Minute)
	s.eventually("expired", func() bool { return s.status(forgotten.ID) == ordersdb.OrderStatusExpired })
	require.EqualValues(t, workers, hanging.Load(), "they wait still")
}
