package format

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

var (
	errURIReference = errors.New("must be a URI or a relative reference without spaces")
	errHTTPSURL     = errors.New("must be an https address such as https://example.com/picture.png")
)

// The characters besides letters and digits that RFC 3986 allows in each part.
const (
	unreservedSymbols = "-._~"
	subDelims         = "!$&'()*+,;="
	regNameSymbols    = unreservedSymbols + subDelims
	userSymbols       = regNameSymbols + ":"
	segmentSymbols    = userSymbols + "@"
	pathSymbols       = segmentSymbols + "/"
	querySymbols      = pathSymbols + "?"
)

// uri holds the parts of a URI reference that httpsURL needs: RFC 3986, section 3.
type uri struct {
	scheme, host, port string
	hasUser            bool
}

func uriReference(s string) error {
	if _, ok := parseURI(s); !ok {
		return errURIReference
	}
	return nil
}

func httpsURL(s string) error {
	u, ok := parseURI(s)
	if !ok || !strings.EqualFold(u.scheme, "https") || u.hasUser || !realHost(u.host) || !realPort(u.port) {
		return errHTTPSURL
	}
	return nil
}

// parseURI reads a URI or a relative reference, RFC 3986, section 4.1.
func parseURI(s string) (u uri, ok bool) {
	rest, fragment, _ := strings.Cut(s, "#")
	rest, query, _ := strings.Cut(rest, "?")
	if !only(fragment, querySymbols) || !only(query, querySymbols) {
		return uri{}, false
	}
	// A colon in the first segment always ends a scheme.
	segment, _, _ := strings.Cut(rest, "/")
	if scheme, _, found := strings.Cut(segment, ":"); found {
		if !schemeName(scheme) {
			return uri{}, false
		}
		u.scheme, rest = scheme, rest[len(scheme)+1:]
	}
	if authority, found := strings.CutPrefix(rest, "//"); found {
		end := strings.IndexByte(authority, '/')
		if end < 0 {
			end = len(authority)
		}
		rest = authority[end:]
		if !u.parseAuthority(authority[:end]) {
			return uri{}, false
		}
	}
	return u, only(rest, pathSymbols)
}

// parseAuthority checks RFC 3986, section 3.2.
func (u *uri) parseAuthority(s string) bool {
	user, rest, found := strings.Cut(s, "@")
	if found {
		u.hasUser, s = true, rest
	} else {
		user = ""
	}
	u.host = s
	end := strings.LastIndexByte(s, ']') + 1 // the colons in an IP literal do not begin a port
	if colon := strings.IndexByte(s[end:], ':'); colon >= 0 {
		u.host, u.port = s[:end+colon], s[end+colon+1:]
	}
	return only(user, userSymbols) && strings.Trim(u.port, "0123456789") == "" &&
		(only(u.host, regNameSymbols) || ipLiteral(u.host))
}

// ipLiteral reports whether s is an IPv6 address without zone in brackets. It refuses the future versions of IP for
// which RFC 3986 has a form.
func ipLiteral(s string) bool {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return false
	}
	address, err := netip.ParseAddr(s[1 : len(s)-1])
	return err == nil && address.Is6() && address.Zone() == ""
}

// realHost reports whether s can be a host on a network, which a registered name of RFC 3986 need not be.
func realHost(s string) bool {
	if ipLiteral(s) || domainName(s) {
		return true
	}
	if !strings.Contains(s, ".") {
		return hostName(s)
	}
	address, err := netip.ParseAddr(s)
	return err == nil && address.Is4()
}

func realPort(s string) bool {
	if s == "" {
		return true
	}
	port, err := strconv.ParseUint(s, 10, 16)
	return err == nil && port > 0
}

func schemeName(s string) bool {
	for i := range len(s) {
		letter := 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || !alphanumeric(s[i]) && strings.IndexByte("+-.", s[i]) < 0) {
			return false
		}
	}
	return s != ""
}

// only reports whether s consists of letters, digits, the given symbols and percent-encoded bytes.
func only(s, symbols string) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case alphanumeric(s[i]):
		case s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) && hexDigit(s[i+2]):
			i += 2
		case strings.IndexByte(symbols, s[i]) >= 0:
		default:
			return false
		}
	}
	return true
}
