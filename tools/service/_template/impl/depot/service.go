package depot

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"example.com/plumbline/gen/depotapi"
	"example.com/plumbline/gen/depotdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/openapi"
)

// Service answers every operation of openapi/depot.yaml.
type Service struct {
	*resource.Parts

	queries depotdb.Querier
}

// serviceName names the service in its program, in the aud of tokens and in the keys derived from the master key.
const serviceName = "depot"

// New makes the service, on a database that has been migrated.
func New(c resource.Config) (*Service, error) {
	s := &Service{queries: depotdb.New(c.Database)}
	c.AccountChanged = s.accountChanged
	var err error
	s.Parts, err = resource.New(c)
	return s, err
}

// Described is openapi/depot.yaml with its policy, and the faults of this service.
func Described() (contract.Contract, error) {
	return contract.Describe(serviceName, depotapi.GetSpec, faults())
}

// Handler gives the HTTP handler of the service: the chain with its operations, documents and problem pages.
func (s *Service) Handler(o httpapi.Options) (http.Handler, error) {
	o.Faults = faults()
	o.Owners = map[string]httpapi.OwnerOf{"widgetId": s.ownerOf}
	return s.Parts.Handler(o, openapi.Document(serviceName), func(chain *httpapi.Chain, r chi.Router) {
		strict := depotapi.NewStrictHandlerWithOptions(s, nil, depotapi.StrictHTTPServerOptions{
			RequestErrorHandlerFunc: chain.BindingFailed, ResponseErrorHandlerFunc: chain.HandlerFailed,
		})
		depotapi.HandlerWithOptions(strict, depotapi.ChiServerOptions{
			BaseRouter: r, ErrorHandlerFunc: chain.BindingFailed,
		})
	})
}

// ownerOf gives the owner of a widget.
func (s *Service) ownerOf(ctx context.Context, widget uuid.UUID) (uuid.UUID, error) {
	owner, err := s.queries.GetWidgetOwner(ctx, widget)
	return owner, explain(err, errWidgetNotFound)
}

// tx is one transaction: its statements, and the jobs that run once it is committed.
type tx struct {
	depotdb.Querier
	resource.Tx
}

// inTx runs fn in one transaction. Every transaction of the service begins here or in inKeyedTx.
func (s *Service) inTx(ctx context.Context, fn func(tx) error) error {
	return s.InTx(ctx, func(r resource.Tx) error { return fn(tx{depotdb.New(r.DB), r}) })
}

// inKeyedTx is inTx for the effect of an operation that takes an Idempotency-Key.
func (s *Service) inKeyedTx(ctx context.Context, fn func(tx) error) error {
	return s.InKeyedTx(ctx, func(r resource.Tx) error { return fn(tx{depotdb.New(r.DB), r}) })
}
