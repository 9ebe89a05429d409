package depot

import (
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/depotapi"
	"example.com/plumbline/gen/depotdb"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/testkit/resourcetest"
	"example.com/plumbline/openapi"
)

func TestMain(m *testing.M) { os.Exit(service.Main(m)) }

func TestContract(t *testing.T) {
	t.Parallel()
	service.All(t)
}

// service is what the checks need to know of this service beyond its document.
var service = resourcetest.Service{
	Service: program.Service{Program: Program(), Described: Described, Seed: Seed},
	Spec:    depotapi.GetSpec,
	YAML:    openapi.Document(serviceName),
	New:     func(c resource.Config) (resource.Server, error) { return New(c) },
	Things:  map[string]resourcetest.Thing{"widgetId": newWidget},
}

// newWidget arranges a widget of an account.
func newWidget(t testing.TB, s *resourcetest.Server, owner uuid.UUID) uuid.UUID {
	t.Helper()
	row, err := depotdb.New(s.Pool).CreateWidget(t.Context(), depotdb.CreateWidgetParams{
		ID: uuid.Must(uuid.NewV7()), OwnerID: owner, Title: "Widget", CreatedAt: s.Clock.Now(),
	})
	require.NoError(t, err)
	return row.ID
}
