// Package front puts several services behind one address, as an ingress does in production.
//
// It promises that a request reaches the service whose document has its path as the caller sent it, that an answer
// reaches the caller as the service gave it and as soon as it does, and that a service which does not answer is told as
// a problem. Beside that it gives away what callers need: the documents and the client.
package front

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"time"

	"github.com/go-chi/chi/v5"

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/telemetry"
)

const (
	dialTimeout = time.Second
	// answerTimeout is longer than any operation takes to begin its answer.
	answerTimeout = 90 * time.Second
	// idleTimeout is shorter than the services', so that no request is sent on a connection that is being closed.
	idleTimeout = 30 * time.Second
	// stallTimeout is how long a caller may leave a part of an answer unread.
	stallTimeout = 30 * time.Second
)

// Service is one of the services behind the address.
type Service struct {
	// The document says which paths are the service's.
	httpapi.Described

	// Addr and OpsAddr are where the service listens, as in 127.0.0.1:8081.
	Addr, OpsAddr string
}

// Options are what a front is made of.
type Options struct {
	// Addr is where callers are served, and OpsAddr where operators are.
	Addr, OpsAddr string
	// Hosts are the names, besides those of this machine, by which callers and operators may call.
	Hosts hosts.Allowed
	// Services are those behind the address. The first one answers for paths that are nobody's.
	Services []Service
	// Client holds the files of the client of the services, an npm package that is given away at /clients/typescript.tgz.
	Client fs.FS
	// Before, when there is one, stands before everything that callers reach.
	Before func(next http.Handler) http.Handler
	// Ready is told when requests are taken.
	Ready func()
	// Drain is how long requests that are running may take to end.
	Drain time.Duration
	Log   *slog.Logger
}

// Run serves until ctx ends, and lets running requests end. It refuses documents that share a path.
func Run(ctx context.Context, o Options) error {
	transport := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		DisableCompression:    true, // What is asked for and what is answered is between the caller and the service.
		MaxIdleConnsPerHost:   100,
		IdleConnTimeout:       idleTimeout,
		ResponseHeaderTimeout: answerTimeout,
		ExpectContinueTimeout: time.Second,
	}
	defer transport.CloseIdleConnections()
	callers, err := route(o.Services, o.Client, transport, o.Log)
	if err != nil {
		return err
	}
	if o.Before != nil {
		callers = o.Before(callers)
	}
	return httpapi.Server{
		Addr: o.Addr, OpsAddr: o.OpsAddr, Handler: called(o.Hosts, callers),
		Ops: called(o.Hosts, operators(o.Services, transport, o.Log)), Drain: o.Drain, Log: o.Log,
		Ready: func(ready bool) {
			if ready {
				o.Ready()
			}
		},
	}.Run(ctx)
}

// ErrMisdirected is what a request for another name gets (RFC 9110, 15.5.20).
var ErrMisdirected = fault.New(fault.Misdirected, "misdirected_request",
	"Nothing is served under this name: call by localhost or the configured address, or give the name in PLUMBLINE_HOSTS.")

// called refuses requests for names that are not allowed: a page from elsewhere that has its own name lead here could
// otherwise do whatever a person at this machine can.
func called(allowed hosts.Allowed, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allowed.Allow(r.Host) {
			httpapi.Refuse(w, r, ErrMisdirected)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// route sends each path to the service whose document has it, shows all documents at /docs and gives the client away.
func route(services []Service, client fs.FS, transport http.RoundTripper, log *slog.Logger) (http.Handler, error) {
	router := chi.NewRouter()
	owners := map[string]string{}
	forwards := map[string]http.Handler{} // by pattern
	var errs []error
	var names []string
	for _, s := range services {
		name := s.Document.Name
		names = append(names, name)
		forward := forwardTo(s, transport, log)
		patterns := []string{"/openapi/" + name + ".yaml", "/openapi/" + name + ".json"}
		for _, operation := range s.Document.Operations {
			patterns = append(patterns, operation.Pattern)
		}
		for _, pattern := range patterns {
			if owner, taken := owners[pattern]; taken && owner != name {
				errs = append(errs, fmt.Errorf("the documents %s and %s both have the path %s", owner, name, pattern))
			}
			owners[pattern], forwards[pattern] = name, forward
			router.Handle(pattern, forward)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	httpapi.SwaggerUI(names)(router)
	downloads, err := packed(client)
	if err != nil {
		return nil, err
	}
	for path, download := range downloads {
		httpapi.Readable(router, path, download)
	}
	stray := forwardTo(services[0], transport, log)
	router.NotFound(stray.ServeHTTP)
	router.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		// A method that no HTTP router knows is refused by the service which knows what the path takes.
		pattern := router.Find(chi.NewRouteContext(), http.MethodGet, cmp.Or(r.URL.RawPath, r.URL.Path))
		if forward, ok := forwards[pattern]; ok {
			forward.ServeHTTP(w, r)
			return
		}
		stray.ServeHTTP(w, r)
	})
	return router, nil
}

// forwardTo sends requests on as they came, with the caller's address in X-Forwarded-For.
func forwardTo(s Service, transport http.RoundTripper, log *slog.Logger) http.Handler {
	proxy := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1, // At once: what a service writes is meant to arrive.
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", s.Addr
			if r.Out.Body != nil {
				r.Out.Body = callersBody{r.Out.Body}
			}
			r.Out.URL.RawQuery = r.In.URL.RawQuery // Also what no parser takes: to refuse it is for the service.
			r.SetXForwarded()
			// A stranger's would be taken for the name that a trusted proxy gives.
			r.Out.Header.Set("X-Request-Id", telemetry.NewRequestID())
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				return // The caller has gone.
			}
			if unread, ok := errors.AsType[bodyError](err); ok {
				f := *httpapi.ErrMalformed
				f.Detail = "The body did not arrive whole."
				httpapi.Refuse(w, r, f.Because(unread))
				return
			}
			log.WarnContext(r.Context(), "a service does not answer", slog.String("service", s.Document.Name),
				slog.Any("error", err))
			httpapi.Refuse(w, r, httpapi.ErrUnavailable)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := patient{w, http.NewResponseController(w)}
		proxy.ServeHTTP(answer, r)
		_ = answer.goOn() // The end of an answer is a part too; what fails here has failed the answer already.
	})
}

// callersBody tells what fails in what a caller sends from what fails in a service.
type callersBody struct{ io.ReadCloser }

// bodyError is why a caller's body cannot be read.
type bodyError struct{ error }

// Unwrap gives what reading it has failed with.
func (e bodyError) Unwrap() error { return e.error }

// Read implements io.Reader.
func (b callersBody) Read(part []byte) (int, error) {
	n, err := b.ReadCloser.Read(part)
	if err != nil && !errors.Is(err, io.EOF) {
		err = bodyError{err}
	}
	return n, err
}

// patient lets an answer take as long as it likes, but not a caller to read a part of it.
type patient struct {
	http.ResponseWriter

	connection *http.ResponseController
}

// Unwrap implements what http.ResponseController looks for.
func (p patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// Write implements http.ResponseWriter.
func (p patient) Write(part []byte) (int, error) {
	if err := p.goOn(); err != nil {
		return 0, err
	}
	return p.ResponseWriter.Write(part)
}

func (p patient) goOn() error { return p.connection.SetWriteDeadline(time.Now().Add(stallTimeout)) }
