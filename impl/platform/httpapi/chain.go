// Package httpapi is the chain that stands around the handlers of a service. It promises that no request reaches a
// handler before it has been held against every word of the service's document (package contract), that no answer
// leaves that contradicts the document where answers are enforced, and that each request is told once in the log and
// the metrics.
package httpapi

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

// Observer is told of every answer that was checked. A success has no code.
type Observer func(o *contract.Operation, answered contract.Problem, violations []fault.Violation)

// Options are what a chain is made of.
type Options struct {
	Document *contract.Document
	// Authenticator tells whose a token is.
	Authenticator Authenticator
	// Faults are those of the service. hidden_as of x-access names one of them.
	Faults []*fault.Error
	// Owners tell, by path parameter, the owner of the thing that it names. A parameter that x-access gives as owner
	// and that is not among them is the id of the owner itself.
	Owners  map[string]OwnerOf
	Log     *slog.Logger
	Metrics *telemetry.HTTPMetrics
	// Registry gets the metrics of load shedding and of the rate limiter; nil: they are not exported.
	Registry prometheus.Registerer
	// Tracer records traces; nil: none.
	Tracer *telemetry.Tracer
	// Clock gives the time; nil: the clock of the system.
	Clock func() time.Time
	// Checker checks requests and answers; nil: that of contract.NewChecker.
	Checker contract.Checker
	// Tuning is what may change while the chain serves. Retune, which may be nil, is handed the function that changes it.
	Tuning
	Retune func(tune func(Tuning))
	// Observe is optional.
	Observe Observer
	// TrustedProxies are the networks, in CIDR form, whose X-Forwarded-For and X-Request-Id are believed.
	TrustedProxies []string
	// TrustedHeaders are header fields that pages of trusted origins may send, besides those of the document.
	TrustedHeaders []string
	// Beside are further documents, for whose operations Failing answers.
	Beside []*contract.Document
	// Idempotency keeps the answers of operations with x-idempotency.
	Idempotency Idempotency
	// Auditor keeps the entries of operations with x-audit; nil: they are in the log only.
	Auditor Auditor
	// Throttle keeps the counts of operations with x-throttle.
	Throttle Throttle
	// SharedLimits count the calls of operations with x-rate-limit over all replicas; nil: each replica counts its own.
	SharedLimits SharedLimits
}

// Chain stands around the handlers of one service.
type Chain struct {
	document  *contract.Document
	endpoints map[route]*endpoint
	checker   contract.Checker
	auth      Authenticator
	log       *slog.Logger
	metrics   *telemetry.HTTPMetrics
	tracer    *telemetry.Tracer // nil: off
	clock     func() time.Time
	proxies   []netip.Prefix // that are trusted
	once      Idempotency
	auditor   Auditor
	owners    *owners
	limits    *rateLimiter
	shared    SharedLimits // nil: limits decide alone
	refusals  *rateLimiter // of entries that the audit log keeps
	failures  Throttle     // over all replicas
	shedder   adaptivelimiter.AdaptiveLimiter[any]
	rooms     map[string]*room // by share
	measured  *measured
	tuning    atomic.Pointer[tuned]
	observe   Observer
	served    atomic.Uint64
	stalled   time.Duration
	outer     []func(http.Handler) http.Handler
	steps     []step
	unproxied sync.Once // of the warning that a proxy seems not to be trusted
}

type route struct{ method, pattern string }

// endpoint is an operation with what is computed for it at start.
type endpoint struct {
	*contract.Operation

	metrics *telemetry.OperationMetrics
	shed    prometheus.Counter // of refusals by load shedding
	hidden  *fault.Error       // the answer for another owner's thing
	ownerOf OwnerOf            // nil: the path parameter is the owner
	rooms   []*room            // of each of which a request needs a place
}

// New makes a chain. The error names every hidden_as that is none of the service's faults, owner that no operation has,
// operation with x-idempotency or x-throttle for which the options have no store, and malformed origin or proxy.
func New(o Options) (*Chain, error) {
	c := &Chain{
		document: o.Document, endpoints: map[route]*endpoint{}, checker: o.Checker, auth: o.Authenticator,
		log: o.Log, metrics: o.Metrics, tracer: o.Tracer, clock: o.Clock, observe: o.Observe,
		stalled: stalled, once: o.Idempotency, auditor: o.Auditor, limits: newRateLimiter(),
		refusals: newRateLimiter(), failures: o.Throttle, shared: o.SharedLimits,
		shedder: newShedder(), rooms: newRooms(),
		owners: newOwners(),
	}
	if c.clock == nil {
		c.clock = time.Now
	}
	if c.checker == nil {
		c.checker = contract.NewChecker(o.Document)
	}
	c.measured = newMeasured()
	errs := append(checkOwners(o), c.export(o.Registry))
	for _, op := range o.Document.Operations {
		e, err := c.newEndpoint(op, o)
		errs = append(errs, err)
		c.endpoints[route{op.Method, op.Pattern}] = e
		if op.Method == http.MethodGet {
			c.endpoints[route{http.MethodHead, op.Pattern}] = e
		}
	}
	var err error
	c.proxies, err = parseProxies(o.TrustedProxies)
	if err := errors.Join(append(errs, CheckOrigins(o.TrustedOrigins), err)...); err != nil {
		return nil, err
	}
	c.tune(o.Tuning)
	if o.Retune != nil {
		o.Retune(c.tune)
	}
	documents := append(slices.Clone(o.Beside), o.Document)
	c.outer = []func(http.Handler) http.Handler{c.record, c.crossOrigin(o.TrustedHeaders, documents)}
	c.steps = c.newSteps()
	return c, nil
}

// checkOwners refuses owners of parameters that no operation has in x-access.
func checkOwners(o Options) (errs []error) {
	for parameter := range o.Owners {
		isOwner := func(op *contract.Operation) bool { return op.Policy.Access.Owner == parameter }
		if !slices.ContainsFunc(o.Document.Operations, isOwner) {
			errs = append(errs, fmt.Errorf("no operation of the document %s has the owner %q in x-access",
				o.Document.Name, parameter))
		}
	}
	return errs
}

// newEndpoint makes the endpoint of an operation. The error names what the options lack for it.
func (c *Chain) newEndpoint(op *contract.Operation, o Options) (*endpoint, error) {
	e := &endpoint{
		Operation: op, metrics: o.Metrics.Operation(op.ID),
		ownerOf: o.Owners[op.Policy.Access.Owner], rooms: c.roomsOf(op.Policy),
		shed: c.measured.shed.WithLabelValues(string(op.Policy.Priority)),
	}
	var errs []error
	if op.Policy.Idempotency != "" && o.Idempotency == nil {
		errs = append(errs, fmt.Errorf("operation %s has x-idempotency, and nothing keeps its answers", op.ID))
	}
	if op.Policy.Throttle != nil && o.Throttle == nil {
		errs = append(errs, fmt.Errorf("operation %s has x-throttle, and nothing keeps count", op.ID))
	}
	if code := op.Policy.Access.HiddenAs; code != "" {
		i := slices.IndexFunc(o.Faults, func(f *fault.Error) bool { return f.Code == code })
		if i < 0 {
			errs = append(errs, fmt.Errorf("operation %s: hidden_as %q is none of the service's faults", op.ID, code))
		} else {
			e.hidden = o.Faults[i]
		}
	}
	return e, errors.Join(errs...)
}

// Handler puts the chain around the routes of a service. operations registers the generated routes, each behind the
// policy of its operation; pages registers what is no operation, such as the document itself. The error names each
// route without an operation and each operation without a route.
func (c *Chain) Handler(operations func(chi.Router), pages ...func(chi.Router)) (http.Handler, error) {
	root := chi.NewRouter()
	root.Use(c.outer...)
	root.NotFound(func(w http.ResponseWriter, r *http.Request) { c.fail(w, r, contract.ErrNotFound) })
	root.MethodNotAllowed(c.methodNotAllowed(root))
	operations(root.With(c.enforce))
	served, err := c.compareRoutes(root)
	if err != nil {
		return nil, err
	}
	c.complete(root, served)
	for _, register := range pages {
		register(root)
	}
	return root, nil
}

// compareRoutes gives the handlers of the operations. The error names what has a route or an operation only.
func (c *Chain) compareRoutes(routes chi.Routes) (map[route]http.Handler, error) {
	var errs []error
	served := map[route]http.Handler{}
	type middleware = func(http.Handler) http.Handler
	err := chi.Walk(routes, func(method, pattern string, handler http.Handler, _ ...middleware) error {
		served[route{method, pattern}] = handler
		if c.endpoints[route{method, pattern}] == nil {
			errs = append(errs, fmt.Errorf("route %s %s has no operation in the document %s",
				method, pattern, c.document.Name))
		}
		return nil
	})
	for key, op := range c.endpoints {
		if served[key] == nil && key.method != http.MethodHead { // It comes with GET.
			errs = append(errs, fmt.Errorf("operation %s of the document %s has no route", op.ID, c.document.Name))
		}
	}
	return served, errors.Join(append(errs, err)...)
}

// complete registers every method for each path of the document: HEAD where it takes GET (RFC 9110, section 9.3.2), and
// a refusal for what it does not take. Without the refusal, chi would go on to a path with a parameter in the same
// place, but a fixed path has precedence (OpenAPI 3.0, path templating).
func (c *Chain) complete(root chi.Router, served map[route]http.Handler) {
	for key, handler := range served {
		if key.method == http.MethodGet {
			root.With(c.enforce).Method(http.MethodHead, key.pattern, handler)
		}
	}
	for key := range served {
		for _, method := range contract.Methods {
			if c.endpoints[route{method, key.pattern}] == nil {
				root.MethodFunc(method, key.pattern, c.methodNotAllowed(root))
			}
		}
	}
}

// methodNotAllowed answers 405 with the methods that the path takes (RFC 9110, section 15.5.6).
func (c *Chain) methodNotAllowed(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := cmp.Or(r.URL.RawPath, r.URL.Path)
		var allowed []string
		for _, method := range contract.Methods {
			pattern := routes.Find(chi.NewRouteContext(), method, path)
			if pattern != "" && (c.endpoints[route{method, pattern}] != nil || !c.document.HasPath(pattern)) {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 { // chi calls this for every method that it does not know, on any path.
			c.fail(w, r, contract.ErrNotFound)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		c.fail(w, r, contract.ErrMethodNotAllowed)
	}
}

// Failing answers every request with a fault, as an operation that ends with it does. The operation may be of any
// document.
func (c *Chain) Failing(op *contract.Operation, f *fault.Error) http.Handler {
	limit := op.Policy.RateLimit
	if f.Kind == fault.RateLimited && limit != nil {
		f = f.After(time.Duration(limit.Window) / time.Duration(limit.Requests))
	}
	return chi.Chain(c.outer...).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.Kind == fault.RateLimited && limit != nil {
			w.Header().Set("Ratelimit-Policy", limitPolicies(op.Policy))
			w.Header().Set("Ratelimit", rateLeft(limitDefault, 0, time.Duration(limit.Window)))
		}
		c.fail(w, r, f)
	})
}

// BindingFailed answers where generated code cannot bind what the document allows.
func (c *Chain) BindingFailed(w http.ResponseWriter, r *http.Request, err error) {
	c.fail(w, r, contract.Violated("#", "type", "Must be of the right type").Because(err))
}

// HandlerFailed answers for a handler that has returned an error.
func (c *Chain) HandlerFailed(w http.ResponseWriter, r *http.Request, err error) {
	c.fail(w, r, err)
}
