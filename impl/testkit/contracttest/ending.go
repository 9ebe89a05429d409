package contracttest

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
)

// everyOperationEndsAsAnyMay ends each operation in the ways that are common to all: its caller sets a short time
// limit, a page of a foreign origin calls, the service is overloaded, and something in it panics.
func everyOperationEndsAsAnyMay(t *testing.T, s *Service) {
	t.Helper()
	t.Run("in a hurry", func(t *testing.T) {
		t.Parallel()
		s.endWith(t, contract.ErrTimeout, "X-Request-Timeout-Ms: 1")
	})
	t.Run("from a foreign page", func(t *testing.T) {
		t.Parallel()
		s.endWith(t, contract.ErrCrossOrigin, "Origin: https://foreign.test", "Sec-Fetch-Site: cross-site")
	})
	t.Run("broken", func(t *testing.T) {
		t.Parallel()
		s.endWith(t, contract.ErrInternal, panicsHere)
	})
	t.Run("overloaded", func(t *testing.T) {
		t.Parallel()
		s.overload(t)
	})
}

// Header lines that make the checker of a request panic, or hold it.
const (
	panicsHere = "X-Panic: here"
	waitsHere  = "X-Wait: here"
)

// obstacle is a checker in which requests panic, or wait until they are released, if they ask for it.
type obstacle struct {
	contract.Checker

	waiting chan struct{} // receives one for each request that begins to wait
	letGo   chan struct{} // closed at the end
}

func (o obstacle) CheckRequest(op *contract.Operation, in contract.Input) (any, []fault.Violation, error) {
	if in.Request.Header.Get("X-Panic") != "" {
		panic(Canary + " in a panic")
	}
	if in.Request.Header.Get("X-Wait") != "" {
		o.waiting <- struct{}{}
		<-o.letGo
	}
	return o.Checker.CheckRequest(op, in)
}

// endWith adds lines to a request of each operation. They end those that can end with the fault, and no other.
func (s *Service) endWith(t *testing.T, f *fault.Error, lines ...string) {
	t.Helper()
	server := s.Start(t, func(o *httpapi.Options) { o.Checker = obstacle{Checker: contract.NewChecker(s.Document)} })
	for _, op := range s.Document.Operations {
		r, _ := s.Fitting(t, server, op)
		answer, body := server.Do(t, r.With(lines...))
		requireEnd(t, op, f, answer, body)
	}
}

// requireEnd requires that an operation ended with the fault if it can, and succeeded otherwise.
func requireEnd(t testing.TB, op *contract.Operation, f *fault.Error, answer *http.Response, body string) {
	t.Helper()
	if !slices.ContainsFunc(op.Problems, func(p contract.Problem) bool { return p.Code == f.Code }) {
		requireSuccess(t, op, answer, body)
		return
	}
	require.GreaterOrEqual(t, answer.StatusCode, http.StatusBadRequest, "%s: %s", op.ID, body)
	require.Equal(t, f.Code, ProblemIn(t, answer, body).Code, "%s: %s", op.ID, body)
	require.NotContains(t, body, Canary)
}

// overload holds as many requests as the service runs at once, and then calls each operation.
func (s *Service) overload(t *testing.T) {
	t.Helper()
	held := obstacle{contract.NewChecker(s.Document), make(chan struct{}), make(chan struct{})}
	server := s.Start(t, func(o *httpapi.Options) { o.Checker, o.Shed = held, true })
	requests := make([]Request, len(s.Document.Operations))
	var holding Request
	for i, op := range s.Document.Operations {
		requests[i], _ = s.Fitting(t, server, op)
		if op.Policy.Priority == contract.High && !op.Policy.Access.Public { // Other operations have only a share.
			holding = requests[i].With(waitsHere)
		}
	}
	require.NotEmpty(t, holding.Method, "no operation can be held")
	var sending sync.WaitGroup
	refused := make(chan string)
	for full := false; !full; {
		sending.Go(func() {
			if answer, body := server.Do(t, holding); answer.StatusCode == http.StatusServiceUnavailable {
				select {
				case refused <- body:
				case <-held.letGo: // It has been held for too long.
				}
			}
		})
		select {
		case <-held.waiting:
		case body := <-refused:
			require.Contains(t, body, contract.ErrOverloaded.Code)
			full = true
		}
	}
	var asking sync.WaitGroup
	for i, op := range s.Document.Operations {
		asking.Go(func() {
			answer, body := server.Do(t, requests[i])
			requireEnd(t, op, contract.ErrOverloaded, answer, body)
		})
	}
	asking.Wait()
	close(held.letGo)
	sending.Wait()
}
