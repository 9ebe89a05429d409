package front

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/hosts"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait here. It is long because nothing is asserted on time.
const patience = time.Minute

// client is an npm package to serve.
var client = fstest.MapFS{"package.json": {Data: []byte(`{"name":"client"}`)},
	"lib/index.js": {Data: []byte("export {};\n")}}

// behind is a service whose document has these paths.
func behind(t *testing.T, name string, patterns []string, handler http.HandlerFunc) Service {
	t.Helper()
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	addr := strings.TrimPrefix(web.URL, "http://")
	s := Service{Contract: contract.Contract{Document: &contract.Document{Name: name}}, Addr: addr, OpsAddr: addr}
	for _, pattern := range patterns {
		s.Document.Operations = append(s.Document.Operations, &contract.Operation{Pattern: pattern})
	}
	return s
}

// says answers with the name of the service and the request that reached it.
func says(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Service", name)
		w.Header().Set("Asked", r.Method+" "+r.RequestURI)
	}
}

// start serves the services behind one address and returns the addresses for callers and operators.
func start(t *testing.T, services ...Service) (addr, opsAddr string) {
	t.Helper()
	addr, opsAddr = free(t), free(t)
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Addr: addr, OpsAddr: opsAddr, Hosts: hosts.Allowed{"shop.example"}, Services: services, Client: client,
			Ready: func() { close(ready) }, Drain: patience, Log: slog.New(slog.DiscardHandler),
		})
	}()
	select {
	case <-ready:
	case err := <-ended:
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return addr, opsAddr
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// send makes a request on a connection of its own and reads the whole answer.
func send(
	t *testing.T, addr, method, target, body string, change ...func(*http.Request),
) (answer *http.Response, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+addr, strings.NewReader(body))
	require.NoError(t, err)
	if r.URL.Opaque = target; strings.HasPrefix(target, "//") { // Verbatim, valid or not.
		r.URL.Opaque, r.URL.Path = "", target
	}
	for _, c := range change {
		c(r)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err = client.Do(r)
	require.NoError(t, err)
	read, err := io.ReadAll(answer.Body)
	require.NoError(t, errors.Join(err, answer.Body.Close()))
	return answer, string(read)
}

// A request for another host name reaches neither a service nor the operators' pages.
func TestOtherNamesAreRefused(t *testing.T) {
	t.Parallel()
	asked := 0
	addr, opsAddr := start(t, behind(t, "users", []string{"/a"}, func(http.ResponseWriter, *http.Request) { asked++ }))
	for _, at := range []string{addr, opsAddr} {
		answer, text := send(t, at, http.MethodGet, "/a", "", func(r *http.Request) { r.Host = "evil.example" })
		require.Equal(t, http.StatusMisdirectedRequest, answer.StatusCode)
		require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
		require.Contains(t, text, `"code":"misdirected_request"`)
		require.NotContains(t, text, "evil")
	}
	require.Zero(t, asked)
	answer, _ := send(t, addr, http.MethodGet, "/a", "", func(r *http.Request) { r.Host = "shop.example" })
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, 1, asked)
}

func TestEveryPathReachesTheServiceThatHasIt(t *testing.T) {
	t.Parallel()
	addr, _ := start(t,
		behind(t, "users", []string{"/api/v1/users", "/api/v1/users/{userId}", "/.well-known/jwks.json"}, says("users")),
		behind(t, "orders", []string{"/api/v1/orders", "/api/v1/orders/{orderId}", "/api/v1/orders/{orderId}/cancel"},
			says("orders")))
	for target, want := range map[string]string{
		"/api/v1/users":            "users",
		"/api/v1/users/7?a=b":      "users",
		"/.well-known/jwks.json":   "users",
		"/openapi/users.yaml":      "users",
		"/openapi/users.json":      "users",
		"/api/v1/orders?limit=1":   "orders",
		"/api/v1/orders/7":         "orders",
		"/api/v1/orders/a%2Fb":     "orders",
		"/api/v1/orders/7/cancel":  "orders",
		"/openapi/orders.yaml":     "orders",
		"/openapi/orders.json":     "orders",
		"/api/v1/orders/7/unknown": "users", // The first service answers for unknown paths.
		"/api/v1/orders/":          "users",
		"//api/v1/orders":          "users",
		"/api/v1/users/../orders":  "users",
		"/openapi/other.json":      "users",
		"/nothing?a;b=%zz":         "users",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodOptions} {
			answer, _ := send(t, addr, method, target, "")
			require.Equal(t, want, answer.Header.Get("Service"), target)
			require.Equal(t, method+" "+target, answer.Header.Get("Asked"))
		}
	}
	for target, want := range map[string]string{
		"/api/v1/users": "users", "/api/v1/orders?limit=1": "orders", "/api/v1/orders/a%2Fb/cancel": "orders",
		"/nothing": "users", "/docs": "users",
	} {
		answer, _ := send(t, addr, "BREW", target, "")
		require.Equal(t, want, answer.Header.Get("Service"), target)
	}

	_, text := send(t, addr, http.MethodGet, "/docs/start.js", "")
	require.Contains(t, text,
		`[{"url":"/openapi/users.json","name":"users"},{"url":"/openapi/orders.json","name":"orders"}]`)
	answer, _ := send(t, addr, http.MethodGet, "/", "")
	require.Equal(t, "/docs", answer.Header.Get("Location"))
}

func TestDocumentsThatShareAPathAreRefused(t *testing.T) {
	t.Parallel()
	err := Run(t.Context(), Options{Log: slog.New(slog.DiscardHandler), Services: []Service{
		behind(t, "users", []string{"/a", "/b"}, says("users")), behind(t, "orders", []string{"/b", "/c"}, says("orders")),
	}})
	require.ErrorContains(t, err, "/b")
	require.ErrorContains(t, err, "users")
	require.ErrorContains(t, err, "orders")
	require.NotContains(t, err.Error(), "/a")
}

// A request arrives as it was sent, except that its sender cannot choose its address and id.
func TestRequestsAndAnswersStayAsTheyAre(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	addr, _ := start(t, behind(t, "users", []string{"/echo"}, func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.WithoutCancel(r.Context()))
		body, _ = io.ReadAll(r.Body)
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("Etag", `"1"`)
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, "refused")
	}))
	answer, text := send(t, addr, http.MethodPut, "/echo?x=1&x=2;y", "what was sent", func(r *http.Request) {
		r.Host = "shop.example"
		for name, value := range map[string]string{
			"Accept-Encoding": "br", "User-Agent": "a test", "Cookie": "c=3", "X-Request-Id": "from-the-caller",
			"Origin":          "http://shop.example",
			"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example", "Forwarded": "for=203.0.113.9",
		} {
			r.Header.Set(name, value)
		}
	})
	require.Equal(t, "/echo?x=1&x=2;y", got.RequestURI)
	require.Equal(t, "what was sent", string(body))
	require.Equal(t, "shop.example", got.Host)
	for name, value := range map[string]string{
		"Accept-Encoding": "br", "User-Agent": "a test", "Cookie": "c=3", "Origin": "http://shop.example",
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "shop.example", "X-Forwarded-Proto": "http", "Forwarded": "",
	} {
		require.Equal(t, value, got.Header.Get(name), name)
	}
	require.Len(t, got.Header.Get("X-Request-Id"), 36, "its sender cannot name it either")
	require.Equal(t, http.StatusConflict, answer.StatusCode)
	require.Equal(t, "refused", text)
	require.Equal(t, []string{"a=1", "b=2"}, answer.Header.Values("Set-Cookie"))
	require.Equal(t, `"1"`, answer.Header.Get("Etag"))

	// A field that is not sent does not arrive either.
	send(t, addr, http.MethodGet, "/echo", "", func(r *http.Request) { r.Header["User-Agent"] = nil })
	require.Empty(t, got.Header.Values("Accept-Encoding"))
	require.Empty(t, got.Header.Values("User-Agent"))
}

// Every part of a stream arrives before the next one is written, and the service notices that the caller has gone.
func TestStreamsPassAtOnce(t *testing.T) {
	t.Parallel()
	next, left := make(chan struct{}), make(chan struct{})
	addr, _ := start(t, behind(t, "orders", []string{"/events"}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		for {
			_, _ = io.WriteString(w, "a part\n")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				close(left)
				return
			}
		}
	}))
	ctx, leave := context.WithTimeout(t.Context(), patience)
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/events", http.NoBody)
	require.NoError(t, err)
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	lines := bufio.NewReader(answer.Body)
	for range 3 {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "a part\n", line)
		next <- struct{}{}
	}
	leave()
	select {
	case <-left:
	case <-time.After(patience):
		require.Fail(t, "the service was not told")
	}
}

// A stream outlives the time limit for ordinary answers.
func TestStreamsAreNotCutOff(t *testing.T) {
	t.Parallel()
	service := behind(t, "orders", []string{"/events"}, func(w http.ResponseWriter, _ *http.Request) {
		for range 4 {
			_, _ = io.WriteString(w, "a part\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	})
	transport := &http.Transport{DisableKeepAlives: true}
	handler, err := route([]Service{service}, client, transport, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	web := httptest.NewUnstartedServer(handler)
	web.Config.WriteTimeout = 20 * time.Millisecond
	web.Start()
	t.Cleanup(web.Close)
	_, text := send(t, strings.TrimPrefix(web.URL, "http://"), http.MethodGet, "/events", "")
	require.Equal(t, strings.Repeat("a part\n", 4), text)
}

// A truncated answer does not look complete to anybody.
func TestHalfAnAnswerIsNoAnswer(t *testing.T) {
	t.Parallel()
	addr, _ := start(t, behind(t, "orders", []string{"/export"}, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/export", http.NoBody)
	require.NoError(t, err)
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.Equal(t, "half", string(text))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestAServiceThatDoesNotAnswerIsAProblem(t *testing.T) {
	t.Parallel()
	down := Service{Contract: contract.Contract{Document: &contract.Document{Name: "orders",
		Operations: []*contract.Operation{{Pattern: "/api/v1/orders"}}}}, Addr: free(t), OpsAddr: free(t)}
	addr, _ := start(t, behind(t, "users", []string{"/api/v1/users"}, says("users")), down)
	answer, text := send(t, addr, http.MethodPost, "/api/v1/orders?secret=x", "{}",
		func(r *http.Request) { r.Header.Set("X-Request-Id", "from-the-caller") })
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
	require.Equal(t, "1", answer.Header.Get("Retry-After"))
	require.Len(t, answer.Header.Get("X-Request-Id"), 36, "a name of its own, not the caller's")
	var problem map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &problem))
	require.Equal(t, "unavailable", problem["code"])
	require.Equal(t, answer.Header.Get("X-Request-Id"), problem["request_id"])
	require.Equal(t, "/api/v1/orders", problem["instance"])
	require.NotContains(t, text, down.Addr)

	answer, _ = send(t, addr, http.MethodGet, "/api/v1/users", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

// A caller's unreadable body does not count as a failure of the service.
func TestABrokenBodyIsItsCallers(t *testing.T) {
	t.Parallel()
	addr, _ := start(t,
		behind(t, "orders", []string{"/api/v1/orders"},
			func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn,
		"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, answer.StatusCode, "%s", text)
	require.Contains(t, string(text), `"code":"malformed_request"`)
}

// Running requests end with their answer when the front stops, and no new one is accepted.
func TestWindingDownLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	entered, letGo := make(chan struct{}), make(chan struct{})
	service := behind(t, "users", []string{"/slow"}, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-letGo
		_, _ = io.WriteString(w, "whole")
	})
	addr, opsAddr := free(t), free(t)
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Addr: addr, OpsAddr: opsAddr, Services: []Service{service}, Client: client, Ready: func() { close(ready) },
			Drain: patience, Log: slog.New(slog.DiscardHandler),
		})
	}()
	<-ready
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/slow", http.NoBody)
	require.NoError(t, err)
	answers := make(chan *http.Response, 1)
	go func() {
		answer, _ := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r) // Without one there is none to read below.
		answers <- answer
	}()
	<-entered
	stop()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, patience, time.Millisecond)
	close(letGo)
	answer := <-answers
	require.NotNil(t, answer)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, errors.Join(err, answer.Body.Close()))
	require.Equal(t, "whole", string(text))
	require.NoError(t, <-ended)
}
