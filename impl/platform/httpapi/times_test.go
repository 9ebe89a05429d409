package httpapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every form of a time that the format takes arrives as the instant that it is, in the query and in the body.
func TestTimesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	var since string
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		since = r.URL.Query().Get("since")
		writeJSON(w, map[string]bool{"ok": true})
	}})
	for text, want := range map[string]string{
		"2026-11-23T09:30:00Z":                "2026-11-23T09:30:00Z",
		"2026-11-23T09:30:00.123456+00:00":    "2026-11-23T09:30:00.123456Z",
		"2026-11-23T09:30:00.1234567+05:30":   "2026-11-23T04:00:00.1234567Z",
		"2026-11-23t09:30:00.99999999999999z": "2026-11-23T09:30:00.999999999Z",
		"2016-12-31T23:59:60Z":                "2017-01-01T00:00:00Z",
		"1990-12-31t15:59:60.5-08:00":         "1991-01-01T00:00:00.5Z",
	} {
		at, err := time.Parse(time.RFC3339, want)
		require.NoError(t, err)
		w := s.send(t, http.MethodGet, "/public?name=ab&since="+url.QueryEscape(text), "")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		read, err := time.Parse(time.RFC3339, since)
		require.NoError(t, err, text)
		require.True(t, at.Equal(read), "%s is %s", text, since)

		w = s.send(t, http.MethodPost, "/echo", `{"name":"ab","at":"`+text+`","times":{"a":["`+text+`"]}}`)
		require.Equal(t, http.StatusOK, w.Code, text+w.Body.String())
		var answer struct{ Said string }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		var said everything
		require.NoError(t, json.Unmarshal([]byte(answer.Said), &said))
		require.True(t, at.Equal(*said.At), "%s is %s", text, said.At)
		require.True(t, at.Equal(said.Times["a"][0]), text)
	}
	places, _ := s.broken(t, `{"name":"ab","at":"2026-11-23T09:30:60Z","times":{"a":["2016-12-31T23:59:61Z"]}}`)
	require.Equal(t, []string{"#/at format", "#/times/a/0 format"}, places)
}
