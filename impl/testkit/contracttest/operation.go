package contracttest

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
)

// operationsSucceed sends each operation the document's own example, once for each media type of its answer, and once
// without the body if that is optional.
func operationsSucceed(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	for _, op := range s.Document.Operations {
		success := op.Statuses[0]
		succeeds := func(what string, change func(Request) Request) *http.Response {
			r, _ := s.Fitting(t, server, op)
			answer, body := server.Do(t, change(r))
			requireSuccess(t, op, answer, what+": "+body)
			require.NotEmpty(t, answer.Header.Get("X-Request-ID"), op.ID)
			require.Equal(t, "nosniff", answer.Header.Get("X-Content-Type-Options"), op.ID)
			require.NotEmpty(t, answer.Header.Get("Cache-Control"), op.ID)
			return answer
		}
		succeeds("as in its example", func(r Request) Request { return r })
		written, _ := s.spec(op)
		content := written.Responses.Status(success).Value.Content
		for _, mediaType := range slices.Sorted(maps.Keys(content)) {
			answer := succeeds("as "+mediaType, func(r Request) Request {
				return r.With("Accept: " + mediaType).Asking(s.Beyond[op.ID].Formats[mediaType])
			})
			require.True(t, strings.HasPrefix(answer.Header.Get("Content-Type"), mediaType), "%s: %s", op.ID,
				answer.Header.Get("Content-Type"))
		}
		if written.RequestBody != nil && !written.RequestBody.Value.Required {
			for _, lines := range [][]string{nil, {asJSON}, {"Content-Length: 0"}} {
				succeeds("without a body", func(r Request) Request {
					r.Body = ""
					return r.Without("Content-Type").With(lines...)
				})
			}
		}
	}
}

// inputAtTheBoundsIsTaken shows that each operation with a body accepts values just within the bounds.
func inputAtTheBoundsIsTaken(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	bodies := 0
	for _, op := range s.Document.Operations {
		if written, _ := s.spec(op); written.RequestBody == nil {
			continue
		}
		bodies++
		succeeds := func(what string, change func(Request) Request) {
			r, _ := s.Fitting(t, server, op)
			answer, body := server.Send(t, change(r))
			requireSuccess(t, op, answer, "with "+what+": "+body)
		}
		for _, line := range []string{
			asJSON, "Content-Type: application/json; charset=utf-8", "Content-Type: Application/JSON;charset=\"UTF-8\"",
			"content-type:application/json",
		} {
			succeeds(line, func(r Request) Request { return r.Without("Content-Type").With(line) })
		}
		for _, chunked := range []bool{false, true} {
			succeeds(fmt.Sprintf("as many bytes as there may be, chunked %t", chunked), func(r Request) Request {
				r.Body += strings.Repeat(" ", op.MaxBody-len(r.Body))
				r.Chunked = chunked
				return r
			})
		}
	}
	requireSome(t, bodies, "body")
}

// rateLimitsHold uses up each limit of the document.
func rateLimitsHold(t *testing.T, s *Service) {
	t.Helper()
	limited := 0
	for _, op := range s.Document.Operations {
		if op.Policy.RateLimit == nil {
			continue
		}
		limited++
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			s.rateLimit(t, op)
		})
	}
	requireSome(t, limited, "limited operation")
}

func (s *Service) rateLimit(t testing.TB, op *contract.Operation) {
	t.Helper()
	limit := op.Policy.RateLimit
	server := s.Start(t, func(o *httpapi.Options) { o.RateLimits = true })
	mine, _ := s.Fitting(t, server, op)
	others, _ := s.Fitting(t, server, op)
	ask := func(r Request) (*http.Response, string) { return server.Do(t, r.withFreshKey()) }
	bad := mine.Asking("nickname=x")
	policies := []string{fmt.Sprintf(`"default";q=%d;w=%d`, limit.Requests, int(time.Duration(limit.Window).Seconds()))}
	for _, more := range failureLimits(op) {
		policies = append(policies,
			fmt.Sprintf(`"%s";q=%d;w=%d`, more.name, more.Failures.Failures, int(time.Duration(more.Window).Seconds())))
	}
	// Refused requests count, too, which bounds guessing.
	for i := range limit.Requests {
		answer, body := ask(bad)
		require.NotEqual(t, http.StatusTooManyRequests, answer.StatusCode, "request %d of %d", i+1, limit.Requests)
		require.Less(t, answer.StatusCode, http.StatusInternalServerError, body)
		require.Equal(t, strings.Join(policies, ", "), answer.Header.Get("RateLimit-Policy"))
		require.True(t,
			strings.HasPrefix(answer.Header.Get("RateLimit"), fmt.Sprintf(`"default";r=%d;t=`, limit.Requests-i-1)),
			answer.Header.Get("RateLimit"))
	}
	answer, body := ask(mine)
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode, body)
	require.Equal(t, contract.ErrRateLimited.Code, ProblemIn(t, answer, body).Code)
	wait, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, wait)
	require.LessOrEqual(t, wait, int(time.Duration(limit.Window).Seconds()))
	require.True(t, strings.HasPrefix(answer.Header.Get("RateLimit"), `"default";r=0;t=`), answer.Header.Get("RateLimit"))

	// Another caller from the same address shares a limit per address, and has its own limit per principal.
	answer, body = ask(others)
	require.Equal(t, limit.Per == "address", answer.StatusCode == http.StatusTooManyRequests, body)

	// A caller who waits as long as Retry-After says is served, with the document's own request.
	server.Clock.Advance(time.Duration(wait) * time.Second)
	answer, body = ask(mine)
	requireSuccess(t, op, answer, body)
	// After a whole window the limit is fully restored.
	server.Clock.Advance(time.Duration(limit.Window))
	answer, _ = ask(bad)
	require.True(t, strings.HasPrefix(answer.Header.Get("RateLimit"), fmt.Sprintf(`"default";r=%d;`, limit.Requests-1)),
		answer.Header.Get("RateLimit"))
}

// deprecationIsTold compares what the answers say of an operation's end with x-sunset. Refusals say so as well, for
// every caller.
func deprecationIsTold(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	for _, op := range s.Document.Operations {
		by, of := server.able(t, op)
		r, fit := s.request(t, server, op, by, of)
		for name, asked := range map[string]Request{"anonymous": r, "signed in": r.With(Bearer(by))} {
			answer, _ := server.Do(t, asked)
			sunset := op.Policy.Sunset
			if sunset == nil {
				require.Empty(t, answer.Header.Get("Deprecation"), "%s %s", op.ID, name)
				require.Empty(t, answer.Header.Get("Sunset"), "%s %s", op.ID, name)
				require.NotContains(t, answer.Header.Get("Link"), "successor-version", "%s %s", op.ID, name)
				continue
			}
			// RFC 9745, section 2.1: an item of structured fields that is a date.
			seconds, found := strings.CutPrefix(answer.Header.Get("Deprecation"), "@")
			require.True(t, found, answer.Header.Get("Deprecation"))
			since, err := strconv.ParseInt(seconds, 10, 64)
			require.NoError(t, err)
			require.Equal(t, time.Time(sunset.Since), time.Unix(since, 0).UTC())
			// RFC 8594, section 3: an HTTP date.
			end, err := http.ParseTime(answer.Header.Get("Sunset"))
			require.NoError(t, err)
			require.True(t, time.Time(sunset.Date).Equal(end))
			require.True(t, end.After(time.Unix(since, 0)), "RFC 9745, section 4")
			successor := s.Document.Operation(sunset.Successor)
			require.NotNil(t, successor, sunset.Successor)
			require.Nil(t, successor.Policy.Sunset, "what follows is not deprecated itself")
			require.Equal(t, "<"+Filled(successor.Pattern, fit.Path)+`>; rel="successor-version"`, answer.Header.Get("Link"))
		}
	}
}

// otherMethodsAreRefused calls every path with every method that it does not take.
func otherMethodsAreRefused(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	for _, op := range s.Document.Operations {
		r, _ := s.Fitting(t, server, op)
		path, _, _ := strings.Cut(r.Target, "?")
		var allowed []string
		for _, m := range methods {
			if slices.ContainsFunc(s.Document.Operations,
				func(o *contract.Operation) bool { return o.Method == m && o.Pattern == op.Pattern }) {
				allowed = append(allowed, m)
			}
			if m == http.MethodGet && len(allowed) > 0 {
				allowed = append(allowed, http.MethodHead)
			}
		}
		for _, m := range append(slices.Clone(methods), http.MethodHead, http.MethodOptions, http.MethodTrace, "PROPFIND",
			"BREW", "get") {
			if slices.Contains(allowed, m) {
				continue
			}
			answer, body := server.Send(t, Request{Method: m, Target: path})
			require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode, "%s %s: %s", m, path, body)
			require.Equal(t, strings.Join(allowed, ", "), answer.Header.Get("Allow"), "%s %s", m, path)
			if m == http.MethodHead {
				require.Empty(t, body)
				continue
			}
			require.Equal(t, contract.ErrMethodNotAllowed.Code, ProblemIn(t, answer, body).Code)
		}
	}
}

// matches reports whether a path has a pattern.
func matches(pattern, path string) bool {
	parts := pathParameter.Split(pattern, -1)
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile("^" + strings.Join(parts, "[^/]+") + "$").MatchString(path)
}

// codesAreThoseOfTheDocument shows that there is one fault for each code of the document, that each has a text for
// people, and that each says when to try again if that helps.
func codesAreThoseOfTheDocument(t *testing.T, s *Service) {
	t.Helper()
	faults := slices.Concat(s.Faults, contract.Faults(s.Document))
	var codes []string
	for _, f := range faults {
		codes = append(codes, f.Code)
		require.True(t, strings.HasSuffix(f.Detail, "."), f.Code)
		if f.Kind == fault.Unavailable {
			require.Positive(t, f.RetryAfter, f.Code)
		}
	}
	for _, code := range s.Document.Codes {
		require.Contains(t, codes, code,
			"the document has the code %s and the service no fault for it: add it to faults() in errors.go", code)
	}
	for _, code := range codes {
		require.Contains(t, s.Document.Codes, code,
			"the service has a fault %s that is not among the codes of the document", code)
	}
	require.Len(t, codes, len(s.Document.Codes), "one fault for each code")
}

// staleChangesAreRefused sends changes based on an old version: each operation with If-Match answers 412 with the
// current thing and its version, with which the change then succeeds.
func staleChangesAreRefused(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	found := 0
	for _, op := range s.Document.Operations {
		if !slices.Contains(op.Statuses, http.StatusPreconditionFailed) {
			continue
		}
		found++
		r, _ := s.Fitting(t, server, op)
		before := s.fingerprint(t, server)
		current := r.Header[slices.IndexFunc(r.Header,
			func(line string) bool { return strings.HasPrefix(line, "If-Match: ") })]
		current = strings.TrimPrefix(current, "If-Match: ")
		for _, version := range []string{`"0"`, `"9999999999999999"`, "W/" + current, `"0", W/` + current,
			`"x", "0` + strings.Trim(current, `"`) + `"`} {
			answer, body := server.Do(t, r.Without("If-Match").With("If-Match: "+version))
			require.Equal(t, http.StatusPreconditionFailed, answer.StatusCode, "%s: %s", op.ID, body)
			ProblemIn(t, answer, body)
			require.NotEmpty(t, membersOf(t, body)["current"], op.ID)
			require.Contains(t, r.Header, "If-Match: "+answer.Header.Get("ETag"), op.ID)
		}
		require.Equal(t, before, s.fingerprint(t, server), op.ID)
		answer, body := server.Do(t, r.Without("If-Match").With(`If-Match: "0"`, "If-Match: W/\"0\", "+current))
		requireSuccess(t, op, answer, body)
		answer, body = server.Do(t, r)
		require.Equal(t, http.StatusPreconditionFailed, answer.StatusCode, "%s changes the version: %s", op.ID, body)
		answer, body = server.Do(t, r.Without("If-Match").With("If-Match: *"))
		requireSuccess(t, op, answer, body)
	}
	requireSome(t, found, "operation with If-Match")
}

// locationsLead follows the Location of every new thing: its maker can read it there.
func locationsLead(t *testing.T, s *Service) {
	t.Helper()
	server := s.Start(t)
	made := 0
	for _, op := range s.Document.Operations {
		if op.Statuses[0] != http.StatusCreated {
			continue
		}
		made++
		r, _ := s.Fitting(t, server, op)
		answer, body := server.Do(t, r)
		requireSuccess(t, op, answer, body)
		location := answer.Header.Get("Location")
		require.True(t, slices.ContainsFunc(s.Document.Operations, func(o *contract.Operation) bool {
			return o.Method == http.MethodGet && matches(o.Pattern, location)
		}), "%s: nothing is read at %s", op.ID, location)
		if op.Policy.Access.Public {
			continue // Its maker must log in first.
		}
		there, read := server.Do(t,
			Request{Method: http.MethodGet, Target: location, Header: r.Header}.Without("Content-Type", idempotencyKey))
		require.Equal(t, http.StatusOK, there.StatusCode, "%s: %s", op.ID, read)
		if tag := answer.Header.Get("ETag"); tag != "" {
			require.Equal(t, tag, there.Header.Get("ETag"), op.ID)
			require.JSONEq(t, body, read, op.ID)
		}
	}
	requireSome(t, made, "operation that makes something")
}
