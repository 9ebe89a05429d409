package users

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"example.com/plumbline/impl/platform/httpapi"
)

// resources are what a process has used since it began.
type resources struct {
	cpu           time.Duration
	bytes, allocs uint64
}

func used() resources {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // It cannot fail for this process.
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return resources{cpu: time.Duration(r.Utime.Nano() + r.Stime.Nano()), bytes: m.TotalAlloc, allocs: m.Mallocs}
}

// cost is the cost of one request.
type cost struct{ ns, cpu, bytes, allocs float64 }

func (u resources) since(before resources, requests int, took time.Duration) cost {
	n := float64(requests)
	return cost{
		ns: float64(took) / n, cpu: float64(u.cpu-before.cpu) / 1000 / n,
		bytes: float64(u.bytes-before.bytes) / n, allocs: float64(u.allocs-before.allocs) / n,
	}
}

// compare lets the sides take turns, so that other load of the machine affects both, and reports the medians as
// SIDE-UNIT, from which test/bench makes its table.
func compare(b *testing.B, round time.Duration, askers map[string]asker) {
	b.Helper()
	for b.Loop() {
		costs := map[string][]cost{}
		for i := range benchRounds + 1 {
			for _, side := range []string{bareSide, serviceSide} {
				runtime.GC()
				c, err := askers[side](time.Now().Add(round))
				require.NoError(b, err, side)
				if i > 0 {
					costs[side] = append(costs[side], c)
				}
			}
		}
		for side, all := range costs {
			c := medianOf(all)
			b.ReportMetric(c.ns, side+"-ns/op")
			b.ReportMetric(c.cpu, side+"-CPU-µs/op")
			b.ReportMetric(c.bytes, side+"-B/op")
			b.ReportMetric(c.allocs, side+"-allocs/op")
		}
		b.ReportMetric(benchRounds, "rounds")
		b.ReportMetric(0, "ns/op") // the time of a comparison means nothing
	}
}

func medianOf(all []cost) cost {
	return cost{
		ns: median(all, func(c cost) float64 { return c.ns }), cpu: median(all, func(c cost) float64 { return c.cpu }),
		bytes:  median(all, func(c cost) float64 { return c.bytes }),
		allocs: median(all, func(c cost) float64 { return c.allocs }),
	}
}

func median(all []cost, of func(cost) float64) float64 {
	figures := make([]float64, len(all))
	for i, c := range all {
		figures[i] = of(c)
	}
	slices.Sort(figures)
	return figures[len(figures)/2]
}

// benchChild is one side in a process of its own. It writes its address to its output, and the resources used so far
// whenever it reads a line of its input; it ends when the input closes.
type benchChild struct {
	addr string
	ask  io.Writer
	told *bufio.Scanner
}

func startBenchChild(b *testing.B, side, databaseURL string) *benchChild {
	b.Helper()
	program, err := os.Executable()
	require.NoError(b, err)
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), program) // It ends when its input closes.
	cmd.Env = append(os.Environ(), benchSideEnv+"="+side, benchDatabaseEnv+"="+databaseURL)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(b, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	c := &benchChild{ask: stdin, told: bufio.NewScanner(stdout)}
	b.Cleanup(func() {
		require.NoError(b, stdin.Close())
		require.NoError(b, cmd.Wait(), side)
	})
	require.True(b, c.told.Scan(), "the process of the side %s ended", side)
	c.addr = c.told.Text()
	return c
}

func (c *benchChild) used() (u resources, err error) {
	if _, err := io.WriteString(c.ask, "\n"); err != nil {
		return u, err
	}
	if !c.told.Scan() {
		return u, errors.Join(errors.New("the serving process ended"), c.told.Err())
	}
	_, err = fmt.Sscan(c.told.Text(), &u.cpu, &u.bytes, &u.allocs)
	return u, err
}

// asker sends requests over connections that stay open.
func (c *benchChild) asker(b *testing.B, r request) asker {
	b.Helper()
	callers := make([]*caller, benchCallers)
	for i := range callers {
		conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", c.addr)
		require.NoError(b, err)
		b.Cleanup(func() { _ = conn.Close() })
		callers[i] = newCaller(conn, c.addr, r)
	}
	return func(until time.Time) (cost, error) {
		before, err := c.used()
		if err != nil {
			return cost{}, err
		}
		start := time.Now()
		var asked atomic.Int64
		var group errgroup.Group
		for _, caller := range callers {
			group.Go(func() error {
				for {
					if err := caller.call(); err != nil {
						return err
					}
					asked.Add(1)
					if !time.Now().Before(until) {
						return nil
					}
				}
			})
		}
		err = group.Wait()
		took := time.Since(start)
		after, usedErr := c.used()
		return after.since(before, int(asked.Load()), took), errors.Join(err, usedErr)
	}
}

// caller is one connection that repeats a request.
type caller struct {
	request
	conn   net.Conn
	answer *bufio.Reader
	text   []byte
	begins int // the body in text
}

func newCaller(conn net.Conn, host string, r request) *caller {
	head := r.method + " " + r.path + " HTTP/1.1\r\nHost: " + host + "\r\n"
	if r.token != "" {
		head += "Authorization: Bearer " + r.token + "\r\n"
	}
	if r.body != "" {
		head += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(r.body)) + "\r\n"
	}
	head += "\r\n"
	return &caller{request: r, conn: conn, answer: bufio.NewReader(conn), text: []byte(head + r.body), begins: len(head)}
}

func (c *caller) call() error {
	c.renew(c.text, c.begins)
	if _, err := c.conn.Write(c.text); err != nil {
		return err
	}
	answer, err := http.ReadResponse(c.answer, nil)
	if err != nil {
		return err
	}
	size, err := io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close(), c.check(answer.StatusCode, size))
}

// runBenchChild is what TestMain does in a child process. It gives the exit code.
func runBenchChild(side string) int {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel() // The parent has closed the input, or is no more.
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			u := used()
			fmt.Println(int64(u.cpu), u.bytes, u.allocs)
		}
	}()
	if err := serveBenchSide(ctx, side, os.Getenv(benchDatabaseEnv)); err != nil {
		fmt.Fprintln(os.Stderr, side+":", err)
		return 1
	}
	return 0
}

func serveBenchSide(ctx context.Context, side, databaseURL string) error {
	pool, err := benchPool(ctx, databaseURL, nil)
	if err != nil {
		return err
	}
	defer pool.Close()
	if side == serviceSide {
		_, handler, log, stop, err := production(ctx, pool)
		if err != nil {
			return err
		}
		defer stop()
		return httpapi.Server{
			Addr: "127.0.0.1:0", OpsAddr: "127.0.0.1:0", Handler: handler, Ops: http.NotFoundHandler(), Drain: time.Second,
			Log:   log.Logger,
			Ready: func(bool) {}, Listening: func(addr, _ string) { fmt.Println(addr) },
		}.Run(ctx)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	handler, err := bare(pool)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
