package webhook

import (
	"crypto/tls"
	"net"
	"net/netip"
)

// IsPublic says whether an address may be sent to.
func IsPublic(address netip.Addr) bool { return isPublic(address) }

// ResolveWith has names looked up by a resolver of the test's.
func (s *Sender) ResolveWith(r *net.Resolver) { s.dialer.Resolver = r }

// Trust has connections secured as a test says.
func (s *Sender) Trust(config *tls.Config) { s.transport.TLSClientConfig = config }

// HasProxy says whether a proxy would be asked for.
func (s *Sender) HasProxy() bool { return s.transport.Proxy != nil }
