package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain runs the tests where the program is run, in the root of the repository.
func TestMain(m *testing.M) {
	if err := os.Chdir(filepath.Join("..", "..", "..")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// planted are changes of the released documents: the first occurrence of a text after an anchor is replaced. Each has
// the verdict and every finding as "operation rule"; an exclamation mark is on those that break.
var planted = []struct {
	name, document, anchor, old, new string
	verdict                          string
	want                             []string
}{
	// Requests that were accepted are refused.
	{"a required property of a request added", "orders", "    CreateProductRequest:",
		"required: [sku, name, price]\n      properties:\n",
		"required: [sku, name, price, weight]\n      properties:\n" +
			"        weight: {type: integer, minimum: 1, maximum: 100}\n", "breaking",
		[]string{"createProduct new-required-request-property!"}},
	{"an optional property of a request made required", "orders", "    CreateProductRequest:",
		"required: [sku, name, price]", "required: [sku, name, price, description]", "breaking",
		[]string{"createProduct request-property-became-required!"}},
	{"a property of a request removed", "orders", "    UpdateWebhookRequest:",
		"        enabled: {type: boolean, description: Whether events are sent.}\n", "", "breaking",
		[]string{"updateWebhook request-property-removed!"}},
	{"a value of a request removed", "orders", "    ExportFormat:", "enum: [ndjson, csv]", "enum: [ndjson]", "breaking",
		[]string{"exportOrders request-parameter-enum-value-removed!"}},
	{"the type of a property of a request changed", "orders", "    AdjustStockRequest:",
		"delta: {type: integer, format: int64, minimum: -1000000, maximum: 1000000,",
		"delta: {type: string, maxLength: 8, pattern: '^[0-9]+$',", "breaking",
		[]string{"adjustStock request-property-max-length-set!", "adjustStock request-property-max-unset",
			"adjustStock request-property-min-unset", "adjustStock request-property-pattern-added!",
			"adjustStock request-property-type-changed!"}},
	{"the type of a property of an answer changed", "orders", "    StockAdjustment:",
		"delta: {type: integer, format: int64, minimum: -1000000, maximum: 1000000}", "delta: {type: string, maxLength: 8}",
		"breaking",
		[]string{"adjustStock response-property-max-length-set", "adjustStock response-property-max-unset!",
			"adjustStock response-property-min-unset!", "adjustStock response-property-type-changed!",
			"listStockAdjustments response-property-max-length-set", "listStockAdjustments response-property-max-unset!",
			"listStockAdjustments response-property-min-unset!", "listStockAdjustments response-property-type-changed!"}},
	{"a pattern tightened", "orders", "    SKU:", "'^[A-Za-z0-9][A-Za-z0-9._-]*$'", "'^[A-Z0-9][A-Z0-9._-]*$'", "breaking",
		[]string{"createProduct request-property-pattern-changed!"}},
	{"a longest length lowered", "orders", "    SKU:", "maxLength: 64", "maxLength: 32", "breaking",
		[]string{"createProduct request-property-max-length-decreased!"}},
	{"a maximum lowered", "orders", "    AdjustStockRequest:", "maximum: 1000000", "maximum: 1000", "breaking",
		[]string{"adjustStock request-property-max-decreased!"}},
	{"a parameter made required", "orders", "operationId: listProducts", "          description: Words to search for.\n",
		"          required: true\n          description: Words to search for.\n", "breaking",
		[]string{"listProducts request-parameter-became-required!"}},
	{"a parameter removed", "orders", "operationId: listProducts",
		"        - name: q\n          in: query\n          description: Words to search for.\n" +
			"          schema: {type: string, minLength: 1, maxLength: 100, x-free-text: true}\n", "", "breaking",
		[]string{"listProducts request-parameter-removed!"}},
	{"a default of a request changed", "orders", "    ExportFormat:", "default: ndjson", "default: csv", "breaking",
		[]string{"exportOrders request-parameter-default-value-changed!"}},
	{"a body made required", "orders", "operationId: cancelOrder", "        required: false\n", "        required: true\n",
		"breaking", []string{"cancelOrder request-body-became-required!"}},

	// Answers lack what callers read.
	{"a required property of an answer removed", "orders", "    StockAdjustment:",
		"adjusted_by, created_at]\n      properties:\n        id: {type: string, format: uuid, maxLength: 36}\n" +
			"        product_id: {type: string, format: uuid, maxLength: 36}\n" +
			"        delta: {type: integer, format: int64, minimum: -1000000, maximum: 1000000}\n" +
			"        reason: {type: string, maxLength: 200}\n" +
			"        adjusted_by: {type: string, format: uuid, maxLength: 36, description: The account that did it.}\n",
		"created_at]\n      properties:\n        id: {type: string, format: uuid, maxLength: 36}\n" +
			"        product_id: {type: string, format: uuid, maxLength: 36}\n" +
			"        delta: {type: integer, format: int64, minimum: -1000000, maximum: 1000000}\n" +
			"        reason: {type: string, maxLength: 200}\n", "breaking",
		[]string{"adjustStock response-required-property-removed!",
			"listStockAdjustments response-required-property-removed!"}},
	{"an optional property of an answer removed", "orders", "    WebhookDelivery:",
		"        last_attempt_at: {type: string, format: date-time, maxLength: 30}\n", "", "breaking",
		[]string{"listWebhookDeliveries response-optional-property-removed!",
			"replayWebhookDelivery response-optional-property-removed!"}},
	{"a value of an answer removed", "orders", "    WebhookDeliveryStatus:", "enum: [pending, delivered, failed]",
		"enum: [pending, delivered]", "breaking",
		[]string{"listWebhookDeliveries response-property-enum-value-removed!",
			"replayWebhookDelivery response-property-enum-value-removed!"}},
	{"a status of success removed", "orders", "operationId: archiveProduct", "        '200':", "        '202':",
		"breaking",
		[]string{"archiveProduct response-success-status-added", "archiveProduct response-success-status-removed!"}},
	{"a header of an answer removed", "orders", "operationId: archiveProduct",
		"            ETag: {$ref: '#/components/headers/ETag'}\n", "            Age: {$ref: '#/components/headers/ETag'}\n",
		"breaking", []string{"archiveProduct required-response-header-removed!", "archiveProduct response-header-added"}},

	// Codes of problems.
	{"a code of an operation added", "orders", "operationId: createProduct", "      x-priority: normal\n",
		"      x-priority: normal\n      x-codes: {'409': [out_of_stock]}\n", "additive",
		[]string{"createProduct code-added"}},

	// Operations.
	{"an operation removed", "orders", "  /api/v1/products/{productId}/archive:", "    post:\n", "    x-gone:\n",
		"breaking", []string{"archiveProduct removed-without-deprecation!"}},
	{"a path renamed", "orders", "paths:", "  /api/v1/products/{productId}/archive:\n",
		"  /api/v1/products/{productId}/withdraw:\n", "breaking",
		[]string{"archiveProduct operation-added", "archiveProduct removed-without-deprecation!"}},
	{"an operation renamed", "orders", "operationId: listProducts", "operationId: listProducts",
		"operationId: searchProducts", "breaking", []string{"searchProducts api-operation-id-removed!"}},
	{"a deprecated operation removed before its sunset", "users", "  /api/v1/users/{userId}:", "    get:\n",
		"    x-gone:\n", "breaking", []string{"getUser removed-before-sunset!"}},
	{"a sunset brought forward", "users", "operationId: getUser", "date: '2027-11-30'", "date: '2027-11-29'", "breaking",
		[]string{"getUser sunset-brought-forward!"}},
	{"a sunset put off", "users", "operationId: getUser", "date: '2027-11-30'", "date: '2027-12-01'", "additive",
		[]string{"getUser sunset-put-off"}},
	{"an operation deprecated in good time", "orders", "operationId: getStock", "      x-access:",
		"      deprecated: true\n      x-sunset: {since: '2026-11-25', date: '2027-06-01', successor: getProduct}\n" +
			"      x-access:", "additive", []string{"getStock deprecated"}},
	{"an operation deprecated too late", "orders", "operationId: getStock", "      x-access:",
		"      deprecated: true\n      x-sunset: {since: '2026-11-25', date: '2027-05-01', successor: getProduct}\n" +
			"      x-access:", "breaking", []string{"getStock deprecated", "getStock sunset-too-soon!"}},

	// Extensions.
	{"security added", "orders", "operationId: getProduct", "      security: []\n", "", "breaking",
		[]string{"getProduct api-security-anonymous-access-removed!"}},
	{"a public operation closed", "orders", "operationId: getProduct", "x-access: {public: true}",
		"x-access: {owner: self}", "breaking", []string{"getProduct access-closed!"}},
	{"a role removed", "orders", "operationId: getStock", "roles: [staff, support]", "roles: [staff]", "breaking",
		[]string{"getStock access-role-removed!"}},
	{"a role added", "orders", "operationId: getStock", "roles: [staff, support]", "roles: [staff, support, admin]",
		"additive", []string{"getStock access-role-added"}},
	{"ownership removed", "orders", "operationId: getOrder",
		"{roles: [support, staff, admin], owner: orderId, hidden_as: order_not_found}", "{roles: [support, staff, admin]}",
		"breaking", []string{"getOrder access-owner-removed!"}},
	{"ownership added", "orders", "operationId: payOrder", "{roles: [payments]}",
		"{roles: [payments], owner: orderId, hidden_as: order_not_found}", "additive",
		[]string{"payOrder access-owner-added"}},
	{"another's thing answers otherwise", "orders", "operationId: getOrder", "hidden_as: order_not_found",
		"hidden_as: not_found", "breaking", []string{"getOrder access-hidden-as-changed!"}},
	{"an operation opened", "orders", "operationId: getStock", "x-access: {roles: [staff, support]}",
		"x-access: {public: true}", "additive", []string{"getStock access-opened"}},
	{"a key made required", "orders", "operationId: refundOrder", "x-idempotency: optional", "x-idempotency: required",
		"breaking", []string{"refundOrder idempotency-required!"}},
	{"a key no longer taken", "orders", "operationId: refundOrder", "      x-idempotency: optional\n", "", "breaking",
		[]string{"refundOrder idempotency-removed!"}},
	{"a key no longer required", "orders", "operationId: createOrder", "x-idempotency: required",
		"x-idempotency: optional", "additive", []string{"createOrder idempotency-optional"}},
	{"a rate limit lowered", "orders", "operationId: listProducts", "requests: 1200", "requests: 1199", "breaking",
		[]string{"listProducts rate-limit-lowered!"}},
	{"a rate limit over a longer window", "orders", "operationId: listProducts", "window: 1m", "window: 2m", "breaking",
		[]string{"listProducts rate-limit-lowered!"}},
	{"a rate limit counted otherwise", "orders", "operationId: exportOrders", "per: principal", "per: address", "breaking",
		[]string{"exportOrders rate-limit-counted-otherwise!"}},
	{"a rate limit added", "orders", "operationId: getStock", "      x-access:",
		"      x-rate-limit: {requests: 10, window: 1m, per: principal}\n      x-access:", "breaking",
		[]string{"getStock rate-limit-added!"}},
	{"a rate limit raised", "orders", "operationId: listProducts", "requests: 1200", "requests: 1201", "additive",
		[]string{"listProducts rate-limit-raised"}},
	{"a rate limit removed", "orders", "operationId: exportOrders",
		"      x-rate-limit: {requests: 10, window: 1m, per: principal}\n", "", "additive",
		[]string{"exportOrders rate-limit-removed"}},
	{"a time limit shortened", "orders", "operationId: getStock", "limit: 2s", "limit: 1s", "additive",
		[]string{"getStock timeout-changed"}},
	{"a priority lowered", "orders", "operationId: getStock", "x-priority: normal", "x-priority: low", "additive",
		[]string{"getStock priority-changed"}},
	{"another entry in the audit log", "orders", "operationId: archiveProduct", "action: product.archive",
		"action: product.withdraw", "additive", []string{"archiveProduct other"}},

	// What only adds.
	{"an operation added", "orders", "paths:", "\n",
		"\n  /api/v1/weather:\n    get:\n      operationId: getWeather\n      x-access: {public: true}\n" +
			"      responses: {'204': {description: Fine.}}\n", "additive", []string{"getWeather operation-added"}},
	{"an optional property of a request added", "orders", "    CreateProductRequest:", "      properties:\n",
		"      properties:\n        weight: {type: integer, minimum: 1, maximum: 100}\n", "additive",
		[]string{"createProduct new-optional-request-property"}},
	{"an optional parameter added", "orders", "operationId: listProducts", "      parameters:\n",
		"      parameters:\n" +
			"        - {name: sku, in: query, description: The SKU., schema: {type: string, maxLength: 64, x-free-text: " +
			"true}}\n", "additive", []string{"listProducts new-optional-request-parameter"}},
	{"a property of an answer added", "orders", "    WebhookDelivery:", "      properties:\n",
		"      properties:\n        colour: {type: string, maxLength: 20}\n", "additive",
		[]string{"listWebhookDeliveries response-optional-property-added",
			"replayWebhookDelivery response-optional-property-added"}},
	{"a value of an answer added", "orders", "    WebhookDeliveryStatus:", "enum: [pending, delivered, failed]",
		"enum: [pending, delivered, failed, discarded]", "additive",
		[]string{"listWebhookDeliveries response-property-enum-value-added",
			"replayWebhookDelivery response-property-enum-value-added"}},
	{"a value of a request added", "orders", "    ExportFormat:", "enum: [ndjson, csv]", "enum: [ndjson, csv, parquet]",
		"additive", []string{"exportOrders request-parameter-enum-value-added"}},
	{"a status of success added", "orders", "operationId: archiveProduct", "        '401':",
		"        '202': {description: Later.}\n        '401':", "additive",
		[]string{"archiveProduct response-success-status-added"}},
	{"a status of failure added", "orders", "operationId: archiveProduct", "        '401':",
		"        '409': {$ref: '#/components/responses/Conflict'}\n        '401':", "additive",
		[]string{"archiveProduct response-non-success-status-added"}},
	{"a status of failure removed", "orders", "operationId: archiveProduct",
		"        '422': {$ref: '#/components/responses/Invalid'}\n", "", "additive",
		[]string{"archiveProduct response-non-success-status-removed"}},
	{"a longest length raised", "orders", "    SKU:", "maxLength: 64", "maxLength: 65", "additive",
		[]string{"createProduct request-property-max-length-increased"}},
}

func TestPlantedChanges(t *testing.T) {
	t.Parallel()
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			text := releasedText(t, p.document)
			c := compareTo(t, p.document, text, edited(t, text, p.anchor, p.old, p.new))
			require.Equal(t, p.want, said(c))
			require.Equal(t, p.verdict, c.verdict().String())
		})
	}
}

// edited is the text with the first occurrence of old after the anchor replaced.
func edited(t *testing.T, text, anchor, old, replacement string) string {
	t.Helper()
	before, after, found := strings.Cut(text, anchor)
	require.True(t, found, "the anchor %q must be in the document", anchor)
	after = anchor + after
	require.Contains(t, after, old)
	return before + strings.Replace(after, old, replacement, 1)
}

func releasedText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(released, name+".yaml"))
	require.NoError(t, err)
	return string(data)
}

var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// theProgram builds oasdiff once for all tests.
var theProgram = sync.OnceValues(func() (string, error) { return oasdiff(context.Background()) })

func compareTo(t *testing.T, name, before, after string) *comparison {
	t.Helper()
	program, err := theProgram()
	require.NoError(t, err)
	c, err := compare(t.Context(), program, version{"released/" + name + ".yaml", []byte(before)},
		version{name + ".yaml", []byte(after)}, today)
	require.NoError(t, err)
	return c
}

// said are the findings as "operation rule", those that break with an exclamation mark.
func said(c *comparison) []string {
	found := []string{}
	for _, op := range c.each() {
		for _, change := range op.changes {
			one := op.id + " " + change.rule
			if change.breaking {
				one += "!"
			}
			found = append(found, one)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
