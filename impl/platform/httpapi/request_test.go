package httpapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNextLink(t *testing.T) {
	t.Parallel()
	cursor := `a&b"> c`
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", *NextLink(r.Context(), &cursor))
		if NextLink(r.Context(), nil) != nil {
			t.Error("there is no next page")
		}
		writeJSON(w, map[string]bool{"ok": true})
	}})
	w := s.send(t, http.MethodGet, "/public?name=x", "")
	require.Equal(t, `</public?cursor=a%26b%22%3E+c&name=x>; rel="next"`, w.Header().Get("Link"),
		"without the defaults that were written in")
	require.Nil(t, NextLink(t.Context(), &cursor))
}
