package frontend

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/orders"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/users"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "correct horse battery"

// served is front-end mode in front of services that answer 299 to everything, with a client of its document.
type served struct {
	*devapi.ClientWithResponses

	t        *testing.T
	url      string
	clock    *Clock
	services []contract.Contract
	resets   int
	mails    Mailbox
	codes    Codes
}

func start(t *testing.T, services http.HandlerFunc) *served {
	t.Helper()
	s := &served{t: t, clock: &Clock{}}
	for _, describe := range []func() (contract.Contract, error){users.Described, orders.Described} {
		described, err := describe()
		require.NoError(t, err)
		s.services = append(s.services, described)
	}
	behind := httptest.NewServer(services)
	t.Cleanup(behind.Close)
	mode, err := New(Config{
		Services: s.services, Personas: []Persona{{Email: "customer@plumbline.test", Role: "customer"}}, Password: password,
		UsersURL: behind.URL,
		Codes:    func(context.Context, string) (Codes, error) { return s.codes, nil },
		Client:   "/clients/typescript-0123.tgz", Hosts: hosts.Allowed{"box.test"}, Clock: s.clock, Mails: &s.mails,
		Origins: []string{"http://localhost:*"}, Log: slog.New(slog.DiscardHandler),
		Reset: func(context.Context) error {
			s.resets++
			return nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(mode.users.ClientInterface.(*usersapi.Client).Client.(*http.Client).CloseIdleConnections)
	web := httptest.NewServer(mode.Before(services))
	t.Cleanup(web.Close)
	s.url = web.URL
	s.ClientWithResponses, err = devapi.NewClientWithResponses(web.URL)
	require.NoError(t, err)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return s
}

func reached(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(faultHeader) != "" {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	w.WriteHeader(299)
}

// ask sends a request with header fields and returns the answer with its body.
func (s *served) ask(method, path string, headers ...string) (*http.Response, []byte, error) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, http.NoBody)
	require.NoError(s.t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer, body, err
}

var pathParameter = regexp.MustCompile(`\{[^}]+\}`)

const anID = "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77"

// Every problem that an operation documents can be injected, and the answer conforms to the document.
func TestEveryProblemIsOneOfTheDocument(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	seen := 0
	for _, described := range s.services {
		checker := contract.NewChecker(described.Document)
		for _, o := range described.Document.Operations {
			for _, p := range o.Problems {
				path := pathParameter.ReplaceAllString(o.Pattern, anID)
				answer, body, err := s.ask(o.Method, path, faultHeader, "problem="+p.Code, "Origin", "http://localhost:5173")
				require.NoError(t, err)
				var problem struct{ Code, Instance string }
				require.NoError(t, json.Unmarshal(body, &problem), "%s", body)
				got := contract.Problem{Status: answer.StatusCode, Code: problem.Code}
				require.Equal(t, p, got, o.ID)
				require.Equal(t, path, problem.Instance)
				require.Equal(t, "http://localhost:5173", answer.Header.Get("Access-Control-Allow-Origin"), "a page may read it")
				require.Empty(t,
					checker.CheckResponse(o, contract.Output{Status: answer.StatusCode, Header: answer.Header, Body: body}),
					"%s %s: %s", o.ID, p.Code, body)
				seen++
			}
		}
	}
	require.Greater(t, seen, 200)
}

func TestFaultsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	for text, keyword := range map[string]string{
		"problem=out_of_stock":         "enum", // not of this operation
		"problem=nothing":              "enum",
		"status=409":                   "enum",
		"status=200":                   "enum",
		"delay=soon":                   "maximum",
		"delay=-1s":                    "maximum",
		"delay=31s":                    "maximum",
		"drop, status=503":             "oneOf",
		"slow":                         "enum",
		"at=#/email":                   "dependentRequired",
		"at=email,problem=timeout":     "pattern",
		"problem=timeout,problem=DROP": "enum",
	} {
		answer, body, err := s.ask(http.MethodGet, "/api/v1/products", faultHeader, text)
		require.NoError(t, err)
		require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, text)
		var problem usersapi.Problem
		require.NoError(t, json.Unmarshal(body, &problem))
		require.Equal(t, usersapi.ProblemCodeInvalidRequest, problem.Code)
		require.Len(t, problem.Errors, 1)
		require.Equal(t, "#/header/"+faultHeader, problem.Errors[0].Pointer)
		require.Equal(t, keyword, problem.Errors[0].Keyword, text)

		made, err := s.CreateFaultWithResponse(t.Context(), devapi.CreateFaultRequest{Operation: "listProducts", Fault: text})
		require.NoError(t, err)
		contracttest.Body(t, made, made.ApplicationProblemJSON422)
		require.Equal(t, "#/fault", contracttest.Body(t, made, made.ApplicationProblemJSON422).Errors[0].Pointer)
	}
	made, err := s.CreateFaultWithResponse(t.Context(), devapi.CreateFaultRequest{Operation: "listNothing", Fault: "drop"})
	require.NoError(t, err)
	require.Equal(t, "#/operation", contracttest.Body(t, made, made.ApplicationProblemJSON422).Errors[0].Pointer)
}

func TestKindsOfFault(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	status := func(method, path string, headers ...string) int {
		answer, _, err := s.ask(method, path, headers...)
		require.NoError(t, err)
		return answer.StatusCode
	}
	require.Equal(t, 299, status(http.MethodGet, "/api/v1/products"))
	require.Equal(t, 299, status(http.MethodGet, "/api/v1/products", faultHeader, "delay=1ms"))
	require.Equal(t, http.StatusServiceUnavailable,
		status(http.MethodGet, "/api/v1/products", faultHeader, "delay=1ms, status=503"))
	require.Equal(t, 299, status(http.MethodGet, "/elsewhere", faultHeader, "drop"), "what is no operation is left alone")
	_, _, err := s.ask(http.MethodGet, "/api/v1/products", faultHeader, "drop")
	require.ErrorIs(t, err, io.EOF)

	answer, body, err := s.ask(http.MethodPost, "/api/v2/users", faultHeader,
		"problem=invalid_request, at=#/email, at=#/name")
	require.NoError(t, err)
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	var problem usersapi.Problem
	require.NoError(t, json.Unmarshal(body, &problem))
	require.Equal(t, "#/email", problem.Errors[0].Pointer)
	require.Equal(t, "#/name", problem.Errors[1].Pointer)

	answer, _, err = s.ask(http.MethodOptions, "/api/v1/products", "Origin", "http://localhost:5173",
		"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization,plumbline-fault")
	require.NoError(t, err)
	require.Contains(t, strings.ToLower(answer.Header.Get("Access-Control-Allow-Headers")), "plumbline-fault")
}

// A delay lasts as long as it says, but ends when its caller leaves.
func TestDelayEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/products", http.NoBody)
	require.NoError(t, err)
	r.Header.Set(faultHeader, "delay=30s")
	time.AfterFunc(10*time.Millisecond, leave)
	_, err = http.DefaultClient.Do(r)
	require.ErrorIs(t, err, context.Canceled) // The server waits for its requests, and closes at once.
}

func TestRulesCountAndEnd(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	rule := func(operation, text string, times *int32) devapi.Fault {
		made, err := s.CreateFaultWithResponse(t.Context(),
			devapi.CreateFaultRequest{Operation: operation, Fault: text, Times: times})
		require.NoError(t, err)
		contracttest.Body(t, made, made.JSON201)
		require.Equal(t, "/dev/v1/faults/"+contracttest.Body(t, made, made.JSON201).ID.String(),
			made.HTTPResponse.Header.Get("Location"))
		return *contracttest.Body(t, made, made.JSON201)
	}
	status := func(path string) int {
		answer, _, err := s.ask(http.MethodGet, path)
		require.NoError(t, err)
		return answer.StatusCode
	}
	rules := func() []devapi.Fault {
		got, err := s.GetFaultsWithResponse(t.Context())
		require.NoError(t, err)
		return contracttest.Body(t, got, got.JSON200).Rules
	}
	twice := int32(2)
	first := rule("listProducts", "problem=timeout", &twice)
	rule("listProducts", "problem=rate_limited", nil)
	require.Equal(t, http.StatusServiceUnavailable, status("/api/v1/products"))
	require.Equal(t, int32(1), *rules()[0].TimesLeft)
	require.Equal(t, 299, status("/api/v1/products/"+anID), "another operation")
	require.Equal(t, http.StatusServiceUnavailable, status("/api/v1/products"))
	require.Len(t, rules(), 1)
	require.Equal(t, http.StatusTooManyRequests, status("/api/v1/products"))

	gone, err := s.DeleteFaultWithResponse(t.Context(), first.ID)
	require.NoError(t, err)
	require.Equal(t, devapi.ProblemCodeFaultNotFound, contracttest.Body(t, gone, gone.ApplicationProblemJSON404).Code)
	left, err := s.DeleteFaultWithResponse(t.Context(), rules()[0].ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, left.StatusCode())
	require.Equal(t, 299, status("/api/v1/products"))

	rule("getProduct", "drop", nil)
	all, err := s.DeleteFaultsWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, all.StatusCode())
	require.Equal(t, 299, status("/api/v1/products/"+anID))
}

func TestClock(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	past, err := s.SetClockWithResponse(t.Context(), devapi.SetClockRequest{Now: time.Now().Add(-time.Hour)})
	require.NoError(t, err)
	require.Equal(t, "#/now", contracttest.Body(t, past, past.ApplicationProblemJSON422).Errors[0].Pointer)

	at := time.Now().Add(1000 * time.Hour).UTC().Truncate(time.Second)
	fixed, err := s.SetClockWithResponse(t.Context(), devapi.SetClockRequest{Now: at})
	require.NoError(t, err)
	require.Equal(t, devapi.Clock{Now: at, Fixed: true}, *contracttest.Body(t, fixed, fixed.JSON200))
	require.Equal(t, at, s.clock.Now().UTC())
	moved, err := s.AdjustClockWithResponse(t.Context(), devapi.AdvanceClockRequest{Seconds: 90})
	require.NoError(t, err)
	require.Equal(t, devapi.Clock{Now: at.Add(90 * time.Second), Fixed: true}, *contracttest.Body(t, moved, moved.JSON200))

	released, err := s.ResetClockWithResponse(t.Context())
	require.NoError(t, err)
	require.False(t, contracttest.Body(t, released, released.JSON200).Fixed)
	require.True(t, s.clock.Now().Before(at))
	moved, err = s.AdjustClockWithResponse(t.Context(), devapi.AdvanceClockRequest{Seconds: 315360000})
	require.NoError(t, err)
	require.False(t, contracttest.Body(t, moved, moved.JSON200).Fixed)
	require.True(t, s.clock.Now().After(at))
	far, err := s.SetClockWithResponse(t.Context(),
		devapi.SetClockRequest{Now: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	require.Equal(t, "#/now", contracttest.Body(t, far, far.ApplicationProblemJSON422).Errors[0].Pointer)

	reset, err := s.ResetDataWithResponse(t.Context())
	require.NoError(t, err)
	contracttest.Body(t, reset, reset.JSON200)
	require.Equal(t, 1, s.resets)
	require.True(t, s.clock.Now().Before(at))
}

// A persona logs in through the same operation as everybody, and its refusals are passed on.
func TestPersonas(t *testing.T) {
	t.Parallel()
	answers := map[int]string{
		http.StatusOK:                  `{"access_token":"a","token_type":"Bearer","expires_in":300}`,
		http.StatusTooManyRequests:     `{}`,
		http.StatusForbidden:           `{}`,
		http.StatusInternalServerError: `{}`,
	}
	next := http.StatusOK
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		var sent usersapi.StartSessionRequest
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || sent.Email != "customer@plumbline.test" ||
			sent.Password != password || r.Header.Get("X-Forwarded-For") != "127.0.0.1" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		if sent.Cookie != nil && *sent.Cookie {
			w.Header().Set("Set-Cookie", "refresh=1")
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(next)
		_, _ = io.WriteString(w, answers[next])
	})
	logIn := func(name string, cookie bool) *devapi.StartPersonaSessionResponse {
		got, err := s.StartPersonaSessionWithResponse(t.Context(), name, devapi.StartPersonaSessionRequest{Cookie: &cookie})
		require.NoError(t, err)
		return got
	}
	listed, err := s.GetPersonasWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, []devapi.Persona{{Name: "customer", Email: "customer@plumbline.test", Role: "customer"}},
		contracttest.Body(t, listed, listed.JSON200).Personas)
	got := logIn("customer", false)
	require.Equal(t, "a", contracttest.Body(t, got, got.JSON200).AccessToken)
	require.Empty(t, got.HTTPResponse.Header["Set-Cookie"])
	require.Equal(t, "refresh=1", logIn("customer", true).HTTPResponse.Header.Get("Set-Cookie"))
	nobody := logIn("nobody", false)
	require.Equal(t, devapi.ProblemCodePersonaNotFound,
		contracttest.Body(t, nobody, nobody.ApplicationProblemJSON404).Code)
	next = http.StatusTooManyRequests
	limited := logIn("customer", false)
	require.Equal(t, devapi.ProblemCodeRateLimited, contracttest.Body(t, limited, limited.ApplicationProblemJSON429).Code)
	require.Equal(t, "7", limited.HTTPResponse.Header.Get("Retry-After"))
	next = http.StatusForbidden
	disabled := logIn("customer", false)
	require.Equal(t, devapi.ProblemCodePersonaDisabled,
		contracttest.Body(t, disabled, disabled.ApplicationProblemJSON403).Code)
	next = http.StatusInternalServerError
	broken := logIn("customer", false)
	require.Equal(t, devapi.ProblemCodeUnavailable, contracttest.Body(t, broken, broken.ApplicationProblemJSON503).Code)
}

// A page of a foreign origin changes nothing, whatever request a browser lets it send.
func TestPagesFromElsewhereChangeNothing(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	for origin, want := range map[string]int{
		"https://example.com": http.StatusForbidden, "null": http.StatusForbidden,
		"http://localhost.example.com": http.StatusForbidden,
		"http://localhost:5173":        http.StatusOK, "http://127.0.0.1:5173": http.StatusOK, "": http.StatusOK,
		s.url:                  http.StatusOK,
		"http://box.test:5173": http.StatusOK, "http://box.test.evil.test": http.StatusForbidden,
	} {
		answer, body, err := s.ask(http.MethodPost, "/dev/v1/reset", "Origin", origin)
		require.NoError(t, err)
		require.Equal(t, want, answer.StatusCode, "%s: %s", origin, body)
		if want == http.StatusForbidden {
			require.Contains(t, string(body), "Pages that change something here must be of this machine", origin)
		}
	}
	require.Equal(t, 5, s.resets)
}

// No operation requires a token: tests of front ends have none, and the address is local.
func TestNoOperationNeedsAToken(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	spec, err := devapi.GetSpec()
	require.NoError(t, err)
	document, err := contract.Load("dev", spec)
	require.NoError(t, err)
	require.Greater(t, len(document.Operations), 10)
	for _, o := range document.Operations {
		require.True(t, o.Policy.Access.Public, o.ID)
		for _, headers := range [][]string{nil, {"Authorization", "Bearer nothing"}} {
			answer, body, err := s.ask(o.Method, pathParameter.ReplaceAllString(o.Pattern, anID), headers...)
			require.NoError(t, err)
			require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, answer.StatusCode, "%s: %s", o.ID, body)
		}
	}
}

// The document and the code have the same problem codes.
func TestCodes(t *testing.T) {
	t.Parallel()
	spec, err := devapi.GetSpec()
	require.NoError(t, err)
	document, err := contract.Load("dev", spec)
	require.NoError(t, err)
	var known []string
	for _, f := range append(contract.Faults(document), faults()...) {
		known = append(known, f.Code)
	}
	require.ElementsMatch(t, document.Codes, known)
}

// TestPortal follows the links of the portal to every problem and every document.
func TestPortal(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	show := func(path string) string {
		answer, body, err := s.ask(http.MethodGet, path)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
		require.Contains(t, answer.Header.Get("Content-Security-Policy"), "default-src 'none'", path)
		head, _, err := s.ask(http.MethodHead, path)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, head.StatusCode, "HEAD "+path)
		return string(body)
	}
	portal := show("/")
	for _, want := range []string{"npm install " + s.url + "/clients/typescript-0123.tgz", "/docs?persona=customer",
		"Nobody answers at", "Changelog"} {
		require.Contains(t, portal, want)
	}
	require.Contains(t, show("/docs"), "/docs/personas.js")
	require.Contains(t, show("/docs/personas.js"), "/dev/v1/personas")
	for _, path := range append(linkPages(), "/dev/mails", "/dev/link.js") {
		show(path)
	}
	for _, described := range s.services {
		require.Contains(t, portal, "/openapi/"+described.Document.Name+".yaml")
		for _, code := range described.Document.Codes {
			require.Contains(t, portal, `href="/problems/`+code+`"`)
			show("/problems/" + code)
		}
		for _, o := range described.Document.Operations {
			for _, p := range o.Problems {
				require.Contains(t, show("/problems/"+p.Code), "/"+o.ID+`">`+o.ID+"</a>", p.Code)
			}
		}
	}
	answer, _, err := s.ask(http.MethodGet, "/problems/nothing")
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
}

// A persona with a second factor is logged in with its code; while no code is usable, the answer says how long to wait.
func TestPersonaWithASecondFactor(t *testing.T) {
	t.Parallel()
	code := "123456"
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		var sent usersapi.AnswerChallengeRequest
		_ = json.NewDecoder(r.Body).Decode(&sent)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case r.URL.Path == "/api/v1/login":
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"challenge":"c","expires_in":300,"methods":["totp"]}`)
		case sent.Challenge == "c" && sent.Totp != nil && *sent.Totp == code:
			_, _ = io.WriteString(w, `{"access_token":"a","token_type":"Bearer","expires_in":300}`)
		default:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":"invalid_code"}`)
		}
	})
	logIn := func() *devapi.StartPersonaSessionResponse {
		got, err := s.StartPersonaSessionWithResponse(t.Context(), "customer", devapi.StartPersonaSessionRequest{})
		require.NoError(t, err)
		return got
	}
	told := func() *devapi.GetPersonaSecondFactorResponse {
		got, err := s.GetPersonaSecondFactorWithResponse(t.Context(), "customer")
		require.NoError(t, err)
		return got
	}
	none := told()
	require.Equal(t, devapi.ProblemCodePersonaNotFound, contracttest.Body(t, none, none.ApplicationProblemJSON404).Code)
	s.codes = Codes{TOTP: code, ExpiresIn: 1500 * time.Millisecond, Recovery: []string{"AAAA-BBBB-CCCC-DDDD"}}
	some := told()
	require.Equal(t, devapi.PersonaSecondFactor{Totp: code, ExpiresIn: 2, RecoveryCodes: s.codes.Recovery},
		*contracttest.Body(t, some, some.JSON200))
	in := logIn()
	require.Equal(t, "a", contracttest.Body(t, in, in.JSON200).AccessToken)
	s.codes.UsableIn = 7 * time.Second
	require.Equal(t, "7", logIn().HTTPResponse.Header.Get("Retry-After"))
	s.codes.UsableIn, code = 0, "654321"
	require.Equal(t, http.StatusTooManyRequests, logIn().StatusCode(), "somebody has used it")
}
