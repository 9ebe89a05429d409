package main

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
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
	d.version = text(step(d.root, "info", "version"))
	if member(d.root, "paths") == nil || d.version == "" {
		return nil, fmt.Errorf("%s: not an OpenAPI document: paths or info.version is missing", file)
	}
	var errs []error
	for path, item := range members(member(d.root, "paths")) {
		for method, node := range members(item) {
			if !slices.Contains(methods, method) {
				continue
			}
			op := &operation{id: text(member(node, "operationId")), method: strings.ToUpper(method), path: path, node: node, shared: member(item, "parameters")}
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
	return maps.Collect(members(step(d.root, "components", "schemas")))
}

// reach is everything that an operation is made of: itself, what is said for all operations, and by its pointer each component that
// either leads to.
func (d *document) reach(op *operation) map[string]any {
	found := map[string]any{"": plain(op.node), "#/security": plain(member(d.root, "security"))}
	var follow func(n *yaml.Node)
	follow = func(n *yaml.Node) {
		n = resolve(n)
		if n == nil {
			return
		}
		if pointer := text(member(n, "$ref")); pointer != "" && found[pointer] == nil {
			target := step(d.root, strings.Split(strings.TrimPrefix(pointer, "#/"), "/")...)
			found[pointer] = plain(target)
			follow(target)
		}
		for _, inner := range n.Content {
			follow(inner)
		}
	}
	follow(op.node)
	if op.shared != nil {
		found["#parameters"] = plain(op.shared)
		follow(op.shared)
	}
	for name, scheme := range members(step(d.root, "components", "securitySchemes")) {
		found["#/components/securitySchemes/"+name] = plain(scheme)
	}
	return found
}

// resolve follows YAML aliases.
func resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// members are the keys and values of a mapping, nothing for any other node.
func members(n *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		n := resolve(n)
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, resolve(n.Content[i+1])) {
				return
			}
		}
	}
}

// member is the value of a mapping's key, nil when there is none.
func member(n *yaml.Node, key string) *yaml.Node {
	for name, value := range members(n) {
		if name == key {
			return value
		}
	}
	return nil
}

// step is the node at the end of the keys, nil when there is none.
func step(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		n = member(n, strings.NewReplacer("~1", "/", "~0", "~").Replace(key))
	}
	return n
}

// items are the items of a sequence, nothing for any other node.
func items(n *yaml.Node) []*yaml.Node {
	n = resolve(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// text is the text of a scalar, empty for any other node.
func text(n *yaml.Node) string {
	n = resolve(n)
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// plain is the node as values that can be compared.
func plain(n *yaml.Node) any {
	n = resolve(n)
	if n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		for key, value := range members(n) {
			object[key] = plain(value)
		}
		return object
	case yaml.SequenceNode:
		array := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			array = append(array, plain(item))
		}
		return array
	default:
		return n.Value
	}
}
