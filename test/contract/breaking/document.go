package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"example.com/plumbline/test/contract/yamlnode"
)

// document is one OpenAPI document, as it is written.
type document struct {
	name       string // of the file, without its ending: users
	file       string // where a reader finds it
	root       *yaml.Node
	version    string
	operations map[string]*operation // by method and path
}

// operation is one operation of a document.
type operation struct {
	id     string
	method string // upper case
	path   string
	node   *yaml.Node
	shared *yaml.Node // the parameters of all operations of the path; nil when there are none
	policy policy
}

func (o *operation) route() string { return o.method + " " + o.path }

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// parse reads a document; its text has passed the lint, or had when it was released.
func parse(file string, data []byte) (*document, error) {
	var tree yaml.Node
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return nil, fmt.Errorf("%s: not readable as YAML: %w", file, err)
	}
	if len(tree.Content) == 0 {
		return nil, fmt.Errorf("%s: the document is empty", file)
	}
	d := &document{
		name:       strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)),
		file:       file,
		root:       tree.Content[0],
		operations: map[string]*operation{},
	}
	d.version = yamlnode.Text(step(d.root, "info", "version"))
	if yamlnode.Member(d.root, "paths") == nil || d.version == "" {
		return nil, fmt.Errorf("%s: not an OpenAPI document: paths or info.version is missing", file)
	}
	var errs []error
	for path, item := range yamlnode.Members(yamlnode.Member(d.root, "paths")) {
		for method, node := range yamlnode.Members(item) {
			if !slices.Contains(methods, method) {
				continue
			}
			op := &operation{
				id: yamlnode.Text(yamlnode.Member(node, "operationId")), method: strings.ToUpper(method), path: path,
				node: node, shared: yamlnode.Member(item, "parameters"),
			}
			if err := op.policy.read(node); err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %w", file, node.Line, err))
			}
			d.operations[op.route()] = op
		}
	}
	return d, errors.Join(errs...)
}

// schemas are the named schemas, by name.
func (d *document) schemas() map[string]*yaml.Node {
	return maps.Collect(yamlnode.Members(step(d.root, "components", "schemas")))
}

// reach is everything that an operation depends on: itself, what holds for all operations, and each component that
// either refers to, by its pointer.
func (d *document) reach(op *operation) map[string]any {
	found := map[string]any{"": yamlnode.Plain(op.node), "#/security": yamlnode.Plain(yamlnode.Member(d.root, "security"))}
	var follow func(n *yaml.Node)
	follow = func(n *yaml.Node) {
		n = yamlnode.Resolve(n)
		if n == nil {
			return
		}
		if pointer := yamlnode.Text(yamlnode.Member(n, "$ref")); pointer != "" && found[pointer] == nil {
			target := step(d.root, strings.Split(strings.TrimPrefix(pointer, "#/"), "/")...)
			found[pointer] = yamlnode.Plain(target)
			follow(target)
		}
		for _, inner := range n.Content {
			follow(inner)
		}
	}
	follow(op.node)
	if op.shared != nil {
		found["#parameters"] = yamlnode.Plain(op.shared)
		follow(op.shared)
	}
	for name, scheme := range yamlnode.Members(step(d.root, "components", "securitySchemes")) {
		found["#/components/securitySchemes/"+name] = yamlnode.Plain(scheme)
	}
	return found
}

// unescaper undoes the escapes of a segment of a JSON pointer (RFC 6901, section 3).
var unescaper = strings.NewReplacer("~1", "/", "~0", "~")

// step is the node at the end of the keys, nil when there is none.
func step(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		n = yamlnode.Member(n, unescaper.Replace(key))
	}
	return n
}
