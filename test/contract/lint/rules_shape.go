package main

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"example.com/plumbline/test/contract/yamlnode"
)

func shapeRules() []rule {
	return []rule{
		{name: "property-name", check: checkPropertyNames,
			sentence: "Every property is snake_case."},
		{name: "required-declared", check: checkRequired,
			sentence: "Every object of an answer says which properties are required; what is required is declared."},
		{name: "id-format", check: checkIDs,
			sentence: "Every id (id, …_id, a path parameter …Id) is a string of format uuid."},
		{name: "time-format", check: checkTimes,
			sentence: "Every time (…_at, timestamp) is a string of format date-time."},
		{name: "sensitive", check: checkSensitive,
			sentence: "Every property and parameter named as a secret or as personal data has x-sensitive: true."},
		{name: "list-paging", check: checkLists,
			sentence: "A list takes limit (1..100, with a default) and cursor, answers items and next_cursor, " +
				"and declares Link."},
		{name: "money-shape", check: checkMoneyShape,
			sentence: "Money is an integer amount in minor units and a currency of three capitals."},
		{name: "money-integer", check: checkMoneyInteger,
			sentence: "No amount of money is a number with decimals."},
		{name: "problem-shape", check: checkProblemShape,
			sentence: "Problem has the members of the contract (RFC 9457 and code, request_id, timestamp, errors)."},
		{name: "problem-code", check: checkProblemCode,
			sentence: "Problem.code is the enum ProblemCode of snake_case values."},
	}
}

// property is a property of an object, or a parameter, with its schema.
type property struct {
	name   string
	place  string // of the name
	schema object // with references followed; its node is nil when there is none
}

// properties are the properties of every object of the document.
func (d *document) properties() []property {
	var found []property
	for s := range d.of("schema") {
		for name := range yamlnode.Members(yamlnode.Member(s.node, "properties")) {
			found = append(found, property{name, join(s.pointer, "properties", name), d.child(s, "properties", name)})
		}
	}
	return found
}

// parameterProperties are the parameters with the names that they would have as properties.
func (d *document) parameterProperties(places ...string) []property {
	var found []property
	for p := range d.of("parameter") {
		if slices.Contains(places, yamlnode.Text(yamlnode.Member(p.node, "in"))) {
			name := strings.ReplaceAll(strings.ToLower(yamlnode.Text(yamlnode.Member(p.node, "name"))), "-", "_")
			found = append(found, property{name, p.at("schema"), d.child(p, "schema")})
		}
	}
	return found
}

func checkPropertyNames(d *document, report reporter) {
	for _, p := range d.properties() {
		if !snakeCase.MatchString(p.name) {
			report(p.place, "the property %q is not snake_case; rename it", p.name)
		}
	}
}

func checkRequired(d *document, report reporter) {
	for s := range d.schemas(bothWays) {
		properties, required := yamlnode.Member(s.node, "properties"), yamlnode.Member(s.node, "required")
		if properties != nil && len(yamlnode.Items(required)) == 0 && d.uses[s.pointer]&inResponse != 0 {
			report(s.at("required"), "the object of an answer does not say which properties always come; add required")
		}
		for _, name := range texts(required) {
			if yamlnode.Member(properties, name) == nil {
				report(s.at("required"), "%q is required and not declared; add it to properties", name)
			}
		}
	}
}

func checkIDs(d *document, report reporter) {
	// Ids that others may choose and that only travel through: a request id, a trace id.
	foreign := []string{"request_id", "trace_id"}
	for _, p := range d.properties() {
		if (p.name == "id" || strings.HasSuffix(p.name, "_id")) && !slices.Contains(foreign, p.name) {
			requireFormat(report, p, "uuid")
		}
	}
	for p := range d.of("parameter") {
		name := yamlnode.Text(yamlnode.Member(p.node, "name"))
		if yamlnode.Text(yamlnode.Member(p.node, "in")) == "path" && (name == "id" || strings.HasSuffix(name, "Id")) {
			requireFormat(report, property{name, p.at("schema"), d.child(p, "schema")}, "uuid")
		}
	}
}

func checkTimes(d *document, report reporter) {
	for _, p := range append(d.properties(), d.parameterProperties("query", "header")...) {
		if p.name == "timestamp" || strings.HasSuffix(p.name, "_at") {
			requireFormat(report, p, "date-time")
		}
	}
}

func requireFormat(report reporter, p property, format string) {
	if !hasType(p.schema.node, "string") || yamlnode.Text(yamlnode.Member(p.schema.node, "format")) != format {
		report(p.place, "%q is not a string of format %s; make it one", p.name, format)
	}
}

func checkSensitive(d *document, report reporter) {
	for _, p := range append(d.properties(), d.parameterProperties("query", "header", "path", "cookie")...) {
		if p.schema.node != nil && isNamedSensitive(p.name) && !isPublicByType(p.schema.node) &&
			!isTrue(p.schema.node, "x-sensitive") {
			report(p.place, "%q is named as a secret or as personal data; add x-sensitive: true to its schema", p.name)
		}
	}
}

func isNamedSensitive(name string) bool {
	words := []string{
		"password", "passcode", "token", "secret", "phone", "id_card", "email", "otp", "recovery_code", "second_factor",
	}
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(name, word) })
}

// isPublicByType tells whether the values are harmless whatever the name: a boolean, a count, a listed value, a time.
func isPublicByType(n *yaml.Node) bool {
	return yamlnode.Member(n, "enum") != nil ||
		slices.Contains([]string{"boolean", "integer", "number"}, yamlnode.Text(yamlnode.Member(n, "type"))) ||
		slices.Contains([]string{"date", "date-time"}, yamlnode.Text(yamlnode.Member(n, "format")))
}

func checkLists(d *document, report reporter) {
	for _, op := range d.operations {
		answer := op.answer("200")
		var page object
		if answer != nil {
			page = d.child(answer.object, "content", "application/json", "schema")
		}
		listed := d.child(page, "properties", "items")
		// A thing with an id, such as an order, may have items of its own.
		isPage := hasType(listed.node, "array") && d.child(page, "properties", "id").node == nil
		if op.method != "GET" || !strings.HasPrefix(op.id, "list") && !strings.HasPrefix(op.id, "search") && !isPage {
			continue
		}
		checkListParameters(d, op, report)
		if answer == nil || page.node == nil {
			report(op.at("responses"), "a list has no answer 200 in application/json; add it")
			continue
		}
		if !hasType(listed.node, "array") {
			report(page.pointer, "the page has no array items; add it")
		}
		next := d.child(page, "properties", "next_cursor")
		if !hasType(next.node, "string") || !isTrue(next.node, "nullable") {
			report(page.pointer, "the page has no next_cursor that is a string or null; add it")
		}
		for _, name := range []string{"items", "next_cursor"} {
			if !slices.Contains(texts(yamlnode.Member(page.node, "required")), name) {
				report(page.pointer, "%s is not required in the page; add it to required", name)
			}
		}
		if d.header(*answer, "Link").node == nil {
			report(answer.at("headers"), "the list does not declare the Link header; add it")
		}
	}
}

func checkListParameters(d *document, op *operation, report reporter) {
	if op.parameter("query", "cursor") == nil {
		report(op.at("parameters"), "the list takes no cursor; add the query parameter")
	}
	limit := op.parameter("query", "limit")
	if limit == nil {
		report(op.at("parameters"), "the list takes no limit; add the query parameter")
		return
	}
	s := d.child(*limit, "schema")
	if !hasType(s.node, "integer") || yamlnode.Text(yamlnode.Member(s.node, "minimum")) != "1" ||
		yamlnode.Text(yamlnode.Member(s.node, "maximum")) != "100" || yamlnode.Member(s.node, "default") == nil {
		report(limit.at("schema"), "limit is not an integer from 1 to 100 with a default; make it one")
	}
}

func checkMoneyShape(d *document, report reporter) {
	for s := range d.of("schema") {
		amount, currency := d.child(s, "properties", "amount"), d.child(s, "properties", "currency")
		if amount.node == nil {
			continue
		}
		required := texts(yamlnode.Member(s.node, "required"))
		switch {
		case d.child(amount, "properties", "amount").node != nil: // It is money itself.
		case !hasType(amount.node, "integer"):
			report(join(s.pointer, "properties", "amount"), "amount is not an integer; count minor units such as cents")
		case !hasType(currency.node, "string") || yamlnode.Text(yamlnode.Member(currency.node, "pattern")) != "^[A-Z]{3}$":
			report(s.at("properties"), "money has no currency of pattern ^[A-Z]{3}$ (ISO 4217); add it")
		case !slices.Contains(required, "amount") || !slices.Contains(required, "currency"):
			report(s.at("required"), "amount and currency mean nothing apart; require both")
		}
	}
}

func checkMoneyInteger(d *document, report reporter) {
	words := []string{"amount", "price", "total", "cost", "fee", "balance", "tax", "discount", "refund"}
	for _, p := range append(d.properties(), d.parameterProperties("query", "header", "path", "cookie")...) {
		named := func(part string) bool { return slices.Contains(words, part) }
		isMoney := slices.ContainsFunc(strings.Split(p.name, "_"), named)
		if isMoney && hasType(p.schema.node, "number") {
			report(p.place, "%q is money with decimals; use an integer of minor units and a currency", p.name)
		}
	}
}

func checkProblemShape(d *document, report reporter) {
	problem := d.component("schemas", "Problem")
	if problem.node == nil {
		report("/components/schemas", "there is no schema Problem; add it")
		return
	}
	requireMembers(d, report, problem, map[string]string{
		"type": "string", "title": "string", "status": "integer", "detail": "string", "instance": "string",
		"code": "string", "request_id": "string", "timestamp": "string",
	}, "type", "title", "status", "detail", "instance", "code", "request_id", "timestamp")
	errs := d.child(problem, "properties", "errors")
	if !hasType(errs.node, "array") {
		report(problem.at("properties"), "Problem has no errors of type array; add it")
		return
	}
	item := d.child(errs, "items")
	if item.node == nil {
		return // a reference to nowhere is another rule's
	}
	requireMembers(d, report, item, map[string]string{
		"pointer": "string", "keyword": "string", "params": "object", "detail": "string",
	}, "pointer", "keyword", "detail")
}

// requireMembers reports the properties that are missing or of another type, and those in always that are not required.
func requireMembers(d *document, report reporter, o object, types map[string]string, always ...string) {
	for name, kind := range types {
		if p := d.child(o, "properties", name); !hasType(p.node, kind) {
			report(o.at("properties"), "there is no %s of type %s; add it", name, kind)
		}
	}
	for _, name := range always {
		if !slices.Contains(texts(yamlnode.Member(o.node, "required")), name) {
			report(o.at("required"), "%s always comes; add it to required", name)
		}
	}
}

const problemCodePlace = "/components/schemas/ProblemCode"

func checkProblemCode(d *document, report reporter) {
	problem := d.component("schemas", "Problem")
	if problem.node == nil {
		return
	}
	if code := d.child(problem, "properties", "code"); code.pointer != problemCodePlace {
		report(join(problem.pointer, "properties", "code"), "code is not the schema ProblemCode; write $ref: '#%s'",
			problemCodePlace)
	}
	codes := d.component("schemas", "ProblemCode")
	if len(yamlnode.Items(yamlnode.Member(codes.node, "enum"))) == 0 {
		report("/components/schemas", "ProblemCode has no enum; list the codes there")
	}
	for _, value := range texts(yamlnode.Member(codes.node, "enum")) {
		if !snakeCase.MatchString(value) {
			report(codes.at("enum"), "the code %q is not snake_case; rename it", value)
		}
	}
}
