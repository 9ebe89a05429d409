package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/token"
)

// exported is one export: how much it was, and the memory of the process that served it.
type exported struct {
	format        string
	lines         int
	bytes         int64
	took          time.Duration
	before, peak  int64 // KiB of resident memory
	firstByteTook time.Duration
}

// export runs the orders service as a process of its own and exports all orders in each format.
func export(ctx context.Context, url string, orders int, progress *os.File) (found []exported, err error) {
	signer := token.NewSigner(time.Now)
	key, err := token.NewPrivateKey(rand.Reader, time.Now())
	if err != nil {
		return nil, err
	}
	if err := signer.SetKeys([]token.PrivateKey{key}); err != nil {
		return nil, err
	}
	keys, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	users := &http.Server{ // All that an export needs of the users service is its keys.
		ReadHeaderTimeout: time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(signer.JWKS())
		}),
	}
	go func() { _ = users.Serve(keys) }()
	defer func() { _ = users.Close() }()

	service, addr, err := serve(ctx, url, "http://"+keys.Addr().String())
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = service.Process.Signal(syscall.SIGTERM)
		err = errors.Join(err, service.Wait())
	}()
	now := time.Now()
	access, err := signer.Sign(token.Claims{
		Issuer: "plumbline", Audience: []string{"orders"}, ID: uuid.NewString(),
		Subject: uuid.New(), SessionID: uuid.New(), Roles: []string{"staff"},
		IssuedAt: now, ExpiresAt: now.Add(5 * time.Minute),
	})
	if err != nil {
		return nil, err
	}
	for _, format := range []string{"csv", "ndjson"} {
		one, err := exportAs(ctx, format, addr, access, service.Process.Pid, newBar(progress, "exported as "+format, orders))
		if err != nil {
			return nil, fmt.Errorf("export as %s: %w", format, err)
		}
		found = append(found, one)
	}
	return found, nil
}

// serve builds the service and starts it on a port of its own.
func serve(ctx context.Context, databaseURL, usersURL string) (*exec.Cmd, string, error) {
	dir, err := os.MkdirTemp("", "million-")
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = os.RemoveAll(dir) }() // Once it runs, a program's file may go.
	program := filepath.Join(dir, "orders")
	build := exec.CommandContext(ctx, "go", "build", "-pgo=off", "-o", program, "example.com/plumbline/cmd/orders")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("build orders: %w\n%s", err, out)
	}
	service := exec.CommandContext(ctx, program, "serve")
	key := make([]byte, 32)
	_, _ = rand.Read(key) // It never fails: crypto/rand ends the program instead.
	service.Env = []string{
		"ORDERS_DATABASE_URL=" + databaseURL, "ORDERS_MASTER_KEY=" + base64.StdEncoding.EncodeToString(key),
		"ORDERS_USERS_URL=" + usersURL, "ORDERS_ADDR=127.0.0.1:0", "ORDERS_OPS_ADDR=127.0.0.1:0",
		"ORDERS_UNREADY=0s", "ORDERS_SHED=false", "ORDERS_RATE_LIMITS=false", "ORDERS_RESPONSES=off",
	}
	service.Stderr = os.Stderr
	log, err := service.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := service.Start(); err != nil {
		return nil, "", err
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct {
			Msg  string `json:"msg"`
			Addr string `json:"addr"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return service, line.Addr, nil
		}
	}
	return nil, "", errors.Join(errors.New("the service ended before it served"), service.Wait())
}

func exportAs(ctx context.Context, format, addr, access string, pid int, bar *bar) (exported, error) {
	e := exported{format: format, before: resident(pid)}
	url := "http://" + addr + "/api/v1/orders/export?format=" + format
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return e, err
	}
	r.Header.Set("Authorization", "Bearer "+access)
	began := time.Now()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return e, err
	}
	defer func() { _ = answer.Body.Close() }() // It has been read.
	if answer.StatusCode != http.StatusOK {
		return e, errors.New(answer.Status)
	}
	buffer := make([]byte, 256<<10)
	for shown := time.Now(); ; {
		n, err := answer.Body.Read(buffer)
		if e.bytes == 0 {
			e.firstByteTook = time.Since(began)
		}
		e.bytes += int64(n)
		e.lines += bytes.Count(buffer[:n], []byte{'\n'})
		if time.Since(shown) > 100*time.Millisecond || err != nil {
			e.peak, shown = max(e.peak, resident(pid)), time.Now()
			bar.show(min(e.lines, bar.all))
		}
		if errors.Is(err, io.EOF) {
			e.took = time.Since(began)
			bar.end()
			return e, nil
		}
		if err != nil {
			return e, err
		}
	}
}

// resident is the memory of a process in KiB, 0 where the system does not tell.
func resident(pid int) int64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib
		}
	}
	return 0
}

func reportExports(out io.Writer, found []exported) {
	fmt.Fprintf(out, "\n%-8s %9s %9s %8s %10s %12s %12s %12s\n",
		"export", "lines", "MiB", "s", "lines/s", "first byte", "RSS before", "RSS at most")
	for _, e := range found {
		fmt.Fprintf(out, "%-8s %9d %9.1f %8.1f %10.0f %9.0f ms %8.1f MiB %8.1f MiB\n",
			e.format, e.lines, float64(e.bytes)/(1<<20), e.took.Seconds(),
			float64(e.lines)/e.took.Seconds(), float64(e.firstByteTook)/1e6, float64(e.before)/1024, float64(e.peak)/1024)
	}
}
