package depot

import (
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/depotapi"
	"example.com/plumbline/gen/depotdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/resourcetest"
	"example.com/plumbline/openapi"
	"example.com/plumbline/queries"
)

func TestMain(m *testing.M) {
	os.Exit(contracttest.Main(m, service.Coverage, func() (*contract.Document, error) {
		described, err := Described()
		return described.Document, err
	}))
}

func TestContract(t *testing.T) {
	t.Parallel()
	service.All(t)
}

// service is what the tests need to know.
var service = resourcetest.Service{
	Service: program.Service{Program: Program(), Described: Described, Seed: Seed},
	Spec:    depotapi.GetSpec, YAML: openapi.Document(name), Migrations: queries.Migrations(name),
	New:      func(parts *resource.Parts) resourcetest.Handler { return New(parts) },
	Coverage: contracttest.NewCoverage(),
	NotFound: map[string]string{"widgetId": errWidgetNotFound.Code},
	Fit: func(at resourcetest.Situation, fit *contracttest.Fit) {
		fit.Path["widgetId"] = widgetOf(at.T, at.Server, at.Owner).ID.String()
	},
	Operations: map[string]contracttest.Known[resourcetest.Situation]{
		"listWidgets": {Fit: func(at resourcetest.Situation, fit *contracttest.Fit) {
			fit.Shows = widgetOf(at.T, at.Server, at.Owner).ID.String()
		}},
		"updateWidget": {Fit: func(_ resourcetest.Situation, fit *contracttest.Fit) {
			fit.Header["If-Match"] = resource.ETag(1)
		}},
	},
}

// widgetOf arranges a widget of somebody's.
func widgetOf(t testing.TB, s *resourcetest.Server, owner resourcetest.Member) depotdb.Widget {
	t.Helper()
	row, err := depotdb.New(s.Pool).CreateWidget(t.Context(), depotdb.CreateWidgetParams{
		ID: uuid.Must(uuid.NewV7()), OwnerID: owner.ID, Title: "Widget", CreatedAt: s.Clock.Now(),
	})
	require.NoError(t, err)
	return row
}
