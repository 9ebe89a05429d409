package httpapi

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	document, _ := loadThings(t)
	options := func(t *testing.T) Options {
		metrics, err := telemetry.NewHTTPMetrics(prometheus.NewRegistry(), document.Labels())
		require.NoError(t, err)
		return Options{Document: document, Metrics: metrics, Log: slog.New(slog.DiscardHandler),
			Authenticator: people{}, Faults: []*fault.Error{errThingNotFound}, Idempotency: &memory{}}
	}
	_, err := New(options(t))
	require.NoError(t, err)
	o := options(t)
	o.Faults = nil
	o.TrustedOrigins = []string{"*"}
	o.TrustedProxies = []string{"somewhere"}
	o.Owners = map[string]OwnerOf{"stringId": ownerOfThing}
	o.Idempotency = nil
	_, err = New(o)
	require.ErrorContains(t, err, `putThings: hidden_as "thing_not_found" is none`)
	require.ErrorContains(t, err, `trusted origin "*"`)
	require.ErrorContains(t, err, `trusted proxy "somewhere"`)
	require.ErrorContains(t, err, `the owner "stringId"`)
	require.ErrorContains(t, err, "operation doOnce has x-idempotency, and nothing keeps its answers")
}

func TestHandlerComparesRoutesWithOperations(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	nothing := func(http.ResponseWriter, *http.Request) {}
	_, err := s.chain.Handler(func(r chi.Router) {
		for _, o := range s.chain.document.Operations {
			if o.ID != "getSelf" && o.ID != "echo" {
				r.MethodFunc(o.Method, o.Pattern, nothing)
			}
		}
		r.Get("/extra", nothing)
		r.Patch("/public", nothing)
	})
	for _, says := range []string{"operation getSelf", "operation echo", "route GET /extra has no",
		"route PATCH /public has no"} {
		require.ErrorContains(t, err, says)
	}
}

// A route that compareRoutes has not seen is no way in.
func TestRouteWithoutOperationIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(http.ResponseWriter, *http.Request) {
		t.Error("the handler ran")
	}})
	delete(s.chain.endpoints, route{http.MethodGet, "/public"})
	requireCode(t, s.send(t, http.MethodGet, "/public", ""), http.StatusInternalServerError, "internal")
}
