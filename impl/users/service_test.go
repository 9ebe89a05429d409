package users

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/openapi"
)

func TestDocumentIsServed(t *testing.T) {
	t.Parallel()
	s := start(t)
	answer, body := s.do(http.MethodGet, "/openapi/users.yaml", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, string(openapi.Document("users")), body, "as it was written")
	answer, body = s.do(http.MethodGet, "/openapi/users.json", "")
	require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
	for _, op := range loadDocument(t).Operations {
		require.Contains(t, body, `"operationId":"`+op.ID+`"`)
	}
	again, _ := s.do(http.MethodGet, "/openapi/users.json", "", "If-None-Match", answer.Header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, again.StatusCode)
	answer, body = s.do(http.MethodGet, "/docs", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, answer.Header.Get("Content-Security-Policy"), "default-src 'none'")
	require.NotContains(t, body, "http", "nothing comes from elsewhere")
}

func TestNewRefusesWhatItCannotWorkWith(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, schema.Migrations, schema.Parts...)
	key := func(bytes int) telemetry.Secret {
		return telemetry.NewSecret(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", bytes))))
	}
	good := Config{
		Database: pool, Pool: pool, MasterKey: key(32), Issuer: "test", Audience: []string{"users"},
		Hashing: hashing.Config{Params: cheap},
	}
	_, err := newPrepared(t.Context(), good)
	require.NoError(t, err)
	for name, change := range map[string]func(*Config){
		"no master key":      func(c *Config) { c.MasterKey = telemetry.Secret{} },
		"a short master key": func(c *Config) { c.MasterKey = key(31) },
		"a long master key":  func(c *Config) { c.MasterKey = key(33) },
		"no base64":          func(c *Config) { c.MasterKey = telemetry.NewSecret(canary) },
		"another master key": func(c *Config) {
			c.MasterKey = telemetry.NewSecret(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("o", 32))))
		},
		"no issuer":    func(c *Config) { c.Issuer = "" },
		"weak hashing": func(c *Config) { c.Hashing.Params.MemoryKiB = 1 },
	} {
		c := good
		change(&c)
		_, err := newPrepared(t.Context(), c)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), canary, name)
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.signUp("ada@example.com")
	for range 3 {
		got, err := me.GetProfileWithResponse(t.Context())
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode())
	}
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, s.service.measure(registry))
	families, err := registry.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, label := range m.GetLabel() {
				if label.GetName() == "cache" {
					name += " " + label.GetValue()
				}
			}
			values[name] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	require.InDelta(t, 1, values["cache_misses_total tokens"], 0)
	require.InDelta(t, 2, values["cache_hits_total tokens"], 0)
	require.Contains(t, values, "cache_entries sessions")
	require.Contains(t, values, "cache_entries data_keys")
	require.Contains(t, values, "password_hashes_running")
	require.Contains(t, values, "password_hashes_waiting")
	require.Error(t, s.service.measure(registry), "twice is a mistake")
}

// TestShed turns load shedding on: requests within the capacity are served as before.
func TestShed(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *options) { o.chain = func(c *httpapi.Options) { c.Shed = true } })
	me := s.signUp("ada@example.com")
	for range 20 {
		got, err := me.GetProfileWithResponse(t.Context())
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode())
	}
}
