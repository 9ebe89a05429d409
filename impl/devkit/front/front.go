// Package front puts several services behind one address, as an ingress does in production.
//
// It promises that a request reaches the service whose document has its path, as the caller sent it; that an answer
// reaches the caller unchanged and at once; and that a service that does not answer is reported as a problem. It also
// serves the documents and the client.
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

	"example.com/plumbline/impl/platform/contract"
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
	// stallTimeout is how long a caller may take to read a part of an answer.
	stallTimeout = 30 * time.Second
)

// Service is one of the services behind the address.
type Service struct {
	// The document lists the paths of the service.
	contract.Contract

	// Addr and OpsAddr are the addresses of the service, as in 127.0.0.1:8081.
	Addr, OpsAddr string
}

// Options configure a front.
type Options struct {
	// Addr is the address for callers, OpsAddr that for operators.
	Addr, OpsAddr string
	// Hosts are the host names that are accepted in requests, besides those of this machine.
	Hosts hosts.Allowed
	// Services are the services behind the address. The first one answers for unknown paths.
	Services []Service
	// Client holds the files of the services' client, an npm package that is served at /clients/typescript.tgz.
	Client fs.FS
	// Before, if set, wraps the handler for callers.
	Before func(next http.Handler) http.Handler
	// Ready is called when the front accepts requests.
	Ready func()
	// Drain is how long running requests may take to end.
	Drain time.Duration
	Log   *slog.Logger
}

// Run serves until ctx ends, then lets running requests end. It refuses documents that share a path.
func Run(ctx context.Context, o Options) error {
	transport := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		DisableCompression:    true, // Caller and service negotiate it.
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

// ErrMisdirected answers a request for a host name that is not served (RFC 9110, section 15.5.20).
var ErrMisdirected = fault.New(fault.Misdirected, "misdirected_request",
	"Nothing is served under this name: call by localhost or the configured address, or give the name in PLUMBLINE_HOSTS.")

// called refuses requests for host names that are not allowed. Otherwise a foreign page whose own name resolves to this
// address could do whatever a person at this machine can.
func called(allowed hosts.Allowed, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allowed.Allow(r.Host) {
			httpapi.Refuse(w, r, ErrMisdirected)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// route forwards each path to the service whose document has it, and serves all documents at /docs and the client.
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
		// The service that knows the path refuses a method that no HTTP router knows.
		pattern := router.Find(chi.NewRouteContext(), http.MethodGet, cmp.Or(r.URL.RawPath, r.URL.Path))
		if forward, ok := forwards[pattern]; ok {
			forward.ServeHTTP(w, r)
			return
		}
		stray.ServeHTTP(w, r)
	})
	return router, nil
}

// forwardTo forwards requests unchanged, with the caller's address in X-Forwarded-For.
func forwardTo(s Service, transport http.RoundTripper, log *slog.Logger) http.Handler {
	proxy := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1, // Flush after each write, for streams.
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", s.Addr
			if r.Out.Body != nil {
				r.Out.Body = callersBody{r.Out.Body}
			}
			r.Out.URL.RawQuery = r.In.URL.RawQuery // Unparsable, too: the service refuses it.
			r.SetXForwarded()
			// A stranger's would be taken for one of a trusted proxy.
			r.Out.Header.Set("X-Request-Id", telemetry.NewRequestID())
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				return // The caller has gone.
			}
			if unread, ok := errors.AsType[bodyError](err); ok {
				f := *contract.ErrMalformed
				f.Detail = "The body did not arrive whole."
				httpapi.Refuse(w, r, f.Because(unread))
				return
			}
			log.WarnContext(r.Context(), "a service does not answer", slog.String("service", s.Document.Name),
				slog.Any("error", err))
			httpapi.Refuse(w, r, contract.ErrUnavailable)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := patient{w, http.NewResponseController(w)}
		proxy.ServeHTTP(answer, r)
		_ = answer.goOn() // The last part; an error has already failed the answer.
	})
}

// callersBody distinguishes a failure of the caller's body from one of the service.
type callersBody struct{ io.ReadCloser }

// bodyError is the error of reading a caller's body.
type bodyError struct{ error }

// Unwrap returns the error of the read.
func (e bodyError) Unwrap() error { return e.error }

// Read implements io.Reader.
func (b callersBody) Read(part []byte) (int, error) {
	n, err := b.ReadCloser.Read(part)
	if err != nil && !errors.Is(err, io.EOF) {
		err = bodyError{err}
	}
	return n, err
}

// patient lets an answer last as long as it likes, but bounds the time in which a caller reads a part of it.
type patient struct {
	http.ResponseWriter

	connection *http.ResponseController
}

// Unwrap is for http.ResponseController.
func (p patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// Write implements http.ResponseWriter.
func (p patient) Write(part []byte) (int, error) {
	if err := p.goOn(); err != nil {
		return 0, err
	}
	return p.ResponseWriter.Write(part)
}

func (p patient) goOn() error { return p.connection.SetWriteDeadline(time.Now().Add(stallTimeout)) }
