package contract

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// documentsFolder holds the documents and the JSON Schema of their extensions.
const documentsFolder = "../../../openapi"

// extensionsSchema is the JSON Schema of an operation's extensions, which the lint holds the documents against.
func extensionsSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(documentsFolder, "policy.schema.json"))
	require.NoError(t, err)
	return schema
}

// TestSchemaAndStartAcceptTheDocuments holds what is written against both.
func TestSchemaAndStartAcceptTheDocuments(t *testing.T) {
	t.Parallel()
	schema := extensionsSchema(t)
	files, err := filepath.Glob(filepath.Join(documentsFolder, "*.yaml"))
	require.NoError(t, err)
	operations := 0
	for _, file := range files {
		doc, err := openapi3.NewLoader().LoadFromFile(file)
		require.NoError(t, err)
		for path, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				operations++
				require.NoError(t, schema.Validate(plainJSON(t, op.Extensions)), "%s %s %s", file, method, path)
				_, err := parsePolicy(op.Extensions, op.Deprecated)
				require.NoError(t, err, "%s %s %s", file, method, path)
			}
		}
	}
	require.Greater(t, operations, 40)
}

// TestSchemaAndStartAgree plants what is wrong, and what is unusual and right: the JSON Schema and the start say the
// same of it.
func TestSchemaAndStartAgree(t *testing.T) {
	t.Parallel()
	schema := extensionsSchema(t)
	good := map[string]string{
		"x-access":     `{"roles": ["staff"], "owner": "orderId", "hidden_as": "order_not_found"}`,
		"x-timeout":    `{"limit": "2s", "slow": "250ms"}`,
		"x-priority":   `"normal"`,
		"x-rate-limit": `{"requests": 10, "window": "1m", "per": "address"}`,
		"x-throttle": `{"counts": ["wrong_password"], "network": {"failures": 100, "window": "1h"}, "of": ` +
			`"caller", "account_and_network": {"failures": 10, "window": "15m"}, "account": {"failures": 100, ` +
			`"window": "24h"}, "unfamiliar": {"failures": 3, "window": "24h"}}`,
		"x-audit":         `{"action": "order.cancel", "target": "orderId"}`,
		"x-idempotency":   `"required"`,
		"x-sunset":        `{"since": "2026-11-23", "date": "2027-11-30", "successor": "getOrderV2"}`,
		"x-not-extension": "",
	}
	for _, c := range []struct {
		extension, value string // "" takes it out
		valid            bool
	}{
		{"x-not-extension", "", true},
		{"x-not-extension", "1", false},

		{"x-access", "", false},
		{"x-access", `{}`, false},
		{"x-access", `{"public": true}`, true},
		{"x-access", `{"public": false}`, false},
		{"x-access", `{"public": "yes"}`, false},
		{"x-access", `{"public": true, "roles": ["staff"]}`, false},
		{"x-access", `{"public": true, "owner": "self"}`, false},
		{"x-access", `{"roles": []}`, false},
		{"x-access", `{"roles": "staff"}`, false},
		{"x-access", `{"roles": ["staff"]}`, true},
		{"x-access", `{"role": ["staff"]}`, false},
		{"x-access", `{"owner": "self"}`, true},
		{"x-access", `{"owner": "self", "roles": ["staff"]}`, true},
		{"x-access", `{"owner": "self", "hidden_as": "order_not_found"}`, false},
		{"x-access", `{"owner": "orderId", "roles": ["staff"]}`, false},
		{"x-access", `{"roles": ["staff"], "hidden_as": "order_not_found"}`, false},

		{"x-timeout", "", false},
		{"x-timeout", `{"limit": "2s"}`, false},
		{"x-timeout", `{"slow": "250ms"}`, false},
		{"x-timeout", `{"limit": 2, "slow": "250ms"}`, false},
		{"x-timeout", `{"limit": "2 seconds", "slow": "250ms"}`, false},
		{"x-timeout", `{"limit": "2s", "slow": "0s"}`, false},
		{"x-timeout", `{"limit": "2s", "slow": "250ms", "stream": "30m"}`, true},
		{"x-timeout", `{"limit": "2s", "slow": "250ms", "stream": "0s"}`, false},
		{"x-timeout", `{"limit": "2s", "slow": "250ms", "fast": "1ms"}`, false},

		{"x-priority", "", false},
		{"x-priority", `"critical"`, true},
		{"x-priority", `"highest"`, false},
		{"x-priority", `1`, false},

		{"x-rate-limit", "", true},
		{"x-rate-limit", `{"requests": 10, "window": "1m"}`, false},
		{"x-rate-limit", `{"requests": 0, "window": "1m", "per": "address"}`, false},
		{"x-rate-limit", `{"requests": 1.5, "window": "1m", "per": "address"}`, false},
		{"x-rate-limit", `{"requests": 10, "window": "0m", "per": "address"}`, false},
		{"x-rate-limit", `{"requests": 10, "window": "1m", "per": "session"}`, false},
		{"x-rate-limit", `{"requests": 10, "window": "500ms", "per": "address"}`, false},
		{"x-rate-limit", `{"requests": 10, "window": "1m", "per": "address", "burst": 3}`, false},

		{"x-throttle", "", true},
		{"x-throttle", `{"counts": ["wrong_password"], "network": {"failures": 100, "window": "1h"}}`, true},
		{"x-throttle", `{"counts": [], "network": {"failures": 100, "window": "1h"}}`, false},
		{"x-throttle", `{"counts": ["wrong_password"]}`, false},
		{"x-throttle", `{"counts": ["wrong_password"], "network": {"failures": 0, "window": "1h"}}`, false},
		{"x-throttle", `{"counts": ["wrong_password"], "network": {"failures": 1, "window": "500ms"}}`, false},
		{"x-throttle", `{"counts": ["wrong_password"], "network": {"failures": 1, "window": "1h"}, "of": "caller"}`,
			false},
		{"x-throttle", `{"counts": ["wrong_password"], "network": {"failures": 1, "window": "1h"}, "account": ` +
			`{"failures": 1, "window": "1h"}}`, false},

		{"x-audit", "", true},
		{"x-audit", `{"action": "order.cancel"}`, false},
		{"x-audit", `{"target": "orderId"}`, false},
		{"x-audit", `{"action": "order.cancel", "target": "orderId", "level": 1}`, false},
		{"x-audit", `{"action": "CancelOrder", "target": "orderId"}`, false},
		{"x-audit", `{"action": "order.cancel", "target": "orderId", "keeps": "refusals"}`, true},
		{"x-audit", `{"action": "order.cancel", "target": "orderId", "keeps": "nothing"}`, false},

		{"x-idempotency", "", true},
		{"x-idempotency", `"optional"`, true},
		{"x-idempotency", `"none"`, false},
		{"x-idempotency", `true`, false},

		{"x-sunset", `{"since": "2026-11-23", "date": "2027-11-30"}`, false},
		{"x-sunset", `{"date": "2027-11-30", "successor": "getOrderV2"}`, false},
		{"x-sunset", `{"since": "2026-11-23", "date": "30.11.2027", "successor": "getOrderV2"}`, false},
		{"x-sunset", `{"since": "2026-11-23", "date": "2027-11-30", "successor": ""}`, false},
		{"x-sunset", `"2027-11-30"`, false},
	} {
		extensions := map[string]any{}
		written := maps.Clone(good)
		written[c.extension] = c.value
		for name, value := range written {
			if value != "" {
				var v any
				require.NoError(t, json.Unmarshal([]byte(value), &v))
				extensions[name] = v
			}
		}
		bySchema := schema.Validate(plainJSON(t, extensions))
		_, byStart := parsePolicy(extensions, true)
		require.Equal(t, c.valid, bySchema == nil, "the JSON Schema of %s %s: %v", c.extension, c.value, bySchema)
		require.Equal(t, c.valid, byStart == nil, "the start of %s %s: %v", c.extension, c.value, byStart)
	}
}

// plainJSON is a value as it comes out of JSON.
func plainJSON(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var plain any
	require.NoError(t, json.Unmarshal(text, &plain))
	return plain
}
