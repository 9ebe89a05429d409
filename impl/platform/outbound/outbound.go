// Package outbound calls another service over HTTP.
//
// It promises that
//   - a call ends within its total time and its caller's deadline, whatever the other service does, and sends along the
//     time that a try has left;
//   - only repeatable calls are retried, and the retries of all callers together stay about a tenth of their calls;
//   - a failing service is not called for a while, and calls are refused at once meanwhile;
//   - answers are bounded, redirects are not followed, and no error contains a header, a query or a body.
package outbound

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/telemetry"
)

const (
	maxAnswerBytes = 1 << 20
	maxHeaderBytes = 64 << 10
	maxConns       = 128
	idleTimeout    = 30 * time.Second // shorter than a server's, so that no server closes a connection just before its use
	connectTimeout = time.Second      // a connection that is made too late for its try serves the next one

	firstPause   = 25 * time.Millisecond // the longest first pause between two tries; it doubles
	probeTimeout = 2 * time.Second

	failureRate = 0.5
	window      = 10 * time.Second
)

// timeoutHeader says, in milliseconds, how long the caller waits for the answer.
const timeoutHeader = "X-Request-Timeout-Ms"

// Config configures a Client. A zero value means the default.
type Config struct {
	// Name is the dependency in metrics, logs and errors, such as "users".
	Name string
	// BaseURL is the address of the service: an http or https URL without user, query and fragment. The client calls
	// no other.
	BaseURL string

	// Total bounds a call with all its tries, as does the caller's deadline. Default: 250 ms.
	Total time.Duration
	// Timeout bounds one try, from connecting to the end of the answer. Default: 120 ms, so that a silent service is
	// tried twice within Total, and a slow one can still answer.
	Timeout time.Duration
	// Least is the shortest time for which a try is worth making. Default: 10 ms.
	Least time.Duration
	// MaxAttempts bounds the tries of a repeatable call. Default: 3.
	MaxAttempts int
	// RetryShare is the number of retries per call in the long run, over all callers. Default: 0.1.
	RetryShare float64
	// OpenAfter is the number of tries within 10 s from which on the breaker opens if half of them failed. Default:
	// 10.
	OpenAfter uint
	// OpenFor is how long the breaker stays open before one call may probe, up to a fifth shorter or longer. Default:
	// 5 s.
	OpenFor time.Duration
	// Probe is the path of an operation that anybody may call and that costs little, for Check. Empty: Check asks
	// nothing.
	Probe string

	// Log has a line when the breaker opens or closes. Nil: no log.
	Log *slog.Logger
	// Registry registers the metrics. Nil: no metrics.
	Registry prometheus.Registerer
}

// Client calls one service; it is safe for concurrent use. It has the one method that the generated clients need. It
// takes no clock, because the deadlines of contexts use the real time.
type Client struct {
	name        string
	base        *url.URL
	total       time.Duration
	timeout     time.Duration
	least       time.Duration
	maxAttempts int
	probe       string
	transport   *http.Transport
	breaker     circuitbreaker.CircuitBreaker[any]
	budget      *budget
	metrics     *metrics
}

// New returns a client. It does not connect, so a service starts without the others. It fails if the name or the
// address is unusable, or if the registry has a client of that name already.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.BaseURL)
	switch {
	case c.Name == "":
		return nil, errors.New("outbound: the other service has no name")
	case err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "",
		base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, fmt.Errorf("outbound: the address of %s is no http or https URL without user, query and fragment", c.Name)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	client := &Client{
		name: c.Name, base: base, probe: c.Probe,
		total:       cmp.Or(c.Total, 250*time.Millisecond),
		timeout:     cmp.Or(c.Timeout, 120*time.Millisecond),
		least:       cmp.Or(c.Least, 10*time.Millisecond),
		maxAttempts: cmp.Or(c.MaxAttempts, 3),
		budget:      newBudget(cmp.Or(c.RetryShare, 0.1)),
		// Another of our services is reached directly, without a proxy.
		transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout:    connectTimeout,
			ForceAttemptHTTP2:      true,
			MaxConnsPerHost:        maxConns,
			MaxIdleConns:           maxConns,
			MaxIdleConnsPerHost:    maxConns,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
	if client.least > client.timeout || client.timeout > client.total {
		return nil, fmt.Errorf("outbound: a call of %s has less time than a try, or a try less than the least", c.Name)
	}
	log := c.Log.With(slog.String("dependency", c.Name))
	client.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(failureRate, cmp.Or(c.OpenAfter, 10), window).
		WithDelay(cmp.Or(c.OpenFor, 5*time.Second)).
		WithJitterFactor(0.2). // so that replicas do not probe together
		WithSuccessThreshold(1).
		OnOpen(func(circuitbreaker.StateChangedEvent) { log.Warn("breaker opened, calls are refused for a while") }).
		OnClose(func(circuitbreaker.StateChangedEvent) { log.Info("breaker closed, calls go out again") }).
		Build()
	client.metrics, err = newMetrics(c.Registry, c.Name, client.breaker.State)
	return client, err
}

// Close closes idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Check fails with a reason while the breaker refuses calls, and otherwise when the service does not answer a GET of
// Config.Probe as it should. It is for ops.Check. The probe is no call: the breaker, the budget of retries and the
// metrics do not count it, so it neither opens the breaker nor takes the place of the call that would close it.
func (c *Client) Check(ctx context.Context) error {
	if c.breaker.RemainingDelay() > 0 {
		return ops.Reason(BreakerOpen)
	}
	if c.probe == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath(c.probe).String(), http.NoBody)
	if err != nil {
		return err
	}
	answer, failure := c.send(ctx, r, left(ctx))
	if failure == nil {
		_ = answer.Body.Close() // It has been read; only the status matters.
		if answer.StatusCode < http.StatusBadRequest {
			return nil
		}
		failure = &Error{Reason: Failing, Status: answer.StatusCode}
	}
	if failure.Reason == RateLimited {
		return nil // The service works.
	}
	failure.Dependency, failure.Attempts = c.name, 1
	return errors.Join(ops.Reason(failure.Reason), failure)
}

// Do sends a request and returns its complete answer; the caller may but need not close the body.
//
// Do retries a call that did not reach the service, broke off, timed out, or was answered with 502, 503, 504 or 429.
// The method must be idempotent (RFC 9110, section 9.2.2) or the request have an Idempotency-Key, and its body must be
// repeatable. The id and the trace of the request in the context are sent along.
//
// An answer of 500 or above, or of 429, is an [*Error], as is every failure to get an answer. If the caller's context
// was cancelled, the error is the context's.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if r.URL.Scheme != c.base.Scheme || r.URL.Host != c.base.Host {
		return nil, fmt.Errorf("outbound: the client of %s calls nobody else", c.name)
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), c.total)
	defer cancel()
	answer, failure := c.call(ctx, r)
	took := time.Since(start)
	telemetry.Request(ctx).Spend(telemetry.Outbound, took)
	switch {
	case failure == nil:
		c.metrics.observe(resultOf(answer.StatusCode), took)
		return answer, nil
	case errors.Is(r.Context().Err(), context.Canceled):
		c.metrics.observe(canceled, took)
		return nil, fmt.Errorf("call %s: %w", c.name, r.Context().Err())
	default:
		c.metrics.observe(string(failure.Reason), took)
		return nil, failure
	}
}

// call tries until there is an answer, or no reason for another try.
func (c *Client) call(ctx context.Context, r *http.Request) (*http.Response, *Error) {
	c.budget.deposit()
	for attempt := 1; ; attempt++ {
		answer, failure := c.try(ctx, r, attempt)
		if failure == nil {
			return answer, nil
		}
		failure.Dependency, failure.Attempts = c.name, attempt
		if pause, again := c.again(ctx, r, failure); !again || !sleep(ctx, pause) {
			failure.RetryAfter = max(failure.RetryAfter, leastRetryAfter)
			return nil, failure
		}
	}
}

// again decides whether to try again, and after which pause.
func (c *Client) again(ctx context.Context, r *http.Request, failure *Error) (time.Duration, bool) {
	if !failure.passing || failure.Attempts >= c.maxAttempts || !repeatable(r) {
		return 0, false
	}
	pause := max(rand.N(firstPause<<(failure.Attempts-1)), failure.RetryAfter)
	if left(ctx)-pause < c.least {
		return 0, false
	}
	if !c.budget.withdraw() {
		c.metrics.denied.Inc()
		return 0, false
	}
	c.metrics.retries.Inc()
	return pause, true
}

func repeatable(r *http.Request) bool {
	if r.Body != nil && r.GetBody == nil {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return true
	default:
		return r.Header.Get("Idempotency-Key") != ""
	}
}

// try makes one attempt, unless the time is too short or the breaker is open.
func (c *Client) try(ctx context.Context, r *http.Request, attempt int) (*http.Response, *Error) {
	given := min(left(ctx), c.timeout)
	if given < c.least {
		return nil, &Error{Reason: NoTime, cause: ctx.Err()}
	}
	if !c.breaker.TryAcquirePermit() {
		return nil, &Error{Reason: BreakerOpen, RetryAfter: c.breaker.RemainingDelay()}
	}
	ctx, cancel := context.WithTimeout(ctx, given)
	defer cancel()
	ctx, span := telemetry.Start(ctx, trace.SpanKindClient, r.Method+" "+c.name)
	answer, failure := c.send(ctx, r, given)
	c.describe(span, r, attempt, answer, failure)
	span.End()
	switch {
	case failure == nil || failure.Reason == RateLimited:
		c.breaker.RecordSuccess() // The service works.
	case failure.Reason == TimedOut && given < c.timeout/2 || errors.Is(ctx.Err(), context.Canceled):
		// A short deadline of the caller says nothing about the service. But a probe must end: without a verdict, it
		// is repeated later.
		if c.breaker.IsHalfOpen() {
			c.breaker.RecordFailure()
		}
	default:
		c.breaker.RecordFailure()
	}
	return answer, failure
}

// send sends one copy of the request and reads the answer.
func (c *Client) send(ctx context.Context, r *http.Request, given time.Duration) (*http.Response, *Error) {
	request := r.Clone(ctx)
	request.Header.Set(timeoutHeader, strconv.FormatInt(given.Milliseconds(), 10))
	if scope := telemetry.Request(ctx); scope != nil {
		request.Header.Set("X-Request-Id", scope.RequestID)
		if parent := telemetry.Traceparent(ctx); parent != "" {
			request.Header.Set("Traceparent", parent)
		}
	}
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, &Error{Reason: Unreachable, cause: err}
		}
		request.Body = body
	}
	answer, err := c.transport.RoundTrip(request)
	if err != nil {
		return nil, broken(ctx, err)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes+1))
	_ = answer.Body.Close()
	switch {
	case err != nil:
		return nil, broken(ctx, err)
	case len(body) > maxAnswerBytes:
		return nil, &Error{Reason: TooLarge, Status: answer.StatusCode}
	case answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests:
		return nil, refused(answer)
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return answer, nil
}

// describe fills in the span of a try. It has neither the path nor the query, which have ids of accounts.
func (c *Client) describe(span trace.Span, r *http.Request, attempt int, answer *http.Response, failure *Error) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("http.request.method", r.Method),
		attribute.String("server.address", c.base.Hostname()), attribute.String("service.peer.name", c.name))
	if attempt > 1 {
		span.SetAttributes(attribute.Int("http.request.resend_count", attempt-1))
	}
	switch {
	case failure != nil:
		if failure.Status != 0 {
			span.SetAttributes(attribute.Int("http.response.status_code", failure.Status))
		}
		telemetry.Failed(span, string(failure.Reason))
	default:
		span.SetAttributes(attribute.Int("http.response.status_code", answer.StatusCode))
		if answer.StatusCode >= http.StatusBadRequest {
			telemetry.Failed(span, strconv.Itoa(answer.StatusCode))
		}
	}
}

// left returns the time until the deadline of ctx, which must have one.
func left(ctx context.Context) time.Duration {
	deadline, _ := ctx.Deadline()
	return time.Until(deadline)
}

// sleep reports whether the pause ended before ctx.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
