package httpapi

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
)

// breaches are answers that break the document, by what is wrong with them.
var breaches = map[string]struct {
	operation, target string
	answer            http.HandlerFunc
	pointer, keyword  string
}{
	"undocumented status": {"getPublic", "/public", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"ok":true}`)
	}, "#", "status"},
	"another media type": {"getPublic", "/public", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "sql: connection refused", http.StatusOK)
	},
		"#/header/Content-Type", "content"},
	"a plain failure": {"getPublic", "/public", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "sql: connection refused", http.StatusInternalServerError)
	},
		"#/header/Content-Type", "content"},
	"no media type": {"getPublic", "/public", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"ok":true}`)
	}, "#/header/Content-Type", "content"},
	"nothing": {"getPublic", "/public", func(http.ResponseWriter, *http.Request) {}, "#/header/Content-Type",
		"content"},
	"no JSON":          {"getPublic", "/public", raw(`{"ok":true`), "#", "type"},
	"JSON twice":       {"getPublic", "/public", raw(`{"ok":true}{}`), "#", "type"},
	"a missing member": {"getPublic", "/public", raw(`{}`), "#/ok", "required"},
	"a wrong type":     {"getPublic", "/public", raw(`{"ok":"yes"}`), "#/ok", "type"},
	"a body where none is": {"removeNothing", "/empty", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		_, _ = io.WriteString(w, `{}`)
	}, "#", "content"},
	"an undocumented emptiness": {"removeNothing", "/empty", raw(`{}`), "#", "status"},
}

func raw(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

func TestEnforcedAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range breaches {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var observed []fault.Violation
			s := start(t, map[string]http.HandlerFunc{c.operation: c.answer}, func(o *Options) {
				o.Observe = func(o *contract.Operation, _ contract.Problem, v []fault.Violation) {
					if o.ID == c.operation {
						observed = v
					}
				}
			})
			op := s.chain.document.Operation(c.operation)
			w := s.send(t, op.Method, c.target, "")
			requireCode(t, w, http.StatusInternalServerError, "internal")
			require.NotContains(t, w.Body.String(), "sql")
			require.Len(t, observed, 1)
			require.Equal(t, c.pointer, observed[0].Pointer)
			require.Equal(t, c.keyword, observed[0].Keyword)
			require.Len(t, s.log.of(t, "an answer breaks the document"), 1)
			require.EqualValues(t, 1, s.metric(t, "contract_violations_total",
				map[string]string{"operation": c.operation}))
			require.EqualValues(t, 500, s.log.of(t, "request")[0]["status"])
		})
	}
}

func TestAnswersLeaveAsTheyAreWhenOff(t *testing.T) {
	t.Parallel()
	for name, c := range breaches {
		var observed atomic.Int32
		s := start(t, map[string]http.HandlerFunc{c.operation: c.answer}, func(o *Options) {
			o.Responses = ResponsesOff
			o.Observe = func(*contract.Operation, contract.Problem, []fault.Violation) { observed.Add(1) }
		})
		bare := httptest.NewRecorder()
		c.answer(bare, nil)
		w := s.send(t, s.chain.document.Operation(c.operation).Method, c.target, "")
		require.Equal(t, bare.Code, w.Code, name)
		require.Equal(t, bare.Body.String(), w.Body.String(), name)
		require.Zero(t, observed.Load())
		require.Zero(t, s.metric(t, "contract_violations_total", nil))
	}
}

// sampleOneIn is how many answers there are for each one that is checked, unless told otherwise.
const sampleOneIn = 100

func TestSampledAnswers(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]http.HandlerFunc{"getPublic": raw(`{"ok":"yes"}`)},
		func(o *Options) { o.Responses = ResponsesSample })
	for range 3 * sampleOneIn {
		w := s.send(t, http.MethodGet, "/public", "")
		require.Equal(t, http.StatusOK, w.Code, "they leave as they are")
		require.JSONEq(t, `{"ok":"yes"}`, w.Body.String())
	}
	require.EqualValues(t, 3, s.metric(t, "contract_violations_total", map[string]string{"operation": "getPublic"}))
	require.Len(t, s.log.of(t, "an answer breaks the document"), 3)
}

func TestGoodAnswersPass(t *testing.T) {
	t.Parallel()
	for _, mode := range []ResponseMode{ResponsesOff, ResponsesSample, ResponsesEnforce} {
		s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("name") == "charset" {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				w.Header().Set("X-Extra", "1")
			} else {
				w.Header().Set("Content-Type", "application/json")
			}
			_, _ = io.WriteString(w, `{"ok":`)
			w.WriteHeader(http.StatusTeapot) // Too late, and ignored.
			_, _ = io.WriteString(w, `true,"new":[1]}`)
		}}, func(o *Options) { o.Responses = mode })
		for range 2 * sampleOneIn {
			for _, target := range []string{"/public", "/public?name=charset"} {
				w := s.send(t, http.MethodGet, target, "")
				require.Equal(t, http.StatusOK, w.Code, w.Body.String())
				require.JSONEq(t, `{"ok":true,"new":[1]}`, w.Body.String(),
					"members that the document does not know are allowed")
			}
			require.Equal(t, http.StatusNoContent, s.send(t, http.MethodDelete, "/empty", "").Code)
		}
		require.EqualValues(t, len(`{"ok":true,"new":[1]}`), s.log.of(t, "request")[0]["bytes"])
		require.Zero(t, s.metric(t, "contract_violations_total", nil))
	}
}

// Every failure of the chain is itself as the document says, so none becomes a 500 by the check of answers.
func TestFailuresAreHeldAgainstTheDocument(t *testing.T) {
	t.Parallel()
	var broken []fault.Violation
	s := start(t, nil, func(o *Options) {
		o.Observe = func(_ *contract.Operation, _ contract.Problem, v []fault.Violation) {
			broken = append(broken, v...)
		}
	})
	require.Equal(t, 401, s.send(t, http.MethodGet, "/self", "").Code)
	require.Equal(t, 422, s.send(t, http.MethodGet, "/public?limit=0&a=1&"+strings.Repeat("%22%3C=1&", 200), "").Code)
	require.Equal(t, 400, s.send(t, http.MethodPost, "/echo", "{").Code)
	require.Equal(t, 422, s.send(t, http.MethodPost, "/echo", `{"a/b~c \" % é \u2028":1}`).Code)
	require.Empty(t, broken)
}

func TestMissingHeaderOfAnAnswer(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]http.HandlerFunc{"stream": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		_, _ = io.WriteString(w, "data: 1\n\n")
	}})
	w := s.send(t, http.MethodGet, "/stream", "")
	require.Equal(t, http.StatusOK, w.Code, "the head of a stream has left when it is checked")
	found := s.log.of(t, "an answer breaks the document")
	require.Len(t, found, 1)
	require.Contains(t, toJSON(t, found[0]["violations"]), "#/header/X-Kind")
	require.EqualValues(t, 1, s.metric(t, "contract_violations_total", map[string]string{"operation": "stream"}))
	s = start(t, nil)
	require.Equal(t, http.StatusOK, s.send(t, http.MethodGet, "/stream", "").Code)
	require.Zero(t, s.metric(t, "contract_violations_total", nil))
}

func toJSON(t *testing.T, v any) string {
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// A stream leaves as it is written, in every mode and by both ways of flushing.
func TestStreaming(t *testing.T) {
	t.Parallel()
	flushes := map[string]func(http.ResponseWriter) error{
		"ResponseController": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
		"Flusher": func(w http.ResponseWriter) error {
			w.(http.Flusher).Flush() // as generated code does
			return nil
		},
	}
	for name, flush := range flushes {
		for _, mode := range []ResponseMode{ResponsesOff, ResponsesEnforce} {
			t.Run(name+" "+string(mode), func(t *testing.T) {
				t.Parallel()
				next := make(chan string)
				s := start(t, map[string]http.HandlerFunc{"stream": func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					w.Header().Set("X-Kind", "test")
					if err := flush(w); err != nil { // The head alone.
						t.Error(err)
					}
					if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
						t.Error("the connection cannot be reached: ", err)
					}
					for event := range next {
						_, _ = io.WriteString(w, event+"\n")
						if err := flush(w); err != nil {
							t.Error(err)
						}
					}
				}}, func(o *Options) { o.Responses = mode })
				server := httptest.NewServer(s.handler)
				defer server.Close()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/stream", nil)
				require.NoError(t, err)
				answer, err := server.Client().Do(r)
				require.NoError(t, err, "the head arrives before anything else is written")
				defer answer.Body.Close()
				body := bufio.NewReader(answer.Body)
				for _, event := range []string{"one", "two", "three"} {
					next <- event
					line, err := body.ReadString('\n')
					require.NoError(t, err)
					require.Equal(t, event+"\n", line)
				}
				close(next)
				_, err = body.ReadString('\n')
				require.Equal(t, io.EOF, err)
				require.Zero(t, s.metric(t, "contract_violations_total", nil))
			})
		}
	}
}

// Flushing does not let an answer go that is kept back for its check.
func TestFlushingAKeptAnswer(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ok":`)
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, `"yes"}`)
	}})
	w := s.send(t, http.MethodGet, "/public", "")
	requireCode(t, w, http.StatusInternalServerError, "internal")
	require.False(t, w.Flushed)
}

func TestInformationalAnswers(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		writeJSON(w, map[string]bool{"ok": true})
	}})
	server := httptest.NewServer(s.handler)
	defer server.Close()
	var hints []int
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		hints = append(hints, code)
		return nil
	}}
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet,
		server.URL+"/public", nil)
	require.NoError(t, err)
	answer, err := server.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, []int{http.StatusEarlyHints}, hints)
	require.EqualValues(t, 200, s.log.of(t, "request")[0]["status"])
}

func TestResponseModeFromText(t *testing.T) {
	t.Parallel()
	for _, mode := range []ResponseMode{ResponsesOff, ResponsesSample, ResponsesEnforce} {
		var m ResponseMode
		require.NoError(t, m.UnmarshalText([]byte(mode)))
		require.Equal(t, mode, m)
	}
	require.Error(t, new(ResponseMode).UnmarshalText([]byte("Enforce")))
}
