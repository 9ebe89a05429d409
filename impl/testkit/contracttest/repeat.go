package contracttest

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
)

// copies is the number of simultaneous copies of a request.
const copies = 20

// RepeatedRequestsAreAnsweredOnce repeats requests with an Idempotency-Key, one after another and at once. Every copy
// gets the answer of the first, and the effect happens once. A key belongs to one caller and one request.
func RepeatedRequestsAreAnsweredOnce(t *testing.T, s *Service) {
	t.Helper()
	keyed := 0
	for _, op := range s.Document.Operations {
		if op.Policy.Idempotency == "" {
			continue
		}
		keyed++
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			server := s.Start(t)
			s.repeat(t, server, op)
			s.repeatAtOnce(t, server, op)
			s.repeatTooSoon(t, op)
		})
	}
	requireSome(t, keyed, "operation with an Idempotency-Key")
}

func (s *Service) repeat(t testing.TB, server *Server, op *contract.Operation) {
	t.Helper()
	r, by := s.Fitting(t, server, op)
	first, body := server.Do(t, r)
	require.Equal(t, op.Statuses[0], first.StatusCode, body)
	require.Empty(t, first.Header.Get("Idempotency-Replayed"))
	after := s.fingerprint(t, server)
	again, repeated := server.Do(t, r)
	requireReplayed(t, first, body, again, repeated)
	require.Equal(t, after, s.fingerprint(t, server))

	// The same key with another request, and with an invalid one.
	other := s.another(t, op, r)
	answer, text := server.Do(t, other)
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, text)
	require.Equal(t, contract.ErrIdempotencyKeyReused.Code, ProblemIn(t, answer, text).Code)
	answer, text = server.Do(t, other.Asking("nickname=x"))
	require.Equal(t, contract.ErrInvalid.Code, ProblemIn(t, answer, text).Code, "the document comes first")
	answer, text = server.Do(t, r.Without("Authorization"))
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode, text)
	require.Equal(t, after, s.fingerprint(t, server))

	// The same key of another caller is independent.
	stranger := server.Caller(t, append([]string{s.Roles[0]}, op.Policy.Access.Roles...)...)
	answer, text = server.Do(t, r.Without("Authorization").With(Bearer(stranger)))
	require.Empty(t, answer.Header.Get("Idempotency-Replayed"), text)
	require.NotEqual(t, http.StatusUnprocessableEntity, answer.StatusCode, text)

	// A refusal is kept as the answer, too.
	for _, refusal := range server.Refused(t, op, by, r.withFreshKey) {
		if refusal.Status != http.StatusConflict {
			continue
		}
		first, body := server.Do(t, refusal.Request)
		require.Equal(t, http.StatusConflict, first.StatusCode, "%s: %s", refusal.Name, body)
		again, repeated := server.Do(t, refusal.Request)
		requireReplayed(t, first, body, again, repeated)
	}
}

// another returns a request that the document allows and whose body differs from r's.
func (s *Service) another(t testing.TB, op *contract.Operation, r Request) Request {
	t.Helper()
	schema := s.body(op)
	require.NotNil(t, schema, "%s has x-idempotency and no body: its key tells nothing apart", op.ID)
	bodies := values(schema, nil)
	for seed := range 100 {
		other := r
		if other.Body = text(t, bodies.Example(seed)); other.Body != r.Body {
			return other
		}
	}
	require.FailNow(t, op.ID+": the document allows one body only")
	return r
}

func requireReplayed(t testing.TB, first *http.Response, body string, again *http.Response, repeated string) {
	t.Helper()
	require.Equal(t, first.StatusCode, again.StatusCode, repeated)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, body, repeated)
	for _, name := range []string{"Content-Type", "Location", "ETag"} {
		require.Equal(t, first.Header.Get(name), again.Header.Get(name), name)
	}
}

func (s *Service) repeatAtOnce(t testing.TB, server *Server, op *contract.Operation) {
	t.Helper()
	r, _ := s.Fitting(t, server, op)
	statuses, bodies, replayed := make([]int, copies), make([]string, copies), make([]string, copies)
	var sending sync.WaitGroup
	for i := range copies {
		sending.Go(func() {
			answer, body := server.Do(t, r)
			statuses[i], bodies[i], replayed[i] = answer.StatusCode, body, answer.Header.Get("Idempotency-Replayed")
		})
	}
	sending.Wait()
	originals := 0
	for i := range copies {
		require.Equal(t, op.Statuses[0], statuses[i], bodies[i])
		require.Equal(t, bodies[0], bodies[i])
		if replayed[i] == "" {
			originals++
		}
	}
	require.Equal(t, 1, originals, "one copy has had the effect")
}

// lateAnswers holds one answer, once armed, until it is released.
type lateAnswers struct {
	contract.Checker

	armed          *atomic.Bool
	waiting, letGo chan struct{} // closed to signal
}

func (l lateAnswers) CheckResponse(op *contract.Operation, out contract.Output) []fault.Violation {
	if l.armed.CompareAndSwap(true, false) {
		close(l.waiting)
		<-l.letGo
	}
	return l.Checker.CheckResponse(op, out)
}

// repeatTooSoon repeats a request whose first copy is still running, for as long as the repetition may wait.
func (s *Service) repeatTooSoon(t testing.TB, op *contract.Operation) {
	t.Helper()
	held := lateAnswers{contract.NewChecker(s.Document), &atomic.Bool{}, make(chan struct{}), make(chan struct{})}
	server := s.Start(t, func(o *httpapi.Options) { o.Checker = held })
	r, _ := s.Fitting(t, server, op)
	held.armed.Store(true)
	var first sync.WaitGroup
	first.Go(func() { server.Do(t, r) }) // Its answer depends on how long it was held.
	<-held.waiting
	answer, body := server.Do(t, r)
	close(held.letGo)
	first.Wait()
	require.Equal(t, http.StatusConflict, answer.StatusCode, body)
	require.Equal(t, contract.ErrIdempotencyKeyInUse.Code, ProblemIn(t, answer, body).Code)
	require.Equal(t, "1", answer.Header.Get("Retry-After"))
}
