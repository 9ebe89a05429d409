package contracttest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// Canary is in every submitted value, and in no answer. SecretCanary is not in a log either.
const (
	Canary       = "canary7f3aValue"
	SecretCanary = Canary + "Body"
)

// Refusal is a request and its expected refusal.
type Refusal struct {
	Name string
	Request

	// By is the sender, if it is not the sender of the good request.
	By     Caller
	Status int
	Code   string
	// Pointer is the pointer of one of the answer's errors, and Keyword its rule; "" accepts any.
	Pointer, Keyword string
}

// sentBy returns the sender, given that of the good request.
func (r Refusal) sentBy(good Caller) Caller {
	if r.By != nil {
		return r.By
	}
	return good
}

// badInputIsRefused sends each operation everything that it must refuse: bodies, parameters and callers that break the
// document, each in one place, and requests that the current state refuses. The answer names the place and shows
// nothing of what was sent; no row of any table changes, and nothing of it is logged.
func badInputIsRefused(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	for _, op := range s.Document.Operations {
		t.Run(op.ID, func(t *testing.T) {
			fitting, by := s.Fitting(t, server, op)
			good := fitting.withFreshKey
			cases := slices.Concat(s.badBodies(t, op, good), s.badParameters(t, op, good), s.badCallers(t, server, op, good),
				server.Refused(t, op, by, good))
			require.GreaterOrEqual(t, len(cases), 3)
			before := s.fingerprint(t, server)
			for _, c := range cases {
				server.refuse(t, c)
			}
			require.Equal(t, before, s.fingerprint(t, server))
			require.NotContains(t, server.Logged(t), SecretCanary)
		})
	}
	require.NotContains(t, server.End(t), SecretCanary)
}

// withFreshKey returns a copy with a key of its own if the operation would take the request for a repetition.
func (r Request) withFreshKey() Request {
	r.Header = slices.Clone(r.Header)
	for i, line := range r.Header {
		if strings.HasPrefix(line, idempotencyKey+":") {
			r.Header[i] = idempotencyKey + ": " + uuid.NewString()
		}
	}
	return r
}

// refuse sends one bad request and compares the answer with the expected one.
func (s *Server) refuse(t tester, c Refusal) {
	t.Helper()
	answer, body := s.Send(t, c.Request)
	require.Less(t, answer.StatusCode, http.StatusInternalServerError, "%s: %s", c.Name, body)
	require.Equal(t, c.Status, answer.StatusCode, "%s: %s", c.Name, body)
	p := ProblemIn(t, answer, body)
	require.Equal(t, c.Code, p.Code, "%s: %s", c.Name, body)
	require.NotContains(t, strings.ReplaceAll(body, p.Instance, ""), Canary, c.Name)
	if c.Pointer != "" {
		found := false
		for _, v := range p.Errors {
			found = found || v.Pointer == c.Pointer && (c.Keyword == "" || v.Keyword == c.Keyword)
		}
		require.True(t, found, "%s: no %s at %s: %s", c.Name, c.Keyword, c.Pointer, body)
	}
	if c.Status == http.StatusUnauthorized {
		require.True(t, strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), `Bearer realm="plumbline"`), c.Name)
	}
}

// fingerprint returns a digest of each table, which shows whether a row has changed, except for the tables that even a
// refused request may change.
func (s *Service) fingerprint(t testing.TB, server *Server) map[string]string {
	t.Helper()
	rows, err := server.Pool.Query(t.Context(),
		`SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, table := range s.Volatile {
		require.Contains(t, tables, table)
	}
	prints := map[string]string{}
	for _, table := range tables {
		if slices.Contains(s.Volatile, table) {
			continue
		}
		var sum string
		require.NoError(t, server.Pool.QueryRow(t.Context(), `
			SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))
			FROM `+pgx.Identifier{table}.Sanitize()+` AS t`).Scan(&sum))
		prints[table] = sum
	}
	requireSome(t, len(prints), "table")
	return prints
}

// badCallers are unknown callers, and known ones without permission.
func (s *Service) badCallers(t testing.TB, server *Server, op *contract.Operation, good func() Request) []Refusal {
	t.Helper()
	a := op.Policy.Access
	if a.Public {
		return nil
	}
	somebody := server.Caller(t)
	access, bearer := somebody.AccessToken(), Bearer(somebody)
	parts := strings.Split(access, ".")
	var cases []Refusal
	for _, lines := range [][]string{
		{}, {bearer, bearer}, {"Authorization: Basic YWRhOmNhbmFyeQ=="}, {"Authorization: "}, {"Authorization: Bearer"},
		{"Authorization: Bearer "}, {"Authorization: " + Canary},
		{"Authorization: Bearer " + Canary}, {"Authorization: Bearer\t" + access}, {"Authorization: " + access},
		{"Authorization: Bearer: " + access},
		{bearer + ", Bearer " + access}, {bearer + " x"}, {"Authorization: Bearer ..", "X-Authorization: " + access},
		{"Authorization: Bearer " + parts[0] + "." + parts[1] + "."},
		{"Authorization: Bearer " + strings.Repeat("a", 60_000)}, {"Cookie: access_token=" + access},
		{"Authorization: Bearer \xff\xfe"},
	} {
		cases = append(cases, Refusal{
			Name: fmt.Sprintf("a caller with %.80q", lines), Request: good().Without("Authorization").With(lines...),
			Status: http.StatusUnauthorized, Code: contract.ErrUnauthenticated.Code,
		})
	}
	// An unknown caller learns nothing of the request's other faults, and its body is not read.
	unknown := func(name string, change func(*Request)) {
		c := Refusal{Name: name, Request: good().Without("Authorization"), Status: http.StatusUnauthorized,
			Code: contract.ErrUnauthenticated.Code}
		change(&c.Request)
		cases = append(cases, c)
	}
	unknown("nobody, with a body that is not JSON",
		func(r *Request) { *r = r.Without("Content-Type").With(asJSON); r.Body = Canary })
	unknown("nobody, with an unknown parameter", func(r *Request) { *r = r.Asking("nickname=" + Canary) })
	unknown("nobody, with a large body", func(r *Request) { r.Body = strings.Repeat("x", maxBody+1) })
	return append(cases, s.unentitled(t, server, op)...)
}

// unentitled are known callers without permission.
func (s *Service) unentitled(t testing.TB, server *Server, op *contract.Operation) []Refusal {
	t.Helper()
	a := op.Policy.Access
	without := slices.IndexFunc(s.Roles, func(role string) bool { return !slices.Contains(a.Roles, role) })
	if without < 0 || a.Owner == "self" {
		return nil
	}
	var cases []Refusal
	add := func(name string, of Resource, change func(*Request), status int, code string) {
		by := server.Caller(t, s.Roles[without])
		r, _ := s.request(t, server, op, by, of)
		change(&r)
		cases = append(cases, Refusal{Name: name, Request: r.With(Bearer(by)), Status: status, Code: code})
	}
	as := func(*Request) {}
	if a.Owner != "" {
		add("a caller who is not the owner", Others, as, http.StatusNotFound, a.HiddenAs)
		return cases
	}
	for _, of := range []Resource{Own, Others, Missing} {
		add("a caller without the role", of, as, http.StatusForbidden, contract.ErrForbidden.Code)
	}
	add("a caller without the role, with a body that is not JSON", Own,
		func(r *Request) { *r = r.Without("Content-Type").With(asJSON); r.Body = Canary },
		http.StatusForbidden, contract.ErrForbidden.Code)
	return cases
}
