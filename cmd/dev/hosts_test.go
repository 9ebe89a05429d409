package main

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A page whose name leads here by DNS rebinding asks with that name: it reaches neither a password-less login nor what
// operators see. This machine's names and those that were given are served.
func TestOtherNamesReachNothing(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	r := p.start("PLUMBLINE_HOSTS=box.test, other.test").ready(t)
	ask := func(method, addr, path, host, origin string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, http.NoBody)
		require.NoError(t, err)
		request.Host = host
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode, string(body)
	}
	for _, host := range []string{"evil.test", "evil.test:8080", "127.0.0.1.evil.test", "203.0.113.9"} {
		for _, c := range []struct{ method, addr, path string }{
			{http.MethodPost, p.addr, "/dev/v1/personas/admin/login"},
			{http.MethodGet, p.addr, "/dev/v1/mails"},
			{http.MethodGet, p.addr, "/api/v1/products"},
			{http.MethodGet, p.addr, "/"},
			{http.MethodGet, p.opsAddr, "/healthz"},
			{http.MethodGet, p.opsAddr, "/debug/pprof/cmdline"},
		} {
			status, body := ask(c.method, c.addr, c.path, host, "http://"+host)
			require.Equal(t, http.StatusMisdirectedRequest, status, "%s %s: %s", host, c.path, body)
			var problem struct{ Code, Detail string }
			require.NoError(t, json.Unmarshal([]byte(body), &problem))
			require.Equal(t, "misdirected_request", problem.Code)
			require.Contains(t, problem.Detail, "PLUMBLINE_HOSTS")
		}
	}
	for _, host := range []string{p.addr, "localhost", "[::1]:8080", "box.test", "other.test:8080"} {
		status, body := ask(http.MethodPost, p.addr, "/dev/v1/personas/admin/login", host, "http://"+host)
		require.Equal(t, http.StatusOK, status, "%s: %s", host, body)
		status, _ = ask(http.MethodGet, p.opsAddr, "/healthz", host, "")
		require.Equal(t, http.StatusOK, status, host)
	}
	// A page from elsewhere that knows this machine's name changes nothing either.
	status, body := ask(http.MethodPost, p.addr, "/dev/v1/personas/admin/login", p.addr, "https://evil.test")
	require.Equal(t, http.StatusForbidden, status, body)
	require.Contains(t, body, "cross_origin_refused")
	status, _ = ask(http.MethodGet, p.addr, "/problems/misdirected_request", p.addr, "")
	require.Equal(t, http.StatusOK, status, "the problem's type leads somewhere")

	// The command that is printed, and shown, names the client by an address that never gives another.
	install := regexp.MustCompile(
		`npm install http://` + regexp.QuoteMeta(p.addr) + `(/clients/typescript-[0-9a-f]{16}\.tgz)\n`)
	printed := install.FindStringSubmatch(r.out.String())
	require.NotNil(t, printed, r.out)
	_, page := ask(http.MethodGet, p.addr, "/", p.addr, "")
	require.Contains(t, page, strings.TrimSpace(printed[0]))
	status, _ = ask(http.MethodGet, p.addr, printed[1], p.addr, "")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, r.out.String(), "WARNING", "nobody else reaches it")
	require.NotContains(t, r.out.String(), "a setting to look at")
}

// Whoever lets others reach the services is told what they can do, and where to look from this machine.
func TestServingOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		addr, opsAddr string
		warns         bool
		local         string
		allows        string
	}{
		{"127.0.0.1:8080", "127.0.0.1:9090", false, "127.0.0.1:8080", "localhost"},
		{"localhost:8080", "[::1]:9090", false, "localhost:8080", "localhost"},
		{"0.0.0.0:8080", "127.0.0.1:9090", true, "127.0.0.1:8080", "localhost"},
		{":8080", "127.0.0.1:9090", true, "127.0.0.1:8080", "localhost"},
		{"[::]:8080", "127.0.0.1:9090", true, "127.0.0.1:8080", "localhost"},
		{"192.168.0.7:8080", "127.0.0.1:9090", true, "192.168.0.7:8080", "192.168.0.7:8080"},
		{"127.0.0.1:8080", "0.0.0.0:9090", true, "127.0.0.1:8080", "localhost"},
		{"127.0.0.1:8080", "192.168.0.7:9090", true, "127.0.0.1:8080", "192.168.0.7:9090"},
	} {
		d, err := newDevelopment([]string{"PLUMBLINE_ADDR=" + c.addr, "PLUMBLINE_OPS_ADDR=" + c.opsAddr}, io.Discard)
		require.NoError(t, err)
		require.Equal(t, c.warns, strings.Contains(d.warning(), "without a password"), c)
		require.Equal(t, c.local, local(d.addr), c)
		require.True(t, d.hosts.Allow(c.allows), c)
		for _, host := range []string{"evil.test:8080", "", "0.0.0.0:8080"} {
			require.False(t, d.hosts.Allow(host), "%v: %s", c, host)
		}
	}
}
