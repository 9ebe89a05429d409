package webhook

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Flaw is the part of a URL that prevents sending to it, as a word that callers may see.
type Flaw string

// Error implements error.
func (f Flaw) Error() string { return "webhook: the URL cannot be sent to because of its " + string(f) }

// The flaws.
const (
	FlawForm     Flaw = "form"     // not an absolute URL
	FlawScheme   Flaw = "scheme"   // not https
	FlawUser     Flaw = "user"     // a user or a password
	FlawHost     Flaw = "host"     // neither a public name nor an address
	FlawAddress  Flaw = "address"  // a private or special address
	FlawPort     Flaw = "port"     // not between 1 and 65535
	FlawFragment Flaw = "fragment" // a fragment, which is never sent
)

// ValidateURL checks a URL without using the network; it does not check the length. It returns a Flaw, or nil.
// allowPrivate, for development, also allows http and private hosts.
func ValidateURL(text string, allowPrivate bool) error {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Host == "" {
		return FlawForm
	}
	port, portErr := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !allowPrivate):
		return FlawScheme
	case u.User != nil:
		return FlawUser
	case strings.Contains(text, "#"):
		return FlawFragment
	case strings.HasSuffix(u.Host, ":") || u.Port() != "" && (portErr != nil || port == 0):
		return FlawPort
	}
	return validateHost(strings.TrimSuffix(u.Hostname(), "."), allowPrivate)
}

func validateHost(host string, allowPrivate bool) error {
	if address, err := netip.ParseAddr(host); err == nil {
		if !allowPrivate && !isPublic(address) {
			return FlawAddress
		}
		return nil
	}
	if len(host) > 253 {
		return FlawHost
	}
	labels := strings.Split(strings.ToLower(host), ".")
	for _, label := range labels {
		if !isLabel(label) {
			return FlawHost
		}
	}
	last := labels[len(labels)-1]
	switch {
	case endsInNumber(last):
		return FlawHost // Some resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses.
	case !allowPrivate && (len(labels) == 1 || isPrivateName(last, labels[len(labels)-2])):
		return FlawHost
	default:
		return nil
	}
}

// isLabel reports whether s is a label of a host name (RFC 1123, section 2.1); names in other scripts arrive as xn--.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// endsInNumber reports whether the last label makes a host an IPv4 address, by the rule of the URL standard.
func endsInNumber(last string) bool {
	if hex, is := strings.CutPrefix(last, "0x"); is {
		return !strings.ContainsFunc(hex, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
	}
	return !strings.ContainsFunc(last, func(r rune) bool { return r < '0' || r > '9' })
}

// isPrivateName reports whether no public name ends in these labels (RFC 6761, RFC 6762, RFC 8375, RFC 9476, and ICANN
// for internal).
func isPrivateName(last, before string) bool {
	switch last {
	case "localhost", "local", "internal", "alt", "onion", "test", "invalid", "example":
		return true
	case "arpa":
		return before == "home"
	default:
		return false
	}
}

// special lists the ranges of unicast addresses that are not public. Source: IANA's registries of special-purpose
// addresses (RFC 6890).
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // the services of a large cloud, within it
	"2001::/23",        // protocol assignments, Teredo, benchmarks and ORCHIDs among them
	"2001:db8::/32", "3fff::/20",
	"2002::/16", // 6to4, which may hold any IPv4 address
)

var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	nat64         = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// isPublic reports whether an address is on the public internet.
func isPublic(address netip.Addr) bool {
	address = address.Unmap() // ::ffff:127.0.0.1 is 127.0.0.1
	if nat64.Contains(address) {
		// In a network without IPv4, public IPv4 addresses have this form (RFC 6052).
		b := address.As16()
		address = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !address.IsValid() || address.Is6() && !globalUnicast.Contains(address) {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}
