// Package httpapi is the way in and out of a service: it holds every request and every answer against the
// service's OpenAPI document, before and after hand-written code runs.
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
	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

// Options are what a chain is made of.
type Options struct {
	Document *Document
	// Authenticator tells who sends a token.
	Authenticator Authenticator
	// Faults are the service's; hidden_as is looked up among them.
	Faults []*fault.Error
	// Owners tell by path parameter whose the thing is that it names. A parameter that stands after owner in x-access
	// and is not among them is the user's id itself.
	Owners  map[string]OwnerOf
	Log     *slog.Logger
	Metrics *telemetry.HTTPMetrics
	// Clock tells the time; nil is the system's.
	Clock func() time.Time
	// Checker checks requests and answers; nil is NewChecker's.
	Checker Checker
	// Responses says what happens to answers.
	Responses ResponseMode
	// Observe, when there is one, is told of every checked answer; one that is no failure has no code.
	Observe func(o *Operation, answered Problem, violations []fault.Violation)
	// TrustedProxies are the networks, in CIDR form, whose X-Forwarded-For and X-Request-Id are believed.
	TrustedProxies []string
	// TrustedOrigins are other origins whose pages may call, credentials included; "http://127.0.0.1:*" allows every port.
	TrustedOrigins []string
	// TrustedHeaders are header fields that their pages may send beside those of the document.
	TrustedHeaders []string
	// Beside are further documents as whose operations Failing answers.
	Beside []*Document
	// Idempotency keeps the answers of operations with x-idempotency.
	Idempotency Idempotency
	// Auditor keeps what x-audit says is to be recorded; nil: only the log of the service says so.
	Auditor Auditor
	// RateLimits turns x-rate-limit and x-throttle on.
	RateLimits bool
	// Throttle keeps count for operations with x-throttle.
	Throttle Throttle
	// Shed turns the refusal of work beyond capacity on.
	Shed bool
}

// Chain is what stands before and behind the handlers of one service.
type Chain struct {
	document  *Document
	endpoints map[route]*endpoint
	checker   Checker
	auth      Authenticator
	log       *slog.Logger
	metrics   *telemetry.HTTPMetrics
	clock     func() time.Time
	proxies   []netip.Prefix // that are trusted
	once      Idempotency
	auditor   Auditor
	owners    *otter.Cache[ownedThing, uuid.UUID]
	limits    *rateLimiter                         // nil: off
	refusals  *rateLimiter                         // that the audit log keeps
	failures  Throttle                             // over all replicas
	shedder   adaptivelimiter.AdaptiveLimiter[any] // nil: off
	rooms     map[string]*room                     // by share
	trusted   origins
	responses ResponseMode
	observe   func(o *Operation, answered Problem, violations []fault.Violation)
	served    atomic.Uint64
	stalled   time.Duration
	outer     []func(http.Handler) http.Handler
	steps     []step
	unproxied sync.Once // of the warning that a proxy seems not to be trusted
}

type route struct{ method, pattern string }

// methods are those that a path may take, in the order of Allow.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// endpoint is an operation with what the chain has made ready for it at start.
type endpoint struct {
	*Operation
	metrics *telemetry.OperationMetrics
	hidden  *fault.Error // what another's thing answers with
	ownerOf OwnerOf      // nil: the path parameter is the owner
	rooms   []*room      // that a request needs a place of each
	// limitPolicy is the RateLimit-Policy header of every answer.
	limitPolicy string
}

// step is one of the checks that a request passes on its way to the handler.
type step struct {
	name string
	pass func(*exchange) error
}

// New makes a chain. It refuses a hidden_as that is none of the service's faults, an owner of what no operation names, an
// operation with x-idempotency or x-throttle where nothing keeps answers or count, and a trusted origin or proxy that is none.
func New(o Options) (*Chain, error) {
	c := &Chain{
		document: o.Document, endpoints: map[route]*endpoint{}, checker: o.Checker, auth: o.Authenticator,
		log: o.Log, metrics: o.Metrics, clock: o.Clock, responses: o.Responses, observe: o.Observe,
		stalled: stalled, once: o.Idempotency, auditor: o.Auditor, refusals: newRateLimiter(), failures: o.Throttle, owners: otter.Must(&otter.Options[ownedThing, uuid.UUID]{MaximumSize: rememberedOwners}),
	}
	if c.clock == nil {
		c.clock = time.Now
	}
	if c.checker == nil {
		c.checker = NewChecker(o.Document)
	}
	if o.RateLimits {
		c.limits = newRateLimiter()
	}
	if o.Shed {
		c.shedder, c.rooms = newShedder(), newRooms()
	}
	var errs []error
	for parameter := range o.Owners {
		if !slices.ContainsFunc(o.Document.Operations, func(op *Operation) bool { return op.Policy.Access.Owner == parameter }) {
			errs = append(errs, fmt.Errorf("no operation of the document %s has the owner %q in x-access", o.Document.Name, parameter))
		}
	}
	for _, op := range o.Document.Operations {
		e := &endpoint{
			Operation: op, metrics: o.Metrics.Operation(op.ID), limitPolicy: limitPolicies(op.Policy), ownerOf: o.Owners[op.Policy.Access.Owner],
			rooms: c.roomsOf(op.Policy),
		}
		c.endpoints[route{op.Method, op.Pattern}] = e
		if op.Method == http.MethodGet {
			c.endpoints[route{http.MethodHead, op.Pattern}] = e
		}
		if op.Policy.Idempotency != "" && o.Idempotency == nil {
			errs = append(errs, fmt.Errorf("operation %s has x-idempotency, and nothing keeps its answers", op.ID))
		}
		if op.Policy.Throttle != nil && o.Throttle == nil {
			errs = append(errs, fmt.Errorf("operation %s has x-throttle, and nothing keeps count", op.ID))
		}
		code := op.Policy.Access.HiddenAs
		if code == "" {
			continue
		}
		i := slices.IndexFunc(o.Faults, func(f *fault.Error) bool { return f.Code == code })
		if i < 0 {
			errs = append(errs, fmt.Errorf("operation %s: hidden_as %q is none of the service's faults", op.ID, code))
			continue
		}
		e.hidden = o.Faults[i]
	}
	var err error
	if c.trusted, err = parseOrigins(o.TrustedOrigins); err != nil {
		errs = append(errs, err)
	}
	for _, network := range o.TrustedProxies {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			errs = append(errs, fmt.Errorf("trusted proxy %q: write a network such as 10.0.0.0/8", network))
		}
		c.proxies = append(c.proxies, prefix)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c.outer = []func(http.Handler) http.Handler{c.record, c.crossOrigin(o.TrustedHeaders, append(slices.Clone(o.Beside), o.Document))}
	// Cheap refusals come first, and nothing of the body is read before it is known who sends it and whether
	// they may. Only a request that has arrived whole counts as work, so that slow senders keep nobody out.
	// Ownership waits until the path has been checked.
	c.steps = []step{
		{"limit_address", c.limitAddress},
		{"cross_origin", c.refuseCrossOrigin},
		{"authenticate", c.authenticate},
		{"limit_principal", c.limitPrincipal},
		{"authorise", c.authoriseRoles},
		{"read", c.read},
		{"shed", c.shed},
		{"check", c.check},
		{"authorise_owner", c.authoriseOwner},
		{"throttle", c.throttle},
		{"begin_once", c.beginOnce},
	}
	return c, nil
}

// Handler gives the whole way in and out. operations registers the generated routes, each behind the policy of its
// operation; pages registers what is no operation, such as the document itself. It refuses a route without an
// operation and an operation without a route.
func (c *Chain) Handler(operations func(chi.Router), pages ...func(chi.Router)) (http.Handler, error) {
	root := chi.NewRouter()
	root.Use(c.outer...)
	root.NotFound(func(w http.ResponseWriter, r *http.Request) { c.fail(w, r, ErrNotFound) })
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

// compareRoutes gives the handlers of the operations.
func (c *Chain) compareRoutes(routes chi.Routes) (map[route]http.Handler, error) {
	var errs []error
	served := map[route]http.Handler{}
	err := chi.Walk(routes, func(method, pattern string, handler http.Handler, _ ...func(http.Handler) http.Handler) error {
		served[route{method, pattern}] = handler
		if c.endpoints[route{method, pattern}] == nil {
			errs = append(errs, fmt.Errorf("route %s %s has no operation in the document %s", method, pattern, c.document.Name))
		}
		return nil
	})
	for key, op := range c.endpoints {
		if served[key] == nil && key.method != http.MethodHead { // Which comes with GET.
			errs = append(errs, fmt.Errorf("operation %s of the document %s has no route", op.ID, c.document.Name))
		}
	}
	return served, errors.Join(append(errs, err)...)
}

// complete gives each path of the document every method: HEAD where it takes GET (RFC 9110, section 9.3.2), and a refusal
// where it takes neither. Without one chi would go on to a path with a parameter in the same place, and a fixed path wins
// over those (OpenAPI 3.0, path templating).
func (c *Chain) complete(root chi.Router, served map[route]http.Handler) {
	for key, handler := range served {
		if key.method == http.MethodGet {
			root.With(c.enforce).Method(http.MethodHead, key.pattern, handler)
		}
	}
	for key := range served {
		for _, method := range methods {
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
		for _, method := range methods {
			pattern := routes.Find(chi.NewRouteContext(), method, path)
			if pattern != "" && (c.endpoints[route{method, pattern}] != nil || !c.document.hasPath(pattern)) {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 { // chi asks here for every method that it does not know, on any path.
			c.fail(w, r, ErrNotFound)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		c.fail(w, r, ErrMethodNotAllowed)
	}
}

// Failing answers every request with a fault, as an operation, of whichever document, does that ends with it.
func (c *Chain) Failing(op *Operation, f *fault.Error) http.Handler {
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

// BindingFailed answers when generated code cannot bind what the document allows.
func (c *Chain) BindingFailed(w http.ResponseWriter, r *http.Request, err error) {
	c.fail(w, r, ErrInvalid.At(violation("#", "type", nil, "Must be of the right type")).Because(err))
}

// HandlerFailed answers for a handler that returned an error.
func (c *Chain) HandlerFailed(w http.ResponseWriter, r *http.Request, err error) {
	c.fail(w, r, err)
}
