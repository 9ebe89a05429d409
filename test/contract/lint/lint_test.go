package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	validFile  = "testdata/valid.yaml"
	policyFile = "../../../openapi/policy.schema.json"
)

// planted is one edit of the valid document that breaks a rule.
type planted struct {
	old, new string   // old occurs once in the valid document
	want     []string // "rule #/place", in the order of the lines
}

// plantedViolations has at least one for every rule.
var plantedViolations = []planted{
	// document
	{"        name: {type: string, pattern: '^\\S(.*\\S)?$', maxLength: 100}\n        password:", "        name: {type: string, pattern: '^a$', maxLength: 1}\n        name: {type: string, pattern: '^\\S(.*\\S)?$', maxLength: 100}\n        password:",
		[]string{"duplicate-key #/components/schemas/CreateAccountRequest/properties/name"}},
	{"openapi: 3.0.3", "openapi: 3.0.4", []string{"openapi-version #/openapi"}},
	{"  version: 1.0.0\n", "", []string{"info #/info"}},
	{"  license: {name: Apache-2.0}\n", "", []string{"info #/info"}},
	{"  description: Accounts and what they hold.", "  description: ''", []string{"info #/info/description"}},
	{"      operationId: endSession\n", "      operationId: endSession\n      callbacks: {}\n", []string{"known-member #/paths/~1api~1v1~1logout/post/callbacks"}},
	{"city: {type: string,", "city: {type: string, maxLenght: 3,", []string{"known-member #/components/schemas/CreateAccountRequest/properties/address/properties/city/maxLenght"}},
	{"      x-access: {owner: self}\n", "      x-access: {owner: self}\n      x-idempotence: required\n", []string{"known-extension #/paths/~1api~1v1~1logout/post/x-idempotence"}},
	{"  title: Accounts\n", "  title: Accounts\n  x-free-text: true\n", []string{"known-extension #/info/x-free-text"}},
	{"paths:\n", "paths:\n  x-note: nothing\n", []string{"known-extension #/paths/x-note"}},
	{"balance: {$ref: '#/components/schemas/Money'}", "balance: {$ref: 'money.yaml#/Money'}",
		[]string{"component-used #/components/schemas/Money", "reference-local #/components/schemas/Account/properties/balance/$ref"}},
	{"items: {$ref: '#/components/schemas/Violation'}", "items: {$ref: '#/components/schemas/Violations'}",
		[]string{"reference-local #/components/schemas/Problem/properties/errors/items/$ref", "component-used #/components/schemas/Violation"}},
	{"balance: {$ref: '#/components/schemas/Money'}", "balance: {$ref: '#/components/schemas/Money', x-sensitive: true}", []string{"reference-alone #/components/schemas/Account/properties/balance/x-sensitive"}},
	{"{url: /, ", "{url: 'https://api.example.com', ", []string{"server-same-origin #/servers/0/url"}},
	{"{url: /, ", "{url: //api.example.com/, ", []string{"server-same-origin #/servers/0/url"}},
	{"  - {name: sessions, description: Signing in and out.}\n", "  - {name: sessions, description: Signing in and out.}\n  - {name: orders, description: Orders.}\n", []string{"tag-declared #/tags/2/name"}},
	{"  - {name: sessions, description: Signing in and out.}\n", "  - {name: sessions, description: Signing in and out.}\n  - {name: sessions, description: Again.}\n", []string{"tag-declared #/tags/2/name"}},
	{"  - {name: sessions, description: Signing in and out.}\n", "  - {name: sessions}\n", []string{"tag-declared #/tags/1"}},
	{"      operationId: endSession\n      tags: [sessions]", "      operationId: endSession\n      tags: [logins]", []string{"tag-declared #/paths/~1api~1v1~1logout/post/tags/0"}},
	{"    Role:\n", "    Colour: {type: string, enum: [red]}\n    Role:\n", []string{"component-used #/components/schemas/Colour"}},
	{"  securitySchemes:\n", "  securitySchemes:\n    key: {type: apiKey, in: header, name: X-Key}\n", []string{"component-used #/components/securitySchemes/key"}},
	{"city: {type: string, maxLength: 100, x-free-text: true}", "city: {type: string, maxLength: 100, pattern: '['}", []string{"openapi-valid #/components/schemas/CreateAccountRequest"}},
	{"  version: 1.0.0\n", "  version: {major: 1}\n", []string{"info #/info/version"}},
	{"enum: [customer, support, admin]", "enum: {customer: 1}", []string{
		"policy-access #/paths/~1api~1v1~1accounts/get/x-access/roles", "policy-access #/paths/~1api~1v1~1accounts/get/x-access/roles",
		"policy-access #/paths/~1api~1v1~1accounts~1{accountId}/get/x-access/roles", "policy-access #/paths/~1api~1v1~1accounts~1{accountId}/patch/x-access/roles",
		"policy-access #/paths/~1api~1v2~1accounts~1{accountId}/get/x-access/roles"}},
	{"maximum: 2100}", "maximum: 2100, uniqueItems: often}", []string{"openapi-valid #"}},
	{"  /api/v1/status:\n", "  /api/v1/status/{at}:\n", []string{"openapi-valid #/paths/~1api~1v1~1status~1{at}/get"}},

	// operation
	{"operationId: getAccount\n", "operationId: accountGet\n", []string{"operation-id #/paths/~1api~1v1~1accounts~1{accountId}/get/operationId"}},
	{"operationId: getAccount\n", "operationId: get\n", []string{"operation-id #/paths/~1api~1v1~1accounts~1{accountId}/get/operationId"}},
	{"operationId: updateAccount\n", "operationId: updateAccountV2\n", []string{"operation-id #/paths/~1api~1v1~1accounts~1{accountId}/patch/operationId"}},
	{"operationId: updateAccount\n", "operationId: getAccount\n", []string{"operation-id-unique #/paths/~1api~1v1~1accounts~1{accountId}/patch/operationId"}},
	{"      operationId: endSession\n      tags: [sessions]", "      operationId: endSession\n      tags: [sessions, accounts]", []string{"operation-tag #/paths/~1api~1v1~1logout/post/tags"}},
	{"      summary: Sign out\n", "", []string{"operation-summary #/paths/~1api~1v1~1logout/post"}},
	{"summary: Sign out", "summary: Sign out.", []string{"operation-summary #/paths/~1api~1v1~1logout/post/summary"}},
	{"summary: Sign out", "summary: " + strings.Repeat("out ", 20) + "x", []string{"operation-summary #/paths/~1api~1v1~1logout/post/summary"}},
	{"      description: Ends the session of the caller.\n", "", []string{"operation-description #/paths/~1api~1v1~1logout/post"}},
	{"      description: The account.\n", "", []string{"parameter-described #/components/parameters/AccountId"}},
	{"        - name: email\n", "        - name: eMail\n", []string{"parameter-name #/paths/~1api~1v1~1accounts/get/parameters/0/name"}},
	{"      name: accountId\n", "      name: account_id\n", []string{
		"policy-access #/paths/~1api~1v1~1accounts~1{accountId}/get/x-access/owner", "policy-audit #/paths/~1api~1v1~1accounts~1{accountId}/patch/x-audit/target",
		"policy-access #/paths/~1api~1v2~1accounts~1{accountId}/get/x-access/owner", "parameter-name #/components/parameters/AccountId/name"}},

	// status
	{"          description: Signed out.\n", "          description: Signed out.\n        '405': {$ref: '#/components/responses/Failure'}\n", []string{"status-known #/paths/~1api~1v1~1logout/post/responses/405"}},
	{"          description: Signed out.\n", "          description: Signed out.\n        4XX: {$ref: '#/components/responses/Failure'}\n", []string{"status-known #/paths/~1api~1v1~1logout/post/responses/4XX"}},
	{"        '204':\n          description: Signed out.\n", "", []string{"status-success #/paths/~1api~1v1~1logout/post/responses"}},
	{"          description: The service is well.\n        default: {$ref: '#/components/responses/Failure'}\n", "          description: The service is well.\n", []string{"status-default #/paths/~1api~1v1~1status/get/responses"}},
	{"        application/problem+json:\n", "        application/json:\n", []string{"status-problem #/components/responses/Failure/content"}},
	{"          schema: {$ref: '#/components/schemas/Problem'}\n    Conflict", "          schema: {$ref: '#/components/schemas/Violation'}\n    Conflict", []string{"status-problem #/components/responses/Failure/content/application~1problem+json/schema"}},
	{"          description: Signed out.\n        '401': {$ref: '#/components/responses/Unauthenticated'}\n", "          description: Signed out.\n", []string{"status-401 #/paths/~1api~1v1~1logout/post/responses"}},
	{"          description: The service is well.\n", "          description: The service is well.\n        '401': {$ref: '#/components/responses/Unauthenticated'}\n", []string{"status-401 #/paths/~1api~1v1~1status/get/responses/401"}},
	{"        '403': {$ref: '#/components/responses/Failure'}\n        '404'", "        '404'", []string{"status-403-404 #/paths/~1api~1v1~1accounts~1{accountId}/patch/responses"}},
	{"        '403': {$ref: '#/components/responses/Failure'}\n        '404': {$ref: '#/components/responses/Failure'}\n", "        '403': {$ref: '#/components/responses/Failure'}\n", []string{"status-403-404 #/paths/~1api~1v1~1accounts~1{accountId}/patch/responses"}},
	{"                score: 0.5\n        '400': {$ref: '#/components/responses/Failure'}\n", "                score: 0.5\n", []string{"status-body #/paths/~1api~1v1~1accounts/post/responses"}},
	{"        '422': {$ref: '#/components/responses/Failure'}\n        '429'", "        '429'", []string{"status-body #/paths/~1api~1v1~1accounts/post/responses"}},
	{"        '413': {$ref: '#/components/responses/Failure'}\n        '415': {$ref: '#/components/responses/Failure'}\n        '422': {$ref: '#/components/responses/Failure'}\n        '429'", "        '422': {$ref: '#/components/responses/Failure'}\n        '429'",
		[]string{"status-body #/paths/~1api~1v1~1accounts/post/responses", "status-body #/paths/~1api~1v1~1accounts/post/responses"}},
	{"          description: Signed out.\n", "          description: Signed out.\n        '413': {$ref: '#/components/responses/Failure'}\n", []string{"status-body #/paths/~1api~1v1~1logout/post/responses/413"}},
	{"        '403': {$ref: '#/components/responses/Failure'}\n        '422': {$ref: '#/components/responses/Failure'}\n", "        '403': {$ref: '#/components/responses/Failure'}\n", []string{"status-422 #/paths/~1api~1v1~1accounts/get/responses"}},
	{"        '412': {$ref: '#/components/responses/Failure'}\n", "", []string{"status-precondition #/paths/~1api~1v1~1accounts~1{accountId}/patch/responses"}},
	{"        - precondition_required\n", "", []string{"codes #/components/schemas/ProblemCode/enum"}},
	{"        '428': {$ref: '#/components/responses/Failure'}\n", "", []string{"status-precondition #/paths/~1api~1v1~1accounts~1{accountId}/patch/responses"}},
	{"        '429': {$ref: '#/components/responses/RateLimited'}\n", "        '500': {$ref: '#/components/responses/RateLimited'}\n", []string{"status-429 #/paths/~1api~1v1~1accounts/post/responses"}},
	{"          description: Signed out.\n", "          description: Signed out.\n        '429': {$ref: '#/components/responses/RateLimited'}\n", []string{"status-429 #/paths/~1api~1v1~1logout/post/responses/429"}},
	{"        '428': {$ref: '#/components/responses/Failure'}\n        '503': {$ref: '#/components/responses/Unavailable'}\n", "        '428': {$ref: '#/components/responses/Failure'}\n", []string{"status-503 #/paths/~1api~1v1~1accounts~1{accountId}/patch/responses"}},
	{"            Location: {$ref: '#/components/headers/Location'}\n", "            Age: {$ref: '#/components/headers/Location'}\n", []string{"response-header #/paths/~1api~1v1~1accounts/post/responses/201/headers"}},
	{"      description: Seconds to wait.\n      required: true\n", "      description: Seconds to wait.\n", []string{"response-header #/components/headers/RetryAfter"}},
	{"            RateLimit-Policy: {$ref: '#/components/headers/RateLimit'}\n          content:", "          content:", []string{"response-header #/paths/~1api~1v1~1accounts/post/responses/201/headers"}},
	{"            Sunset: {$ref: '#/components/headers/Deprecation'}\n", "", []string{"response-header #/paths/~1api~1v1~1accounts~1{accountId}/get/responses/200/headers"}},
	{"          description: Signed out.\n", "          description: ''\n", []string{"response-described #/paths/~1api~1v1~1logout/post/responses/204/description"}},
	{"      description: What comes next.\n", "", []string{"response-described #/components/headers/Link"}},

	// body
	{"        required: true\n        content:\n          application/json:\n            schema: {$ref: '#/components/schemas/CreateAccountRequest'}", "        content:\n          application/json:\n            schema: {$ref: '#/components/schemas/CreateAccountRequest'}", []string{"body-required #/paths/~1api~1v1~1accounts/post/requestBody"}},
	{"      type: object\n      additionalProperties: false\n      properties:\n        name: {type: string, pattern: '^\\S(.*\\S)?$', maxLength: 100}\n    Email", "      type: object\n      additionalProperties: false\n      minProperties: 1\n      properties:\n        name: {type: string, pattern: '^\\S(.*\\S)?$', maxLength: 100}\n    Email", []string{"body-required #/paths/~1api~1v1~1accounts~1{accountId}/patch/requestBody/required"}},
	{"      x-priority: critical\n      responses:\n        '204':\n          description: The service is well.\n", "      x-priority: critical\n      requestBody:\n        required: true\n        content:\n          application/json:\n            schema: {$ref: '#/components/schemas/UpdateAccountRequest'}\n            example: {name: Ada}\n      responses:\n        '400': {$ref: '#/components/responses/Failure'}\n        '413': {$ref: '#/components/responses/Failure'}\n        '415': {$ref: '#/components/responses/Failure'}\n        '422': {$ref: '#/components/responses/Failure'}\n        '204':\n          description: The service is well.\n", []string{"body-required #/paths/~1api~1v1~1status/get/requestBody"}},
	{"          application/merge-patch+json:\n", "          application/xml:\n", []string{"body-media-type #/paths/~1api~1v1~1accounts~1{accountId}/patch/requestBody/content"}},
	{"          application/json:\n            schema: {$ref: '#/components/schemas/CreateAccountRequest'}", "          application/merge-patch+json:\n            schema: {$ref: '#/components/schemas/CreateAccountRequest'}", []string{"body-media-type #/paths/~1api~1v1~1accounts/post/requestBody/content"}},
	{"            schema: {$ref: '#/components/schemas/CreateAccountRequest'}\n", "            schema: {oneOf: [{$ref: '#/components/schemas/CreateAccountRequest'}]}\n", []string{"body-schema-named #/paths/~1api~1v1~1accounts/post/requestBody/content/application~1json/schema"}},
	{"            city: {type: string, maxLength: 100, x-free-text: true}\n", "            city: {type: string, maxLength: 100, x-free-text: true}\n            price: {$ref: '#/components/schemas/Money'}\n",
		[]string{"schema-one-way #/components/schemas/Money", "request-closed #/components/schemas/Money"}},
	{"          type: object\n          additionalProperties: false\n          properties:\n            city", "          type: object\n          properties:\n            city", []string{"request-closed #/components/schemas/CreateAccountRequest/properties/address"}},
	{"        birth_year: {type: integer, minimum: 1800, maximum: 2100}", "        birth_year: {allOf: [{type: integer, minimum: 1800, maximum: 2100}]}", []string{"request-no-all-of #/components/schemas/CreateAccountRequest/properties/birth_year/allOf"}},
	{"      description: What comes next.\n      schema: {type: string, maxLength: 4096}\n", "      description: What comes next.\n", []string{"schema-present #/components/headers/Link"}},

	// bounds
	{"        detail: {type: string, maxLength: 1000}\n        instance", "        detail: {maxLength: 1000}\n        instance", []string{"schema-typed #/components/schemas/Problem/properties/detail", "problem-shape #/components/schemas/Problem/properties"}},
	{"        birth_year: {type: integer, minimum: 1800, maximum: 2100}", "        birth_year: {}", []string{"schema-typed #/components/schemas/CreateAccountRequest/properties/birth_year"}},
	{"title: {type: string, maxLength: 100}", "title: {type: string}", []string{"string-length #/components/schemas/Problem/properties/title"}},
	{"schema: {type: string, format: cursor, maxLength: 128}", "schema: {type: string, format: cursor}", []string{"string-length #/paths/~1api~1v1~1accounts/get/parameters/2/schema"}},
	{"items: {type: string, pattern: '^[a-z]+$', maxLength: 20}", "items: {type: string, maxLength: 20}", []string{"string-form #/components/schemas/CreateAccountRequest/properties/tags/items"}},
	{"maxLength: 254, x-free-text: true, x-sensitive: true", "maxLength: 254, x-sensitive: true", []string{"string-form #/paths/~1api~1v1~1accounts/get/parameters/0/schema"}},
	{"schema: {type: string, format: cursor, maxLength: 128}", "schema: {type: string, format: page, maxLength: 128}", []string{"format-known #/paths/~1api~1v1~1accounts/get/parameters/2/schema/format"}},
	{"          maxItems: 10\n", "", []string{"array-length #/components/schemas/CreateAccountRequest/properties/tags"}},
	{"          maxItems: 5\n", "", []string{"array-length #/components/schemas/Account/properties/roles"}},
	{"birth_year: {type: integer, minimum: 1800, maximum: 2100}", "birth_year: {type: integer, minimum: 1800}", []string{"integer-bounds #/components/schemas/CreateAccountRequest/properties/birth_year"}},
	{"maximum: 9007199254740991", "maximum: 9007199254740992", []string{"integer-bounds #/components/schemas/Money/properties/amount/maximum"}},
	{"{type: number, minimum: 0, maximum: 1}", "{type: number, minimum: 0}", []string{"number-bounds #/components/schemas/Account/properties/score"}},
	{"{type: object, maxProperties: 8, ", "{type: object, ", []string{"object-bounds #/components/schemas/Violation/properties/params"}},
	{"{type: object, maxProperties: 8, additionalProperties: true}", "{type: object}", []string{"object-bounds #/components/schemas/Violation/properties/params"}},
	{"enum: [customer, support, admin]", "enum: [customer, support, admin, support]", []string{"enum-unique #/components/schemas/Role/enum"}},
	{"enum: [active, disabled], x-extensible-enum: true", "enum: [active, disabled]", []string{"enum-open #/components/schemas/Account/properties/status"}},
	{"          x-enum-varnames: [Personal, Shared]\n", "          x-extensible-enum: true\n", []string{"enum-open #/components/schemas/CreateAccountRequest/properties/kind/x-extensible-enum"}},

	// shapes
	{"        score: {", "        scoreNow: {", []string{
		"example-valid #/paths/~1api~1v1~1accounts/post/responses/201/content/application~1json/example/score",
		"example-valid #/paths/~1api~1v1~1accounts/get/responses/200/content/application~1json/example/items/0/score",
		"example-valid #/paths/~1api~1v1~1accounts~1{accountId}/get/responses/200/content/application~1json/example/score",
		"example-valid #/paths/~1api~1v2~1accounts~1{accountId}/get/responses/200/content/application~1json/example/score",
		"property-name #/components/schemas/Account/properties/scoreNow"}},
	{"            city: {type", "            cityName: {type", []string{"property-name #/components/schemas/CreateAccountRequest/properties/address/properties/cityName"}},
	{"      required: [id, email, status, created_at]\n", "", []string{"required-declared #/components/schemas/Account"}},
	{"      required: [email, name, password]\n", "      required: [email, name, password, avatar]\n", []string{
		"example-valid #/paths/~1api~1v1~1accounts/post/requestBody/content/application~1json/example/avatar",
		"required-declared #/components/schemas/CreateAccountRequest/required"}},
	{"        id: {type: string, format: uuid, maxLength: 36}", "        id: {type: string, maxLength: 36}", []string{"id-format #/components/schemas/Account/properties/id"}},
	{"      schema: {type: string, format: uuid, maxLength: 36}\n    IdempotencyKey", "      schema: {type: string, pattern: '^[0-9a-f-]+$', maxLength: 36}\n    IdempotencyKey", []string{"id-format #/components/parameters/AccountId/schema"}},
	{"        created_at: {type: string, format: date-time, maxLength: 30}", "        created_at: {type: string, maxLength: 30}", []string{"time-format #/components/schemas/Account/properties/created_at"}},
	{"      maxLength: 254\n      x-sensitive: true\n", "      maxLength: 254\n", []string{
		"sensitive #/components/schemas/CreateAccountRequest/properties/email", "sensitive #/components/schemas/Account/properties/email"}},
	{"x-free-text: true, x-sensitive: true", "x-free-text: true", []string{"sensitive #/paths/~1api~1v1~1accounts/get/parameters/0/schema"}},
	{"            application/json:\n              schema: {$ref: '#/components/schemas/AccountPage'}", "            text/plain:\n              schema: {$ref: '#/components/schemas/AccountPage'}", []string{"list-paging #/paths/~1api~1v1~1accounts/get/responses"}},
	{"        - name: cursor\n", "        - name: after\n", []string{"list-paging #/paths/~1api~1v1~1accounts/get/parameters"}},
	{"maximum: 100, default: 20", "maximum: 1000, default: 20", []string{"list-paging #/components/parameters/Limit/schema"}},
	{"minimum: 1, maximum: 100, default: 20", "minimum: 1, maximum: 100", []string{"list-paging #/components/parameters/Limit/schema"}},
	{"      required: [items, next_cursor]", "      required: [items]", []string{"list-paging #/components/schemas/AccountPage"}},
	{"            Link: {$ref: '#/components/headers/Link'}\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/AccountPage'}", "            Age: {$ref: '#/components/headers/Link'}\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/AccountPage'}", []string{"list-paging #/paths/~1api~1v1~1accounts/get/responses/200/headers"}},
	{"operationId: getAccountV2", "operationId: searchAccountV2", []string{
		"policy-sunset #/paths/~1api~1v1~1accounts~1{accountId}/get/x-sunset/successor",
		"list-paging #/paths/~1api~1v2~1accounts~1{accountId}/get", "list-paging #/paths/~1api~1v2~1accounts~1{accountId}/get",
		"list-paging #/paths/~1api~1v2~1accounts~1{accountId}/get/responses/200",
		"list-paging #/components/schemas/Account", "list-paging #/components/schemas/Account", "list-paging #/components/schemas/Account", "list-paging #/components/schemas/Account"}},
	{"nullable: true, maxLength: 128", "maxLength: 128", []string{
		"example-valid #/paths/~1api~1v1~1accounts/get/responses/200/content/application~1json/example/next_cursor",
		"list-paging #/components/schemas/AccountPage"}},
	{"currency: {type: string, pattern: '^[A-Z]{3}$',", "currency: {type: string, pattern: '^[A-Z]+$',", []string{"money-shape #/components/schemas/Money/properties"}},
	{"      required: [amount, currency]", "      required: [amount]", []string{"money-shape #/components/schemas/Money/required"}},
	{"amount: {type: integer, minimum: 0, maximum: 9007199254740991}", "amount: {type: string, maxLength: 9}", []string{
		"example-valid #/paths/~1api~1v1~1accounts/post/responses/201/content/application~1json/example/balance/amount",
		"example-valid #/paths/~1api~1v1~1accounts/get/responses/200/content/application~1json/example/items/0/balance/amount",
		"example-valid #/paths/~1api~1v1~1accounts~1{accountId}/get/responses/200/content/application~1json/example/balance/amount",
		"example-valid #/paths/~1api~1v2~1accounts~1{accountId}/get/responses/200/content/application~1json/example/balance/amount",
		"money-shape #/components/schemas/Money/properties/amount"}},
	{"        birth_year: {type: integer, minimum: 1800, maximum: 2100}", "        birth_year: {type: integer, minimum: 1800, maximum: 2100}\n        opening_fee: {type: number, minimum: 0, maximum: 1}", []string{"money-integer #/components/schemas/CreateAccountRequest/properties/opening_fee"}},
	{"code, request_id, timestamp]", "code, timestamp]", []string{"problem-shape #/components/schemas/Problem/required"}},
	{"        keyword: {type: string, maxLength: 64}\n", "        keyword: {type: boolean}\n", []string{"problem-shape #/components/schemas/Violation/properties"}},
	{"    Problem:\n", "    Fault:\n", []string{
		"reference-local #/components/responses/Failure/content/application~1problem+json/schema/$ref",
		"reference-local #/components/responses/Conflict/content/application~1problem+json/schema/$ref",
		"reference-local #/components/responses/Unauthenticated/content/application~1problem+json/schema/$ref",
		"reference-local #/components/responses/RateLimited/content/application~1problem+json/schema/$ref",
		"reference-local #/components/responses/Unavailable/content/application~1problem+json/schema/$ref",
		"problem-shape #/components/schemas", "component-used #/components/schemas/Fault",
		"component-used #/components/schemas/Violation", "component-used #/components/schemas/ProblemCode"}},
	{"        errors:\n          type: array\n          maxItems: 100\n          items: {$ref: '#/components/schemas/Violation'}\n", "", []string{
		"problem-shape #/components/schemas/Problem/properties", "component-used #/components/schemas/Violation"}},
	{"      enum:\n        - malformed_request\n        - unauthenticated\n        - forbidden\n        - not_found\n        - method_not_allowed\n        - body_too_large\n        - unsupported_media_type\n        - invalid_request\n        - precondition_required\n        - idempotency_key_reused\n        - idempotency_key_in_use\n        - rate_limited\n        - overloaded\n        - timeout\n        - unavailable\n        - internal\n        - account_not_found\n        - email_taken", "      maxLength: 64", []string{
		"policy-access #/paths/~1api~1v1~1accounts~1{accountId}/get/x-access/hidden_as",
		"policy-access #/paths/~1api~1v2~1accounts~1{accountId}/get/x-access/hidden_as", "problem-code #/components/schemas"}},
	{"        - malformed_request\n", "        - malformed_request\n        - MalformedRequest\n", []string{"problem-code #/components/schemas/ProblemCode/enum"}},
	{"        code: {$ref: '#/components/schemas/ProblemCode'}", "        code: {type: string, maxLength: 9}", []string{"problem-code #/components/schemas/Problem/properties/code", "component-used #/components/schemas/ProblemCode"}},

	// codes
	{"{'409': [email_taken]}", "{'409': []}", []string{"codes #/paths/~1api~1v1~1accounts/post/x-codes/409"}},
	{"{'409': [email_taken]}", "{'201': [email_taken]}", []string{"codes #/paths/~1api~1v1~1accounts/post/x-codes"}},
	{"{'409': [email_taken]}", "{'409': [email_taken, email_gone]}", []string{"codes #/paths/~1api~1v1~1accounts/post/x-codes/409/1"}},
	{"{'409': [email_taken]}", "{'410': [email_taken]}", []string{"codes #/paths/~1api~1v1~1accounts/post/x-codes/410/0"}},
	{"{'409': [email_taken]}", "{'409': [email_taken], '429': [rate_limited]}", []string{"codes #/paths/~1api~1v1~1accounts/post/x-codes/429/0"}},
	{"      x-priority: normal\n      x-sunset", "      x-priority: normal\n      x-codes: {'404': [account_not_found]}\n      x-sunset", []string{"codes #/paths/~1api~1v1~1accounts~1{accountId}/get/x-codes/404/0"}},
	{"token (`unauthenticated`).", "token (`unauthenticated`, `email_taken`).", slices.Repeat([]string{"codes-described #/components/responses/Unauthenticated/description"}, 5)},
	{"      description: Too many requests.", "      description: Too many requests (`overloaded`).", []string{"codes-described #/components/responses/RateLimited/description", "codes-described #/components/responses/RateLimited/description"}},
	{"      description: A failure of any kind.", "      description: A failure of any kind (`internal`).", slices.Repeat([]string{"codes-described #/components/responses/Failure/description"}, 19)},
	{"        - internal\n", "        - internal\n        - account_locked\n", []string{"codes-used #/components/schemas/ProblemCode/enum/16"}},

	// examples
	{"            examples:\n              rename: {value: {name: Ada King}}\n", "", []string{"example-present #/paths/~1api~1v1~1accounts~1{accountId}/patch/requestBody/content/application~1merge-patch+json"}},
	{"              example:\n                items: [*account]\n                next_cursor: null\n", "", []string{"example-present #/paths/~1api~1v1~1accounts/get/responses/200/content/application~1json"}},
	{"              email: ada@example.com\n              name", "              email: ada\n              name", []string{"example-valid #/paths/~1api~1v1~1accounts/post/requestBody/content/application~1json/example/email"}},
	{"password: correct horse battery", "password: short", []string{"example-valid #/paths/~1api~1v1~1accounts/post/requestBody/content/application~1json/example/password"}},
	{"birth_year: 1815\n", "birth_year: 1799\n", []string{"example-valid #/paths/~1api~1v1~1accounts/post/requestBody/content/application~1json/example/birth_year"}},
	{"              kind: personal\n", "              kind: personal\n              nick: ada\n", []string{"example-valid #/paths/~1api~1v1~1accounts/post/requestBody/content/application~1json/example"}},
	{"rename: {value: {name: Ada King}}", "rename: {value: {name: ' Ada'}}", []string{"example-valid #/paths/~1api~1v1~1accounts~1{accountId}/patch/requestBody/content/application~1merge-patch+json/examples/rename/value/name"}},
	{"next_cursor: null", "next_cursor: null\n                total: 1", []string{"example-valid #/paths/~1api~1v1~1accounts/get/responses/200/content/application~1json/example/total"}},
	{"      example: 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77\n", "", []string{"parameter-example #/components/parameters/AccountId"}},
	{"          example: '\"0123456789abcdef\"'\n", "          example: '\"1\"'\n", []string{"parameter-example #/paths/~1api~1v1~1accounts~1{accountId}/patch/parameters/0/example"}},

	// policy
	{"      x-access: {owner: self}\n", "", []string{"policy-access #/paths/~1api~1v1~1logout/post"}},
	{"      x-access: {owner: self}\n", "      x-access: {owner: self, public: true}\n", []string{
		"policy-access #/paths/~1api~1v1~1logout/post/x-access", "policy-security #/paths/~1api~1v1~1logout/post", "status-401 #/paths/~1api~1v1~1logout/post/responses/401"}},
	{"      x-access: {owner: self}\n", "      x-access: {owner: self, roles: []}\n", []string{"policy-access #/paths/~1api~1v1~1logout/post/x-access"}},
	{"      x-access: {owner: self}\n", "      x-access: {owner: self, roles: [root]}\n", []string{"policy-access #/paths/~1api~1v1~1logout/post/x-access/roles"}},
	{"      x-access: {owner: self}\n", "      x-access: {owner: self, roles: [admin], hidden_as: account_not_found}\n", []string{"policy-access #/paths/~1api~1v1~1logout/post/x-access"}},
	{"x-access: {roles: [support, admin]}", "x-access: {roles: [support, root]}", []string{"policy-access #/paths/~1api~1v1~1accounts/get/x-access/roles"}},
	{"hidden_as: account_not_found}\n      x-timeout: {limit: 2s, slow: 300ms}", "hidden_as: account_hidden}\n      x-timeout: {limit: 2s, slow: 300ms}", []string{"policy-access #/paths/~1api~1v2~1accounts~1{accountId}/get/x-access/hidden_as"}},
	{"owner: accountId, hidden_as: account_not_found}\n      x-timeout: {limit: 2s, slow: 300ms}", "owner: userId, hidden_as: account_not_found}\n      x-timeout: {limit: 2s, slow: 300ms}", []string{"policy-access #/paths/~1api~1v2~1accounts~1{accountId}/get/x-access/owner"}},
	{"      description: Anybody may call it.\n      security: []\n", "      description: Anybody may call it.\n", []string{"policy-security #/paths/~1api~1v1~1status/get"}},
	{"      description: Ends the session of the caller.\n", "      description: Ends the session of the caller.\n      security: []\n", []string{"policy-security #/paths/~1api~1v1~1logout/post/security"}},
	{"      description: Ends the session of the caller.\n", "      description: Ends the session of the caller.\n      security: [{bearer: []}, {}]\n", []string{"policy-security #/paths/~1api~1v1~1logout/post/security"}},
	{"per: address}", "per: principal}", []string{"policy-rate-limit #/paths/~1api~1v1~1accounts/post/x-rate-limit/per"}},
	{"requests: 30", "requests: 0", []string{"policy-rate-limit #/paths/~1api~1v1~1accounts/post/x-rate-limit/requests"}},
	{"per: address}", "per: address, burst: 3}", []string{"policy-rate-limit #/paths/~1api~1v1~1accounts/post/x-rate-limit"}},
	{"x-timeout: {limit: 2s, slow: 300ms}", "x-timeout: {limit: 2s, slow: 500ms}", []string{"policy-cost #/paths/~1api~1v2~1accounts~1{accountId}/get"}},
	{"x-priority: critical\n      responses:\n        '204':\n          description: The service is well.\n", "x-priority: normal\n      responses:\n        '503': {$ref: '#/components/responses/Unavailable'}\n        '204':\n          description: The service is well.\n",
		[]string{"policy-cost #/paths/~1api~1v1~1status/get"}},
	{"        '204':\n          description: Signed out.\n", "        '202':\n          description: Signed out.\n", []string{"policy-cost #/paths/~1api~1v1~1logout/post"}},
	{"      x-rate-limit: {requests: 200, window: 1m, per: principal}\n", "", []string{ // It searches and streams.
		"policy-cost #/paths/~1api~1v1~1accounts/get", "status-429 #/paths/~1api~1v1~1accounts/get/responses/429"}},
	{"counts: [invalid_request]", "counts: [account_not_found]", []string{"policy-throttle #/paths/~1api~1v1~1accounts/post/x-throttle/counts/0"}},
	{"counts: [invalid_request]", "counts: []", []string{"policy-throttle #/paths/~1api~1v1~1accounts/post/x-throttle/counts"}},
	{"of: email", "of: kind", []string{"policy-throttle #/paths/~1api~1v1~1accounts/post/x-throttle/of"}},
	{"of: email", "of: caller", []string{"policy-throttle #/paths/~1api~1v1~1accounts/post/x-throttle/of"}},
	{", unfamiliar: {failures: 2, window: 24h}", "", []string{"policy-throttle #/paths/~1api~1v1~1accounts/post/x-throttle"}},
	{"unfamiliar: {failures: 2, window: 24h}", "unfamiliar: {failures: 0, window: 24h}", []string{"policy-throttle #/paths/~1api~1v1~1accounts/post/x-throttle/unfamiliar/failures"}},
	{"unfamiliar: {failures: 2, window: 24h}", "unfamiliar: {failures: 2, window: 25h}", []string{"policy-throttle #/paths/~1api~1v1~1accounts/post/x-throttle/unfamiliar/window"}},
	{"x-timeout: {limit: 5s, slow: 1s}", "x-timeout: {limit: 61s, slow: 1s}", []string{"policy-timeout #/paths/~1api~1v1~1accounts/post/x-timeout/limit"}},
	{"x-timeout: {limit: 5s, slow: 1s}", "x-timeout: {limit: 5s, slow: 5s}", []string{"policy-timeout #/paths/~1api~1v1~1accounts/post/x-timeout/slow"}},
	{"x-timeout: {limit: 5s, slow: 1s}", "x-timeout: {limit: 5}", []string{"policy-timeout #/paths/~1api~1v1~1accounts/post/x-timeout", "policy-timeout #/paths/~1api~1v1~1accounts/post/x-timeout/limit"}},
	{"x-timeout: {limit: 5s, slow: 1s}", "x-timeout: {limit: 5s, slow: 1s, stream: 10m}", []string{"policy-timeout #/paths/~1api~1v1~1accounts/post/x-timeout/stream"}},
	{"x-timeout: {limit: 500ms, slow: 250ms, stream: 30m}", "x-timeout: {limit: 500ms, slow: 250ms, stream: 31m}", []string{"policy-timeout #/paths/~1api~1v1~1accounts/get/x-timeout/stream"}},
	{"x-timeout: {limit: 500ms, slow: 250ms, stream: 30m}", "x-timeout: {limit: 500ms, slow: 250ms, stream: 500ms}", []string{"policy-timeout #/paths/~1api~1v1~1accounts/get/x-timeout/stream"}},
	{"x-timeout: {limit: 500ms, slow: 250ms, stream: 30m}", "x-timeout: {limit: 500ms, slow: 250ms, stream: long}", []string{"policy-timeout #/paths/~1api~1v1~1accounts/get/x-timeout/stream"}},
	{"      x-timeout: {limit: 5s, slow: 1s}\n", "", []string{"policy-timeout #/paths/~1api~1v1~1accounts/post"}},
	{"x-priority: high", "x-priority: highest", []string{"policy-priority #/paths/~1api~1v1~1accounts~1{accountId}/patch/x-priority"}},
	{"      x-priority: high\n", "", []string{"policy-priority #/paths/~1api~1v1~1accounts~1{accountId}/patch"}},
	{"      x-audit: {action: session.end, target: caller}\n", "", []string{"policy-audit #/paths/~1api~1v1~1logout/post"}},
	{"target: accountId}", "target: userId}", []string{"policy-audit #/paths/~1api~1v1~1accounts~1{accountId}/patch/x-audit/target"}},
	{"action: session.end, target: caller", "action: session.end, target: created", []string{"policy-audit #/paths/~1api~1v1~1logout/post/x-audit/target"}},
	{"action: session.end", "action: EndSession", []string{"policy-audit #/paths/~1api~1v1~1logout/post/x-audit/action"}},
	{"      x-priority: low\n", "      x-priority: low\n      x-audit: {action: account.list, target: caller}\n", []string{"policy-audit #/paths/~1api~1v1~1accounts/get/x-audit"}},
	{"      x-idempotency: optional\n", "      x-idempotency: always\n", []string{"policy-idempotency #/paths/~1api~1v1~1accounts~1{accountId}/patch/x-idempotency"}},
	{"      x-idempotency: optional\n", "", []string{"policy-idempotency #/components/parameters/IdempotencyKey"}},
	{"      x-idempotency: optional\n", "      x-idempotency: required\n", []string{"policy-idempotency #/components/parameters/IdempotencyKey"}},
	{"      x-priority: low\n", "      x-priority: low\n      x-idempotency: optional\n", []string{
		"policy-idempotency #/paths/~1api~1v1~1accounts/get/x-idempotency", // of a GET
		"policy-idempotency #/paths/~1api~1v1~1accounts/get/x-idempotency", // with e-mail addresses in the answer
		"policy-idempotency #/paths/~1api~1v1~1accounts/get/parameters",
		"policy-idempotency #/paths/~1api~1v1~1accounts/get/responses", "response-header #/paths/~1api~1v1~1accounts/get/responses/200/headers"}},
	{"      x-access: {public: true}\n      x-rate-limit", "      x-access: {public: true}\n      x-idempotency: optional\n      x-rate-limit", []string{
		"policy-idempotency #/paths/~1api~1v1~1accounts/post/x-idempotency", // of anybody
		"policy-idempotency #/paths/~1api~1v1~1accounts/post/x-idempotency", // with an e-mail address in the answer
		"policy-idempotency #/paths/~1api~1v1~1accounts/post",
		"response-header #/paths/~1api~1v1~1accounts/post/responses/201/headers", "response-header #/components/responses/Failure"}},
	{"        '409': {$ref: '#/components/responses/Conflict'}\n", "        '410': {$ref: '#/components/responses/Conflict'}\n", []string{"policy-idempotency #/paths/~1api~1v1~1accounts~1{accountId}/patch/responses"}},
	{"        Retry-After: {$ref: '#/components/headers/PauseBefore'}\n", "        Age: {$ref: '#/components/headers/PauseBefore'}\n", []string{"response-header #/components/responses/Conflict/headers"}},
	{"            Idempotency-Replayed: {", "            Age: {", []string{"response-header #/paths/~1api~1v1~1accounts~1{accountId}/patch/responses/204/headers"}},
	{"        - idempotency_key_in_use\n", "", []string{"codes #/components/schemas/ProblemCode/enum"}},
	{"minLength: 1, maxLength: 255, pattern: '^[!-~]+$'", "minLength: 1, maxLength: 255, pattern: '^[ -~]+$'", []string{"policy-idempotency #/components/parameters/IdempotencyKey/schema"}},
	{"minLength: 1, maxLength: 255, pattern", "minLength: 1, maxLength: 256, pattern", []string{"policy-idempotency #/components/parameters/IdempotencyKey/schema"}},
	{"      x-sunset: {since: '2026-11-23', date: '2027-11-30', successor: getAccountV2}\n", "", []string{"policy-sunset #/paths/~1api~1v1~1accounts~1{accountId}/get/deprecated"}},
	{"      deprecated: true\n", "", []string{"policy-sunset #/paths/~1api~1v1~1accounts~1{accountId}/get/x-sunset"}},
	{"successor: getAccountV2}", "successor: getAccount}", []string{"policy-sunset #/paths/~1api~1v1~1accounts~1{accountId}/get/x-sunset/successor"}},
	{"date: '2027-11-30'", "date: '2026-11-22'", []string{"policy-sunset #/paths/~1api~1v1~1accounts~1{accountId}/get/x-sunset/date"}},
	{"{since: '2026-11-23', ", "{", []string{"policy-sunset #/paths/~1api~1v1~1accounts~1{accountId}/get/x-sunset", "policy-sunset #/paths/~1api~1v1~1accounts~1{accountId}/get/x-sunset/date"}},
	{"x-enum-varnames: [Personal, Shared]", "x-enum-varnames: [Personal]", []string{"schema-extension #/components/schemas/CreateAccountRequest/properties/kind/x-enum-varnames"}},
	{"city: {type: string, maxLength: 100, x-free-text: true}", "city: {type: string, maxLength: 100, pattern: '^a$', x-free-text: false}", []string{"schema-extension #/components/schemas/CreateAccountRequest/properties/address/properties/city/x-free-text"}},
}

func TestValidDocument(t *testing.T) {
	t.Parallel()
	require.Empty(t, lintText(t, validText(t), allRules()))
}

func TestPlantedViolations(t *testing.T) {
	t.Parallel()
	valid := validText(t)
	for _, p := range plantedViolations {
		t.Run(p.want[0], func(t *testing.T) {
			t.Parallel()
			require.Equal(t, 1, strings.Count(valid, p.old), "%q must occur once in the valid document", p.old)
			require.ElementsMatch(t, p.want, lintText(t, strings.Replace(valid, p.old, p.new, 1), allRules()))
		})
	}
}

// TestEveryRuleIsPlanted fails for a rule that no planted violation breaks, and for one that was taken out of the table.
func TestEveryRuleIsPlanted(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, p := range plantedViolations {
		for _, want := range p.want {
			broken[strings.Fields(want)[0]] = true
		}
	}
	known := map[string]bool{}
	for _, r := range allRules() {
		require.False(t, known[r.name], "the rule %s is in the table twice", r.name)
		require.NotEmpty(t, r.sentence)
		known[r.name] = true
	}
	require.Equal(t, known, broken)
}

// TestEachRuleIsNeeded shows that what breaks a rule passes when that rule alone is missing: no two rules do the same.
func TestEachRuleIsNeeded(t *testing.T) {
	t.Parallel()
	valid := validText(t)
	for _, r := range allRules() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			without := slices.DeleteFunc(allRules(), func(other rule) bool { return other.name == r.name || other.backstop })
			for _, p := range plantedViolations {
				if !slices.ContainsFunc(p.want, func(want string) bool { return strings.HasPrefix(want, r.name+" ") }) {
					continue
				}
				rest := slices.DeleteFunc(slices.Clone(p.want), func(want string) bool { return strings.HasPrefix(want, r.name+" ") })
				require.ElementsMatch(t, rest, lintText(t, strings.Replace(valid, p.old, p.new, 1), without))
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		return file
	}
	valid := validText(t)
	good := write("good.yaml", valid)
	bad := write("bad.yaml", strings.Replace(valid, "summary: Sign out", "summary: Sign out.", 1))
	other := write("other.yaml", "generate: {models: true}\n")
	torn := write("torn.yaml", "paths: {\n")
	circular := write("circular.yaml", "paths: &a [*a]\n")

	line := 0
	for i, text := range strings.Split(valid, "\n") {
		if strings.Contains(text, "summary: Sign out") {
			line = i + 1
		}
	}
	tests := []struct {
		name   string
		args   []string
		exit   int
		stdout string
		stderr string
	}{
		{"valid", []string{good}, exitClean, good + ": 7 operations, 10 schemas, 75 rules, no violations\n", ""},
		{"violation", []string{bad}, exitViolation, bad + ":" + strconv.Itoa(line) + ": #/paths/~1api~1v1~1logout/post/summary: operation-summary: the summary ends with a full stop; take it away\n" + bad + ": 7 operations, 10 schemas, 75 rules, 1 violation\n", ""},
		{"another kind of file beside a document", []string{other, good}, exitClean, "passed over", ""},
		{"no document", []string{other}, exitUnusable, "passed over", "none of the files is an OpenAPI document"},
		{"a violation in the first of two", []string{bad, good}, exitViolation, "no violations", ""},
		{"unreadable in the first of two", []string{filepath.Join(dir, "missing.yaml"), good}, exitUnusable, "no violations", "cannot read the document"},
		{"not YAML", []string{torn}, exitUnusable, "", "not readable as YAML"},
		{"circular YAML", []string{circular}, exitUnusable, "", "not readable as YAML"},
		{"no argument", nil, exitUnusable, "", "usage: lint"},
		{"unknown flag", []string{"-fix", good}, exitUnusable, "", "usage: lint"},
		{"rules", []string{"-rules"}, exitClean, "policy-sunset", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			exit := run(append([]string{"-policy", policyFile}, tt.args...), &stdout, &stderr)
			require.Equal(t, tt.exit, exit, stderr.String())
			require.Contains(t, stdout.String(), tt.stdout)
			require.Contains(t, stderr.String(), tt.stderr)
		})
	}
}

// TestPolicySchemaMissing shows that the JSON Schema is looked for beside the document.
func TestPolicySchemaMissing(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitUnusable, run([]string{validFile}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "testdata/policy.schema.json")
}

// TestStringFormats shows where examples are held to more than a request is.
func TestStringFormats(t *testing.T) {
	t.Parallel()
	tests := []struct {
		format, value string
		valid         bool
	}{
		{"uuid", "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77", true},
		{"uuid", "019324d2-3a5e-4c10-8f4e-2b6d1a9c0e77", false},
		{"uuid", "019324d23a5e7c108f4e2b6d1a9c0e77", false},
		{"date-time", "2026-11-23T09:30:00Z", true},
		{"date-time", "2026-11-23T09:30:00+01:00", false},
		{"date-time", "2026-11-23 Z", false},
	}
	for _, tt := range tests {
		t.Run(tt.format+" "+tt.value, func(t *testing.T) {
			t.Parallel()
			err := stringFormats()[tt.format].Validate(tt.value)
			require.Equal(t, tt.valid, err == nil, "%v", err)
		})
	}
}

func validText(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(validFile)
	require.NoError(t, err)
	return string(data)
}

// policyOnce compiles the JSON Schema, which no test changes, once for all of them.
var policyOnce = sync.OnceValues(func() (*policySchemas, error) { return loadPolicySchemas(policyFile) })

// parsed holds each document that a test has parsed, since parsing costs far more than the rules and no rule changes a document.
var parsed sync.Map // text -> func() (*document, error)

// parseOnce parses a text when it is first asked for.
func parseOnce(text string) (*document, error) {
	parsing, _ := parsed.LoadOrStore(text, sync.OnceValues(func() (*document, error) {
		schemas, err := policyOnce()
		if err != nil {
			return nil, err
		}
		return parse([]byte(text), schemas)
	}))
	return parsing.(func() (*document, error))()
}

// lintText is the violations as "rule #/place".
func lintText(t *testing.T, text string, rules []rule) []string {
	t.Helper()
	d, err := parseOnce(text)
	require.NoError(t, err)
	var found []string
	for _, v := range lint(d, rules) {
		require.Positive(t, v.line)
		require.Contains(t, v.message, ";", "the message of %s must name the way out", v.rule)
		found = append(found, v.rule+" #"+v.pointer)
	}
	return found
}
