package main

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/test/contract/yamlnode"
)

var errNotADocument = errors.New("not an OpenAPI document")

// document is one OpenAPI document, as lines and as structure.
type document struct {
	root       *yaml.Node
	objects    []object        // every object of the grammar, in the document's order
	operations []*operation    // in the document's order
	uses       map[string]side // by the pointer of a schema: which way it travels
	policy     *policySchemas
	formats    map[string]openapi3.StringFormatValidator
	api        *openapi3.T // nil when kin-openapi cannot load the document, see apiErr
	apiErr     error
	// following has, by operationId, the problems that follow from an operation without its x-codes.
	following map[string][]contract.Problem
}

// object is one OpenAPI object: what it is, where it is written, its YAML.
type object struct {
	kind    string
	pointer string
	node    *yaml.Node
}

// at is the place of a member, or of the object when the member is missing.
func (o object) at(key string) string {
	if yamlnode.Member(o.node, key) == nil {
		return o.pointer
	}
	return join(o.pointer, key)
}

// operation is one operation with its references followed.
type operation struct {
	object
	method     string // upper case
	path       string
	id         string
	parameters []object
	body       *object // nil without a request body
	responses  []response
	policyErrs []policyError
}

// response is one answer of an operation; the object is where it is defined.
type response struct {
	object
	status string // three digits, or "default"
}

func (r response) isSuccess() bool { return strings.HasPrefix(r.status, "2") }

func (r response) isFailure() bool { return r.status == "default" || r.status >= "400" }

// side says which way the values of a schema travel.
type side uint8

const (
	inRequest side = 1 << iota
	inResponse
)

// parse reads a document. It fails when the text is not YAML, or not of an OpenAPI document.
func parse(data []byte, policy *policySchemas) (*document, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("not readable as YAML: %w", err)
	}
	var value any
	var typeErr *yaml.TypeError // duplicate keys, which a rule reports with their places
	if err := file.Decode(&value); err != nil && !errors.As(err, &typeErr) {
		return nil, fmt.Errorf("not readable as YAML: %w", err)
	}
	if len(file.Content) == 0 {
		return nil, errNotADocument
	}
	root := yamlnode.Resolve(file.Content[0])
	if yamlnode.Member(root, "openapi") == nil && yamlnode.Member(root, "paths") == nil {
		return nil, errNotADocument
	}

	d := &document{root: root, uses: map[string]side{}, policy: policy, formats: stringFormats()}
	d.walk("document", "", root)
	d.findOperations()
	d.findUses()
	if d.api, d.apiErr = openapi3.NewLoader().LoadFromData(data); d.apiErr == nil {
		d.following = contract.ImpliedProblems(d.api)
	}
	return d, nil
}

// walk records the object and those inside it, as the grammar sets out.
func (d *document) walk(kind, pointer string, node *yaml.Node) {
	node = yamlnode.Resolve(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return
	}
	d.objects = append(d.objects, object{kind: kind, pointer: pointer, node: node})
	if yamlnode.Member(node, "$ref") != nil {
		return
	}
	for key, value := range yamlnode.Members(node) {
		child := grammar[kind][key]
		here := join(pointer, key)
		switch {
		case child == "":
		case strings.HasPrefix(child, "[]"):
			for i, item := range yamlnode.Items(value) {
				d.walk(child[2:], join(here, strconv.Itoa(i)), item)
			}
		case strings.HasPrefix(child, "{}"):
			for name, entry := range yamlnode.Members(value) {
				d.walk(child[2:], join(here, name), entry)
			}
		default:
			d.walk(child, here, value)
		}
	}
}

func (d *document) findOperations() {
	for _, item := range d.objects {
		if item.kind != "pathItem" {
			continue
		}
		for method, node := range yamlnode.Members(item.node) {
			if grammar["pathItem"][method] != "operation" {
				continue
			}
			segments := strings.Split(item.pointer, "/")
			op := &operation{
				object: object{kind: "operation", pointer: join(item.pointer, method), node: node},
				method: strings.ToUpper(method),
				path:   unescape(segments[len(segments)-1]),
				id:     yamlnode.Text(yamlnode.Member(node, "operationId")),
			}
			op.parameters = d.parametersOf(item, op)
			if body := d.child(op.object, "requestBody"); body.node != nil {
				op.body = &body
			}
			for status, answer := range yamlnode.Members(yamlnode.Member(node, "responses")) {
				resolved := d.deref(object{"response", join(op.pointer, "responses", status), answer})
				op.responses = append(op.responses, response{object: resolved, status: status})
			}
			op.policyErrs = d.policy.checkOperation(op)
			d.operations = append(d.operations, op)
		}
	}
}

// parametersOf are the parameters of the path, then of the operation, which replace those of the path that they repeat.
func (d *document) parametersOf(item object, op *operation) []object {
	var found []object
	place := map[string]int{}
	for _, owner := range []object{item, op.object} {
		for i, node := range yamlnode.Items(yamlnode.Member(owner.node, "parameters")) {
			p := d.deref(object{"parameter", join(owner.pointer, "parameters", strconv.Itoa(i)), node})
			key := yamlnode.Text(yamlnode.Member(p.node, "in")) + " " + yamlnode.Text(yamlnode.Member(p.node, "name"))
			if at, repeated := place[key]; repeated {
				found[at] = p
				continue
			}
			place[key] = len(found)
			found = append(found, p)
		}
	}
	return found
}

// findUses follows every operation into the schemas of its requests and answers.
func (d *document) findUses() {
	for _, op := range d.operations {
		for _, p := range op.parameters {
			d.use(d.child(p, "schema"), inRequest)
		}
		if op.body != nil {
			for _, media := range d.mediaTypes(*op.body) {
				d.use(d.child(media, "schema"), inRequest)
			}
		}
		for _, answer := range op.responses {
			for _, media := range d.mediaTypes(answer.object) {
				d.use(d.child(media, "schema"), inResponse)
			}
			for name := range yamlnode.Members(yamlnode.Member(answer.node, "headers")) {
				d.use(d.child(d.child(answer.object, "headers", name), "schema"), inResponse)
			}
		}
	}
}

func (d *document) use(s object, way side) {
	if s.node == nil || s.node.Kind != yaml.MappingNode || d.uses[s.pointer]&way != 0 {
		return
	}
	d.uses[s.pointer] |= way
	for inner := range d.inner(s) {
		d.use(inner, way)
	}
}

// inner are the schemas directly within a schema.
func (d *document) inner(s object) iter.Seq[object] {
	return func(yield func(object) bool) {
		var paths [][]string
		for name := range yamlnode.Members(yamlnode.Member(s.node, "properties")) {
			paths = append(paths, []string{"properties", name})
		}
		for _, key := range []string{"items", "additionalProperties", "not"} {
			paths = append(paths, []string{key})
		}
		for _, key := range []string{"allOf", "oneOf", "anyOf"} {
			for i := range yamlnode.Items(yamlnode.Member(s.node, key)) {
				paths = append(paths, []string{key, strconv.Itoa(i)})
			}
		}
		for _, path := range paths {
			if !yield(d.child(s, path...)) {
				return
			}
		}
	}
}

// mediaTypes are the entries of `content` of a body or an answer.
func (d *document) mediaTypes(o object) []object {
	var found []object
	for name := range yamlnode.Members(yamlnode.Member(o.node, "content")) {
		found = append(found, d.child(o, "content", name))
	}
	return found
}

// child is the object at the end of the path below o, with references followed; its node is nil when there is none.
func (d *document) child(o object, path ...string) object {
	pointer, node := o.pointer, o.node
	for _, key := range path {
		pointer, node = join(pointer, key), step(node, key)
	}
	return d.deref(object{pointer: pointer, node: node})
}

// component is the object of components.section of that name; its node is nil when there is none.
func (d *document) component(section, name string) object {
	return d.child(object{node: d.root}, "components", section, name)
}

// deref follows a chain of references to the object that it ends at; the node is nil when it ends nowhere.
func (d *document) deref(o object) object {
	const longestChain = 16
	for range longestChain {
		o.node = yamlnode.Resolve(o.node)
		ref := yamlnode.Member(o.node, "$ref")
		if ref == nil {
			return o
		}
		pointer, local := strings.CutPrefix(yamlnode.Text(ref), "#")
		o.pointer, o.node = pointer, nil
		if local {
			o.node, _ = d.lookup(pointer)
		}
	}
	o.node = nil
	return o
}

// lookup gives the node at a JSON pointer, nil when there is none, and the line of the deepest part that exists.
func (d *document) lookup(pointer string) (*yaml.Node, int) {
	node, line := d.root, d.root.Line
	for i, segment := range strings.Split(pointer, "/") {
		if i == 0 {
			continue
		}
		key := unescape(segment)
		if node.Kind == yaml.MappingNode {
			for j := 0; j+1 < len(node.Content); j += 2 {
				if node.Content[j].Value == key {
					line = node.Content[j].Line
					break
				}
			}
		}
		next := step(node, key)
		if next == nil {
			return nil, line
		}
		if node.Kind == yaml.SequenceNode {
			line = next.Line
		}
		node = next
	}
	return node, line
}

// of are the objects of a kind that are written out, not references.
func (d *document) of(kind string) iter.Seq[object] {
	return func(yield func(object) bool) {
		for _, o := range d.objects {
			if o.kind == kind && yamlnode.Member(o.node, "$ref") == nil && !yield(o) {
				return
			}
		}
	}
}

// schemas are the schemas that are written out and travel at least one of the ways.
func (d *document) schemas(ways side) iter.Seq[object] {
	return func(yield func(object) bool) {
		for s := range d.of("schema") {
			if d.uses[s.pointer]&ways != 0 && !yield(s) {
				return
			}
		}
	}
}

// countSchemas is the number of named schemas.
func (d *document) countSchemas() int {
	count := 0
	for range yamlnode.Members(step(step(d.root, "components"), "schemas")) {
		count++
	}
	return count
}

// step is the member or the item of that name, nil when there is none.
func step(n *yaml.Node, key string) *yaml.Node {
	n = yamlnode.Resolve(n)
	if n != nil && n.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Content) {
			return yamlnode.Resolve(n.Content[i])
		}
		return nil
	}
	return yamlnode.Member(n, key)
}

// texts are the items of a sequence of scalars.
func texts(n *yaml.Node) []string {
	var found []string
	for _, item := range yamlnode.Items(n) {
		found = append(found, yamlnode.Text(item))
	}
	return found
}

// isTrue says whether the member is there and true.
func isTrue(n *yaml.Node, key string) bool {
	value := yamlnode.Member(n, key)
	return value != nil && value.Tag == "!!bool" && value.Value == "true"
}

// isFalse says whether the member is there and false.
func isFalse(n *yaml.Node, key string) bool {
	value := yamlnode.Member(n, key)
	return value != nil && value.Tag == "!!bool" && value.Value == "false"
}

// The escapes of a segment of a JSON pointer (RFC 6901, section 3). A Replacer costs much to build; it may be shared.
var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

// join appends keys to a JSON pointer.
func join(pointer string, keys ...string) string {
	var longer strings.Builder
	longer.WriteString(pointer)
	for _, key := range keys {
		longer.WriteString("/" + escaper.Replace(key))
	}
	return longer.String()
}

func unescape(segment string) string { return unescaper.Replace(segment) }
