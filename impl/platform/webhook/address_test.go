package webhook_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/impl/platform/webhook"
)

func TestWhichAddressesArePublic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "93.184.216.34": true, "223.255.255.255": true,
		"9.255.255.255": true, "11.0.0.0": true, "100.63.255.255": true, "100.128.0.0": true, "172.15.255.255": true,
		"172.32.0.0":      true,
		"192.167.255.255": true, "192.169.0.0": true, "198.17.255.255": true, "198.20.0.0": true,
		"2606:4700:4700::1111": true, "2a00:1450:4001::1": true, "2001:4860:4860::8888": true,

		"0.0.0.0": false, "0.1.2.3": false,
		"10.0.0.0": false, "10.255.255.255": false, "172.16.0.0": false, "172.31.255.255": false,
		"192.168.0.0": false, "192.168.255.255": false,
		"100.64.0.0": false, "100.127.255.255": false, "100.100.100.200": false,
		"127.0.0.1": false, "127.1.2.3": false, "127.255.255.255": false,
		"169.254.0.1": false, "169.254.169.254": false, "168.63.129.16": false,
		"192.0.0.1": false, "192.0.0.192": false, "192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"192.88.99.1": false,
		"198.18.0.0":  false, "198.19.255.255": false,
		"224.0.0.1": false, "239.255.255.250": false, "240.0.0.1": false, "255.255.255.255": false,

		"::": false, "::1": false, "::2": false, "::127.0.0.1": false, "::8.8.8.8": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::ffff:8.8.8.8": true,
		"64:ff9b::127.0.0.1": false, "64:ff9b::10.0.0.1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b::8.8.8.8": true,
		"64:ff9b:1::8.8.8.8": false, "64:ff9b::1:8.8.8.8": false,
		"2002:7f00:1::": false, "2002:a00:1::": false, "2002:808:808::": false,
		"2001::1": false, "2001:0:7f00:1::": false, "2001:2::1": false, "2001:10::1": false, "2001:20::1": false,
		"2001:1ff:ffff::1": false, "2001:200::1": true,
		"2001:db8::1": false, "3fff::1": false, "3fff:fff::1": false, "5f00::1": false,
		"fc00::1": false, "fd00:ec2::254": false, "fdff::1": false, "fe80::1": false, "febf::1": false, "fec0::1": false,
		"ff02::1": false, "ff0e::1": false, "100::1": false, "4000::1": false, "1fff::1": false,
		"fe80::1%eth0": false, "2606:4700:4700::1111%eth0": false,
	} {
		require.Equal(t, want, webhook.IsPublic(netip.MustParseAddr(text)), text)
	}
	require.False(t, webhook.IsPublic(netip.Addr{}))
}

// TestNoDisguiseMakesAnAddressPublic writes IPv4 addresses in every form that IPv6 has for them.
func TestNoDisguiseMakesAnAddressPublic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address"))
		plain := netip.AddrFrom4(b)
		public := webhook.IsPublic(plain)
		require.Equal(t, public, webhook.IsPublic(netip.AddrFrom16(plain.As16())), "mapped")
		for _, form := range []struct {
			prefix  string
			at      int
			allowed bool
		}{{"64:ff9b::", 12, public}, {"::", 12, false}, {"2002::", 2, false}, {"2001::", 4, false}} {
			a := netip.MustParseAddr(form.prefix).As16()
			copy(a[form.at:], b[:])
			require.Equal(t, form.allowed, webhook.IsPublic(netip.AddrFrom16(a)), netip.AddrFrom16(a))
		}
		if plain.IsPrivate() || plain.IsLoopback() || plain.IsMulticast() || plain.IsLinkLocalUnicast() {
			require.False(t, public)
		}
	})
}

func TestValidateURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]webhook.Flaw{
		"https://hooks.example.com/orders?key=1": "",
		"https://hooks.example.com":              "",
		"https://hooks.example.com.:8443/":       "",
		"HTTPS://Hooks.Example.COM/":             "",
		"https://xn--bcher-kva.example.com/":     "",
		"https://my_hook.example.com/":           "",
		"https://8.8.8.8/":                       "",
		"https://[2606:4700:4700::1111]/":        "",
		"https://home.arpanet.com/":              "",
		"https://0xcafe.example.com/":            "",
		"https://a.0xyz/":                        "",

		"":                                  webhook.FlawForm,
		"hooks.example.com":                 webhook.FlawForm,
		"/orders":                           webhook.FlawForm,
		"https:hooks.example.com":           webhook.FlawForm,
		"https:///orders":                   webhook.FlawForm,
		"https://hooks.example.com/%zz":     webhook.FlawForm,
		"https://hooks.example.com/\n":      webhook.FlawForm,
		"https://[::1/":                     webhook.FlawForm,
		"https://hooks.example.com:port/":   webhook.FlawForm,
		"//hooks.example.com/":              webhook.FlawScheme,
		"http://hooks.example.com/":         webhook.FlawScheme,
		"ftp://hooks.example.com/":          webhook.FlawScheme,
		"file://hooks.example.com/etc":      webhook.FlawScheme,
		"gopher://127.0.0.1/":               webhook.FlawScheme,
		"https://user@hooks.example.com/":   webhook.FlawUser,
		"https://:pw@hooks.example.com/":    webhook.FlawUser,
		"https://8.8.8.8@127.0.0.1/":        webhook.FlawUser,
		"https://hooks.example.com/#top":    webhook.FlawFragment,
		"https://hooks.example.com/#":       webhook.FlawFragment,
		"https://hooks.example.com:/":       webhook.FlawPort,
		"https://hooks.example.com:0/":      webhook.FlawPort,
		"https://hooks.example.com:65536/":  webhook.FlawPort,
		"https://localhost/":                webhook.FlawHost,
		"https://LOCALHOST./":               webhook.FlawHost,
		"https://api.localhost/":            webhook.FlawHost,
		"https://printer.local/":            webhook.FlawHost,
		"https://metadata.google.internal/": webhook.FlawHost,
		"https://router.home.arpa/":         webhook.FlawHost,
		"https://postgres/":                 webhook.FlawHost,
		"https://a.test/":                   webhook.FlawHost,
		"https://a..example.com/":           webhook.FlawHost,
		"https://-a.example.com/":           webhook.FlawHost,
		"https://a%2eexample.com/":          webhook.FlawForm,
		"https://bücher.example.com/":       webhook.FlawHost,
		"https://１２７.0.0.1/":                webhook.FlawHost,
		"https://127。0。0。1/":                webhook.FlawHost,
		"https://ⓛocalhost.com/":            webhook.FlawHost,
		"https://2130706433/":               webhook.FlawHost,
		"https://0x7f000001/":               webhook.FlawHost,
		"https://017700000001/":             webhook.FlawHost,
		"https://127.1/":                    webhook.FlawHost,
		"https://127.0.1/":                  webhook.FlawHost,
		"https://0177.0.0.1/":               webhook.FlawHost,
		"https://0x7f.0.0.1/":               webhook.FlawHost,
		"https://0x7F.1/":                   webhook.FlawHost,
		"https://127.0.0.0x1/":              webhook.FlawHost,
		"https://127.0.0.0x/":               webhook.FlawHost,
		"https://127.000.000.001/":          webhook.FlawHost,
		"https://127.0.0.256/":              webhook.FlawHost,
		"https://8.8.8.8.8/":                webhook.FlawHost,
		"https://127.0.0.1/":                webhook.FlawAddress,
		"https://127.0.0.1./":               webhook.FlawAddress,
		"https://0.0.0.0/":                  webhook.FlawAddress,
		"https://10.1.2.3/":                 webhook.FlawAddress,
		"https://169.254.169.254/latest":    webhook.FlawAddress,
		"https://[::1]/":                    webhook.FlawAddress,
		"https://[::]/":                     webhook.FlawAddress,
		"https://[::ffff:127.0.0.1]/":       webhook.FlawAddress,
		"https://[::ffff:7f00:1]/":          webhook.FlawAddress,
		"https://[0:0:0:0:0:ffff:7f00:1]/":  webhook.FlawAddress,
		"https://[64:ff9b::7f00:1]/":        webhook.FlawAddress,
		"https://[2002:7f00:1::]/":          webhook.FlawAddress,
		"https://[fe80::1%25eth0]/":         webhook.FlawAddress,
		"https://[fd00::1]/":                webhook.FlawAddress,

		"https://" + strings.Repeat("a", 64) + ".example.com/":             webhook.FlawHost,
		"https://" + strings.Repeat("a.", 126) + "com/":                    webhook.FlawHost,
		"https://hooks.example.com/" + strings.Repeat("a", 2048-26):        "",
		"https://hooks.example.com/?to=https://127.0.0.1/":                 "",
		"https://hooks.example.com\\@127.0.0.1/":                           webhook.FlawForm,
		"https://hooks.example.com%5C@127.0.0.1/":                          webhook.FlawUser,
		"https://hooks.example.com /":                                      webhook.FlawForm,
		"https://hooks.example.com/a b":                                    "",
		" https://hooks.example.com/":                                      webhook.FlawForm,
		"javascript:alert(1)":                                              webhook.FlawForm,
		"https://%6c%6f%63%61%6c%68%6f%73%74/":                             webhook.FlawForm,
		"https://127.0.0.1.nip.io/ is a name, and judged when it resolves": "",
	} {
		err := webhook.ValidateURL(text, false)
		if want == "" {
			require.NoError(t, err, text)
			continue
		}
		require.Equal(t, want, err, text)
		require.NotContains(t, err.Error(), "example")
	}
	for text, want := range map[string]error{
		"http://localhost:8080/":     nil,
		"http://127.0.0.1:8080/":     nil,
		"http://[::1]:8080/":         nil,
		"https://receiver/":          nil,
		"ftp://localhost/":           webhook.FlawScheme,
		"http://user@localhost/":     webhook.FlawUser,
		"http://2130706433/":         webhook.FlawHost,
		"http://local host/":         webhook.FlawForm,
		"http://localhost:8080/#top": webhook.FlawFragment,
	} {
		require.Equal(t, want, webhook.ValidateURL(text, true), text)
	}
}
