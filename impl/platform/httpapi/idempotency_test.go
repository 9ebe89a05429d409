package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// memory keeps answers for as long as the test lasts, and does as it is told.
type memory struct {
	mu       sync.Mutex
	requests []KeyedRequest
	kept     map[string]KeptAnswer
	finished []KeptAnswer
	ended    int
	begins   error
	finishes func() (*KeptAnswer, error) // nil keeps
}

type memoryAttempt struct {
	*memory
	key string
}

type memoryKey struct{}

func (m *memory) Begin(_ context.Context, request KeyedRequest) (*KeptAnswer, Attempt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = append(m.requests, request)
	if m.begins != nil {
		return nil, nil, m.begins
	}
	if kept, there := m.kept[request.Key]; there {
		return &kept, nil, nil
	}
	return nil, memoryAttempt{m, request.Key}, nil
}

func (a memoryAttempt) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, memoryKey{}, a.key)
}

func (a memoryAttempt) Finish(_ context.Context, answer KeptAnswer) (*KeptAnswer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.finished = append(a.finished, answer)
	if a.finishes != nil {
		return a.finishes()
	}
	if a.kept == nil {
		a.kept = map[string]KeptAnswer{}
	}
	a.kept[a.key] = answer
	return nil, nil
}

func (a memoryAttempt) End(context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended++
}

// once sends the request of doOnce as ada.
func (s *service) once(t testing.TB, key, body string) *httptest.ResponseRecorder {
	t.Helper()
	return s.send(t, http.MethodPost, "/once", body, "Authorization", "Bearer ada", "Idempotency-Key", key)
}

func remembering(m *memory) func(*Options) { return func(o *Options) { o.Idempotency = m } }

func TestAnswerIsGivenAgain(t *testing.T) {
	t.Parallel()
	for _, mode := range []ResponseMode{ResponsesOff, ResponsesSample, ResponsesEnforce} {
		m := &memory{}
		s := start(t, nil, remembering(m), func(o *Options) { o.Responses = mode })
		first := s.once(t, "k", `{"name":"ab"}`)
		require.Equal(t, http.StatusCreated, first.Code, first.Body.String())
		require.Empty(t, first.Header().Get("Idempotency-Replayed"))
		again := s.once(t, "k", `{"name":"ab"}`)
		require.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
		again.Header().Del("Idempotency-Replayed")
		require.Equal(t, first.Code, again.Code)
		require.Equal(t, first.Header(), again.Header())
		require.Equal(t, first.Body.String(), again.Body.String())

		require.Len(t, m.finished, 1, "the handler ran once")
		require.Equal(t, 1, m.ended)
		require.Equal(t, http.Header{"Location": {"/things/1"}, "Content-Type": {"application/json"}},
			m.finished[0].Header, "nothing of the exchange is kept")
		requests := s.log.of(t, "request")
		require.Len(t, requests, 2)
		require.NotContains(t, requests[0], "replayed")
		require.Equal(t, true, requests[1]["replayed"])
		require.Equal(t, true, s.log.of(t, "audit")[1]["replayed"])
		require.EqualValues(t, 2, s.metric(t, "http_requests_total",
			map[string]string{"operation": "doOnce", "status": "201"}))
		require.EqualValues(t, 1, s.metric(t, "business_operations_total",
			map[string]string{"operation": "doOnce", "result": "success"}))
	}
}

func TestRefusalIsGivenAgain(t *testing.T) {
	t.Parallel()
	m := &memory{}
	var s *service
	s = start(t, map[string]http.HandlerFunc{"doOnce": func(w http.ResponseWriter, r *http.Request) {
		s.chain.HandlerFailed(w, r, errThingNotFound)
	}}, remembering(m))
	first, again := s.once(t, "k", `{"name":"ab"}`), s.once(t, "k", `{"name":"ab"}`)
	require.Equal(t, http.StatusNotFound, again.Code)
	require.Equal(t, first.Body.String(), again.Body.String())
	require.Equal(t, "application/problem+json", again.Header().Get("Content-Type"))
	lines := s.log.of(t, "request")
	require.Equal(t, "thing_not_found", lines[1]["code"])
}

// An answer that has left cannot be taken back: it leaves when it is certain.
func TestAnswerLeavesOnceItIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		finishes func() (*KeptAnswer, error)
		status   int
		code     string
	}{
		"it is kept": {func() (*KeptAnswer, error) { return nil, nil }, 201, ""},
		"it cannot be kept": {func() (*KeptAnswer, error) {
			return nil, contract.ErrUnavailable.Because(errors.New("connection lost"))
		}, 503, "unavailable"},
		"somebody forgot a fault": {func() (*KeptAnswer, error) { return nil, errors.New("disk full") }, 500,
			"internal"},
		"another was first": {func() (*KeptAnswer, error) {
			return &KeptAnswer{Status: 201, Header: http.Header{"Location": {"/things/2"},
				"Content-Type": {"application/json"}}, Body: []byte(`{"ok":false}`)}, nil
		}, 201, ""},
	} {
		for _, mode := range []ResponseMode{ResponsesOff, ResponsesEnforce} {
			m := &memory{}
			s := start(t, nil, remembering(m), func(o *Options) { o.Responses = mode })
			w := httptest.NewRecorder()
			m.finishes = func() (*KeptAnswer, error) {
				require.Zero(t, w.Body.Len(), name)
				return c.finishes()
			}
			r := newRequest(t, http.MethodPost, "/once", http.NoBody, "Authorization", "Bearer ada", "Idempotency-Key",
				"k")
			r.Body = bodyOf(`{"name":"ab"}`)
			r.ContentLength = -1
			s.handler.ServeHTTP(w, r)
			require.Equal(t, c.status, w.Code, name)
			require.Equal(t, 1, m.ended, name)
			switch {
			case c.code != "":
				requireCode(t, w, c.status, c.code)
				require.Empty(t, w.Header().Get("Location"))
			case name == "another was first":
				require.Equal(t, "/things/2", w.Header().Get("Location"))
				require.Equal(t, "true", w.Header().Get("Idempotency-Replayed"))
				require.JSONEq(t, `{"ok":false}`, w.Body.String())
			default:
				require.Equal(t, "/things/1", w.Header().Get("Location"))
			}
			require.Len(t, s.log.of(t, "request"), 1)
		}
	}
}

func TestWhatIsNoAnswerIsNotFinished(t *testing.T) {
	t.Parallel()
	for _, cause := range []any{"a defect", http.ErrAbortHandler} {
		m := &memory{}
		s := start(t, map[string]http.HandlerFunc{"doOnce": func(http.ResponseWriter, *http.Request) { panic(cause) }},
			remembering(m))
		if cause == http.ErrAbortHandler { //nolint:errorlint // what was panicked with is that very value
			require.Panics(t, func() { s.once(t, "k", `{"name":"ab"}`) })
		} else {
			requireCode(t, s.once(t, "k", `{"name":"ab"}`), http.StatusInternalServerError, "internal")
		}
		require.Empty(t, m.finished)
		require.Equal(t, 1, m.ended)
	}
	// What breaks the document is a 500 before it is kept.
	m := &memory{}
	s := start(t, map[string]http.HandlerFunc{"doOnce": func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]bool{"ok": true})
	}}, remembering(m))
	requireCode(t, s.once(t, "k", `{"name":"ab"}`), http.StatusInternalServerError, "internal")
	require.Equal(t, http.StatusInternalServerError, m.finished[0].Status)
}

func TestKeyThatCannotBeHad(t *testing.T) {
	t.Parallel()
	m := &memory{begins: contract.ErrIdempotencyKeyInUse}
	s := start(t, map[string]http.HandlerFunc{"doOnce": func(http.ResponseWriter, *http.Request) {
		t.Error("the handler ran")
	}}, remembering(m))
	w := s.once(t, "k", `{"name":"ab"}`)
	requireCode(t, w, http.StatusConflict, "idempotency_key_in_use")
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	m.begins = contract.ErrIdempotencyKeyReused
	requireCode(t, s.once(t, "k", `{"name":"ab"}`), http.StatusUnprocessableEntity, "idempotency_key_reused")
}

func TestIdempotencyKeyHeader(t *testing.T) {
	t.Parallel()
	m := &memory{}
	var key any
	s := start(t, map[string]http.HandlerFunc{"doPerhaps": func(w http.ResponseWriter, r *http.Request) {
		key = r.Context().Value(memoryKey{})
		writeJSON(w, map[string]bool{"ok": true})
	}}, remembering(m))
	perhaps := func(headers ...string) int {
		return s.send(t, http.MethodPatch, "/once", "", append(headers, "Authorization", "Bearer ada")...).Code
	}
	require.Equal(t, http.StatusOK, perhaps())
	require.Nil(t, key, "no key, no attempt")
	require.Empty(t, m.requests)
	require.Equal(t, http.StatusOK, perhaps("Idempotency-Key", "k"))
	require.Equal(t, "k", key)
	for _, bad := range []string{"a b", "é", "a\x01"} {
		require.Equal(t, http.StatusUnprocessableEntity, perhaps("Idempotency-Key", bad), bad)
	}
	require.Equal(t, http.StatusUnprocessableEntity, perhaps("Idempotency-Key", "a", "Idempotency-Key", "b"))
	requireCode(t, s.once(t, "", `{"name":"ab"}`), http.StatusUnprocessableEntity, "invalid_request")
	require.Len(t, m.requests, 1, "what is refused takes no key")
	for _, body := range []string{`{}`, `{`} {
		require.GreaterOrEqual(t, s.once(t, "k", body).Code, 400)
	}
	require.Len(t, m.requests, 1)
	require.Equal(t, KeyedRequest{Principal: ada, Operation: "doPerhaps", Key: "k",
		Fingerprint: m.requests[0].Fingerprint}, m.requests[0])
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	m := &memory{begins: contract.ErrIdempotencyKeyInUse}
	s := start(t, nil, remembering(m))
	of := func(target, body string) [32]byte {
		w := s.send(t, http.MethodPost, target, body, "Authorization", "Bearer ada", "Idempotency-Key", "k")
		require.Equal(t, http.StatusConflict, w.Code, w.Body.String())
		return m.requests[len(m.requests)-1].Fingerprint
	}
	same := of("/once", `{"name":"ab","count":100,"flag":true}`)
	for _, body := range []string{`{"flag":true,"count":100,"name":"ab"}`,
		" {\n\"name\" : \"\\u0061b\", \"count\":1e2, \"flag\":true}",
		`{"name":"ab","count":100.0,"flag":true,"size":7}`} {
		require.Equal(t, same, of("/once", body), "the same value, written otherwise")
	}
	seen := map[[32]byte]string{same: ""}
	for _, request := range [][2]string{
		{"/once", `{"name":"ab","count":101,"flag":true}`}, {"/once", `{"name":"ab","count":100}`},
		{"/once", `{"name":"ab","count":100,"flag":false}`},
		{"/once?note=a", `{"name":"ab","count":100,"flag":true}`},
		{"/once?note=", `{"name":"ab","count":100,"flag":true}`},
	} {
		sum := of(request[0], request[1])
		require.NotContains(t, seen, sum, request)
		seen[sum] = request[0]
	}
}
