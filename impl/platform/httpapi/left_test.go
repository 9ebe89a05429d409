package httpapi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/telemetry"
)

// A caller who hangs up is no failure of the service: it has a status and a result of its own.
func TestCallersWhoHangUp(t *testing.T) {
	t.Parallel()
	const half = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
	for name, c := range map[string]struct {
		sent, operation string
		status          int // 499 unless told otherwise
		fails           func(ctx context.Context) error
	}{
		"while something is waited for": {fails: func(ctx context.Context) error {
			return errors.Join(errors.New("query"), ctx.Err())
		}},
		"which something says": {fails: func(ctx context.Context) error {
			return contract.ErrUnavailable.Because(ctx.Err())
		}},
		"and it is not there": {status: http.StatusNotFound,
			fails: func(context.Context) error { return errThingNotFound }},
		"and there is a defect": {status: http.StatusInternalServerError,
			fails: func(context.Context) error { return errors.New("a defect") }},
		"and it was done all the same": {status: http.StatusOK, fails: func(context.Context) error { return nil }},
		"before the body has ended":    {sent: half, operation: "echo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entered := make(chan struct{}, 1)
			var s *service
			s = start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
				entered <- struct{}{}
				<-r.Context().Done()
				if err := c.fails(r.Context()); err != nil {
					s.chain.HandlerFailed(w, r, err)
					return
				}
				writeJSON(w, map[string]bool{"ok": true})
			}})
			server := httptest.NewServer(s.handler)
			t.Cleanup(server.Close)
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			sent, operation := c.sent, c.operation
			if sent == "" {
				sent, operation = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n", "getPublic"
			}
			_, err = io.WriteString(conn, sent)
			require.NoError(t, err)
			if c.fails != nil {
				<-entered
			}
			require.NoError(t, conn.Close())
			require.Eventually(t, func() bool { return strings.Contains(s.log.String(), `"msg":"request"`) },
				time.Minute, time.Millisecond)
			status, line := c.status, s.log.of(t, "request")[0]
			if status == 0 {
				status = 499
				require.Equal(t, "client_closed_request", line["code"])
				require.EqualValues(t, 1, s.metric(t, "business_operations_total",
					map[string]string{"operation": operation, "result": "client_closed_request"}))
				require.Empty(t, s.log.of(t, "the request failed"))
			}
			require.EqualValues(t, status, line["status"])
			server.Close()
		})
	}
}

// hungUp is what is written to a caller who is gone.
type hungUp struct{ *httptest.ResponseRecorder }

func (hungUp) Write([]byte) (int, error) { return 0, syscall.ECONNRESET }

// keptEntries is an audit log that no transaction writes to.
type keptEntries struct{ outcomes []string }

func (*keptEntries) Within(ctx context.Context, _ func() AuditEntry) context.Context { return ctx }

func (k *keptEntries) Record(_ context.Context, e AuditEntry) error {
	k.outcomes = append(k.outcomes, e.Outcome)
	return nil
}

func (*keptEntries) RecordBeside(context.Context, AuditEntry, func(error)) {}

// The audit tells what was done or refused, whether or not the caller has waited for the answer.
func TestTheOutcomeForCallersWhoHangUp(t *testing.T) {
	t.Parallel()
	for outcome, id := range map[string]uuid.UUID{telemetry.Success: ada, "thing_not_found": bob} {
		kept := &keptEntries{}
		s := start(t, nil, func(o *Options) { o.Auditor = kept })
		s.handler.ServeHTTP(hungUp{httptest.NewRecorder()}, newRequest(t, http.MethodPut,
			"/people/"+id.String()+"/things", strings.NewReader(`{"name":"ab"}`), "Authorization", "Bearer ada"))
		require.EqualValues(t, 499, s.log.of(t, "request")[0]["status"])
		require.Equal(t, outcome, s.log.of(t, "audit")[0]["outcome"])
		require.Equal(t, []string{outcome}, kept.outcomes)
	}
}

// What a service cancels by itself is not its caller's doing.
func TestCancelledByTheService(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s = start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
		s.chain.HandlerFailed(w, r, context.Canceled)
	}})
	requireCode(t, s.send(t, http.MethodGet, "/public", ""), http.StatusServiceUnavailable, "unavailable")
	require.EqualValues(t, 503, s.log.of(t, "request")[0]["status"])
}
