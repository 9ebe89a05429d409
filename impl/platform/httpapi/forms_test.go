package httpapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Canonically equal texts are one text to handlers, in the query and in the body, and their lengths are those of it.
func TestTextsArriveComposed(t *testing.T) {
	t.Parallel()
	const decomposed = "e\u0301"
	var name string
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		name = r.URL.Query().Get("name")
		writeJSON(w, map[string]bool{"ok": true})
	}})
	for sent, want := range map[string]string{
		"ab": "ab", strings.Repeat(decomposed, 8): strings.Repeat("é", 8), "\u1112\u1161\u11ab": "한", "\u212a": "K",
		"%_\\": "%_\\", "\U0001f468\u200d\U0001f469": "\U0001f468\u200d\U0001f469",
	} {
		w := s.send(t, http.MethodGet, "/public?name="+url.QueryEscape(sent)+"&limit=7", "")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		require.Equal(t, want, name)
	}
	requireCode(t, s.send(t, http.MethodGet, "/public?name="+url.QueryEscape(strings.Repeat(decomposed, 9)), ""),
		http.StatusUnprocessableEntity, "invalid_request")

	w := s.send(t, http.MethodPost, "/echo", `{"name":"`+strings.Repeat(decomposed, 10)+
		`","tags":["e\u0301","\u00e8"]}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var answer struct{ Said string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	var said everything
	require.NoError(t, json.Unmarshal([]byte(answer.Said), &said))
	require.Equal(t, strings.Repeat("é", 10), said.Name)

	places, _ := s.broken(t, `{"name":"`+decomposed+`","tags":["e\u0301","é"]}`)
	require.Equal(t, []string{"#/name minLength", "#/tags uniqueItems"}, places)
}
