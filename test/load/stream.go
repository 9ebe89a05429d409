package main

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// eventWithin is how long after the answer to a payment its event may arrive at a stream.
const eventWithin = 10 * time.Second

// stream is one that follows an order.
type stream struct {
	order  *order
	toldOf time.Time // when the event of its payment came
}

// streams holds streams open beside the requests, each on a connection of its own, as browsers do.
type streams struct {
	shop *shop
	send http.RoundTripper
	hold time.Duration

	holding sync.WaitGroup
	mu      sync.Mutex
	closing chan struct{} // closed when the run has ended
	found   followed
}

// followed is what became of the streams of a run.
type followed struct {
	Opened int `json:"opened"`
	Open   int `json:"-"`
	Most   int `json:"most_at_once"`
	Events int `json:"events"`
	// delivered are the times from the answer to a payment to its event at the stream; an event that came before the
	// answer counts as 0.
	delivered []time.Duration
	missed    []mistake
	broken    []mistake
}

func newStreams(s *shop, send http.RoundTripper) *streams {
	return &streams{shop: s, send: send, hold: s.hold, closing: make(chan struct{})}
}

// open waits for the header of a stream and then holds it.
func (s *streams) open(r *http.Request, st *stream, timeout time.Duration) (answer, error) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(r.Context()))
	slow := time.AfterFunc(timeout, func() { cancel(context.DeadlineExceeded) })
	response, err := s.send.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return answer{}, err
	}
	if response.StatusCode != http.StatusOK {
		defer cancel(nil)
		defer slow.Stop()
		return read(response, nil)
	}
	slow.Stop()
	s.mu.Lock()
	s.found.Opened++
	s.found.Open++
	s.found.Most = max(s.found.Most, s.found.Open)
	s.mu.Unlock()
	s.holding.Go(func() {
		s.follow(response, st, cancel)
		s.mu.Lock()
		s.found.Open--
		s.mu.Unlock()
	})
	return answer{status: response.StatusCode, header: response.Header}, nil
}

// follow reads a stream until its time is over, or longer if it has yet to tell of a payment.
func (s *streams) follow(response *http.Response, st *stream, cancel context.CancelCauseFunc) {
	events := make(chan string)
	go func() {
		defer close(events)
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if kind, found := strings.CutPrefix(lines.Text(), "event: "); found {
				events <- kind
			}
		}
	}()
	defer func() {
		cancel(nil)
		for range events { // The reader ends once the body has been closed.
		}
	}()
	defer response.Body.Close() //nolint:errcheck // Whether it ends well no longer matters.
	over := time.NewTimer(s.hold)
	defer over.Stop()
	closing := s.closing
	for {
		select {
		case kind, more := <-events:
			if !more {
				s.note(func(f *followed) {
					f.broken = append(f.broken, mistake{noConnection, "the stream of order " + st.order.id.String() + " broke off"})
				})
				s.leave(st)
				return
			}
			s.take(st, kind)
		case <-closing:
			closing = nil
			over.Reset(0)
		case <-over.C:
			wait := s.waitsFor(st)
			if wait <= 0 {
				s.leave(st)
				return
			}
			over.Reset(wait)
		}
	}
}

func (s *streams) note(what func(*followed)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what(&s.found)
}

// take notes an event.
func (s *streams) take(st *stream, kind string) {
	s.note(func(f *followed) { f.Events++ })
	if kind == "order.paid" {
		s.shop.mu.Lock()
		st.toldOf = s.shop.clock()
		s.shop.mu.Unlock()
	}
}

// waitsFor is how much longer a stream has to tell of a payment that has been answered; nothing if it owes none.
func (s *streams) waitsFor(st *stream) time.Duration {
	s.shop.mu.Lock()
	defer s.shop.mu.Unlock()
	if st.order.paid.IsZero() || !st.toldOf.IsZero() {
		return 0
	}
	return st.order.paid.Add(eventWithin).Sub(s.shop.clock())
}

// leave ends a stream and notes when it told of the payment, or that it did not.
func (s *streams) leave(st *stream) {
	s.shop.mu.Lock()
	paid, told := st.order.paid, st.toldOf
	st.order.stream = nil
	s.shop.mu.Unlock()
	s.note(func(f *followed) {
		switch {
		case paid.IsZero():
		case told.IsZero():
			detail := "the stream of order " + st.order.id.String() + ", paid, did not tell so"
			f.missed = append(f.missed, mistake{missedEvent, detail})
		default:
			f.delivered = append(f.delivered, max(0, told.Sub(paid)))
		}
	})
}

// end lets every stream end and returns what became of them.
func (s *streams) end() followed {
	close(s.closing)
	s.holding.Wait()
	s.closing = make(chan struct{})
	found := s.found
	s.found = followed{}
	return found
}
