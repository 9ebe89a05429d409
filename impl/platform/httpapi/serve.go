package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/plumbline/impl/platform/telemetry"
)

// Server is a service's two listeners: the one of its callers and the one of its operators.
type Server struct {
	// Addr and OpsAddr are where to listen, as in 127.0.0.1:8080; port 0 takes a free one.
	Addr, OpsAddr string
	Handler, Ops  http.Handler
	// Ready is told when requests are taken and when no more are wanted.
	Ready func(bool)
	// Listening, when there is one, is told the addresses that were taken.
	Listening func(addr, opsAddr string)
	// Unready is how long to go on serving once unready, so that load balancers notice.
	Unready time.Duration
	// Drain is how long requests that are running may take to end.
	Drain time.Duration
	Log   *slog.Logger
	// Metrics, when there are some, count what is refused before it is a request.
	Metrics *telemetry.HTTPMetrics
}

type drainingKey struct{}

// Draining gives the channel that is closed when requests are to end, so that an answer that would go on for long ends in
// good order. It is nil, and so never closed, where no Server runs.
func Draining(ctx context.Context) <-chan struct{} {
	draining, _ := ctx.Value(drainingKey{}).(<-chan struct{})
	return draining
}

// Run serves until ctx ends and then winds down in order: unready, wait, take no more connections, let requests end, stop
// the operators' listener. The error says which request outlived Drain or why nothing could be served.
//
// While it waits it goes on taking connections and requests, also on connections that nobody has used for a while: a load
// balancer that has not noticed yet sends on them what it may not send twice. Each answer says that its connection ends.
func (s Server) Run(ctx context.Context) error {
	listener, err := listen(ctx, s.Addr)
	if err != nil {
		return err
	}
	opsListener, err := listen(ctx, s.OpsAddr)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	var unready atomic.Bool
	main, ops := s.server(s.closing(&unready)), s.server(s.Ops)
	ops.WriteTimeout = 0 // A profile takes as long as it is asked to.
	listener = s.answerRefusals(main, listener)
	draining := make(chan struct{})
	main.BaseContext = func(net.Listener) context.Context {
		return context.WithValue(context.WithoutCancel(ctx), drainingKey{}, (<-chan struct{})(draining))
	}
	failed := make(chan error, 2)
	for _, one := range []struct {
		server   *http.Server
		listener net.Listener
	}{{main, listener}, {ops, opsListener}} {
		go func() { failed <- one.server.Serve(one.listener) }()
	}
	s.Ready(true)
	if s.Listening != nil {
		s.Listening(listener.Addr().String(), opsListener.Addr().String())
	}
	select {
	case err = <-failed:
		return errors.Join(err, main.Close(), ops.Close())
	case <-ctx.Done():
	}
	s.Ready(false)
	s.Log.Info("winding down", slog.String("unready", s.Unready.String()), slog.String("drain", s.Drain.String()))
	unready.Store(true)
	time.Sleep(s.Unready)
	s.Log.Info("no more connections are taken")
	close(draining) // Whoever follows a stream comes back to another process: this one is not found any more.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Drain)
	defer cancel()
	if err = main.Shutdown(drain); err != nil {
		err = errors.Join(fmt.Errorf("requests were still running after %s: %w", s.Drain, err), main.Close())
	}
	err = errors.Join(err, ops.Close())
	s.Log.Info("wound down", slog.Bool("in_time", err == nil))
	return err
}

// closing makes each answer say that its connection ends, once unready.
func (s Server) closing(unready *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if unready.Load() {
			w.Header().Set("Connection", "close")
		}
		s.Handler.ServeHTTP(w, r)
	})
}

// maxHeader is how many bytes the first line and the header of a request have at most.
const maxHeader = 16 << 10

// server has every wait bounded; the figures are those that no honest client needs to exceed.
func (s Server) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 3 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      90 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the address %s is in use by another program; stop it or choose another address", addr)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	return listener, nil
}
