package httpapi

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/telemetry"
)

// What HTTP does not know is refused as a problem, counted and logged, and the connection ends.
func TestRefusalsBeforeARequest(t *testing.T) {
	t.Parallel()
	const host = "Host: a\r\n"
	log, registry := &lines{}, prometheus.NewRegistry()
	metrics, err := telemetry.NewHTTPMetrics(registry, nil)
	require.NoError(t, err)
	s := run(t, Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "HTTP/1.1 400 Bad Request\r\n\r\n")
		}),
		Drain: time.Minute, Metrics: metrics, Log: slog.New(slog.NewJSONHandler(log, nil)),
	})
	cases := map[string]struct {
		status int
		sent   string
	}{
		"a control character in a value": {400, "GET / HTTP/1.1\r\n" + host + "X-A: a\x01b\r\n\r\n"},
		"a space in a name":              {400, "GET / HTTP/1.1\r\n" + host + "X A: b\r\n\r\n"},
		"a folded line":                  {400, "GET / HTTP/1.1\r\n X-A: b\r\n\r\n"},
		"no host":                        {400, "GET / HTTP/1.1\r\n\r\n"},
		"two hosts":                      {400, "GET / HTTP/1.1\r\n" + host + host + "\r\n"},
		"a first line of two words":      {400, "GET /\r\n" + host + "\r\n"},
		"no first line":                  {400, "nonsense\r\n\r\n"},
		"a target that is none":          {400, "GET /%zz HTTP/1.1\r\n" + host + "\r\n"},
		"a TLS greeting":                 {400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"},
		"a length that is none":          {400, "POST / HTTP/1.1\r\n" + host + "Content-Length: +1\r\n\r\na"},
		"two lengths": {400, "POST / HTTP/1.1\r\n" + host +
			"Content-Length: 1\r\nContent-Length: 2\r\n\r\na"},
		"an expectation": {417, "POST / HTTP/1.1\r\n" + host +
			"Expect: a-miracle\r\nContent-Length: 1\r\n\r\na"},
		"a large header": {431, "GET / HTTP/1.1\r\n" + host + "X-A: " + strings.Repeat("a", 17<<10) +
			"\r\n\r\n"},
		"a large target": {431, "GET /" + strings.Repeat("a", 17<<10) + " HTTP/1.1\r\n" + host +
			"\r\n"},
		"a transfer encoding": {501, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n"},
		"a version":           {505, "GET / HTTP/3.0\r\n" + host + "\r\n"},
	}
	counted := map[int]int{}
	for name, c := range cases {
		// the first of its connection, and a later one
		for _, before := range []string{"", "GET / HTTP/1.1\r\n" + host + "X-A: " + strings.Repeat("a", 15<<10) +
			"\r\n\r\n"} {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.addr)
			require.NoError(t, err)
			answers := bufio.NewReader(conn)
			if before != "" {
				_, err = io.WriteString(conn, before)
				require.NoError(t, err)
				answer, err := http.ReadResponse(answers, nil)
				require.NoError(t, err)
				require.Equal(t, http.StatusTeapot, answer.StatusCode)
				body, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				require.Contains(t, string(body), "400 Bad Request", "the body of an answer stays as it is")
			}
			_, err = io.WriteString(conn, c.sent)
			require.NoError(t, err)
			answer, err := http.ReadResponse(answers, nil)
			require.NoError(t, err, name)
			require.Equal(t, c.status, answer.StatusCode, name)
			require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
			require.True(t, answer.Close)
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, err, name)
			var p problem
			require.NoError(t, json.Unmarshal(body, &p), string(body))
			require.Equal(t, "malformed_request", p.Code)
			require.Equal(t, c.status, p.Status)
			require.Equal(t, refusals[c.status], p.Detail)
			require.NotEmpty(t, p.RequestID)
			require.Equal(t, answer.Header.Get("X-Request-Id"), p.RequestID)
			require.NoError(t, conn.Close())
			counted[c.status]++
		}
	}
	s.stop()
	require.NoError(t, <-s.ended)
	logged := map[int]int{}
	for _, line := range log.of(t, "refused before it was a request") {
		logged[int(line["status"].(float64))]++
		require.Equal(t, "127.0.0.1", line["address"])
		require.NotEmpty(t, line["request_id"])
	}
	require.Equal(t, counted, logged)
	for status, n := range counted {
		require.EqualValues(t, n, (&service{registry: registry}).metric(t, "http_requests_total",
			map[string]string{"operation": telemetry.Unmatched, "method": "other", "status": fmt.Sprint(status)}))
	}
}
