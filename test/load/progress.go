package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// tell writes how a run goes until ctx ends: a line that is written over every second on a terminal, a line every ten
// seconds elsewhere.
func tell(ctx context.Context, out *os.File, g *generator, duration time.Duration) {
	every, begin, end := 10*time.Second, "", "\n"
	if info, err := out.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		every, begin, end = time.Second, "\r\033[K", ""
		defer fmt.Fprintln(out)
	}
	began, seen := time.Now(), 0
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			all := g.snapshot()
			line := progressLine(all, seen, g.inFlight.Load(), time.Since(began), every, duration)
			fmt.Fprint(out, begin, line, end)
			seen = len(all)
		}
	}
}

func errorCount(samples []sample) (n int) {
	for _, s := range samples {
		if s.problem != nil {
			n++
		}
	}
	return n
}

// progressLine tells of the samples since the line before, and of all.
func progressLine(all []sample, seen int, inFlight int64, gone, every, duration time.Duration) string {
	f := figuresOf("", all[seen:], every)
	const format = "%4.0f of %.0f s  %6.1f answers/s  %4d in flight  p50 %6.1f ms  p99 %6.1f ms  %d answered, %d errors"
	return fmt.Sprintf(format,
		gone.Seconds(), duration.Seconds(), f.Rate, inFlight, f.P50, f.P99, len(all), errorCount(all))
}
