package httpapi

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"::1": "::/64", "fe80::1%eth0": "fe80::/64",
	} {
		require.Equal(t, want, network(netip.MustParseAddr(address)).String())
	}
	require.False(t, network(netip.Addr{}).IsValid())
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	proxies := []string{"10.0.0.0/8", "2001:db8:ffff::/48"}
	for name, c := range map[string]struct {
		proxies   []string
		remote    string
		forwarded []string
		want      string
	}{
		"no proxy, no header":        {nil, "192.0.2.1:1", nil, "192.0.2.1"},
		"no proxy, a header":         {nil, "192.0.2.1:1", []string{"203.0.113.9"}, "192.0.2.1"},
		"no proxy, a mapped address": {nil, "[::ffff:192.0.2.1]:1", nil, "192.0.2.1"},
		"from a proxy":               {proxies, "10.0.0.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		"from a proxy, IPv6": {proxies, "[2001:db8:ffff::1]:1", []string{"2001:db8::9"},
			"2001:db8::9"},
		"from a proxy, mapped": {proxies, "[::ffff:10.0.0.1]:1", []string{"203.0.113.9"},
			"203.0.113.9"},
		"from a chain of proxies": {proxies, "10.0.0.1:1", []string{"203.0.113.9, 10.1.1.1"},
			"203.0.113.9"},
		"from a stranger": {proxies, "192.0.2.1:1", []string{"203.0.113.9"}, "192.0.2.1"},
		"spoofed in front": {proxies, "10.0.0.1:1",
			[]string{"127.0.0.1, 198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		"spoofed in a header of its own": {proxies, "10.0.0.1:1", []string{"127.0.0.1", "203.0.113.9"},
			"203.0.113.9"},
		"spoofed as a proxy": {proxies, "10.0.0.1:1", []string{"10.9.9.9, 203.0.113.9"},
			"203.0.113.9"},
		"garbage where the client should stand": {proxies, "10.0.0.1:1", []string{"203.0.113.9, unknown"},
			"invalid IP"},
		"garbage further left": {proxies, "10.0.0.1:1", []string{"unknown, 203.0.113.9"},
			"203.0.113.9"},
		"from among the proxies": {proxies, "10.0.0.1:1", []string{"10.0.0.2"}, "10.0.0.2"},
		"from among the proxies, over others": {proxies, "10.0.0.1:1", []string{"::ffff:10.0.0.3,10.0.0.2"},
			"10.0.0.3"},
		"a proxy itself": {proxies, "[::ffff:10.0.0.1]:1", nil, "10.0.0.1"},
		"garbage among the proxies": {proxies, "10.0.0.1:1", []string{"10.0.0.3, unknown, 10.0.0.2"},
			"invalid IP"},
		"nobody":      {proxies, "", nil, "invalid IP"},
		"with a port": {proxies, "10.0.0.1:1", []string{"203.0.113.9:51234"}, "203.0.113.9"},
		"IPv6 with a port": {proxies, "10.0.0.1:1", []string{"[2001:db8::9]:443, 10.1.1.1:80"},
			"2001:db8::9"},
		"IPv6 in brackets": {proxies, "10.0.0.1:1", []string{"[2001:db8::9]"}, "2001:db8::9"},
		"with a zone":      {proxies, "10.0.0.1:1", []string{"fe80::9%eth0"}, "fe80::9"},
		"with gaps": {proxies, "10.0.0.1:1", []string{" , 203.0.113.9 ,, 10.1.1.1,", ""},
			"203.0.113.9"},
		"behind a quotation mark": {proxies, "10.0.0.1:1", []string{`", 203.0.113.9`}, "203.0.113.9"},
		"behind an entry with a quotation mark": {proxies, "10.0.0.1:1", []string{`1.2.3.4", 203.0.113.9`},
			"203.0.113.9"},
		"behind a backslash": {proxies, "10.0.0.1:1", []string{`"\`, "203.0.113.9"}, "203.0.113.9"},
		"with a name":        {proxies, "10.0.0.1:1", []string{"client.test"}, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got netip.Addr
			var agent string
			s := start(t, map[string]http.HandlerFunc{"getPublic": func(w http.ResponseWriter, r *http.Request) {
				got, agent = Client(r.Context())
				writeJSON(w, map[string]bool{"ok": true})
			}}, func(o *Options) { o.TrustedProxies = c.proxies })
			r := newRequest(t, http.MethodGet, "/public", nil, "User-Agent", "tests", "X-Real-Ip", "198.51.100.7",
				"True-Client-Ip", "198.51.100.7", "Forwarded", "for=198.51.100.7")
			r.RemoteAddr = c.remote
			r.Header["X-Forwarded-For"] = c.forwarded
			require.Equal(t, http.StatusOK, s.serve(r).Code)
			require.Equal(t, c.want, got.String())
			require.Equal(t, "tests", agent)
		})
	}
	address, _ := Client(t.Context())
	require.False(t, address.IsValid())
}

// Where no proxy is trusted, the first request that seems to come through one is warned of, and no other.
func TestAProxyThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxies   []string
		forwarded string
		want      int
	}{
		"none, and nothing forwarded": {nil, "", 0},
		"none, and a forwarded one":   {nil, "203.0.113.9", 1},
		"one, and a forwarded one":    {[]string{"10.0.0.0/8"}, "203.0.113.9", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, nil, func(o *Options) { o.TrustedProxies = c.proxies })
			for range 3 {
				r := newRequest(t, http.MethodGet, "/public", nil)
				r.RemoteAddr = "10.0.0.1:1"
				if c.forwarded != "" {
					r.Header.Set("X-Forwarded-For", c.forwarded)
				}
				s.serve(r)
			}
			warned := s.log.of(t, "a setting to look at")
			require.Len(t, warned, c.want)
			for _, line := range warned {
				require.Equal(t, "trusted_proxies", line["setting"])
				require.Contains(t, line["follows"], "10.0.0.1")
				require.NotContains(t, line["follows"], "203.0.113.9", "what a stranger sends is not in it")
			}
		})
	}
}
