package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/tracing"
)

// Stop bound the phases of the stop.
type Stop struct {
	StopWithin time.Duration `koanf:"stop_within" usage:"how long the whole stop may take, from the signal to the last line of the log; less than whatever kills the process waits"`
	Unready    time.Duration `koanf:"unready" reload:"true" usage:"how long to go on serving after readiness has been withdrawn"`
	Drain      time.Duration `koanf:"drain" reload:"true" usage:"how long running requests may take to end"`
}

// DefaultStop returns the defaults of Stop: Kubernetes kills a process after 30 s.
func DefaultStop() Stop {
	return Stop{StopWithin: 25 * time.Second, Unready: 3 * time.Second, Drain: 20 * time.Second}
}

// stopReserve is what parts, pool and log have at least after requests have ended.
const stopReserve = 2 * time.Second

// Validate refuses phases that cannot work.
func (s *Stop) Validate() error {
	switch {
	case s.Unready < 0 || s.Drain <= 0:
		return errors.New("unready is not less than nothing, and drain is more")
	case s.Unready > s.StopWithin-s.Drain-stopReserve: // The sum could overflow.
		return fmt.Errorf("stop_within is %s, unready %s and drain %s: stop_within has to be at least %s longer than the "+
			"other two together, for jobs, events and the database; lower those or raise stop_within, and with it the time "+
			"after which the process is killed", s.StopWithin, s.Unready, s.Drain, stopReserve)
	}
	return nil
}

// part is a background part that ends with the program.
type part struct {
	name string
	stop func(context.Context) error
}

// What is kept for the pool, which ends last of all parts, and for the log, which ends behind it.
const (
	poolReserve = 250 * time.Millisecond
	logReserve  = 250 * time.Millisecond
)

// stopping is the stop of a program.
type stopping struct {
	began  time.Time
	within time.Duration
	took   []any    // a slog.Attr for each that was to end, in order
	late   []string // those that had not ended when their time was over
	failed []string // those that ended with another error
}

// note records the end of a part, or that it did not end.
func (s *stopping) note(name string, began time.Time, err error) {
	s.took = append(s.took, slog.String(name, time.Since(began).Round(time.Millisecond).String()))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		s.late = append(s.late, name)
	case err != nil:
		s.failed = append(s.failed, name)
	}
}

// begin sets the clock, once.
func (s *stopping) begin() {
	if s.began.IsZero() {
		s.began = time.Now()
	}
}

// limit is how long the part may take behind which so many others end: three quarters of what is left, so that one that
// hangs leaves time to the others; the pool, which is the last, has all that is left. Whoever needs most are the jobs.
func (s *stopping) limit(behind int) time.Duration {
	left := s.within - logReserve - time.Since(s.began)
	if behind == 0 {
		return max(left, poolReserve)
	}
	return max((left-poolReserve)*3/4, 0)
}

// end ends the parts, the last one first, even if one of them fails.
func (s *stopping) end(parts []part, log *slog.Logger) error {
	var errs []error
	for behind, part := range slices.Backward(parts) {
		ctx, cancel := context.WithTimeout(context.Background(), s.limit(behind))
		began := time.Now()
		err := part.stop(ctx)
		s.note(part.name, began, err)
		switch {
		case err == nil:
			log.InfoContext(ctx, "part stopped", slog.String("part", part.name))
		case errors.Is(err, tracing.ErrLost): // It is in the last line; the service has done its work without.
		default:
			errs = append(errs, fmt.Errorf("%s failed to stop: %w", part.name, err))
		}
		cancel()
	}
	return errors.Join(errs...)
}

// report logs what became of each part. It is the last line of the log.
func (s *stopping) report(ctx context.Context, log *slog.Logger) {
	level := slog.LevelInfo
	if len(s.late)+len(s.failed) > 0 {
		level = slog.LevelWarn
	}
	log.Log(ctx, level, "stopped", slog.Bool("in_time", len(s.late) == 0),
		slog.String("took", time.Since(s.began).Round(time.Millisecond).String()),
		slog.String("stop_within", s.within.String()), slog.Group("each_took", s.took...),
		slog.Any("not_in_time", s.late), slog.Any("failed", s.failed))
}

// close closes the log, in what is left of the whole.
func (s *stopping) close(log *telemetry.Logger) error {
	s.begin() // The start may have failed before there was anything to stop.
	ctx, cancel := context.WithTimeout(context.Background(), max(s.within-time.Since(s.began), logReserve))
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- log.Close() }()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return errors.New("the log failed to stop: its last lines may be lost")
	}
}
