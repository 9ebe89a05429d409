// Command load calls both services as a shop's visitors do, at a rate that no answer changes, and reports how they
// bore it. It starts the services with a private PostgreSQL and NATS, or calls those that it is given.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if len(os.Args) == 3 && os.Args[1] == natsCommand {
		stop() // It ends when the generator closes its input.
		err = runNATS(context.Background(), os.Args[2])
	} else {
		err = command(ctx, os.Args[1:], os.Stdout, os.Stderr)
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = errors.New("it was interrupted: there is no report")
		}
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// settings are those of the command.
type settings struct {
	rate             float64
	duration         time.Duration
	clients          int
	customers        int
	arrivals         string
	mix              mix
	hold, timeout    time.Duration
	limits           limits
	findCapacity     bool
	step             time.Duration
	profiles         string
	gain             bool
	rounds           int
	pgo              string
	report, jsonFile string
	given            given
}

// defaults are the guide's figures.
func defaults() settings {
	return settings{
		rate: 100, duration: 30 * time.Second, clients: 50, customers: 200, arrivals: arrivalsPoisson, mix: defaultMix(),
		hold: 10 * time.Second, timeout: 10 * time.Second,
		limits: limits{mean: 100 * time.Millisecond, p99: 500 * time.Millisecond, errors: 0.01},
		step:   10 * time.Second, rounds: 4, pgo: pgoAuto, report: "load.html", jsonFile: "load.json",
	}
}

const (
	arrivalsPoisson  = "poisson"
	arrivalsConstant = "constant"
)

// parse reads the flags.
func parse(args []string) (settings, error) {
	s := defaults()
	var text string
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.Float64Var(&s.rate, "rate", s.rate, "requests that arrive per second")
	f.DurationVar(&s.duration, "duration", s.duration, "how long they do")
	f.IntVar(&s.clients, "clients", s.clients, "connections to each service at most, besides those of streams")
	f.IntVar(&s.customers, "customers", s.customers, "accounts that are signed in, each with a network address of its own")
	f.StringVar(&s.arrivals, "arrivals", s.arrivals, "poisson, as of callers that know nothing of each other, or constant")
	f.StringVar(&text, "mix", "", "weights of requests that differ from "+s.mix.String()+"; all=0 clears them")
	f.DurationVar(&s.hold, "hold", s.hold, "how long a stream is held open")
	f.DurationVar(&s.timeout, "timeout", s.timeout, "how long an answer is waited for")
	f.DurationVar(&s.limits.mean, "mean", s.limits.mean, "the mean must be below; 0 asks for none")
	f.DurationVar(&s.limits.p99, "p99", s.limits.p99, "the 99th percentile must be below; 0 asks for none")
	f.Float64Var(&s.limits.errors, "errors", s.limits.errors,
		"the share of errors must be below, as in 0.01; 0 asks for none")
	f.BoolVar(&s.findCapacity, "find-capacity", false, "raise the rate until p99 or errors break")
	f.DurationVar(&s.step, "step", s.step, "how long each rate is held by -find-capacity")
	f.StringVar(&s.profiles, "profiles", "", "take profiles for the build, write them to users/default.pgo and "+
		"orders/default.pgo in this folder, as in cmd, and show what programs gain by them")
	f.BoolVar(&s.gain, "gain", false, "with -profiles, take none: show what programs gain by those that are there")
	f.IntVar(&s.rounds, "rounds", s.rounds, "how often -profiles compares programs without and with them")
	f.StringVar(&s.pgo, "pgo", s.pgo, "the setting -pgo with which the services are built")
	f.StringVar(&s.report, "report", s.report, "where the report is written")
	f.StringVar(&s.jsonFile, "json", s.jsonFile, "where its figures are written for programs")
	f.StringVar(&s.given.users, "users", "", "the address of a running users service, as in http://127.0.0.1:8080")
	f.StringVar(&s.given.orders, "orders", "", "the address of its orders service")
	f.StringVar(&s.given.payments, "payments", "payments@plumbline.test",
		"the account there that reports payments; its password is in "+passwordEnv)
	if err := f.Parse(args); err != nil {
		return s, err
	}
	var err error
	if s.mix, err = parseMix(text); err != nil {
		return s, err
	}
	return s, s.validate(f.Args())
}

func (s *settings) validate(rest []string) error {
	var errs []error
	refuse := func(when bool, text string) {
		if when {
			errs = append(errs, errors.New(text))
		}
	}
	refuse(len(rest) > 0, fmt.Sprintf("%q is no flag", rest))
	refuse(!(s.rate > 0 && s.rate <= 100_000), "rate: write a number of requests per second up to 100000")
	refuse(s.duration < time.Second || s.duration > 24*time.Hour, "duration: write at least 1s and at most 24h")
	refuse(s.clients < 1, "clients: write at least 1")
	refuse(s.customers < 1 || s.customers > 65_000, "customers: write 1 to 65000")
	refuse(s.arrivals != arrivalsPoisson && s.arrivals != arrivalsConstant, "arrivals: write poisson or constant")
	refuse(s.hold < 0 || s.hold > time.Minute, "hold: write at most 1m, for an access token ends soon after")
	refuse(s.timeout <= 0, "timeout: write more than nothing")
	refuse(s.limits.mean < 0 || s.limits.p99 < 0 || s.limits.errors < 0, "mean, p99 and errors are not less than nothing")
	refuse(s.step < 2*time.Second, "step: write at least 2s")
	refuse(s.rounds < 1, "rounds: write at least 1")
	refuse((s.given.users == "") != (s.given.orders == ""),
		"users and orders: give the addresses of both services or of none")
	refuse(s.findCapacity && s.profiles != "", "find-capacity and profiles: ask for one of them")
	refuse(s.gain && s.profiles == "", "gain: name the folder of the profiles with -profiles, as in cmd")
	refuse(s.profiles != "" && s.given.users != "", "profiles: the services are built for it, so no addresses are given")
	return errors.Join(errs...)
}

// schedule makes the arrivals at a rate.
func (s *settings) schedule(rate float64, duration time.Duration) schedule {
	if s.arrivals == arrivalsConstant {
		return constant(rate, duration)
	}
	return poisson(rate, duration, rand.New(rand.NewPCG(3, 4))) // The same run every time.
}

// command writes the outcome to out and what a person who waits wants to see to progress.
func command(ctx context.Context, args []string, out, progress *os.File) (err error) {
	s, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.profiles != "" {
		return makeProfiles(ctx, s, out, progress)
	}
	t, stop, err := prepare(ctx, s, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	r := result{Began: time.Now(), Commit: commit(ctx), Machine: machine(), Settings: s.shown()}
	if s.findCapacity {
		err = t.findCapacity(ctx, s, &r, progress)
	} else {
		fmt.Fprintf(progress, "%g requests/s for %s\n", s.rate, s.duration)
		err = t.run(ctx, s, s.rate, s.duration, &r, progress)
	}
	if err != nil {
		return err
	}
	if err := r.write(s.report, s.jsonFile); err != nil {
		return err
	}
	r.print(out)
	fmt.Fprintf(out, "\nthe report is in %s, its figures are in %s\n", s.report, s.jsonFile)
	return r.verdict()
}

// target is the services that are called, signed in to, and the processes that are measured.
type target struct {
	shop      *shop
	processes []process
	send      *http.Transport
	streams   *http.Transport
}

// prepare starts the services, or finds those that are given, and signs everybody in.
func prepare(ctx context.Context, s settings, progress *os.File) (t *target, stop func() error, err error) {
	debug.SetGCPercent(400) // The generator's pauses are not the services' latencies.
	if s.given.users != "" {
		shop, err := s.given.open(ctx, s.customers, progress)
		if err != nil {
			return nil, nil, err
		}
		t = newTarget(s, shop, []process{generatorItself()})
		return t, func() error { return nil }, t.signIn(ctx, progress)
	}
	w, err := newWorld(ctx, progress)
	if err != nil {
		return nil, nil, err
	}
	t, err = w.target(ctx, s, both(s.pgo), progress)
	if err != nil {
		return nil, nil, errors.Join(err, w.stop())
	}
	return t, w.stop, nil
}

// both is one setting of -pgo for either service.
func both(pgo string) func(service string) string { return func(string) string { return pgo } }

// target starts the services, built with a setting of -pgo for each, and signs everybody in.
func (w *world) target(
	ctx context.Context, s settings, pgo func(service string) string, progress *os.File,
) (*target, error) {
	services, shop, err := w.start(ctx, pgo, s.customers)
	if err != nil {
		return nil, err
	}
	t := newTarget(s, shop, w.processes(services))
	return t, t.signIn(ctx, progress)
}

func newTarget(s settings, shop *shop, processes []process) *target {
	shop.mix, shop.hold = s.mix, s.hold
	return &target{
		shop: shop, processes: processes,
		send:    &http.Transport{MaxConnsPerHost: s.clients, MaxIdleConnsPerHost: s.clients, IdleConnTimeout: time.Minute},
		streams: &http.Transport{DisableKeepAlives: true},
	}
}

func (t *target) signIn(ctx context.Context, progress *os.File) error {
	began := time.Now()
	if err := t.shop.signInAll(ctx, t.send); err != nil {
		return err
	}
	fmt.Fprintf(progress, "%d customers signed in within %.1f s\n", len(t.shop.customers), time.Since(began).Seconds())
	return nil
}

// run makes one run and adds its figures to r.
func (t *target) run(
	ctx context.Context, s settings, rate float64, duration time.Duration, r *result, progress *os.File,
) error {
	streams := newStreams(t.shop, t.streams)
	g := &generator{shop: t.shop, send: t.send, streams: streams, timeout: s.timeout}
	beside, end := context.WithCancel(context.WithoutCancel(ctx))
	told, looked := make(chan struct{}), make(chan []look, 1)
	go func() { defer close(told); tell(beside, progress, g, duration) }()
	go func() { looked <- watch(beside, t.processes, time.Second) }()
	began, samples, err := g.run(ctx, s.schedule(rate, duration))
	end()
	<-told
	looks := <-looked
	followed := streams.end()
	if err != nil {
		return err
	}
	const checked = 200
	read, wrong := t.shop.verifyPaid(ctx, t.send, checked)
	r.sumUp(samples, duration, began, t.processes, looks, followed)
	if len(wrong) > 0 {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%d of %d orders whose payment was answered are not read as paid, as in: %s",
			len(wrong), read, wrong[0].detail))
	}
	r.judge(s.limits)
	for _, e := range r.Errors {
		fmt.Fprintf(progress, "  %s\n", e)
	}
	return nil
}

// judge holds the figures against the limits. An answer that is not right fails the run, however rare it is. A run
// without any request fails as well: its figures would keep every limit.
func (r *result) judge(l limits) {
	r.Thresholds = l.hold(r.Total)
	if r.Total.Requests == 0 {
		r.Wrong = append(r.Wrong, "no request was sent; ask for a longer run or a higher rate")
	}
	for _, e := range r.Errors {
		if e.Code == wrongAnswer || e.Code == missedEvent {
			r.Wrong = append(r.Wrong, "answers were not right: "+e.String())
		}
	}
	if !r.Generator.Kept {
		r.Notes = append(r.Notes, fmt.Sprintf("the generator did not keep the rate: 1 of 100 requests was sent %.0f ms late "+
			"or more, so the latencies are partly its own; call at a lower rate or from another machine", r.Generator.P99))
	}
	r.Passed = r.verdict() == nil
}

// sumUp fills in the figures.
func (r *result) sumUp(
	samples []sample, duration time.Duration, began time.Time, processes []process, looks []look, f followed,
) {
	streams, wrong := streamsOf(f)
	r.Streams = streams
	r.Total = figuresOf("", samples, duration)
	r.Total.Errors += len(wrong)
	r.Total.ErrorRate = float64(r.Total.Errors) / float64(max(1, r.Total.Requests))
	r.Operations = byOperation(samples, duration)
	r.Errors = errorsOf(samples, wrong)
	r.Generator = latenessOf(samples)
	r.Processes = usageOf(processes, looks, len(samples))
	r.Slices = overTime(samples, duration, began, looks)
}

// commit names the state of the code: the revision of git, and whether files differ from it.
func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// shown are the settings as the report shows them.
func (s *settings) shown() map[string]string {
	shown := map[string]string{
		"rate": fmt.Sprintf("%g requests/s", s.rate), "duration": s.duration.String(), "arrivals": s.arrivals,
		"clients": strconv.Itoa(s.clients), "customers": strconv.Itoa(s.customers), "mix": s.mix.String(),
		"streams held": s.hold.String(), "time-out": s.timeout.String(), "pgo": s.pgo,
		"services": "as in production: rate limits and load shedding on, passwords hashed with the default parameters",
	}
	if s.given.users != "" {
		shown["users"], shown["orders"] = s.given.users, s.given.orders
		delete(shown, "pgo")
		delete(shown, "services")
	}
	if s.findCapacity {
		delete(shown, "duration")
		shown["step"] = s.step.String()
	}
	return shown
}
