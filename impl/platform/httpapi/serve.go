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

	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/telemetry"
)

// Server is the two listeners of a service: that of its callers and that of its operators.
type Server struct {
	// Addr and OpsAddr are the addresses to listen on, as in 127.0.0.1:8080; port 0 takes a free port.
	Addr, OpsAddr string
	Handler, Ops  http.Handler
	// Ready is called with true when requests are taken and with false when no more are wanted.
	Ready func(bool)
	// Listening, which may be nil, is called with the addresses that were taken.
	Listening func(addr, opsAddr string)
	// Unready is how long to serve on after Ready(false), so that load balancers notice.
	Unready time.Duration
	// Drain is how long running requests may take to end.
	Drain time.Duration
	// Winding, which may be nil, gives Unready and Drain when ctx has ended.
	Winding func() (unready, drain time.Duration)
	Log     *slog.Logger
	// Metrics, which may be nil, count malformed requests, which reach no handler.
	Metrics *telemetry.HTTPMetrics
	// Registry, which may be nil, gets the metrics of connections.
	Registry prometheus.Registerer
	// MaxConnections bounds the open connections of callers; 0: DefaultMaxConnections. One network may hold a quarter of
	// them.
	MaxConnections int
	// TrustedProxies are the networks, in CIDR form, that may hold all of them.
	TrustedProxies []string
}

type drainingKey struct{}

// Draining gives the channel that is closed when requests are to end, so that a stream can end in good order. It is
// nil, and so never closed, outside of a Server.
func Draining(ctx context.Context) <-chan struct{} {
	draining, _ := ctx.Value(drainingKey{}).(<-chan struct{})
	return draining
}

// Run serves until ctx ends, and then winds down in this order: unready, wait, take no more connections, let requests
// end, stop the operators' listener. The error says that requests outlived Drain, or why nothing could be served.
//
// While it waits it takes connections and requests as before, on idle connections as well: a load balancer that has not
// noticed yet may send requests there that it must not repeat. Each answer closes its connection.
func (s Server) Run(ctx context.Context) error {
	proxies, err := parseProxies(s.TrustedProxies)
	if err != nil {
		return err
	}
	mainListener, err := listen(ctx, s.Addr)
	if err != nil {
		return err
	}
	opsListener, err := listen(ctx, s.OpsAddr)
	if err != nil {
		return errors.Join(err, mainListener.Close())
	}
	var unready atomic.Bool
	main, ops := s.server(s.closing(&unready)), s.server(s.Ops)
	ops.WriteTimeout = 0 // A profile may take any time that is asked for.
	most := s.mostConnections()
	ofCallers := newConnections(most, max(most/networkPart, 1), proxies)
	ofOperators := newConnections(opsConnections, opsConnections, nil)
	if err := exportConnections(s.Registry, ofCallers, ofOperators); err != nil {
		return errors.Join(err, mainListener.Close(), opsListener.Close())
	}
	boundMain, boundOps := s.bound(mainListener, ofCallers), s.bound(opsListener, ofOperators)
	defer boundMain.wait()
	defer boundOps.wait()
	listener := s.answerRefusals(main, boundMain)
	ofCallers.follow(main)
	ofOperators.follow(ops)
	draining := make(chan struct{})
	main.BaseContext = func(net.Listener) context.Context {
		return context.WithValue(context.WithoutCancel(ctx), drainingKey{}, (<-chan struct{})(draining))
	}
	failed := make(chan error, 2)
	for _, one := range []struct {
		server   *http.Server
		listener net.Listener
	}{{main, listener}, {ops, boundOps}} {
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
	if s.Winding != nil {
		s.Unready, s.Drain = s.Winding()
	}
	s.Ready(false)
	s.Log.Info("winding down", slog.String("unready", s.Unready.String()), slog.String("drain", s.Drain.String()))
	unready.Store(true)
	time.Sleep(s.Unready)
	s.Log.Info("no more connections are taken")
	close(draining) // Readers of a stream reconnect to another process: load balancers do not choose this one any more.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Drain)
	defer cancel()
	if err = main.Shutdown(drain); err != nil {
		err = errors.Join(fmt.Errorf("requests were still running after %s: %w", s.Drain, err), main.Close())
	}
	err = errors.Join(err, ops.Close())
	s.Log.Info("wound down", slog.Bool("in_time", err == nil))
	return err
}

// closing makes each answer close its connection, once unready.
func (s Server) closing(unready *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if unready.Load() {
			w.Header().Set("Connection", "close")
		}
		s.Handler.ServeHTTP(w, r)
	})
}

// maxHeader is the largest size of the first line and the header of a request, in bytes.
const maxHeader = 16 << 10

// server bounds every wait. No honest client needs longer.
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

func listen(ctx context.Context, addr string) (*net.TCPListener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the address %s is in use by another program; stop it or choose another address", addr)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	return listener.(*net.TCPListener), nil //nolint:forcetypeassert // It is one for the network tcp.
}
