package httpapi

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRepresentation(t *testing.T) {
	t.Parallel()
	const plain, events, table = "application/json", "text/event-stream", "text/csv"
	for accept, want := range map[string]string{
		"":                                    plain,
		"*/*":                                 plain,
		"application/json":                    plain,
		"application/*":                       plain,
		"text/event-stream":                   events,
		"Text/Event-Stream; charset=utf-8":    events,
		"text/csv":                            table,
		"text/*":                              table,
		"text/event-stream, text/csv":         table,
		"text/event-stream, application/json": plain,
		"text/event-stream, */*":              events,
		"text/event-stream;q=0.5, */*":        plain,
		"text/event-stream;q=0.9,text/csv;q=0.8, */*;q=0.1":                 events,
		"text/*;q=0.5, application/json;q=0.4":                              table,
		"text/*, text/csv;q=0, application/json;q=0.2":                      events,
		"*/*;q=0.1, application/json;q=0":                                   table,
		"image/png":                                                         plain,
		"text/event-stream;q=0":                                             plain,
		"text/event-stream;q=much":                                          plain,
		"text/event-stream;level=1;q=0.2, application/json;q=0.1":           events,
		",;,text/csv,":                                                      table,
		strings.Repeat("text/event-stream;q=0.1,", 500) + "text/csv;q=0.05": events,
	} {
		var got string
		s := start(t, map[string]http.HandlerFunc{"follow": func(w http.ResponseWriter, r *http.Request) {
			got = Representation(r.Context())
			writeJSON(w, map[string]bool{"ok": true})
		}})
		require.Equal(t, http.StatusOK, s.send(t, http.MethodGet, "/follow", "", "Accept", accept).Code)
		require.Equal(t, want, got, accept)
	}
	document, _ := loadThings(t)
	require.Equal(t, events, document.Operation("stream").Represent(http.Header{"Accept": {plain}}),
		"there is nothing else")
	require.Empty(t, document.Operation("removeNothing").Represent(http.Header{}))
	require.Empty(t, Representation(t.Context()))
}

func TestStreamTakesItsTime(t *testing.T) {
	t.Parallel()
	var left time.Duration
	var s *service
	s = start(t, map[string]http.HandlerFunc{"follow": func(w http.ResponseWriter, r *http.Request) {
		deadline, _ := r.Context().Deadline()
		left = time.Until(deadline)
		if streams := Representation(r.Context()) != "application/json"; streams != (s.chain.shedder.Inflight() == 0) {
			t.Error("a stream is no work that others wait for, and other work is")
		}
		w.Header().Set("Content-Type", Representation(r.Context()))
		_, _ = io.WriteString(w, `{"ok":true}`)
	}}, func(o *Options) { o.Shed = true })
	s.send(t, http.MethodGet, "/follow", "")
	require.LessOrEqual(t, left, 10*time.Second)
	require.Len(t, s.log.of(t, "slow operation"), 1)
	s.send(t, http.MethodGet, "/follow", "", "Accept", "text/event-stream")
	require.Greater(t, left, 5*time.Minute)
	require.LessOrEqual(t, left, 10*time.Minute)
	require.Len(t, s.log.of(t, "slow operation"), 1, "a stream is long, not slow")
	s.send(t, http.MethodGet, "/follow", "", "Accept", "text/event-stream", "X-Request-Timeout-Ms", "60000")
	require.LessOrEqual(t, left, time.Minute)
	require.Zero(t, s.chain.shedder.Inflight())
}

// serveOn serves over connections whose server gives an answer no time at all.
func (s *service) serveOn(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(s.handler)
	server.Config.WriteTimeout = time.Nanosecond
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func TestStreamIsSentAsItComes(t *testing.T) {
	t.Parallel()
	for _, mode := range []ResponseMode{ResponsesOff, ResponsesSample, ResponsesEnforce} {
		next := make(chan string)
		s := start(t, map[string]http.HandlerFunc{"follow": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for part := range next {
				_, _ = io.WriteString(w, part+"\n")
				w.(http.Flusher).Flush()
			}
			_, _ = io.WriteString(w, "the end\n")
		}}, func(o *Options) { o.Responses = mode })
		server := s.serveOn(t)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/follow", http.NoBody)
		require.NoError(t, err)
		r.Header.Set("Accept", "text/event-stream")
		go func() { next <- "0" }()
		answer, err := server.Client().Do(r)
		require.NoError(t, err)
		lines := bufio.NewScanner(answer.Body)
		for i := range 3 {
			require.True(t, lines.Scan())
			require.Equal(t, strconv.Itoa(i), lines.Text(), "each before the next is made")
			if i < 2 {
				next <- strconv.Itoa(i + 1)
			}
		}
		close(next)
		require.True(t, lines.Scan())
		require.Equal(t, "the end", lines.Text())
		require.False(t, lines.Scan())
		require.NoError(t, lines.Err())
		require.NoError(t, answer.Body.Close())
	}
}

func TestReaderWhoStallsIsCutOff(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	var s *service
	s = start(t, map[string]http.HandlerFunc{"follow": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		part := []byte(strings.Repeat("data: and so on\n", 1<<12))
		for {
			if _, err := w.Write(part); err != nil {
				ended <- err
				s.chain.HandlerFailed(w, r, err)
				return
			}
		}
	}})
	s.chain.stalled = 20 * time.Millisecond
	server := s.serveOn(t)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /follow HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
	require.NoError(t, err)
	select {
	case err := <-ended:
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	case <-time.After(time.Minute):
		t.Fatal("the handler writes to nobody")
	}
	server.Close()
	require.Empty(t, s.log.of(t, "the request failed"), "it is no defect")
	line := s.log.of(t, "request")[0]
	require.Equal(t, "client_closed_request", line["code"])
	require.EqualValues(t, 499, line["status"])
}

func TestPatienceOfTheCaller(t *testing.T) {
	t.Parallel()
	var left time.Duration
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		deadline, _ := r.Context().Deadline()
		left = time.Until(deadline)
		writeJSON(w, map[string]bool{"ok": true})
	}})
	for value, limit := range map[string]time.Duration{
		"5000": 5 * time.Second, "": 10 * time.Second, "10001": 10 * time.Second, "4294967295": 10 * time.Second,
		"99999999999999999999": 10 * time.Second, "-1": 10 * time.Second, "1e3": 10 * time.Second,
		"soon": 10 * time.Second, "\t1": 10 * time.Second, "+1": 10 * time.Second,
	} {
		r := newRequest(t, http.MethodGet, "/public", http.NoBody)
		if value != "" {
			r.Header.Set("X-Request-Timeout-Ms", value)
		}
		require.Equal(t, http.StatusOK, s.serve(r).Code, value)
		require.LessOrEqual(t, left, limit, value)
		require.Greater(t, left, limit-4*time.Second, value)
	}
	s.send(t, http.MethodGet, "/public", "", "X-Request-Timeout-Ms", "1", "X-Request-Timeout-Ms", "2")
	require.Greater(t, left, 5*time.Second, "two say nothing")

	s = start(t, map[string]http.HandlerFunc{"getSelf": func(http.ResponseWriter, *http.Request) {
		t.Error("the handler ran")
	}})
	for _, little := range []string{"0", "1", "4"} {
		w := s.send(t, http.MethodGet, "/self", "", "X-Request-Timeout-Ms", little) // before it is asked who calls
		requireCode(t, w, http.StatusServiceUnavailable, "timeout")
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Equal(t, "getSelf", s.log.of(t, "request")[0]["operation"])
	}
}

// A stream that fails on its way is cut, so that nobody takes the part for the whole.
func TestStreamThatFailsIsCut(t *testing.T) {
	t.Parallel()
	var s *service
	s = start(t, map[string]http.HandlerFunc{"follow": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		_, _ = io.WriteString(w, "half of i")
		s.chain.HandlerFailed(w, r, errors.New("a defect"))
	}})
	server := s.serveOn(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/follow", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/csv")
	answer, err := server.Client().Do(r)
	if err == nil {
		_, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close()
	}
	require.Error(t, err)
	require.Len(t, s.log.of(t, "the request failed"), 1)
}
