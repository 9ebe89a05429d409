// Command suite runs the tests of this module on one PostgreSQL: packages with concurrent code of ours with the race
// detector, the others and the checks of the contract without it. It shows a line for each package that ends and what
// is slow meanwhile, and at last what ran, what of the documents was proved, and where the time went.
//
//	suite [-race some|all|none] [-contract] [-count N] [PACKAGE…]
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/openapi"
	"example.com/plumbline/test/contract/conformance"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == measureCommand {
		os.Exit(measure(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const (
	// figures is where the tests leave what they exercise of the documents.
	figures = "contract"
	// readmeBadge is the picture of these figures that the README shows.
	readmeBadge = "docs/pictures/conformance.svg"
	// contractTests are those of the checks of the contract: alike requests, one after another, which the race detector
	// makes five times as dear, and whose cost it would falsify.
	contractTests = "^TestContract"
	// testTimeout ends a package's tests; it is for tests that hang.
	testTimeout = "30m"
	// slowAfter is how often what still runs is named.
	slowAfter = 15 * time.Second
)

var errFailed = errors.New("not every test has passed")

// options are what the arguments ask for.
type options struct {
	race     string
	contract bool // the checks of the contract alone
	count    int
	packages []string
}

func parse(args []string) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("suite", flag.ContinueOnError)
	flags.StringVar(&o.race, "race", "some", "which tests run with the race detector: some, all or none")
	flags.BoolVar(&o.contract, "contract", false, "run the checks of the contract alone")
	flags.IntVar(&o.count, "count", 1, "how often each test runs")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if !slices.Contains([]string{"some", "all", "none"}, o.race) {
		return o, fmt.Errorf("-race is %q; give some, all or none", o.race)
	}
	if o.packages = flags.Args(); len(o.packages) == 0 {
		o.packages = []string{"./..."}
	}
	return o, nil
}

// run runs the tests in the root of the module.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	began := time.Now()
	packages, err := list(ctx, o.packages)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(figures); err != nil {
		return err
	}
	cluster, stop, err := pgtest.Share(ctx, out)
	if err != nil {
		return err
	}
	stop = sync.OnceFunc(stop)
	defer stop()
	folder, err := os.MkdirTemp("", "suite-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // the system clears its own folder
	runs := plan(packages, o)
	r := newReport(out, runs, folder)
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	environ := append(os.Environ(), cluster, contracttest.FiguresEnv+"="+filepath.Join(root, figures),
		measureEnv+"="+folder, rootEnv+"="+root, "GORACE=atexit_sleep_ms=10")
	if err := testAll(ctx, runs, environ, o.count, r); err != nil {
		return err
	}
	before := waitedCPU()
	stop()
	return r.close(time.Since(began), waitedCPU()-before, func() (string, error) {
		if !slices.ContainsFunc(packages, func(p pkg) bool { return p.service }) {
			return "nothing of the documents: no tests of a service were asked for", nil
		}
		total, err := conformance.Report(figures, out)
		if err == nil && !o.contract && testsEveryService(packages) {
			err = conformance.UpdateBadge(filepath.Join(figures, conformance.BadgeFile), readmeBadge)
		}
		return total.String() + "; drawn in " + filepath.Join(figures, conformance.MatrixFile), err
	})
}

// pkg is a package that has tests.
type pkg struct {
	path     string // within the module, as in impl/users
	contract bool   // it has checks of the contract
	service  bool   // it leaves what these exercise of a document
}

// testsEveryService reports whether the packages leave figures of every document.
func testsEveryService(packages []pkg) bool {
	services := 0
	for _, p := range packages {
		if p.service {
			services++
		}
	}
	return services == len(openapi.Services())
}

// list gives the packages with tests, those first that take longest: those of services.
func list(ctx context.Context, patterns []string) ([]pkg, error) {
	const format = "{{if or .TestGoFiles .XTestGoFiles}}" +
		"{{.ImportPath}} {{.Module.Path}}{{range .TestGoFiles}} {{.}}{{end}}{{end}}"
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-f", format}, patterns...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, said.String())
	}
	var packages []pkg
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		p := pkg{path: strings.TrimPrefix(fields[0], fields[1]+"/")}
		for _, file := range fields[2:] {
			// The path is relative to the working folder, the root of the module.
			text, err := os.ReadFile(filepath.Join(filepath.FromSlash(p.path), file))
			if err != nil {
				return nil, err
			}
			p.service = p.service || bytes.Contains(text, []byte("contracttest.Main(m"))
			p.contract = p.contract || bytes.Contains(text, []byte("\nfunc "+strings.TrimPrefix(contractTests, "^")))
		}
		packages = append(packages, p)
	}
	slices.SortStableFunc(packages, func(a, b pkg) int {
		switch {
		case a.contract == b.contract:
			return 0
		case a.contract:
			return -1
		}
		return 1
	})
	return packages, nil
}

// The names of the runs.
const (
	raceRun     = "race"
	contractRun = "contract"
	plainRun    = "plain"
)

// testRun is one call of go test.
type testRun struct {
	name     string // what tells it from others in a line
	flags    []string
	packages []string
}

// command is what a person types to run a test of the run alone.
func (r testRun) command(pattern, path string) string {
	race := ""
	if slices.Contains(r.flags, "-race") {
		race = "-race "
	}
	return fmt.Sprintf("go test %s-count=1 -run '%s' ./%s", race, pattern, path)
}

// plan tells which packages run how. Without goroutines of ours there is no race to find: in test/ and cmd/ other
// processes are started and programs judge documents.
func plan(packages []pkg, o options) []testRun {
	racing := testRun{name: raceRun, flags: []string{"-race"}}
	checks := testRun{name: contractRun, flags: []string{"-run", contractTests}}
	plain := testRun{name: plainRun}
	for _, p := range packages {
		ours := strings.HasPrefix(p.path, "impl/")
		switch {
		case o.contract:
			if p.contract {
				checks.packages = append(checks.packages, p.path)
			}
		case o.race == "all", o.race == "some" && ours:
			racing.packages = append(racing.packages, p.path)
			if o.race == "some" && p.contract {
				checks.packages = append(checks.packages, p.path)
			}
		default:
			plain.packages = append(plain.packages, p.path)
		}
	}
	if len(checks.packages) > 0 {
		racing.flags = append(racing.flags, "-skip", contractTests)
	}
	return slices.DeleteFunc([]testRun{racing, checks, plain}, func(r testRun) bool { return len(r.packages) == 0 })
}

// testAll runs the first run beside all others: what takes longest is there.
func testAll(ctx context.Context, runs []testRun, environ []string, count int, r *report) error {
	ticker := time.NewTicker(slowAfter)
	defer ticker.Stop()
	ended := make(chan struct{})
	var all sync.WaitGroup
	errs := make([]error, len(runs))
	inTurn := func(from, to int) {
		for i := from; i < to; i++ {
			errs[i] = test(ctx, i, runs[i], environ, count, r)
		}
	}
	all.Go(func() { inTurn(0, min(1, len(runs))) })
	all.Go(func() { inTurn(1, len(runs)) })
	go func() {
		all.Wait()
		close(ended)
	}()
	for {
		select {
		case <-ticker.C:
			r.tellSlow(time.Now())
		case <-ended:
			return errors.Join(errs...)
		}
	}
}

// test runs go test, whose verdict stands in what it writes.
func test(ctx context.Context, index int, run testRun, environ []string, count int, r *report) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	args := slices.Concat([]string{
		"test", "-json", "-shuffle=on", "-timeout", testTimeout, fmt.Sprintf("-count=%d", count),
		"-exec", program + " " + measureCommand + " " + run.name,
	}, run.flags)
	for _, p := range run.packages {
		args = append(args, "./"+p)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env, cmd.Stderr = environ, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	text, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	r.read(index, text)
	if _, failed := errors.AsType[*exec.ExitError](cmd.Wait()); failed && ctx.Err() != nil {
		return ctx.Err()
	}
	return nil
}
