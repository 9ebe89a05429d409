package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/rueidis"

	"example.com/plumbline/impl/platform/ops"
)

// The results of calls.
const (
	success  = "success"
	rejected = "rejected"     // Redis works and refuses the command, as one of the wrong type
	failing  = "failing"      // Redis takes no commands: it is full, read-only, loading, or denies access
	timedOut = "timeout"      // no answer within the time-out
	broken   = "unreachable"  // no connection, or it broke
	canceled = "canceled"     // by the caller
	refused  = "breaker_open" // not called
)

// resultOf gives the result of a call of ctx that ended with err.
func resultOf(ctx context.Context, err error) string {
	answer, isAnswer := rueidis.IsRedisErr(err)
	switch {
	case err == nil, isAnswer && answer.IsNil():
		return success
	case isAnswer && takesNone(codeOf(answer)):
		return failing
	case isAnswer:
		return rejected
	case errors.Is(ctx.Err(), context.Canceled):
		return canceled
	case errors.Is(err, context.DeadlineExceeded):
		return timedOut
	default:
		return broken
	}
}

// codeOf gives the first word of an error of Redis, its code. rueidis leaves out the most general one, ERR.
func codeOf(answer *rueidis.RedisError) string {
	code, _, _ := strings.Cut(answer.Error(), " ")
	return code
}

// takesNone tells whether an error says that Redis takes no commands, or none that write. Every other one is about the
// command.
func takesNone(code string) bool {
	switch code {
	case "OOM", "MISCONF", "READONLY", "LOADING", "BUSY", "NOAUTH", "WRONGPASS", "NOPERM", "NOREPLICAS", "MASTERDOWN",
		"CLUSTERDOWN", "MOVED", "ASK", "TRYAGAIN":
		return true
	default:
		return false
	}
}

// reasonOf gives the reason of a failure for the operations listener.
func reasonOf(err error) ops.Reason {
	answer, isAnswer := rueidis.IsRedisErr(err)
	if !isAnswer {
		network, isNetwork := errors.AsType[net.Error](err)
		if errors.Is(err, context.DeadlineExceeded) || isNetwork && network.Timeout() {
			return ops.TimedOut
		}
		return ops.Unreachable
	}
	switch codeOf(answer) {
	case "OOM", "MISCONF":
		return full
	case "READONLY":
		return readOnly
	case "WRONGPASS", "NOAUTH", "NOPERM":
		return denied
	default:
		return ops.Failed
	}
}

// metrics are those of the client. Every series exists from the start.
type metrics struct {
	results  map[string]prometheus.Counter
	duration prometheus.Observer
}

// newMetrics registers redis_commands_total{result}, redis_command_duration_seconds and redis_breaker_state.
func newMetrics(registry prometheus.Registerer, isOpen func() bool) (*metrics, error) {
	if registry == nil {
		registry = prometheus.NewRegistry()
	}
	commands := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "redis_commands_total", Help: "Commands and scripts by result.",
	}, []string{"result"})
	duration := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "redis_command_duration_seconds", Help: "Duration of commands and scripts that were sent.",
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1},
	})
	breaker := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "redis_breaker_state", Help: "State of the breaker: 0 closed, 1 open.",
	}, func() float64 {
		if isOpen() {
			return 1
		}
		return 0
	})
	var errs []error
	for _, c := range []prometheus.Collector{commands, duration, breaker} {
		errs = append(errs, registry.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("redis: register the metrics, once per registry: %w", err)
	}
	m := &metrics{results: map[string]prometheus.Counter{}, duration: duration}
	for _, result := range []string{success, rejected, failing, timedOut, broken, canceled, refused} {
		m.results[result] = commands.WithLabelValues(result)
	}
	return m, nil
}

func (m *metrics) observe(result string, took time.Duration) {
	m.results[result].Inc()
	m.duration.Observe(took.Seconds())
}
