package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"example.com/plumbline/impl/platform/telemetry"
)

// remoteAddress gives the address of the peer that opened the connection.
func remoteAddress(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

// callerAddress gives the address of a request's caller: going back from the peer along X-Forwarded-For, the first that
// is not of a trusted proxy. Where all are trusted, as between services on one machine, it is the first entry. An
// X-Forwarded-For with an unparsable entry on that way yields no address.
func (c *Chain) callerAddress(r *http.Request, peer netip.Addr) netip.Addr {
	if len(c.proxies) == 0 {
		c.warnUnproxied(r, peer)
	}
	caller := peer
	if !c.trusts(caller) {
		return caller
	}
	// The field has no quoted strings: a quote that a stranger sends must not hide the entries that proxies append.
	for _, entry := range slices.Backward(strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")) {
		if entry = strings.Trim(entry, " \t"); entry == "" {
			continue
		}
		var readable bool
		if caller, readable = parseForwarded(entry); !readable {
			return netip.Addr{}
		}
		if !c.trusts(caller) {
			break
		}
	}
	return caller
}

// warnUnproxied warns, once, of a request that seems to come through a proxy where none is trusted: nothing else shows
// that all callers behind that proxy share one address.
func (c *Chain) warnUnproxied(r *http.Request, peer netip.Addr) {
	if len(r.Header["X-Forwarded-For"]) == 0 {
		return
	}
	c.unproxied.Do(func() {
		c.log.LogAttrs(r.Context(), slog.LevelWarn, "a setting to look at", slog.String("setting", "trusted_proxies"),
			slog.String("follows", "a request that names another address came from "+peer.String()+
				", which is taken for the caller: if that is a proxy of yours, limits by address hold for all callers "+
				"behind it together"),
			slog.String("set", "the networks of your proxies, and nothing if this is none"))
	})
}

// parseForwarded reads an entry of X-Forwarded-For. Some proxies append the port, and put an IPv6 address in brackets
// then, as in the Forwarded field (RFC 7239, section 6).
func parseForwarded(entry string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]"))
	if err != nil {
		var with netip.AddrPort
		with, err = netip.ParseAddrPort(entry)
		address = with.Addr()
	}
	return address.Unmap().WithZone(""), err == nil
}

// CheckProxies refuses malformed networks of the setting trusted_proxies. The error names each.
func CheckProxies(trusted []string) error {
	_, err := parseProxies(trusted)
	return err
}

// parseProxies reads networks in CIDR form. The error names every malformed one.
func parseProxies(trusted []string) (proxies []netip.Prefix, err error) {
	var errs []error
	for _, text := range trusted {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("trusted proxy %q: write a network such as 10.0.0.0/8", text))
		}
		proxies = append(proxies, prefix)
	}
	return proxies, errors.Join(errs...)
}

// trusts tells whether an address is that of a trusted proxy.
func (c *Chain) trusts(address netip.Addr) bool { return within(c.proxies, address) }

// within tells whether one of the networks contains an address.
func within(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(address) })
}

// network is what counts as one caller: an IPv4 address, or the /64 network that one IPv6 customer gets.
func network(address netip.Addr) netip.Prefix {
	address = address.Unmap()
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // Callers without an address share one limit.
	}
	return prefix
}

// site is the largest network that counts as one caller: an IPv4 address, or the /48 around an IPv6 network, which many
// providers assign to one customer.
func site(address netip.Addr) netip.Prefix {
	if p := network(address); p.Addr().Is6() {
		return netip.PrefixFrom(p.Addr(), 48).Masked()
	}
	return network(address)
}

// requestIDHeader is written in the canonical form of package http, which saves canonicalising it for every request.
const requestIDHeader = "X-Request-Id"

// identify gives a request its id. A trusted proxy chooses it; the id that anybody else sends is kept beside it. An id
// that is malformed or sent twice is ignored.
func identify(scope *telemetry.RequestScope, h http.Header, trusted bool) {
	sent := only(h[requestIDHeader])
	switch {
	case !telemetry.ValidRequestID(sent):
	case trusted:
		scope.RequestID = sent
	default:
		scope.ClientRequestID = sent
	}
	if scope.RequestID == "" {
		scope.RequestID = telemetry.NewRequestID()
	}
}

// only gives the value of a field that is no list; "" where it is absent or sent twice.
func only(lines []string) string {
	if len(lines) != 1 {
		return ""
	}
	return lines[0]
}
