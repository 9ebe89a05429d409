package frontend

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/devkit/front"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/telemetry"
)

// Config configures front-end mode.
type Config struct {
	// Services are the services whose operations can be made to fail.
	Services []contract.Contract
	// Personas are the accounts to log in as, all with the same Password.
	Personas []Persona
	Password string
	// Codes returns the codes of an account's second factor; without one, TOTP is empty.
	Codes func(ctx context.Context, email string) (Codes, error)
	// UsersURL is the URL of the users service.
	UsersURL string
	// OpsURL is the URL for operators.
	OpsURL string
	// Clock is the services' clock.
	Clock *Clock
	// Mails holds the mails of the services.
	Mails *Mailbox
	// Reset restores the seeded data.
	Reset func(context.Context) error
	// Client is the path of the packed client.
	Client string
	// Hosts are the hosts whose pages may change something, besides this machine.
	Hosts hosts.Allowed
	// Origins are the origins whose pages may call, as in http://127.0.0.1:*.
	Origins []string
	Log     *slog.Logger
}

// Service serves the operations of dev.yaml and wraps the services.
type Service struct {
	personas []Persona
	password string
	codes    func(ctx context.Context, email string) (Codes, error)
	users    *usersapi.ClientWithResponses
	clock    *Clock
	reset    func(context.Context) error
	mails    *Mailbox
	hosts    hosts.Allowed
	targets  *targets
	rules    rules
	chain    *httpapi.Chain
	handler  http.Handler
}

var _ devapi.StrictServerInterface = (*Service)(nil)

// loginTimeout bounds the login of a persona.
const loginTimeout = 5 * time.Second

// New makes front-end mode ready to serve.
func New(c Config) (*Service, error) {
	s := &Service{personas: c.Personas, password: c.Password, codes: c.Codes, clock: c.Clock, reset: c.Reset,
		mails: c.Mails, hosts: c.Hosts, targets: newTargets(c.Services)}
	var err error
	caller := usersapi.WithHTTPClient(&http.Client{Timeout: loginTimeout})
	if s.users, err = usersapi.NewClientWithResponses(c.UsersURL, caller); err != nil {
		return nil, err
	}
	spec, err := devapi.GetSpec()
	if err != nil {
		return nil, err
	}
	document, err := contract.Load("dev", spec)
	if err != nil {
		return nil, err
	}
	metrics, err := telemetry.NewHTTPMetrics(prometheus.NewRegistry(), document.Labels())
	if err != nil {
		return nil, err
	}
	if s.chain, err = httpapi.New(httpapi.Options{
		Document: document, Faults: faults(), Log: c.Log, Metrics: metrics, Clock: s.clock.Now,
		Tuning:         httpapi.Tuning{Responses: httpapi.ResponsesEnforce, TrustedOrigins: c.Origins},
		TrustedHeaders: []string{faultHeader}, Beside: documentsOf(c.Services),
	}); err != nil {
		return nil, err
	}
	strict := devapi.NewStrictHandlerWithOptions(s, nil, devapi.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: s.chain.BindingFailed, ResponseErrorHandlerFunc: s.chain.HandlerFailed,
	})
	s.handler, err = s.chain.Handler(func(r chi.Router) {
		devapi.HandlerWithOptions(strict, devapi.ChiServerOptions{BaseRouter: r, ErrorHandlerFunc: s.chain.BindingFailed})
	}, s.pages(c,
		append(slices.Clone(c.Services),
			contract.Contract{Document: document, Faults: append(faults(), front.ErrMisdirected)}),
		httpapi.Served{Name: document.Name, YAML: Document, JSON: document.JSON}))
	return s, err
}

func documentsOf(services []contract.Contract) (documents []*contract.Document) {
	for _, s := range services {
		documents = append(documents, s.Document)
	}
	return documents
}

// Before serves front-end mode's own paths and injects faults into requests to the services.
func (s *Service) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.isForeign(r):
			refused := *contract.ErrCrossOrigin
			refused.Detail = "Pages that change something here must be of this machine, or of a host that it allows."
			s.chain.Failing(&contract.Operation{}, &refused).ServeHTTP(w, r)
		case isOwn(r):
			s.handler.ServeHTTP(w, r)
		default:
			s.inject(next, w, r)
		}
	})
}

// isOwn reports whether front-end mode itself answers a request: one for the document's paths or the pages, or the
// preflight request of a page that sends the fault header.
func isOwn(r *http.Request) bool {
	path := r.URL.Path
	return slices.Contains(append(linkPages(), "/", "/docs"), path) ||
		slices.ContainsFunc([]string{"/dev/", "/openapi/dev.", "/docs/", "/problems/"},
			func(prefix string) bool { return strings.HasPrefix(path, prefix) }) ||
		r.Method == http.MethodOptions &&
			strings.Contains(strings.ToLower(r.Header.Get("Access-Control-Request-Headers")), strings.ToLower(faultHeader))
}

// isForeign reports whether a foreign page, of neither this machine nor the allowed hosts, tries to change something:
// the document's paths need no token, and browsers send whatever a page tells them to.
func (s *Service) isForeign(r *http.Request) bool {
	header := r.Header.Get("Origin")
	if header == "" || !strings.HasPrefix(r.URL.Path, "/dev/") || r.Method == http.MethodGet ||
		r.Method == http.MethodHead {
		return false
	}
	origin, err := url.Parse(header)
	return err != nil || !s.hosts.Allow(origin.Host)
}
