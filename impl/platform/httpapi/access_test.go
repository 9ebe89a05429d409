package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

func TestOwnerOfWhatThePathNames(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := start(t, nil, func(o *Options) {
		o.Owners = map[string]OwnerOf{"thingId": func(ctx context.Context, id uuid.UUID) (uuid.UUID, error) {
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("the look-up has no end")
			}
			asked.Add(1)
			return ownerOfThing(ctx, id)
		}}
	})
	get := func(id, token string) *httptest.ResponseRecorder {
		return s.send(t, http.MethodGet, "/things/"+id, "", "Authorization", "Bearer "+token)
	}
	require.Equal(t, http.StatusOK, get(adasThing.String(), "support").Code)
	require.Equal(t, http.StatusOK, get(bob.String(), "support").Code, "the handler says what there is")
	require.Zero(t, asked.Load(), "who holds a role need own nothing")

	missing := get(bob.String(), "ada")
	requireCode(t, missing, http.StatusNotFound, "thing_not_found")
	require.Equal(t, http.StatusOK, get(adasThing.String(), "ada").Code)
	for range 3 {
		hidden := get(adasThing.String(), "bob")
		requireCode(t, hidden, http.StatusNotFound, "thing_not_found")
		require.Equal(t, missing.Header(), hidden.Header())
		require.Equal(t, problemIn(t, missing).Detail, problemIn(t, hidden).Detail)
		require.Equal(t, http.StatusOK, get(adasThing.String(), "ada").Code)
	}
	require.EqualValues(t, 2, asked.Load(), "an owner is remembered, a missing thing is not")
	require.NoError(t, testutil.CollectAndCompare(s.chain.OwnersCollector(), strings.NewReader(`
		# HELP cache_entries Entries of the cache now.
		# TYPE cache_entries gauge
		cache_entries{cache="owners"} 1
		# HELP cache_hits_total Look-ups that the cache answered.
		# TYPE cache_hits_total counter
		cache_hits_total{cache="owners"} 6
		# HELP cache_misses_total Look-ups that the cache did not answer.
		# TYPE cache_misses_total counter
		cache_misses_total{cache="owners"} 2
	`), "cache_entries", "cache_hits_total", "cache_misses_total"))
	requireCode(t, get(ada.String(), "ada"), http.StatusNotFound, "thing_not_found")
	requireCode(t, get("nobody", "ada"), http.StatusUnprocessableEntity, "invalid_request")
}

func TestOwnerThatCannotBeFound(t *testing.T) {
	t.Parallel()
	failure := contract.ErrUnavailable.Because(errors.New("connection refused"))
	s := start(t, nil, func(o *Options) {
		o.Owners = map[string]OwnerOf{"thingId": func(context.Context, uuid.UUID) (uuid.UUID, error) {
			return ada, failure
		}}
	})
	for range 2 { // A failure is not remembered for an owner.
		w := s.send(t, http.MethodGet, "/things/"+adasThing.String(), "", "Authorization", "Bearer ada")
		requireCode(t, w, http.StatusServiceUnavailable, "unavailable")
	}
}

// permissions is what a handler hears of its caller.
type permissions struct{ role, get, change, public, useRole, another, nothing bool }

func TestHoldsRoleAndMay(t *testing.T) {
	t.Parallel()
	var got permissions
	hear := func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		got = permissions{
			role: HoldsRole(ctx), get: MayCall(ctx, "getThing", ada), change: MayCall(ctx, "changeThing", ada),
			public:  MayCall(ctx, "getPublic", ada),
			useRole: MayCall(ctx, "useRole", ada), another: MayCall(ctx, "getThing", bob),
			nothing: MayCall(ctx, "getNothing", ada),
		}
		writeJSON(w, map[string]bool{"ok": true})
	}
	s := start(t, map[string]http.HandlerFunc{"changeThing": hear, "getPublic": hear, "getSelf": hear})
	for token, want := range map[string]permissions{
		"ada":     {get: true, change: true, public: true},
		"bob":     {public: true, another: true},
		"support": {role: true, get: true, change: true, public: true, another: true},
		"admin":   {public: true, useRole: true},
	} {
		w := s.send(t, http.MethodPatch, "/things/"+adasThing.String(), "", "Authorization", "Bearer "+token,
			"If-Match", `"1"`)
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		require.Equal(t, want, got, token)
		s.send(t, http.MethodGet, "/self", "", "Authorization", "Bearer "+token)
		want.role = false
		require.Equal(t, want, got, "the roles are those of the operation that runs")
	}
	s.send(t, http.MethodGet, "/public", "")
	require.Equal(t, permissions{public: true}, got)
	require.False(t, HoldsRole(t.Context()))
	require.False(t, MayCall(t.Context(), "getPublic", ada))
}
