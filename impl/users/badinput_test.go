package users

import (
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/httpapi"
)

// loadSpec gives the document as kin-openapi reads it.
var loadSpec = func() func(*testing.T) *openapi3.T {
	load := sync.OnceValues(usersapi.GetSpec)
	return func(t *testing.T) *openapi3.T {
		t.Helper()
		spec, err := load()
		require.NoError(t, err)
		return spec
	}
}()

// specOf gives the operation as the document writes it.
func specOf(t *testing.T, op *httpapi.Operation) *openapi3.Operation {
	t.Helper()
	return loadSpec(t).Paths.Find(op.Pattern).GetOperation(op.Method)
}
