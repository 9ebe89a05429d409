package contracttest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// audited is the part of an audit entry that the checks compare.
type audited struct {
	Action, Outcome string
	Actor, Target   uuid.UUID
	RequestID       string
}

// entriesSince returns the entries of an action after the first n.
func (s *Server) entriesSince(t testing.TB, action string, n int) []audited {
	t.Helper()
	const none = "'00000000-0000-0000-0000-000000000000'"
	rows, err := s.Pool.Query(t.Context(), `
		SELECT action, outcome, coalesce(actor, `+none+`), coalesce(target, `+none+`), request_id
		FROM audit_entries WHERE action = $1 ORDER BY position OFFSET $2`, action, n)
	require.NoError(t, err)
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[audited])
	require.NoError(t, err)
	return entries
}

// whatIsDoneIsAudited calls each operation with x-audit: an effect is recorded once, in its own transaction, so that
// nothing takes effect that cannot be recorded; a refusal of a known caller is recorded, too.
func whatIsDoneIsAudited(t *testing.T, s *Service) {
	t.Helper()
	found := 0
	for _, op := range s.Document.Operations {
		if op.Policy.Audit == nil {
			continue
		}
		found++
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			s.audits(t, s.Start(t), op)
		})
	}
	requireSome(t, found, "operation with x-audit")
}

// strangersFillNothing sends the documented request of each public operation many times to an empty database, so that
// every account in it is made up. The audit log then holds an entry for a new account, if one was opened, and nothing
// else.
func strangersFillNothing(t *testing.T, s *Service) {
	t.Helper()
	for _, op := range s.Document.Operations {
		if !op.Policy.Access.Public || op.Policy.Audit == nil {
			continue
		}
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			server := s.Start(t)
			r := Request{Method: op.Method, Target: op.Pattern, Header: []string{asJSON}, Body: text(t, s.example(t, op))}
			opened := 0
			for range 20 {
				answer, body := server.Do(t, r)
				require.Less(t, answer.StatusCode, http.StatusInternalServerError, body)
				if answer.StatusCode < http.StatusBadRequest && !s.Beyond[op.ID].Nameless {
					opened++
				}
			}
			require.LessOrEqual(t, opened, 1)
			server.End(t) // An entry is written behind the answer.
			require.Len(t, server.entriesSince(t, op.Policy.Audit.Action, 0), opened)
		})
	}
}

// auditTarget returns the id of the thing that x-audit names for a request, "" for a new thing without a Location.
func auditTarget(op *contract.Operation, r Request, answer *http.Response, actor string) string {
	switch target := op.Policy.Audit.Target; target {
	case "caller":
		return actor
	case "created":
		return lastPart(answer.Header.Get("Location"))
	default:
		path, _, _ := strings.Cut(r.Target, "?")
		return pathPart(op, path, target)
	}
}

func (s *Service) audits(t *testing.T, server *Server, op *contract.Operation) {
	t.Helper()
	action := op.Policy.Audit.Action
	told := func() int { return len(server.entriesSince(t, action, 0)) }
	r, by := s.Fitting(t, server, op)
	before := told()
	answer, body := server.Do(t, r)
	requireSuccess(t, op, answer, body)
	entries := server.entriesSince(t, action, before)
	if s.Beyond[op.ID].Nameless || op.Policy.Audit.Keeps == "refusals" {
		require.Empty(t, entries)
		return
	}
	require.Len(t, entries, 1)
	e := entries[0]
	require.Equal(t, "success", e.Outcome)
	require.Equal(t, answer.Header.Get("X-Request-Id"), e.RequestID)
	if op.Policy.Access.Public {
		require.NotEqual(t, uuid.Nil, e.Actor, "who has logged in or opened an account is known then")
	} else {
		require.Equal(t, by.Subject(), e.Actor.String())
	}
	require.NotEqual(t, uuid.Nil, e.Target)
	if want := auditTarget(op, r, answer, e.Actor.String()); want != "" {
		require.Equal(t, want, e.Target.String(), "x-audit says %s", op.Policy.Audit.Target)
	}
	if op.Policy.Idempotency != "" {
		answer, body = server.Do(t, r)
		requireSuccess(t, op, answer, body)
		require.Len(t, server.entriesSince(t, action, before), 1, "what is answered again has not been done again")
	}

	// An unknown caller is not recorded, and neither is a request that cannot be read.
	before = told()
	_, _ = server.Do(t, r.withFreshKey().Asking("nickname=x"))
	if !op.Policy.Access.Public {
		_, _ = server.Do(t, r.withFreshKey().Without("Authorization"))
	}
	require.Empty(t, server.entriesSince(t, action, before))
	for _, c := range s.unentitled(t, server, op) {
		before = told()
		answer, body := server.Send(t, c.Request)
		entries := server.entriesSince(t, action, before)
		if answer.StatusCode != http.StatusForbidden && answer.StatusCode != http.StatusNotFound {
			continue
		}
		require.Len(t, entries, 1, "%s: %s", c.Name, body)
		require.Equal(t, c.Code, entries[0].Outcome, c.Name)
		require.NotEqual(t, uuid.Nil, entries[0].Actor, c.Name)
	}

	// A conflict with the current state is recorded for a known caller, too.
	if !op.Policy.Access.Public {
		s.auditsConflicts(t, server, op)
	}

	r, _ = s.Fitting(t, server, op)
	_, err := server.Pool.Exec(t.Context(),
		`ALTER TABLE audit_entries ADD CONSTRAINT nothing_succeeds CHECK (outcome <> 'success') NOT VALID`)
	require.NoError(t, err)
	rows := s.fingerprint(t, server)
	answer, body = server.Do(t, r)
	require.Equal(t, http.StatusInternalServerError, answer.StatusCode,
		"it is done although it cannot be recorded: %s", body)
	require.Equal(t, rows, s.fingerprint(t, server), "it is done although it cannot be recorded")
}

// auditsConflicts sends the requests that the current state refuses: each is recorded once, with its sender.
func (s *Service) auditsConflicts(t *testing.T, server *Server, op *contract.Operation) {
	t.Helper()
	good, by := s.Fitting(t, server, op)
	conflicts := server.Refused(t, op, by, good.withFreshKey)
	if slices.Contains(op.Statuses, http.StatusPreconditionFailed) {
		stale := good.Without("If-Match").With(`If-Match: "9999999999999999"`)
		conflicts = append(conflicts, Refusal{Name: "another version", Request: stale, Status: http.StatusPreconditionFailed})
	}
	for _, c := range conflicts {
		if c.Status != http.StatusConflict && c.Status != http.StatusPreconditionFailed {
			continue
		}
		before := len(server.entriesSince(t, op.Policy.Audit.Action, 0))
		answer, body := server.Send(t, c.Request)
		require.Equal(t, c.Status, answer.StatusCode, "%s: %s", c.Name, body)
		entries := server.entriesSince(t, op.Policy.Audit.Action, before)
		require.Len(t, entries, 1, c.Name)
		require.Equal(t, ProblemIn(t, answer, body).Code, entries[0].Outcome, c.Name)
		require.Equal(t, c.sentBy(by).Subject(), entries[0].Actor.String(), c.Name)
	}
}
