package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlFile is the settings file. It keeps every value as it is written. The usual parser reads the password 0123 as the
// number 83 and loses line numbers.
type yamlFile struct {
	loader *loader
	path   string
}

// read returns the settings in content and reports the problems to the loader.
func (y yamlFile) read(content []byte) map[string]any {
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		y.loader.unread = true
		y.loader.reportf("%s%s", y.path, syntaxProblem(err))
		return nil
	}
	if !errors.Is(decoder.Decode(&second), io.EOF) {
		y.loader.reportf("%s: holds more than one document: remove what follows the line ---", y.path)
	}
	root := document.Content[0]
	if isNull(root) {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		y.loader.unread = true
		y.loader.reportf("%s:%d: is not a list of settings: write one per line, as in name: value", y.path, root.Line)
		return nil
	}
	return y.settings(root)
}

func (y yamlFile) settings(mapping *yaml.Node) map[string]any {
	layer, lines := map[string]any{}, map[string]int{}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key := mapping.Content[i]
		place := fmt.Sprintf("%s:%d", y.path, key.Line)
		f, known := y.loader.find(key.Value, field.name)
		if !known && slices.Contains(y.loader.source.Others, key.Value) {
			continue
		}
		if !known {
			y.loader.reportf("%s: %s", place,
				unknown("setting", "", key.Value, slices.Concat(y.loader.names(field.name), y.loader.source.Others)))
			continue
		}
		if first, again := lines[f.key]; again {
			y.loader.reportf("%s: %s is also on line %d: keep one of them", place, f.key, first)
			continue
		}
		lines[f.key] = key.Line

		origin := place + ": " + f.key
		value, err := valueOf(mapping.Content[i+1], f.list)
		switch {
		case err != nil:
			y.loader.reject(f, origin, err)
		case value != nil:
			y.loader.accept(layer, f, origin, place, value)
		}
	}
	return layer
}

// valueOf returns a string, a []string where a list is expected, or nil for null.
func valueOf(node *yaml.Node, list bool) (any, error) {
	node = resolve(node)
	switch {
	case isNull(node):
		return nil, nil
	case !list && node.Kind != yaml.ScalarNode:
		return nil, errors.New("must be one value, on the same line")
	case !list:
		return node.Value, nil
	case node.Kind != yaml.SequenceNode:
		return nil, errors.New("must be a list, as in [one, two]")
	}
	items := []string{}
	for _, item := range node.Content {
		item = resolve(item)
		if item.Kind != yaml.ScalarNode || isNull(item) {
			return nil, fmt.Errorf("must be a list of single values: line %d is not one", item.Line)
		}
		items = append(items, item.Value)
	}
	return items, nil
}

func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

var (
	yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)
	quotation = regexp.MustCompile("'[^']{2,}|[\"`]")
)

// syntaxProblem rewrites an error of package yaml as ":line: message". It drops a message that quotes the file, which
// after "password: *" contains the password.
func syntaxProblem(err error) string {
	line, message := "", ""
	if parts := yamlError.FindStringSubmatch(err.Error()); parts != nil {
		line, message = parts[1], parts[2]
	}
	if line != "" {
		line = ":" + line
	}
	if message == "" || quotation.MatchString(message) {
		message = "a value that begins with * & ! or another sign wants quotes"
	}
	return fmt.Sprintf("%s: is not valid YAML: %s", line, strings.TrimSpace(message))
}
