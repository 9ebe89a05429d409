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
	for _, name := range services {
		require.NotEmpty(t, openapi.Document(name))
	}
	require.Panics(t, func() { openapi.Document("nothing") })
}
