package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"example.com/plumbline/test/contract/yamlnode"
)

func exampleRules() []rule {
	return []rule{
		{name: "example-present", check: checkExamplePresent,
			sentence: "Every request body and every JSON answer of success has an example."},
		{name: "example-valid", check: checkExampleValid,
			sentence: "Every example of a body validates against its schema, formats included, and holds nothing undeclared."},
		{name: "parameter-example", check: checkParameterExample,
			sentence: "Every required parameter has an example, which validates against its schema."},
	}
}

// bodyOf is one body of an operation with its media type.
type bodyOf struct {
	op     *operation
	media  object
	name   string // of the media type
	way    side
	status string // of an answer
	must   bool   // whether it needs an example
}

// String is the body as the messages name it.
func (b bodyOf) String() string {
	if b.way == inRequest {
		return "the request body"
	}
	return "the answer " + b.status
}

// bodies are the JSON bodies of every operation.
func (d *document) bodies() []bodyOf {
	var found []bodyOf
	add := func(op *operation, owner object, way side, status string, must bool) {
		for name := range yamlnode.Members(yamlnode.Member(owner.node, "content")) {
			if name == "application/json" || strings.HasSuffix(name, "+json") {
				found = append(found, bodyOf{op, d.child(owner, "content", name), name, way, status, must})
			}
		}
	}
	for _, op := range d.operations {
		if op.body != nil {
			add(op, *op.body, inRequest, "", true)
		}
		for _, r := range op.responses {
			add(op, r.object, inResponse, r.status, r.isSuccess())
		}
	}
	return found
}

func checkExamplePresent(d *document, report reporter) {
	for _, b := range d.bodies() {
		if b.must && len(d.examples(b.media)) == 0 {
			report(b.media.pointer, "%s of %s has no example; add one beside its schema", b, b.op.id)
		}
	}
}

// examples are the places of the examples of a body: its own, or else the one of its schema.
func (d *document) examples(media object) []object {
	var found []object
	if yamlnode.Member(media.node, "example") != nil {
		found = append(found, d.child(media, "example"))
	}
	for name := range yamlnode.Members(yamlnode.Member(media.node, "examples")) {
		if value := d.child(d.child(media, "examples", name), "value"); value.node != nil {
			found = append(found, value)
		}
	}
	if schema := d.child(media, "schema"); len(found) == 0 && yamlnode.Member(schema.node, "example") != nil {
		found = append(found, d.child(schema, "example"))
	}
	return found
}

func checkExampleValid(d *document, report reporter) {
	if d.api == nil {
		return
	}
	for _, b := range d.bodies() {
		schema := d.schemaOf(b)
		if schema == nil {
			continue
		}
		way := openapi3.VisitAsRequest()
		if b.way == inResponse {
			way = openapi3.VisitAsResponse()
		}
		for _, example := range d.examples(b.media) {
			value := jsonValue(yamlnode.Plain(example.node))
			err := schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.EnableFormatValidation(), way,
				openapi3.WithStringFormatValidators(d.formats))
			for _, one := range flatten(err) {
				place, reason := example.pointer, oneLine(one)
				if broken, ok := errors.AsType[*openapi3.SchemaError](one); ok {
					place, reason = join(place, broken.JSONPointer()...), broken.Reason
				}
				report(place, "the example of %s of %s is not valid: %s; correct it", b, b.op.id, reason)
			}
			for _, place := range undeclared(schema, value, example.pointer) {
				report(place,
					"the example of %s of %s holds a property that its schema does not declare; declare it or take it out",
					b, b.op.id)
			}
		}
	}
}

// checkParameterExample asks for what a page that sends requests for its reader fills in.
func checkParameterExample(d *document, report reporter) {
	for p := range d.of("parameter") {
		name := yamlnode.Text(yamlnode.Member(p.node, "name"))
		examples := d.examples(p)
		if len(examples) == 0 && isTrue(p.node, "required") {
			report(p.pointer, "the parameter %s is required and has no example; add one", name)
		}
		schema, err := loaded(d.child(p, "schema"))
		if err != nil {
			continue // Another rule tells of it.
		}
		for _, example := range examples {
			err := schema.VisitJSON(jsonValue(yamlnode.Plain(example.node)),
				openapi3.EnableFormatValidation(), openapi3.WithStringFormatValidators(d.formats))
			if err != nil {
				report(example.pointer, "the example of the parameter %s is not valid: %s; correct it", name, oneLine(err))
			}
		}
	}
}

// loaded is a schema without references in it as kin-openapi knows it.
func loaded(schema object) (*openapi3.Schema, error) {
	text, err := json.Marshal(yamlnode.Plain(schema.node))
	if err != nil {
		return nil, err
	}
	var s openapi3.Schema
	return &s, json.Unmarshal(text, &s)
}

// schemaOf is the body's schema as kin-openapi loaded it, nil when there is none.
func (d *document) schemaOf(b bodyOf) *openapi3.Schema {
	item := d.api.Paths.Value(b.op.path)
	if item == nil || item.GetOperation(b.op.method) == nil {
		return nil
	}
	op := item.GetOperation(b.op.method)
	var content openapi3.Content
	if b.way == inRequest && op.RequestBody != nil {
		content = op.RequestBody.Value.Content
	} else if answer := op.Responses.Value(b.status); answer != nil {
		content = answer.Value.Content
	}
	if media := content[b.name]; media != nil && media.Schema != nil {
		return media.Schema.Value
	}
	return nil
}

// undeclared are the places of properties that the schema of an open object does not declare. A validator accepts them;
// in an example they are a mistake.
func undeclared(schema *openapi3.Schema, value any, pointer string) []string {
	var found []string
	switch v := value.(type) {
	case map[string]any:
		open := schema.AdditionalProperties.Has == nil && schema.AdditionalProperties.Schema == nil
		composed := len(schema.AllOf)+len(schema.OneOf)+len(schema.AnyOf) > 0
		for name, inner := range v {
			if p := schema.Properties[name]; p != nil {
				found = append(found, undeclared(p.Value, inner, join(pointer, name))...)
			} else if open && !composed {
				found = append(found, join(pointer, name))
			}
		}
	case []any:
		for i, item := range v {
			if schema.Items != nil {
				found = append(found, undeclared(schema.Items.Value, item, join(pointer, strconv.Itoa(i)))...)
			}
		}
	}
	return found
}

// flatten is the errors one by one.
func flatten(err error) []error {
	var many openapi3.MultiError
	if err == nil {
		return nil
	}
	if !errors.As(err, &many) {
		return []error{err}
	}
	var all []error
	for _, one := range many {
		all = append(all, flatten(one)...)
	}
	return all
}

// jsonValue is the value with the types that a JSON decoder gives.
func jsonValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = jsonValue(v[key])
		}
		return v
	case []any:
		for i := range v {
			v[i] = jsonValue(v[i])
		}
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case string, bool, float64, nil:
		return v
	default:
		return fmt.Sprint(v)
	}
}
