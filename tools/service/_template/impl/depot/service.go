package depot

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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

var _ depotapi.StrictServerInterface = (*Service)(nil)

// New makes the service, on a database that has been migrated.
func New(parts *resource.Parts) *Service {
	return &Service{Parts: parts, queries: depotdb.New(parts.Database)}
}

// Described loads openapi/depot.yaml with its policy, and the faults of this service.
func Described() (contract.Contract, error) {
	spec, err := depotapi.GetSpec()
	if err != nil {
		return contract.Contract{}, err
	}
	document, err := contract.Load(name, spec)
	return contract.Contract{Document: document, Faults: faults()}, err
}

// Handler gives the service's whole way in and out. Of the options it sets what is its own.
func (s *Service) Handler(o httpapi.Options) (http.Handler, error) {
	o.Faults = faults()
	o.Owners = map[string]httpapi.OwnerOf{"widgetId": s.ownerOf}
	return s.Parts.Handler(o, openapi.Document(name), func(chain *httpapi.Chain, r chi.Router) {
		strict := depotapi.NewStrictHandlerWithOptions(s, nil, depotapi.StrictHTTPServerOptions{
			RequestErrorHandlerFunc: chain.BindingFailed, ResponseErrorHandlerFunc: chain.HandlerFailed,
		})
		depotapi.HandlerWithOptions(strict, depotapi.ChiServerOptions{BaseRouter: r, ErrorHandlerFunc: chain.BindingFailed})
	})
}

// ownerOf tells whose a widget is.
func (s *Service) ownerOf(ctx context.Context, widget uuid.UUID) (uuid.UUID, error) {
	owner, err := s.queries.GetWidgetOwner(ctx, widget)
	return owner, explain(err)
}

// inTx runs several statements as one, and once where the request has an Idempotency-Key.
func (s *Service) inTx(ctx context.Context, fn func(depotdb.Querier) error) error {
	return s.InTx(ctx, func(tx pgx.Tx) error { return fn(depotdb.New(tx)) })
}
