package openapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/openapi"
)

func TestServices(t *testing.T) {
	t.Parallel()
	services := openapi.Services()
	require.Subset(t, services, []string{"orders", "users"})
	require.NotContains(t, services, openapi.Dev)
	for _, name := range append(services, openapi.Dev) {
		require.NotEmpty(t, openapi.Document(name))
	}
	require.Panics(t, func() { openapi.Document("nothing") })
}
