package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"
)

// profiled are the mixes that profiles are taken of and that their gain is shown for. In the second nobody logs in:
// otherwise the hashing of passwords, which is assembly that no profile improves, would hide all else that users does.
func profiled(s settings) (names []string, mixes []mix) {
	quiet := slices.Clone(s.mix)
	quiet[slices.IndexFunc(operations, func(u use) bool { return u.name == "login" })] = 0
	return []string{"the mix", "without logins"}, []mix{s.mix, quiet}
}

// makeProfiles takes profiles, unless the gain of those that are there is to be shown, and compares the programs that
// are built without and with them.
func makeProfiles(ctx context.Context, s settings, out io.Writer, progress *os.File) (err error) {
	w, err := newWorld(ctx, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	without, err := w.target(ctx, s, both(pgoOff), progress)
	if err != nil {
		return err
	}
	profile := func(service string) string { return filepath.Join(s.profiles, service, "default.pgo") }
	if !s.gain {
		if err := w.takeProfiles(ctx, s, without, profile, progress); err != nil {
			return err
		}
	}
	with, err := w.target(ctx, s, profile, progress)
	if err != nil {
		return err
	}
	names, mixes := profiled(s)
	for i, m := range mixes {
		without.shop.mix, with.shop.mix = m, m
		if err := compare(ctx, s, names[i], without, with, out, progress); err != nil {
			return err
		}
	}
	return nil
}

// takeProfiles takes CPU profiles of both services under the load of each mix and writes the sum of each service's.
func (w *world) takeProfiles(
	ctx context.Context, s settings, t *target, profile func(service string) string, progress *os.File,
) error {
	running := w.services[0]
	names, mixes := profiled(s)
	taken := map[string][]string{}
	for i, m := range mixes {
		fmt.Fprintf(progress, "profiling %s: %g requests/s for %s\n", names[i], s.rate, s.duration)
		t.shop.mix = m
		all, profiling := errgroup.WithContext(ctx)
		for _, one := range []*service{running.users, running.orders} {
			file := filepath.Join(w.dir, fmt.Sprintf("%s-%d.pprof", one.name, i))
			taken[one.name] = append(taken[one.name], file)
			all.Go(func() error { return takeProfile(profiling, one.opsURL, s.duration, file) })
		}
		var r result
		all.Go(func() error { return t.run(profiling, s, s.rate, s.duration, &r, progress) })
		if err := all.Wait(); err != nil {
			return err
		}
	}
	for name, files := range taken {
		if err := merge(ctx, files, profile(name), progress); err != nil {
			return err
		}
	}
	return nil
}

// takeProfile asks a service for its CPU profile.
func takeProfile(ctx context.Context, opsURL string, duration time.Duration, file string) error {
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", opsURL, int(duration.Seconds()))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody) //nolint:gosec // It was started here.
	if err != nil {
		return err
	}
	a, err := read(http.DefaultTransport.RoundTrip(r))
	if err != nil {
		return fmt.Errorf("take a profile: %w", err)
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("take a profile: %d: %s", a.status, a.body)
	}
	return os.WriteFile(file, a.body, 0o600)
}

// merge writes the sum of profiles.
func merge(ctx context.Context, files []string, to string, progress io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"tool", "pprof", "-proto"}, files...)...)
	cmd.Stderr = progress
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("merge profiles: %w", err)
	}
	fmt.Fprintf(progress, "%s has %d KB\n", to, len(text)/1000)
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644) //nolint:gosec // It is a source of the build like any other.
}

// compare lets two targets take turns and prints what a request costs each service, by the median of the rounds.
func compare(
	ctx context.Context, s settings, name string, without, with *target, out io.Writer, progress *os.File,
) error {
	costs := map[string][2][]float64{}
	for round := range s.rounds {
		fmt.Fprintf(progress, "comparing %s, round %d of %d\n", name, round+1, s.rounds)
		sides := []*target{without, with}
		for turn := range sides {
			side := (turn + round) % len(sides) // The machine may warm up or slow down: neither is always first.
			var r result
			if err := sides[side].run(ctx, s, s.rate, s.step, &r, progress); err != nil {
				return err
			}
			for _, u := range r.Processes {
				measured := costs[u.Process]
				measured[side] = append(measured[side], u.CPUPerRequest)
				costs[u.Process] = measured
			}
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\n%s, CPU ms per request of the mix\t-pgo=off\tprofile\tgain\teach round\n", name)
	for _, process := range []string{usersProcess, ordersProcess} {
		off, on := costs[process][0], costs[process][1]
		fmt.Fprintf(table, "%s\t%.3f\t%.3f\t%.1f %%\t", process, median(off), median(on), 100*(1-median(on)/median(off)))
		for round := range off {
			fmt.Fprintf(table, "%.3f/%.3f ", off[round], on[round])
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
