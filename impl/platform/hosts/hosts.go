// Package hosts tells what an address, or the name of a host, says about who reaches it.
//
// It promises to ask nobody: a name that only a resolver could tell about counts as anybody's.
package hosts

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Of gives the host of an address, a host or host:port, in lower case and without the brackets of IPv6 or a last dot.
func Of(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(addr, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// IsLoopback tells whether an address is of this machine only: one of 127.0.0.0/8, ::1, or localhost and what is below
// it (RFC 6761, 6.3).
func IsLoopback(addr string) bool {
	host := Of(addr)
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// IsPrivate tells whether an address is one of a private network (RFC 1918, RFC 4193) or of a link.
func IsPrivate(addr string) bool {
	ip, err := netip.ParseAddr(Of(addr))
	return err == nil && (ip.Unmap().IsPrivate() || ip.Unmap().IsLinkLocalUnicast())
}

// IsInside tells whether an address is within a network of one's own: it is loopback or private, or a name of one word,
// as of a container, or a name that no public resolver knows (RFC 6762, RFC 8375, .internal, and .svc of Kubernetes).
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

// IsEverywhere tells whether a listener on an address takes connections from all networks of the machine.
func IsEverywhere(addr string) bool {
	host := Of(addr)
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.Unmap().IsUnspecified()
}

// IsOddIPv4 tells whether a host is an IPv4 address to browsers and libraries of C, as its last part is a number,
// decimal or hexadecimal, but is not written in four decimal parts: 127.1, 2130706433 and 0x7f.0.0.1 are all 127.0.0.1
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

// Allowed are the names by which a server lets itself be called, besides those of this machine.
type Allowed []string

// Allow tells whether the Host of a request (RFC 9110, 7.2) is one of them. A page whose name leads here only since it
// was loaded, by DNS rebinding, asks with its own.
func (a Allowed) Allow(host string) bool {
	return IsLoopback(host) ||
		slices.ContainsFunc(a, func(name string) bool { return Of(name) == Of(host) && Of(name) != "" })
}
