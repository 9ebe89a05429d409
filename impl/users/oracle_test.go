package users

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
)

// rateCount are the figures of RateLimit.
var rateCount = regexp.MustCompile(`[0-9]+`)

// These tests measure what an answer, and its time, reveal of an account.

var (
	full = flag.Bool("full", false, "run the proofs with their full figures")
	// samples is set by `make oracle`. Without it only the answers are compared: times mean nothing while other tests run.
	samples = flag.Int("samples", 0,
		"how many times of answers to take of each class of accounts; none compares the answers alone")
)

const (
	// warmUp is how many samples of each class come before those that count.
	warmUp = 50
	// accountsPerClass is how many accounts of a class are used in turn.
	accountsPerClass = 25
	// leastSeen is how far an AUC must be from 0.5, the value of guessing, to count as a leak.
	leastSeen = 0.05
	// deviations is how many standard deviations of the AUC must lie between chance and a verdict.
	deviations = 4
)

// class is one of the states that answers must not tell apart. Its requests differ only in the account or token.
type class struct {
	name   string
	bodies []string
}

// question is an operation and the classes that it must not tell apart.
type question struct {
	name, path string
	classes    func() []class
}

// oracle is a service as a real caller meets it, with rate limits that are never reached.
func oracle(t *testing.T, params hashing.Params) *server {
	t.Helper()
	return start(t, func(o *options) {
		o.hashing.Params = params
		o.chain = func(c *httpapi.Options) {
			document := *c.Document
			document.Operations = slices.Clone(document.Operations)
			for i, op := range document.Operations {
				op := *op
				if op.Policy.RateLimit != nil {
					limit := *op.Policy.RateLimit
					limit.Requests = 100_000_000
					op.Policy.RateLimit = &limit
				}
				if op.Policy.Throttle != nil {
					throttle := *op.Policy.Throttle
					for _, f := range []**contract.Failures{
						&throttle.Network, &throttle.AccountAndNetwork, &throttle.Account, &throttle.Unfamiliar,
					} {
						if *f != nil {
							*f = &contract.Failures{Failures: 1_000_000, Window: (*f).Window}
						}
					}
					op.Policy.Throttle = &throttle
				}
				document.Operations[i] = &op
			}
			c.Document, c.RateLimits, c.Responses = &document, true, httpapi.ResponsesOff
			c.TrustedProxies = []string{"127.0.0.1/32"}
		}
	})
}

// questions gives the questions about logins, resets and the tokens of mails.
func (s *server) questions() []question {
	of := func(format string, values []string) (bodies []string) {
		for _, v := range values {
			bodies = append(bodies, fmt.Sprintf(format, v))
		}
		return bodies
	}
	accounts := func(format string) []class {
		var active, disabled, none []string
		for range accountsPerClass {
			m, d := s.member().user, s.member().user
			_, err := s.queries.SetUserStatus(s.t.Context(),
				usersdb.SetUserStatusParams{ID: d.ID, Status: usersdb.UserStatusDisabled, UpdatedAt: s.Clock.Now()})
			require.NoError(s.t, err)
			active, disabled = append(active, m.Email), append(disabled, d.Email)
			none = append(none, newID().String()+"@example.com")
		}
		return []class{
			{"an account", of(format, active)}, {"a disabled account", of(format, disabled)},
			{"no account", of(format, none)},
		}
	}
	tokens := func(state, purpose, other string) (found []string) {
		for range accountsPerClass {
			token := s.service.mailTokenOf(newID())
			switch state {
			case "expired":
				token = s.mailToken(s.member().user, purpose)
				_, err := s.Pool.Exec(s.t.Context(), "UPDATE email_tokens SET expires_at = created_at WHERE hash = $1",
					hashOf(token))
				require.NoError(s.t, err)
			case "of another purpose":
				token = s.mailToken(s.member().user, other)
			case "used":
				token = s.mailToken(s.member().user, mailVerify)
				require.Equal(s.t, http.StatusNoContent, s.confirm(token))
			}
			found = append(found, token)
		}
		return found
	}
	ofTokens := func(format, purpose, other string) (classes []class) {
		for _, state := range []string{"never issued", "expired", "of another purpose", "used"} {
			classes = append(classes, class{state, of(format, tokens(state, purpose, other))})
		}
		return classes
	}
	return []question{
		{"a wrong password", "/api/v1/login", func() []class { return accounts(`{"email":%q,"password":"wrong horse"}`) }},
		{"a reset", "/api/v1/password-reset", func() []class { return accounts(`{"email":%q}`) }},
		{"a token that verifies", "/api/v1/email-verification/confirm",
			func() []class { return ofTokens(`{"token":%q}`, mailVerify, mailReset) }},
		{"a token that resets", "/api/v1/password-reset/confirm", func() []class {
			return ofTokens(`{"token":%q,"new_password":"`+newPassword+`"}`, mailReset, mailVerify)
		}},
	}
}

// probe is one connection to a service.
type probe struct {
	connection net.Conn
	answers    *bufio.Reader
}

func (s *server) probe() *probe {
	s.t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = connection.Close() })
	return &probe{connection, bufio.NewReader(connection)}
}

// ask gives the answer, without what differs between any two requests, and the time from the last byte of the request
// to that of the answer.
func (p *probe) ask(t testing.TB, path, body string) (string, time.Duration) {
	t.Helper()
	request := fmt.Appendf(nil,
		"POST %s HTTP/1.1\r\nHost: users.test\r\nContent-Type: application/json\r\n"+
			"X-Request-Id: the-same-for-all\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
	began := time.Now()
	_, err := p.connection.Write(request)
	require.NoError(t, err)
	answer, err := http.ReadResponse(p.answers, nil)
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	took := time.Since(began)
	require.NoError(t, err)
	answer.Header.Del("Date")
	limits := answer.Header.Get("Ratelimit")
	// The remaining number depends on the requests before.
	answer.Header.Set("Ratelimit", strings.Join(rateCount.Split(limits, -1), "#"))
	return fmt.Sprint(answer.Status, answer.Header, string(text)), took
}

// measure samples every class, in a new random order each time, and gives the AUC of the worst pair of classes.
func (s *server) measure(t *testing.T, q question, classes []class) (worst float64) {
	t.Helper()
	p, warm := s.probe(), min(warmUp, *samples)
	var order []int
	for i := range classes {
		order = append(order, slices.Repeat([]int{i}, max(*samples+warm, accountsPerClass))...)
	}
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	took := make([][]time.Duration, len(classes))
	answers := map[string]bool{}
	for i, c := range order {
		bodies := classes[c].bodies
		answer, d := p.ask(t, q.path, bodies[i%len(bodies)])
		answers[answer] = true
		if i >= warm*len(classes) {
			took[c] = append(took[c], d)
		}
	}
	require.Len(t, answers, 1, "%s: the answers differ", q.name)
	worst = 0.5
	if *samples == 0 {
		return worst
	}
	for i := range took {
		for j := range i {
			value := auc(took[i], took[j])
			t.Logf("%s: AUC %.3f, %s (%v in the middle of %d) against %s (%v in the middle of %d)",
				q.name, value, classes[i].name, middle(took[i]), len(took[i]), classes[j].name, middle(took[j]), len(took[j]))
			if distance(value) > distance(worst) {
				worst = value
			}
		}
	}
	return worst
}

func distance(auc float64) float64 { return max(auc-0.5, 0.5-auc) }

func middle(d []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(d))[len(d)/2].Round(time.Microsecond)
}

// auc gives how often a sample of a takes longer than one of b, from the sum of ranks (Mann and Whitney). Outliers do
// not change it.
func auc(a, b []time.Duration) float64 {
	type sample struct {
		took time.Duration
		ofA  bool
	}
	var all []sample
	for _, d := range a {
		all = append(all, sample{d, true})
	}
	for _, d := range b {
		all = append(all, sample{d, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return cmp.Compare(x.took, y.took) })
	sum := 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].took == all[i].took {
			j++
		}
		for k := i; k < j; k++ {
			if all[k].ofA {
				sum += float64(i+j+1) / 2
			}
		}
		i = j
	}
	n, m := float64(len(a)), float64(len(b))
	return (sum - n*(n+1)/2) / (n * m)
}

func TestAUC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b []time.Duration
		want float64
	}{
		{[]time.Duration{1, 2, 3}, []time.Duration{1, 2, 3}, 0.5},
		{[]time.Duration{4, 5}, []time.Duration{1, 2, 3}, 1},
		{[]time.Duration{1}, []time.Duration{2, 3}, 0},
		{[]time.Duration{2}, []time.Duration{1, 2, 3, 9}, 0.375},
	} {
		require.InDelta(t, c.want, auc(c.a, c.b), 1e-9)
	}
}

// strays gives how far the AUC of two classes without a difference may be from 0.5; its variance is (n+m+1)/12nm (Mann
// and Whitney).
func strays(n int) float64 {
	if n == 0 {
		return leastSeen
	}
	return max(leastSeen, deviations*math.Sqrt(float64(2*n+1)/float64(12*n*n)))
}

// seen measures a question, and measures again when there seems to be a leak: other load of the machine may look like
// one.
func (s *server) seen(t *testing.T, q question) {
	t.Helper()
	classes := q.classes()
	worst := s.measure(t, q, classes)
	if distance(worst) > strays(*samples) {
		worst = s.measure(t, q, classes)
	}
	require.LessOrEqual(t, distance(worst), strays(*samples), "%s: AUC %.3f", q.name, worst)
}

// busy sends requests of other callers until the test ends.
func (s *server) busy() {
	ctx, stop := context.WithCancel(s.t.Context())
	var all sync.WaitGroup
	for range 4 {
		p, email := s.probe(), newID().String()+"@example.com"
		all.Go(func() {
			for ctx.Err() == nil {
				p.ask(s.t, "/api/v1/login", fmt.Sprintf(`{"email":%q,"password":"wrong horse"}`, email))
			}
		})
	}
	s.t.Cleanup(func() {
		stop()
		all.Wait()
	})
}

// visible is hashing that takes a good part of the time of a login, so that a missing hash would be seen.
var visible = hashing.Params{MemoryKiB: 1024, Iterations: 1, Parallelism: 1}

// TestNoOracle asks every question. With -samples it measures times as well, idle and under load, and those of logins
// also with the hashing of production; nothing else may run then.
func TestNoOracle(t *testing.T) {
	t.Parallel()
	s := oracle(t, visible)
	s.mailing()
	for _, q := range s.questions() {
		s.seen(t, q)
	}
	if *samples == 0 {
		return
	}
	s.busy()
	t.Log("under load")
	for _, q := range s.questions() {
		s.seen(t, q)
	}
	costly := oracle(t, hashing.DefaultParams())
	t.Log("with the hashing of production")
	costly.seen(t, costly.questions()[0])
}
