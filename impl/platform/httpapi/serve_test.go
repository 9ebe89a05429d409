package httpapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// running is a server that was started for a test.
type running struct {
	addr, ops string
	stop      context.CancelFunc
	ended     chan error
	ready     chan bool
}

func run(t *testing.T, s Server) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{stop: stop, ended: make(chan error, 1), ready: make(chan bool, 4)}
	if s.Addr == "" {
		s.Addr = "127.0.0.1:0"
	}
	s.OpsAddr = "127.0.0.1:0"
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	s.Ready = func(is bool) { r.ready <- is }
	listening := make(chan struct{})
	s.Listening = func(addr, ops string) {
		r.addr, r.ops = addr, ops
		close(listening)
	}
	if s.Ops == nil {
		s.Ops = http.NotFoundHandler()
	}
	go func() { r.ended <- s.Run(ctx) }()
	select {
	case <-listening:
		require.True(t, <-r.ready)
	case err := <-r.ended:
		r.ended <- err
	}
	t.Cleanup(stop)
	return r
}

// get asks over a connection of its own.
func get(t *testing.T, url string) (int, string, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, url, nil)
	require.NoError(t, err)
	answer, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), errors.Join(err, answer.Body.Close())
}

func TestServeWindsDownInOrder(t *testing.T) {
	t.Parallel()
	entered, letGo := make(chan struct{}, 1), make(chan struct{})
	s := run(t, Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				entered <- struct{}{}
				<-letGo
			}
			select {
			case <-Draining(r.Context()):
				_, _ = io.WriteString(w, "served at the end")
			default:
				_, _ = io.WriteString(w, "served")
			}
		}),
		Ops:     http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ops") }),
		Unready: time.Second, Drain: time.Minute,
	})
	var slow sync.WaitGroup
	var status int
	var body string
	var err error
	slow.Go(func() { status, body, err = get(t, "http://"+s.addr+"/slow") })
	<-entered
	s.stop()
	require.False(t, <-s.ready, "unready first")
	code, text, getErr := get(t, "http://"+s.addr+"/") // while load balancers take notice
	require.NoError(t, getErr)
	require.Equal(t, 200, code)
	require.Equal(t, "served", text)
	require.Eventually(t, func() bool {
		_, _, err := get(t, "http://"+s.addr+"/")
		return err != nil
	}, time.Minute, 20*time.Millisecond, "then nobody new")
	_, text, getErr = get(t, "http://"+s.ops+"/")
	require.NoError(t, getErr, "operators see it to the end")
	require.Equal(t, "ops", text)
	close(letGo)
	slow.Wait()
	require.NoError(t, err)
	require.Equal(t, 200, status)
	require.Equal(t, "served at the end", body, "who was being served was served")
	require.NoError(t, <-s.ended)
	_, _, getErr = get(t, "http://"+s.ops+"/")
	require.Error(t, getErr)
}

// An answer that goes on for as long as it may ends when the server does.
func TestServeEndsStreams(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	s := run(t, Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		select {
		case <-Draining(r.Context()):
			_, _ = io.WriteString(w, "the end")
		case <-r.Context().Done():
		}
	}), Drain: time.Minute})
	var client sync.WaitGroup
	client.Go(func() {
		_, body, err := get(t, "http://"+s.addr+"/")
		if err != nil || body != "the end" {
			t.Error("the stream was cut:", body, err)
		}
	})
	<-entered
	s.stop()
	require.NoError(t, <-s.ended)
	client.Wait()
	require.Nil(t, Draining(t.Context()))
}

func TestServeDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	entered, letGo := make(chan struct{}), make(chan struct{})
	s := run(t, Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-letGo
	}), Drain: time.Millisecond})
	var client sync.WaitGroup
	client.Go(func() {
		_, _, err := get(t, "http://"+s.addr+"/")
		if err == nil {
			t.Error("the connection is cut")
		}
	})
	<-entered
	s.stop()
	err := <-s.ended
	require.ErrorContains(t, err, "requests were still running after 1ms")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	client.Wait()
	close(letGo)
}

func TestServeOnABusyPort(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	busy, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	s := run(t, Server{Addr: busy.Addr().String(), Handler: http.NotFoundHandler()})
	require.EqualError(t, <-s.ended,
		"the address "+busy.Addr().String()+" is in use by another program; stop it or choose another address")
	require.Empty(t, s.ready, "it was never ready")

	// The other listener's failure gives the first one back.
	free, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	require.NoError(t, free.Close())
	err = Server{Addr: addr, OpsAddr: busy.Addr().String()}.Run(t.Context())
	require.ErrorContains(t, err, "in use by another program")
	again, err := config.Listen(t.Context(), "tcp", addr)
	require.NoError(t, err)
	require.NoError(t, again.Close())

	require.ErrorContains(t, Server{Addr: "nonsense"}.Run(t.Context()), "cannot listen on nonsense")
}

func TestEveryWaitOfTheServerIsBounded(t *testing.T) {
	t.Parallel()
	server := Server{Log: slog.New(slog.DiscardHandler)}.server(http.NotFoundHandler())
	for name, wait := range map[string]time.Duration{
		"header (Slowloris)": server.ReadHeaderTimeout, "read": server.ReadTimeout, "write": server.WriteTimeout,
		"idle": server.IdleTimeout,
	} {
		require.Positive(t, wait, name)
		require.LessOrEqual(t, wait, 90*time.Second, name)
	}
	require.LessOrEqual(t, server.ReadHeaderTimeout, 3*time.Second)
	require.Equal(t, 16<<10, server.MaxHeaderBytes)
}

func TestLargeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	s := run(t, Server{Handler: http.NotFoundHandler(), Drain: time.Minute})
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.addr)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nX-A: "+strings.Repeat("a", 32<<10)+"\r\n\r\n")
	require.NoError(t, err)
	head := make([]byte, len("HTTP/1.1 431"))
	_, err = io.ReadFull(conn, head)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 431", string(head))
	s.stop()
	require.NoError(t, <-s.ended)
}
