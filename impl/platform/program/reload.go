package program

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/settings"
)

// reloading is settings.Live of whatever type the settings of a service have.
type reloading struct {
	now       func() ServeSettings
	subscribe func(func(next ServeSettings, changed []settings.Change))
	check     func(func(next ServeSettings) error)
	watch     func(ctx context.Context, signals <-chan os.Signal, report func(settings.Reloaded, error))
}

func newReloading[T any, S interface {
	*T
	ServeSettings
}](live *settings.Live[T]) reloading {
	return reloading{
		now: func() ServeSettings { return S(live.Get()) },
		subscribe: func(subscriber func(ServeSettings, []settings.Change)) {
			live.Subscribe(func(next *T, changed []settings.Change) { subscriber(S(next), changed) })
		},
		check: func(check func(ServeSettings) error) {
			live.Check(func(_ context.Context, next *T, _ []settings.Change) error { return check(S(next)) })
		},
		watch: live.Watch,
	}
}

// reloads tells operators how reading the settings again went: in the log, the metrics and on /healthz.
type reloads struct {
	log      *slog.Logger
	failed   atomic.Bool // the last one
	failures prometheus.Counter
	success  prometheus.Gauge
	at       prometheus.Gauge
}

// startReloading reads the settings again when their files change and on SIGHUP, until the process ends.
func (p Program) startReloading(process *Process, r reloading, registry prometheus.Registerer) error {
	told := &reloads{
		log: process.Log,
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "config_reload_failures_total", Help: "Readings of the settings at run time that were refused.",
		}),
		success: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "config_last_reload_successful", Help: "Whether the settings in force are those that were read last.",
		}),
		at: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "config_last_reload_success_timestamp_seconds", Help: "When the settings in force were read.",
		}),
	}
	for _, c := range []prometheus.Collector{told.failures, told.success, told.at} {
		if err := registry.Register(c); err != nil {
			return err
		}
	}
	told.success.Set(1)
	told.at.SetToCurrentTime()
	process.Check(ops.Check{Name: "config", Run: told.check})
	r.check(func(next ServeSettings) error { return Refuse(newFindings(r.now(), next)) })
	before := r.now()
	r.subscribe(func(next ServeSettings, _ []settings.Change) {
		p.warn(context.Background(), process.Log, newFindings(before, next))
		before = next
	})
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	process.Go("settings", func(ctx context.Context) {
		defer signal.Stop(hangups)
		r.watch(ctx, hangups, told.report)
	})
	return nil
}

// errOldSettings is why the service is degraded after settings were refused.
var errOldSettings = errors.Join(ops.Reason("refused"), errors.New("the settings that were read last are refused"))

// check is that of /healthz.
func (r *reloads) check(context.Context) error {
	if r.failed.Load() {
		return errOldSettings
	}
	return nil
}

// report tells of one reading.
func (r *reloads) report(result settings.Reloaded, err error) {
	level := slog.LevelInfo
	if r.failed.Swap(err != nil) {
		level = slog.LevelWarn // Whoever saw the refusal sees its end, whatever the level of the log.
	}
	if err != nil {
		r.failures.Inc()
		r.success.Set(0)
		r.log.Error("the settings are refused, the old ones stay", slog.Any("problems", lines(err)))
		return
	}
	r.success.Set(1)
	r.at.SetToCurrentTime()
	changed := make([]string, len(result.Changed))
	for i, c := range result.Changed {
		changed[i] = c.String()
	}
	attrs := []any{slog.Any("changed", changed)}
	if len(result.Hidden) > 0 {
		attrs = append(attrs, slog.Any("hidden", result.Hidden))
	}
	r.log.Log(context.Background(), level, "the settings have been read again", attrs...)
	if len(result.Waiting) > 0 {
		waiting := make([]string, len(result.Waiting))
		for i, c := range result.Waiting {
			waiting[i] = c.Setting
		}
		r.log.Warn("changed settings take effect at the next start", slog.Any("settings", waiting))
	}
}

// lines are the problems of settings, as settings.Load lists them.
func lines(err error) []string {
	var all []string
	for line := range strings.Lines(strings.TrimPrefix(err.Error(), "settings:\n")) {
		all = append(all, strings.TrimSpace(line))
	}
	return all
}
