package hosts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/hosts"
)

func TestWhoReachesAnAddress(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]struct{ loopback, private, inside, everywhere bool }{
		"127.0.0.1:8080":          {loopback: true, inside: true},
		"127.8.9.10":              {loopback: true, inside: true},
		"[::1]:8080":              {loopback: true, inside: true},
		"[::1]":                   {loopback: true, inside: true},
		"::ffff:127.0.0.1":        {loopback: true, inside: true},
		"localhost:1":             {loopback: true, inside: true},
		"LOCALHOST.":              {loopback: true, inside: true},
		"shop.localhost":          {loopback: true, inside: true},
		"10.1.2.3:80":             {private: true, inside: true},
		"192.168.0.1":             {private: true, inside: true},
		"[fd00::1]:80":            {private: true, inside: true},
		"169.254.1.1":             {private: true, inside: true},
		"users:8080":              {inside: true},
		"users.shop.svc":          {inside: true},
		"box.local":               {inside: true},
		"db.eu.internal:5432":     {inside: true},
		"printer.home.arpa":       {inside: true},
		"users.example.com":       {},
		"localhost.example.com":   {},
		"notlocalhost":            {inside: true},
		"127.0.0.1.example.com":   {},
		"203.0.113.9:443":         {},
		"[2001:db8::1]:443":       {},
		"0.0.0.0:8080":            {everywhere: true},
		"[::]:8080":               {everywhere: true},
		"[::ffff:0.0.0.0]:8080":   {everywhere: true},
		":8080":                   {everywhere: true},
		"users.example.local.com": {},
	} {
		require.Equal(t, want.loopback, hosts.IsLoopback(addr), addr)
		require.Equal(t, want.private, hosts.IsPrivate(addr), addr)
		require.Equal(t, want.inside, hosts.IsInside(addr), addr)
		require.Equal(t, want.everywhere, hosts.IsEverywhere(addr), addr)
	}
}

func TestOddIPv4(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.1", "127.1:80", "2130706433", "0x7f000001", "0X7F.1", "127.0.0.0x1", "127.0.0.01",
		"127.0.0.256", "1.2.3.4.5", "shop.7.", "0x"} {
		require.True(t, hosts.IsOddIPv4(addr), addr)
	}
	for _, addr := range []string{"127.0.0.1", "127.0.0.1.:80", "[::1]:80", "::1", "2001:db8::7", "7.shop.example",
		"shop7", "0xfeed.beef", "", ":80"} {
		require.False(t, hosts.IsOddIPv4(addr), addr)
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	allowed := hosts.Allowed{"Box.example.test", "192.168.0.7", ""}
	for _, host := range []string{"localhost:8080", "127.0.0.1", "[::1]:8080", "box.example.test",
		"box.example.test.:8080", "192.168.0.7:8080"} {
		require.True(t, allowed.Allow(host), host)
	}
	for _, host := range []string{"", ":8080", "evil.test:8080", "evil.test", "box.example.test.evil.test", "192.168.0.8",
		"0.0.0.0:8080", "localhost.evil.test"} {
		require.False(t, allowed.Allow(host), host)
	}
}
