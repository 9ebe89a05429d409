package ops

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Status is the state of a dependency, or of the whole service.
type Status string

// Healthy: everything works. Degraded: something optional fails, and the functions that need it. Unhealthy: something
// critical fails.
const (
	Healthy   Status = "healthy"
	Degraded  Status = "degraded"
	Unhealthy Status = "unhealthy"
)

// Check checks one dependency.
type Check struct {
	// Name is the dependency's name in the answer, such as "postgres".
	Name string
	// Critical means that the service can do nothing useful without it.
	Critical bool
	// Timeout bounds Run. Default: 2 s.
	Timeout time.Duration
	// Run returns nil when the dependency works. If its error wraps a Reason, the answer shows it; any other text is only
	// logged. Run is never called twice at the same time. A Run that ignores ctx keeps one goroutine and counts as timed
	// out until it returns.
	Run func(ctx context.Context) error
}

// Reason is why a dependency fails, in a word that anybody who reaches the listener may see: a constant such as
// Reason("breaker_open").
type Reason string

// Error implements error.
func (r Reason) Error() string { return string(r) }

// The reasons for errors without one.
const (
	TimedOut    Reason = "timeout"
	Unreachable Reason = "unreachable"
	Failed      Reason = "failed"
)

// Report is the answer of /healthz.
type Report struct {
	Status       Status       `json:"status"`
	Dependencies []Dependency `json:"dependencies"`
}

// Dependency is the last result of one check.
type Dependency struct {
	Name       string    `json:"name"`
	Status     Status    `json:"status"` // Healthy or Unhealthy
	Critical   bool      `json:"critical"`
	Since      time.Time `json:"since"`      // when a check first found this status, UTC
	CheckedAt  time.Time `json:"checked_at"` // when the check ended, UTC
	DurationMS float64   `json:"duration_ms"`
	Reason     Reason    `json:"reason,omitempty"`
}

// Health runs the checks whose results have expired, all at the same time, and waits no longer than their time-outs.
func (o *Ops) Health() Report {
	dependencies := make([]Dependency, len(o.probes))
	var done sync.WaitGroup
	for i, p := range o.probes {
		done.Go(func() { dependencies[i] = p.result() })
	}
	done.Wait()
	return Report{Status: overall(dependencies), Dependencies: dependencies}
}

// Watch checks every dependency every 5 s, up to a fifth earlier or later, until ctx ends: so the metrics, the log and
// Dependency.Since do not depend on who asks for /healthz, and replicas do not check together.
func (o *Ops) Watch(ctx context.Context) {
	for ctx.Err() == nil {
		checked := make(chan struct{})
		go func() {
			defer close(checked)
			o.Health()
		}()
		select {
		case <-ctx.Done(): // Checks that are still running end with their time-outs.
			return
		case <-checked:
		}
		select {
		case <-ctx.Done():
		case <-time.After(checkEvery - checkEvery/5 + rand.N(checkEvery*2/5)):
		}
	}
}

// Collector exports the last result of each check as dependency_healthy{dependency}, from the first result on.
func (o *Ops) Collector() prometheus.Collector {
	return healthCollector{o.probes, prometheus.NewDesc("dependency_healthy",
		"1 if the last check of the dependency succeeded, otherwise 0.", []string{"dependency"}, nil)}
}

type healthCollector struct {
	probes  []*probe
	healthy *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c healthCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.healthy }

// Collect implements prometheus.Collector.
func (c healthCollector) Collect(ch chan<- prometheus.Metric) {
	for _, p := range c.probes {
		p.mu.Lock()
		last := p.last
		p.mu.Unlock()
		if last.CheckedAt.IsZero() {
			continue
		}
		value := 0.0
		if last.Status == Healthy {
			value = 1
		}
		ch <- prometheus.MustNewConstMetric(c.healthy, prometheus.GaugeValue, value, p.check.Name)
	}
}

// overall combines the states of the dependencies, in any order, into that of the service.
func overall(dependencies []Dependency) Status {
	status := Healthy
	for _, d := range dependencies {
		switch {
		case d.Status == Healthy:
		case d.Critical:
			return Unhealthy
		default:
			status = Degraded
		}
	}
	return status
}

// probe runs one check, at most once at a time, and keeps its result.
type probe struct {
	check    Check
	cacheFor time.Duration
	log      *slog.Logger
	clock    func() time.Time

	mu      sync.Mutex
	last    Dependency
	current *run // running, or timed out and not yet returned
}

// run is one execution of a check. The result is set before done is closed.
type run struct {
	done   chan struct{}
	result Dependency
}

// result returns the last result while it is fresh, otherwise that of the current run, or of a new one.
func (p *probe) result() Dependency {
	p.mu.Lock()
	if p.current == nil && !p.last.CheckedAt.IsZero() && p.clock().Sub(p.last.CheckedAt) < p.cacheFor {
		defer p.mu.Unlock()
		return p.last
	}
	if p.current == nil {
		p.current = &run{done: make(chan struct{})}
		go p.execute(p.current)
	}
	current := p.current
	p.mu.Unlock()

	<-current.done
	return current.result
}

// execute runs the check for all requests that wait for it, so its context belongs to none of them.
func (p *probe) execute(r *run) {
	ctx, cancel := context.WithTimeout(context.Background(), p.check.Timeout)
	defer cancel()
	start := p.clock()
	returned := make(chan error, 1)
	go func() { returned <- runSafely(ctx, p.check.Run) }()

	var err error
	hangs := false
	select {
	case err = <-returned:
	case <-ctx.Done():
		err, hangs = ctx.Err(), true
	}
	p.finish(r, start, err, hangs)
	if hangs {
		<-returned //nolint:errcheck // Its error came too late to be told.
		p.mu.Lock()
		defer p.mu.Unlock()
		p.current = nil
	}
}

// finish publishes a result; a check that hangs remains the current one.
func (p *probe) finish(r *run, start time.Time, err error, hangs bool) {
	end := p.clock()
	r.result = Dependency{
		Name:       p.check.Name,
		Status:     Healthy,
		Critical:   p.check.Critical,
		Since:      end.UTC(),
		CheckedAt:  end.UTC(),
		DurationMS: float64(end.Sub(start).Microseconds()) / 1000,
	}
	if err != nil {
		r.result.Status, r.result.Reason = Unhealthy, reasonOf(err)
	}
	p.mu.Lock()
	before := p.last
	if before.Status == r.result.Status {
		r.result.Since = before.Since
	}
	p.last = r.result
	if !hangs {
		p.current = nil
	}
	p.mu.Unlock()
	close(r.done)
	// Last, so that no request waits for the log.
	p.logChange(before, r.result, err)
}

// logChange logs the first failure, and the first success after it with the time between them.
func (p *probe) logChange(before, now Dependency, err error) {
	switch {
	case now.Status == Unhealthy && before.Status != Unhealthy:
		p.log.Warn("dependency fails", "dependency", now.Name, "critical", now.Critical, "reason", string(now.Reason),
			"error", err)
	case now.Status == Healthy && before.Status == Unhealthy:
		p.log.Info("dependency works again", "dependency", now.Name, "failed_for", now.Since.Sub(before.Since).String())
	}
}

func reasonOf(err error) Reason {
	if reason, ok := errors.AsType[Reason](err); ok {
		return reason
	}
	var network net.Error
	isNetwork := errors.As(err, &network)
	switch {
	case errors.Is(err, context.DeadlineExceeded), isNetwork && network.Timeout():
		return TimedOut
	case isNetwork:
		return Unreachable
	default:
		return Failed
	}
}

// runSafely turns a panic of a check into a failure of its dependency.
func runSafely(ctx context.Context, check func(context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("ops: the check panicked: %v", r)
		}
	}()
	return check(ctx)
}
