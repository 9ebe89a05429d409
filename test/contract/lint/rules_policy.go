package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/test/contract/yamlnode"
)

func policyRules() []rule {
	return []rule{
		{name: "policy-access", check: checkAccess,
			sentence: "x-access is one of its five forms, with roles of Role, a path parameter and a ProblemCode that exist."},
		{name: "policy-security", check: checkSecurity,
			sentence: "A public operation has security: [], every other the bearer scheme."},
		{name: "policy-rate-limit", check: checkRateLimit,
			sentence: "x-rate-limit has its shape; a public operation is limited per address."},
		{name: "policy-cost", check: checkCost,
			sentence: "What costs much has x-rate-limit: an operation that anybody may call, unless it is critical; " +
				"one that searches text, streams, answers 202, or is slow from 500ms on only. " +
				"What is for development, under /dev/, is not counted."},
		{name: "policy-throttle", check: checkThrottle,
			sentence: "x-throttle has its shape, stands beside x-rate-limit, counts codes that the operation can end " +
				"with, about a caller or a required string of the body, for a day at most; " +
				"an operation that refuses a password or the token of a mail has it."},
		{name: "policy-timeout", check: checkTimeout,
			sentence: "x-timeout has a limit of at most 60s and a slow threshold below it; stream is longer, at most 30m, " +
				"and only where an answer is not JSON."},
		{name: "policy-priority", check: shapeOf("x-priority"),
			sentence: "x-priority is critical, high, normal or low."},
		{name: "policy-audit", check: checkAudit,
			sentence: "x-audit is on every operation that changes something, and on no other."},
		{name: "policy-idempotency", check: checkIdempotency,
			sentence: "x-idempotency is on POST and PATCH of signed-in callers only, " +
				"goes together with the header Idempotency-Key, 409, and keeps no answer with something sensitive in it."},
		{name: "policy-sunset", check: checkSunset,
			sentence: "x-sunset is on every deprecated operation and on no other; its successor is an operation that stays."},
		{name: "schema-extension", check: checkSchemaExtensions,
			sentence: "The extensions of a schema have their shapes; " +
				"names and descriptions of an enum are as many as its values."},
	}
}

// policySchemas is the JSON Schema of the extensions.
type policySchemas struct {
	operation  *jsonschema.Schema
	schema     *jsonschema.Schema
	extensions map[string][]string // by the kind of object
}

// policyError is one violation of the JSON Schema by an operation's extensions.
type policyError struct {
	extension string
	pointer   string
	message   string
}

// loadPolicySchemas reads the JSON Schema of the extensions.
func loadPolicySchemas(file string) (*policySchemas, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the JSON Schema of the extensions: %w; name it with -policy", err)
	}
	content, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		return nil, fmt.Errorf("%s is not JSON: %w", file, err)
	}
	var names struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Defs       struct {
			SchemaExtensions struct {
				Properties map[string]json.RawMessage `json:"properties"`
			} `json:"schemaExtensions"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(data, &names); err != nil {
		return nil, fmt.Errorf("%s is not a JSON Schema of extensions: %w", file, err)
	}

	const base = "plumbline:///policy.schema.json"
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(base, content); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p := &policySchemas{extensions: map[string][]string{}}
	if p.operation, err = compiler.Compile(base); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if p.schema, err = compiler.Compile(base + "#/$defs/schemaExtensions"); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for name := range names.Properties {
		p.extensions["operation"] = append(p.extensions["operation"], name)
	}
	for name := range names.Defs.SchemaExtensions.Properties {
		p.extensions["schema"] = append(p.extensions["schema"], name)
	}
	return p, nil
}

func (p *policySchemas) extensionsOf(kind string) []string { return p.extensions[kind] }

// checkOperation holds the operation's extensions against the JSON Schema.
func (p *policySchemas) checkOperation(op *operation) []policyError {
	return p.check(p.operation, op.object)
}

// check holds the known extensions of an object against a JSON Schema. Unknown ones are another rule's.
func (p *policySchemas) check(schema *jsonschema.Schema, o object) []policyError {
	own := map[string]any{}
	for _, name := range p.extensionsOf(o.kind) {
		if value := yamlnode.Member(o.node, name); value != nil {
			own[name] = jsonValue(yamlnode.Plain(value))
		}
	}
	var invalid *jsonschema.ValidationError
	if err := schema.Validate(own); !errors.As(err, &invalid) {
		return nil
	}
	return leaves(invalid, o.pointer)
}

// leaves are the errors at the bottom; those inside a choice are told as one.
func leaves(e *jsonschema.ValidationError, pointer string) []policyError {
	at := func(extension, said string) policyError {
		return policyError{extension, join(pointer, e.InstanceLocation...), said}
	}
	if missing, ok := e.ErrorKind.(*kind.Required); ok && len(e.InstanceLocation) == 0 {
		var found []policyError
		for _, name := range missing.Missing {
			found = append(found, at(name, name+" is missing; add it"))
		}
		return found
	}
	_, choice := e.ErrorKind.(*kind.OneOf)
	switch {
	case choice:
		member := e.InstanceLocation[0]
		text := member + " is none of its forms, or a value in it is not; see policy.schema.json"
		return []policyError{at(member, text)}
	case len(e.Causes) == 0:
		said := e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
		return []policyError{at(e.InstanceLocation[0], e.InstanceLocation[0]+": "+said+"; see policy.schema.json")}
	}
	var found []policyError
	for _, cause := range e.Causes {
		found = append(found, leaves(cause, pointer)...)
	}
	return found
}

// shapeOf reports where an extension is missing or has another shape than the JSON Schema says.
func shapeOf(extension string) func(d *document, report reporter) {
	return func(d *document, report reporter) {
		for _, op := range d.operations {
			for _, e := range op.policyErrs {
				if e.extension == extension {
					report(e.pointer, "%s", e.message)
				}
			}
		}
	}
}

func checkAccess(d *document, report reporter) {
	shapeOf("x-access")(d, report)
	roles := texts(yamlnode.Member(d.component("schemas", "Role").node, "enum"))
	codes := texts(yamlnode.Member(d.component("schemas", "ProblemCode").node, "enum"))
	for _, op := range d.operations {
		access := object{pointer: join(op.pointer, "x-access"), node: yamlnode.Member(op.node, "x-access")}
		for _, role := range op.roles() {
			if !slices.Contains(roles, role) {
				report(access.at("roles"), "%q is not a value of the schema Role; add it there or correct it", role)
			}
		}
		if owner := op.owner(); owner != "" && owner != "self" && !slices.Contains(op.pathParameters(), owner) {
			report(access.at("owner"), "%q is not a path parameter of the operation; name one", owner)
		}
		if code := yamlnode.Text(yamlnode.Member(access.node, "hidden_as")); code != "" && !slices.Contains(codes, code) {
			report(access.at("hidden_as"), "%q is not a value of ProblemCode; add it there or correct it", code)
		}
	}
}

func checkSecurity(d *document, report reporter) {
	for _, op := range d.operations {
		requirements := yamlnode.Items(d.security(op))
		if op.isPublic() {
			if own := yamlnode.Member(op.node, "security"); own == nil || len(requirements) > 0 {
				report(op.at("security"), "the operation is public; say so with security: []")
			}
			continue
		}
		bearer := false
		if len(requirements) == 1 {
			for name := range yamlnode.Members(requirements[0]) {
				scheme := d.component("securitySchemes", name)
				bearer = yamlnode.Text(yamlnode.Member(scheme.node, "type")) == "http" &&
					yamlnode.Text(yamlnode.Member(scheme.node, "scheme")) == "bearer"
			}
		}
		if !bearer {
			report(op.at("security"),
				"the operation is not public and does not demand the bearer scheme alone; leave security to the document")
		}
	}
}

func checkRateLimit(d *document, report reporter) {
	shapeOf("x-rate-limit")(d, report)
	for _, op := range d.operations {
		if op.isPublic() && yamlnode.Text(yamlnode.Member(yamlnode.Member(op.node, "x-rate-limit"), "per")) == "principal" {
			report(join(op.pointer, "x-rate-limit", "per"),
				"a public operation has no principal to count by; write per: address")
		}
	}
}

// slowByNature is the threshold of x-timeout from which on an operation says of itself that it takes long.
const slowByNature = 500 * time.Millisecond

func checkCost(d *document, report reporter) {
	for _, op := range d.operations {
		if op.isLimited() || strings.HasPrefix(op.path, "/dev/") {
			continue
		}
		if why := op.costs(); why != "" {
			report(op.at("x-rate-limit"), "the operation costs much: %s; say how often it may be called", why)
		}
	}
}

// costs tells what of an operation makes it cost much, or "".
func (op *operation) costs() string {
	timeout := yamlnode.Member(op.node, "x-timeout")
	slow, _ := time.ParseDuration(yamlnode.Text(yamlnode.Member(timeout, "slow"))) // The shape says what is wrong with it.
	switch {
	case op.isPublic() && yamlnode.Text(yamlnode.Member(op.node, "x-priority")) != "critical":
		return "anybody may call it"
	case slices.ContainsFunc(op.parameters, isText):
		return "it searches text"
	case yamlnode.Member(timeout, "stream") != nil:
		return "it streams"
	case op.answer("202") != nil:
		return "it has something done beyond its answer"
	case slow >= slowByNature:
		return "it is slow from " + slow.String() + " on only"
	default:
		return ""
	}
}

// isText tells whether a parameter is text to search for.
func isText(p object) bool {
	return yamlnode.Text(yamlnode.Member(p.node, "in")) == "query" &&
		isTrue(yamlnode.Member(p.node, "schema"), "x-free-text")
}

// guessedCodes are those of answers by which somebody learns that a secret was guessed wrong.
var guessedCodes = []string{"invalid_credentials", "wrong_password", "invalid_mail_token"}

func checkThrottle(d *document, report reporter) {
	shapeOf("x-throttle")(d, report)
	for _, op := range d.operations {
		throttle := object{pointer: join(op.pointer, "x-throttle"), node: yamlnode.Member(op.node, "x-throttle")}
		counts := texts(yamlnode.Member(throttle.node, "counts"))
		for _, p := range op.own() {
			if slices.Contains(guessedCodes, p.Code) && !slices.Contains(counts, p.Code) {
				report(throttle.pointer, "%s tells that a secret was guessed wrong; count it", p.Code)
			}
		}
		if throttle.node == nil {
			continue
		}
		if !op.isLimited() {
			report(throttle.pointer, "the operation has no x-rate-limit; add one")
		}
		for i, code := range counts {
			coded := func(p contract.Problem) bool { return p.Code == code }
			if d.following != nil && !slices.ContainsFunc(d.problems(op), coded) {
				report(join(throttle.pointer, "counts", strconv.Itoa(i)),
					"the operation cannot end with %s; name a code of its answers", code)
			}
		}
		if of := yamlnode.Text(yamlnode.Member(throttle.node, "of")); of == "caller" && op.isPublic() {
			report(throttle.at("of"), "a public operation has no caller; name a string of the body")
		} else if of != "" && of != "caller" && !op.requiresText(d, of) {
			report(throttle.at("of"), "%s is no string that the body must have; name one, or caller", of)
		}
		for name, failures := range yamlnode.Members(throttle.node) {
			window, err := time.ParseDuration(yamlnode.Text(yamlnode.Member(failures, "window")))
			if err == nil && window > 24*time.Hour {
				report(join(throttle.pointer, name, "window"),
					"the window %s is longer than a day, and so would be Retry-After; shorten it", window)
			}
		}
	}
}

// requiresText tells whether every request has a string of that name in its body.
func (op *operation) requiresText(d *document, member string) bool {
	if op.body == nil {
		return false
	}
	for _, media := range d.mediaTypes(*op.body) {
		schema := d.child(media, "schema")
		if !hasType(schema.node, "object") {
			continue // another rule's
		}
		if !slices.Contains(texts(yamlnode.Member(schema.node, "required")), member) ||
			!hasType(d.child(schema, "properties", member).node, "string") {
			return false
		}
	}
	return true
}

func checkTimeout(d *document, report reporter) {
	shapeOf("x-timeout")(d, report)
	for _, op := range d.operations {
		timeout := object{pointer: join(op.pointer, "x-timeout"), node: yamlnode.Member(op.node, "x-timeout")}
		limit, limitErr := time.ParseDuration(yamlnode.Text(yamlnode.Member(timeout.node, "limit")))
		slow, slowErr := time.ParseDuration(yamlnode.Text(yamlnode.Member(timeout.node, "slow")))
		if limitErr != nil || slowErr != nil {
			continue // the shape has said so
		}
		if limit > time.Minute {
			report(timeout.at("limit"),
				"the limit %s is more than 60s; make the work smaller or let it go on in the background", limit)
		}
		if slow >= limit {
			report(timeout.at("slow"),
				"slow is not below the limit %s; lower it, so that a warning comes before the failure", limit)
		}
		d.checkStream(op, timeout, limit, report)
	}
}

func (d *document) checkStream(op *operation, timeout object, limit time.Duration, report reporter) {
	if yamlnode.Member(timeout.node, "stream") == nil {
		return
	}
	stream, err := time.ParseDuration(yamlnode.Text(yamlnode.Member(timeout.node, "stream")))
	streams := false
	for _, r := range op.responses {
		for name := range yamlnode.Members(yamlnode.Member(r.node, "content")) {
			streams = streams || r.isSuccess() && name != "application/json" && !strings.HasSuffix(name, "+json")
		}
	}
	switch {
	case err != nil: // the shape has said so
	case !streams:
		report(timeout.at("stream"), "every answer of success is JSON, which is not streamed; take stream out")
	case stream > 30*time.Minute || stream <= limit:
		report(timeout.at("stream"), "stream is not more than the limit %s and at most 30m; correct it", limit)
	}
}

func checkAudit(d *document, report reporter) {
	shapeOf("x-audit")(d, report)
	for _, op := range d.operations {
		audit := object{pointer: join(op.pointer, "x-audit"), node: yamlnode.Member(op.node, "x-audit")}
		target := yamlnode.Text(yamlnode.Member(audit.node, "target"))
		switch {
		case op.isSafe() && audit.node != nil:
			report(audit.pointer, "a %s changes nothing to audit; take x-audit out", op.method)
		case !op.isSafe() && audit.node == nil:
			report(op.pointer, "x-audit is missing though the operation changes something; add it")
		case target == "created" && !slices.ContainsFunc(op.responses, func(r response) bool { return r.status == "201" }):
			report(audit.at("target"), "the operation creates nothing; name a path parameter or write caller")
		case target != "" && target != "caller" && target != "created" && !slices.Contains(op.pathParameters(), target):
			report(audit.at("target"),
				"%q is not a path parameter of the operation; name one, or write caller or created", target)
		}
	}
}

// keyPatterns allow the visible characters of ASCII and nothing else.
var keyPatterns = []string{"^[!-~]+$", "^[!-~]{1,255}$"}

func checkIdempotency(d *document, report reporter) {
	shapeOf("x-idempotency")(d, report)
	for _, op := range d.operations {
		header := op.parameter("header", "Idempotency-Key")
		if !op.isKeyed() {
			if header != nil {
				report(header.pointer, "the operation has no x-idempotency that the header Idempotency-Key would serve; "+
					"add it or take the header out")
			}
			continue
		}
		here := join(op.pointer, "x-idempotency")
		if op.method != "POST" && op.method != "PATCH" {
			report(here, "a %s is idempotent without a key; take x-idempotency out", op.method)
		}
		if op.isPublic() {
			report(here, "a public operation has no principal that a key belongs to; take x-idempotency out")
		}
		for _, answer := range op.responses {
			for _, media := range d.mediaTypes(answer.object) {
				if place := d.sensitiveWithin(d.child(media, "schema"), map[string]bool{}); place != "" && answer.isSuccess() {
					report(here, "the answer %s would be kept, and %s is sensitive; "+
						"take x-idempotency out or answer without it", answer.status, place)
				}
			}
		}
		requireStatus(report, op, "409", "a request with the same key may still be running")
		if header == nil {
			report(op.at("parameters"), "the operation has x-idempotency and takes no header Idempotency-Key; add it")
			continue
		}
		if isTrue(header.node, "required") != (yamlnode.Text(yamlnode.Member(op.node, "x-idempotency")) == "required") {
			report(header.at("required"),
				"the header Idempotency-Key is required exactly where x-idempotency is; correct one of them")
		}
		s := d.child(*header, "schema")
		if yamlnode.Text(yamlnode.Member(s.node, "minLength")) != "1" ||
			yamlnode.Text(yamlnode.Member(s.node, "maxLength")) != "255" ||
			!slices.Contains(keyPatterns, yamlnode.Text(yamlnode.Member(s.node, "pattern"))) {
			report(s.pointer, "Idempotency-Key is not 1 to 255 visible ASCII characters; "+
				"write minLength: 1, maxLength: 255, pattern: '%s'", keyPatterns[0])
		}
	}
}

// sensitiveWithin is the place of something x-sensitive in a schema, or "".
func (d *document) sensitiveWithin(s object, seen map[string]bool) string {
	if s.node == nil || seen[s.pointer] {
		return ""
	}
	if seen[s.pointer] = true; isTrue(s.node, "x-sensitive") {
		return s.pointer
	}
	for inner := range d.inner(s) {
		if place := d.sensitiveWithin(inner, seen); place != "" {
			return place
		}
	}
	return ""
}

func checkSunset(d *document, report reporter) {
	shapeOf("x-sunset")(d, report)
	byID := map[string]*operation{}
	for _, op := range d.operations {
		byID[op.id] = op
	}
	for _, op := range d.operations {
		sunset := object{pointer: join(op.pointer, "x-sunset"), node: yamlnode.Member(op.node, "x-sunset")}
		switch {
		case op.isDeprecated() && sunset.node == nil:
			report(op.at("deprecated"),
				"the operation is deprecated without x-sunset; say since when, until when and what follows")
		case !op.isDeprecated() && sunset.node != nil:
			report(sunset.pointer, "the operation has x-sunset and is not deprecated; add deprecated: true or take x-sunset out")
		}
		if sunset.node == nil {
			continue
		}
		name := yamlnode.Text(yamlnode.Member(sunset.node, "successor"))
		if successor := byID[name]; name != "" && (successor == nil || successor.isDeprecated()) {
			report(sunset.at("successor"), "the successor %q is not an operation of this document that stays; name one", name)
		}
		since, sinceErr := time.Parse(time.DateOnly, yamlnode.Text(yamlnode.Member(sunset.node, "since")))
		date, dateErr := time.Parse(time.DateOnly, yamlnode.Text(yamlnode.Member(sunset.node, "date")))
		if sinceErr != nil || dateErr != nil || !date.After(since) {
			report(sunset.at("date"), "since and date are not two days, the second after the first; correct them")
		}
	}
}

func checkSchemaExtensions(d *document, report reporter) {
	for s := range d.of("schema") {
		for _, e := range d.policy.check(d.policy.schema, s) {
			report(e.pointer, "%s", e.message)
		}
		for _, key := range []string{"x-enum-varnames", "x-enum-descriptions"} {
			names, values := yamlnode.Member(s.node, key), yamlnode.Member(s.node, "enum")
			if names != nil && len(yamlnode.Items(names)) != len(yamlnode.Items(values)) {
				report(s.at(key), "%s has not as many entries as the enum has values; give each value one", key)
			}
		}
	}
}
