package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// The codes of mistakes that are no problem codes of the services.
const (
	wrongAnswer  = "wrong_answer"   // The status is right and the content is not.
	timedOut     = "client_timeout" // There was no answer in the time that the generator waits.
	noConnection = "no_answer"      // The connection failed.
	missedEvent  = "event_missed"   // A stream did not tell of a payment that was answered.
)

// mistake is an answer that the scenario did not expect, or none.
type mistake struct{ code, detail string }

// refusedWith names an answer by its problem code, or by its status if it has none.
func refusedWith(a answer) *mistake {
	var problem struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	if json.Unmarshal(a.body, &problem) != nil || problem.Code == "" {
		return &mistake{code: "status_" + strconv.Itoa(a.status), detail: string(a.body[:min(len(a.body), 200)])}
	}
	return &mistake{code: problem.Code, detail: fmt.Sprintf("%d: %s", a.status, problem.Detail)}
}

// failedWith names an error of the connection.
func failedWith(err error) *mistake {
	if errors.Is(err, context.DeadlineExceeded) {
		return &mistake{code: timedOut, detail: err.Error()}
	}
	return &mistake{code: noConnection, detail: err.Error()}
}

// sample is one request of a run.
type sample struct {
	operation string
	intended  time.Duration // since the beginning
	late      time.Duration // how much later than intended the generator sent it
	latency   time.Duration // from the intended time to the end of the answer
	problem   *mistake
}

// generator sends the requests of a schedule and takes their answers. It is an http.RoundTripper for vegeta, which
// keeps the time and has as many requests under way as it takes.
type generator struct {
	shop    *shop
	send    http.RoundTripper // for answers that end
	streams *streams
	timeout time.Duration // after which an answer is given up

	under    sync.Map // steps under way, by number
	inFlight atomic.Int64
	mu       sync.Mutex
	samples  []sample
}

// underWay is a step with the time when it was to be sent.
type underWay struct {
	*step

	intended time.Duration
	due      time.Time
	late     time.Duration
}

// numberHeader tells the transport which step a request of vegeta's is. It is removed before the request is sent.
const numberHeader = "X-Load-Step"

// run sends what the schedule holds until it or ctx ends, waits for every answer, and returns when it began and what
// came of it.
func (g *generator) run(ctx context.Context, s schedule) (began time.Time, all []sample, err error) {
	g.samples = nil
	var made atomic.Int64
	var broken atomic.Pointer[error]
	attacker := vegeta.NewAttacker(vegeta.Client(&http.Client{Transport: g}))
	began = time.Now()
	results := attacker.Attack(func(t *vegeta.Target) error {
		n := made.Add(1) - 1
		st, err := g.shop.next()
		if err != nil {
			broken.Store(&err)
			return err
		}
		due := began.Add(s.arrivals[n])
		g.under.Store(n, underWay{st, s.arrivals[n], due, max(0, time.Since(due))})
		g.inFlight.Add(1)
		return fill(t, st.request, n)
	}, s, 0, "")
	ended := context.AfterFunc(ctx, func() { attacker.Stop() })
	defer ended()
	for range results { // The transport has taken what matters of each.
	}
	if err := broken.Load(); err != nil {
		return began, nil, *err
	}
	return began, g.samples, ctx.Err()
}

// fill gives vegeta a request.
func fill(t *vegeta.Target, r *http.Request, n int64) error {
	t.Method, t.URL, t.Header = r.Method, r.URL.String(), r.Header
	t.Header.Set(numberHeader, strconv.FormatInt(n, 10))
	if r.Body == nil {
		return nil
	}
	var err error
	t.Body, err = io.ReadAll(r.Body)
	return err
}

// RoundTrip sends a step, reads the answer to its end and records both.
func (g *generator) RoundTrip(r *http.Request) (*http.Response, error) {
	n, err := strconv.ParseInt(r.Header.Get(numberHeader), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("a request that is no step: %w", err)
	}
	taken, _ := g.under.LoadAndDelete(n)
	st := taken.(underWay)
	r.Header.Del(numberHeader) // vegeta has made the request, and its header, for this call.
	r.Header.Del("X-Vegeta-Seq")
	r.Header.Set("User-Agent", "plumbline-load")
	a, err := g.exchange(r, st)
	var problem *mistake
	if err != nil {
		problem = failedWith(err)
	}
	latency := time.Since(st.due)
	problem = g.shop.settle(st.step, a, problem)
	g.inFlight.Add(-1)
	g.mu.Lock()
	g.samples = append(g.samples, sample{st.operation, st.intended, st.late, latency, problem})
	g.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: a.status, Header: a.header, Body: http.NoBody, Request: r, ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// exchange sends a request and reads the answer. Of a stream it reads the header and leaves the rest to those who hold
// streams.
func (g *generator) exchange(r *http.Request, st underWay) (answer, error) {
	if st.follow != nil {
		return g.streams.open(r, st.follow.stream, g.timeout)
	}
	ctx, cancel := context.WithTimeout(r.Context(), g.timeout)
	defer cancel()
	return read(g.send.RoundTrip(r.WithContext(ctx)))
}

// read reads an answer to its end.
func read(response *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	_ = response.Body.Close() // It has been read.
	return answer{response.StatusCode, response.Header, body.Bytes()}, err
}

// snapshot is the samples so far, which no one changes any more.
func (g *generator) snapshot() []sample {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clip(g.samples)
}
