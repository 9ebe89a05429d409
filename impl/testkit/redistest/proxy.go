package redistest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"example.com/plumbline/impl/platform/telemetry"
)

// Proxy is a connection to a server that a test makes worse.
type Proxy struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

// Through gives a proxy in front of a server until the test ends.
func Through(t testing.TB, s *Server) *Proxy {
	t.Helper()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &Proxy{t: t, proxy: toxiproxy.NewProxy(api, "redis", "127.0.0.1:0", s.Addr())}
	if err := p.proxy.Start(); err != nil {
		t.Fatalf("redistest: %v", err)
	}
	t.Cleanup(p.proxy.Stop)
	return p
}

// URL is that of the server through the proxy.
func (p *Proxy) URL() telemetry.Secret { return telemetry.NewSecret("redis://" + p.proxy.Listen) }

// Delay makes every answer come so much later.
func (p *Proxy) Delay(by time.Duration) {
	p.t.Helper()
	toxic := fmt.Sprintf(`{"name": "slow", "type": "latency", "attributes": {"latency": %d}}`, by.Milliseconds())
	if _, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		p.t.Fatalf("redistest: %v", err)
	}
}

// Swallow makes every answer vanish, while the connection stays.
func (p *Proxy) Swallow() {
	p.t.Helper()
	toxic := `{"name": "silent", "type": "timeout", "attributes": {"timeout": 0}}`
	if _, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		p.t.Fatalf("redistest: %v", err)
	}
}

// Cut ends all connections and refuses further ones, until Join.
func (p *Proxy) Cut() { p.proxy.Stop() }

// Join ends what Cut began.
func (p *Proxy) Join() {
	p.t.Helper()
	if err := p.proxy.Start(); err != nil {
		p.t.Fatalf("redistest: %v", err)
	}
}

// Heal ends what Delay and Swallow began.
func (p *Proxy) Heal() { p.proxy.Toxics.ResetToxics(context.Background()) }
