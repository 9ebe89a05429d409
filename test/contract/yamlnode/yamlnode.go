// Package yamlnode looks into YAML as it is written, where every value still knows its line.
//
// It promises that a node which is not there, or is of another kind, has nothing in it.
package yamlnode

import (
	"iter"

	"go.yaml.in/yaml/v3"
)

// Resolve follows YAML aliases.
func Resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Member is the value of a mapping's key, nil when there is none.
func Member(n *yaml.Node, key string) *yaml.Node {
	for name, value := range Members(n) {
		if name == key {
			return value
		}
	}
	return nil
}

// Members are the keys and values of a mapping, nothing for any other node.
func Members(n *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		n := Resolve(n)
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, Resolve(n.Content[i+1])) {
				return
			}
		}
	}
}

// Items are the items of a sequence, nothing for any other node.
func Items(n *yaml.Node) []*yaml.Node {
	n = Resolve(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// Text is the text of a scalar, empty for any other node.
func Text(n *yaml.Node) string {
	n = Resolve(n)
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// Plain is the node as JSON would have it; a date stays the text that was written.
func Plain(n *yaml.Node) any {
	n = Resolve(n)
	if n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		for key, value := range Members(n) {
			object[key] = Plain(value)
		}
		return object
	case yaml.SequenceNode:
		array := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			array = append(array, Plain(item))
		}
		return array
	default:
		var value any
		if n.Tag == "!!timestamp" || n.Decode(&value) != nil {
			return n.Value
		}
		return value
	}
}
