// Package hosts classifies addresses and host names by who can reach them.
//
// It promises not to resolve names: a name that only a resolver could classify counts as public.
package hosts

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Of returns the host of an address (a host or host:port) in lower case, without the brackets of IPv6 and without a
// final dot.
func Of(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(addr, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// IsLoopback reports whether an address belongs to this machine only: 127.0.0.0/8, ::1, localhost and names below it
// (RFC 6761, section 6.3).
func IsLoopback(addr string) bool {
	host := Of(addr)
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// IsPrivate reports whether an address belongs to a private network (RFC 1918, RFC 4193) or is link-local.
func IsPrivate(addr string) bool {
	ip, err := netip.ParseAddr(Of(addr))
	return err == nil && (ip.Unmap().IsPrivate() || ip.Unmap().IsLinkLocalUnicast())
}

// IsInside reports whether an address is within the operator's own network: loopback, private, a name of one label,
// such as a container's, or a name that no public resolver knows (RFC 6762, RFC 8375, .internal, and .svc of
// Kubernetes).
func IsInside(addr string) bool {
	host := Of(addr)
	if IsLoopback(host) || IsPrivate(host) {
		return true
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return false
	}
	last := host[strings.LastIndex(host, ".")+1:]
	return last == host || slices.Contains([]string{"local", "internal", "svc"}, last) ||
		strings.HasSuffix(host, ".home.arpa")
}

// IsEverywhere reports whether a listener on an address accepts connections from all networks of the machine.
func IsEverywhere(addr string) bool {
	host := Of(addr)
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.Unmap().IsUnspecified()
}

// IsOddIPv4 reports whether browsers and C libraries read a host as an IPv4 address although it is not written in four
// decimal parts: its last label is a decimal or hexadecimal number. 127.1, 2130706433 and 0x7f.0.0.1 are all 127.0.0.1
// to them. Source: https://url.spec.whatwg.org/#ends-in-a-number-checker
func IsOddIPv4(addr string) bool {
	host := Of(addr)
	last := host[strings.LastIndex(host, ".")+1:]
	digits, hexadecimal := strings.CutPrefix(last, "0x")
	if hexadecimal && strings.Trim(digits, "0123456789abcdef") != "" || !hexadecimal &&
		(last == "" || strings.Trim(last, "0123456789") != "") {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err != nil
}

// Allowed are the host names that a server accepts, besides those of this machine.
type Allowed []string

// Allow reports whether the Host of a request (RFC 9110, section 7.2) is accepted. After DNS rebinding, a foreign page
// sends the name of its own site.
func (a Allowed) Allow(host string) bool {
	return IsLoopback(host) ||
		slices.ContainsFunc(a, func(name string) bool { return Of(name) == Of(host) && Of(name) != "" })
}
