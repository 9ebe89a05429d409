package httpapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// held is an audit log whose entries beside requests wait until a test lets them go.
type held struct {
	keptEntries

	letGo chan struct{}
	began chan struct{}
}

func (h *held) RecordBeside(context.Context, AuditEntry, func(error)) {
	close(h.began)
	<-h.letGo
}

// A stranger has the whole answer before the entry of a refusal begins, so that its time tells nothing of the account.
func TestTheAnswerComesBeforeTheEntryOfARefusal(t *testing.T) {
	t.Parallel()
	log := &held{letGo: make(chan struct{}), began: make(chan struct{})}
	var s *service
	refuse := func(w http.ResponseWriter, r *http.Request) {
		SetAuditTarget(r.Context(), ada)
		s.chain.HandlerFailed(w, r, errThingNotFound)
	}
	s = start(t, map[string]http.HandlerFunc{"getPublic": refuse}, func(o *Options) {
		o.Auditor, o.Responses = log, ResponsesOff
		o.Document.Operation("getPublic").Policy.Audit = &contract.Audit{Action: "thing.read", Target: contract.TargetCaller}
	})
	server := httptest.NewServer(s.handler)
	defer server.Close()
	defer close(log.letGo)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // Without the answer the test would wait for ever.
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/public", nil)
	require.NoError(t, err)
	answer, err := server.Client().Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	require.Contains(t, string(body), errThingNotFound.Code)
	require.EqualValues(t, len(body), answer.ContentLength, "an answer in chunks would tell it from others")
	<-log.began
}
