package programtest

import (
	"crypto/rand"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// mostRounds bounds the rounds of RequireBoundedSeries. A series of a result or of a job exists from its first use on,
// so the first rounds may add some.
const mostRounds = 8

// RequireBoundedSeries sends rounds of requests to every operation and beside them, in which whatever a caller chooses
// is different each time: path, method, header fields, body, address and, where accessToken is given, the token. It
// requires that a round comes which adds no series to the metrics, and that none shows what a caller has sent: an
// attacker could otherwise fill the memory of the service, and that of whoever scrapes it. The service must trust its
// peer as a proxy.
func RequireBoundedSeries(t *testing.T, s *Served, document *contract.Document, accessToken func() string) {
	t.Helper()
	client := http.Client{
		Timeout: Patience, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var added []string
	before := s.series(t)
	for range mostRounds {
		for _, op := range document.Operations {
			for _, signedIn := range []bool{false, true} {
				if signedIn && accessToken == nil {
					continue
				}
				r := hostile(t, op.Method, s.URL+fill(op.Pattern), "")
				if signedIn {
					r.Header.Set("Authorization", "Bearer "+accessToken())
				}
				answer, err := client.Do(r)
				require.NoError(t, err, op.ID)
				require.NoError(t, answer.Body.Close())
			}
		}
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodTrace, canary()} {
			answer, err := client.Do(hostile(t, method, s.URL+"/"+canary()+"/"+canary(), canary()))
			require.NoError(t, err, method)
			require.NoError(t, answer.Body.Close())
		}
		after := s.series(t)
		added = slices.DeleteFunc(slices.Sorted(maps.Keys(after)), func(series string) bool { return before[series] })
		if len(added) == 0 {
			return
		}
		before = after
	}
	require.Empty(t, added, "every one of %d rounds of requests adds series; these are of the last", mostRounds)
}

// canaryPrefix begins what nobody but a caller sends.
const canaryPrefix = "canary"

// canary is a word that no request has had before, allowed as a method, in a path and in a header field.
func canary() string { return canaryPrefix + strings.ToLower(rand.Text()) }

// fill gives a path of an operation with ids that nothing has.
func fill(pattern string) string {
	for {
		before, rest, found := strings.Cut(pattern, "{")
		if !found {
			return pattern
		}
		_, after, _ := strings.Cut(rest, "}")
		pattern = before + uuid.NewString() + after
	}
}

// hostile is a request whose every part is the caller's choice.
func hostile(t *testing.T, method, url, host string) *http.Request {
	t.Helper()
	word := canary()
	id := strings.ReplaceAll(uuid.NewString(), "-", "")
	r, err := http.NewRequestWithContext(t.Context(), method, url+"?"+word+"="+word,
		strings.NewReader(`{"`+word+`":"`+word+`"}`))
	require.NoError(t, err)
	r.Host = host
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": word, "Origin": "https://" + word + ".example.com",
		"X-Request-Id": word, "Idempotency-Key": word, "X-" + word: word, "Accept-Language": word,
		"Cookie":      word + "=" + word,
		"Traceparent": "00-" + id + "-" + id[:16] + "-01", "Tracestate": word + "=" + word, "Authorization": "Bearer " + word,
		"X-Forwarded-For": randomAddress(), "If-Match": `"` + word + `"`,
	} {
		r.Header.Set(name, value)
	}
	return r
}

// randomAddress is an address of the network 2001:db8::/32, which is for documentation (RFC 3849).
func randomAddress() string {
	id := strings.ReplaceAll(uuid.NewString(), "-", "")
	return "2001:db8:" + id[:4] + ":" + id[4:8] + ":" + id[8:12] + "::1"
}

// series gives the series of the metrics. It requires that no label has what a hostile caller has sent.
func (s *Served) series(t *testing.T) map[string]bool {
	t.Helper()
	status, body := Get(t, s.OpsURL+"/metrics")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, strings.ToLower(body), canaryPrefix, "a caller's text in the metrics")
	require.NotContains(t, body, "2001:db8", "a caller's address in the metrics")
	all := map[string]bool{}
	for line := range strings.Lines(body) {
		if end := strings.LastIndexByte(line, ' '); end > 0 && !strings.HasPrefix(line, "#") {
			all[line[:end]] = true
		}
	}
	require.Greater(t, len(all), 100)
	return all
}
