package contracttest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type bearer string

func (b bearer) AccessToken() string { return string(b) }
func (b bearer) Subject() string     { return "" }

// A script sends the same bytes as the test, except for its variables.
func TestScriptSendsTheSame(t *testing.T) {
	t.Parallel()
	type received struct {
		target, contentType, authorization, odd, body string
		empty                                         []string
	}
	var got []received
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, received{
			r.Method + " " + r.RequestURI, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), r.Header.Get("X-Odd"),
			string(body), r.Header["X-Empty"],
		})
		w.Header().Set("Location", "/things/made-anew")
		w.WriteHeader(http.StatusCreated)
	}))
	defer web.Close()
	text := script(
		call{
			Request: Request{Method: http.MethodPost, Target: "/things",
				Header: []string{"Authorization: Bearer secret", asJSON}, Body: `{"a":"'$(id)\"` + "\\n`"}, by: bearer("secret"),
			roles: []string{"staff"},
			makes: "thingId1", made: "made-before",
		},
		call{Request: Request{Method: http.MethodPut, Target: "/things/made-before/../x?q=[1]{2}%zz&r='",
			Header: []string{"X-Odd: it's", "X-Empty: "}, Body: "made-before"}},
		call{Request: Request{Method: http.MethodGet, Target: "/others/7"}, names: map[string]string{"otherId": "7"}},
	)
	require.NotContains(t, text, "secret")
	require.Contains(t, text, "TOKEN= # the access token of somebody with the roles staff")
	require.Contains(t, text, "\notherId=7\n")
	text = strings.NewReplacer("URL=http://127.0.0.1:8080", "URL="+web.URL, "TOKEN= ", "TOKEN=token ").Replace(text)
	out, err := exec.CommandContext(t.Context(), "bash", "-euc", text).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, []received{
		{"POST /things", "application/json", "Bearer token", "", `{"a":"'$(id)\"` + "\\n`", nil},
		{"PUT /things/made-anew/../x?q=[1]{2}%zz&r='", "", "", "it's", "made-anew", []string{""}},
		{"GET /others/7", "", "", "", "", nil},
	}, got)
}
