package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"example.com/plumbline/test/contract/yamlnode"
)

// verdict is what a change means to callers, the lightest first.
type verdict int

const (
	unchanged verdict = iota
	docsOnly
	additive
	breaking
)

func (v verdict) String() string {
	return [...]string{"unchanged", "docs only", "additive", "breaking"}[v]
}

// change is one difference between two documents.
type change struct {
	rule      string
	text      string
	place     string // file and line
	breaking  bool
	exception *exception // why it may break, nil when it may not
}

// weight is the verdict that the change alone would bring.
func (c change) weight() verdict {
	if c.breaking {
		return breaking
	}
	return additive
}

// compared is one operation of either document, or both.
type compared struct {
	id      string
	route   string
	verdict verdict
	before  string // who may call, empty when the operation was not there
	after   string // who may call, empty when the operation is gone
	changes []change
}

// comparison is the step from one document to another.
type comparison struct {
	before, after *document
	operations    []*compared // by path and method
	types         []typeChange
	general       compared // what belongs to no operation; its id is the document's name
}

// each is every part of the comparison that can have changes.
func (c *comparison) each() []*compared { return append(slices.Clone(c.operations), &c.general) }

// verdict is the heaviest of all parts.
func (c *comparison) verdict() verdict {
	heaviest := unchanged
	for _, op := range c.each() {
		heaviest = max(heaviest, op.verdict)
	}
	return heaviest
}

// version is one text of a document.
type version struct {
	file string
	data []byte
}

// compare finds every difference and judges it. The program is oasdiff's.
func compare(ctx context.Context, program string, before, after version, today time.Time) (*comparison, error) {
	c := &comparison{}
	var err error
	if c.before, err = parse(before.file, before.data); err != nil {
		return nil, err
	}
	if c.after, err = parse(after.file, after.data); err != nil {
		return nil, err
	}
	c.general = compared{id: c.after.name, route: "the document itself"}

	byRoute := map[string]*compared{}
	for _, route := range slices.Sorted(maps.Keys(merged(c.before.operations, c.after.operations))) {
		op := c.compareOperation(route, today)
		byRoute[route] = op
		c.operations = append(c.operations, op)
	}
	slices.SortStableFunc(c.operations, func(a, b *compared) int { return cmp.Compare(pathOf(a.route), pathOf(b.route)) })

	said, err := compareTexts(ctx, program, before, after)
	if err != nil {
		return nil, err
	}
	for _, f := range said {
		if replaced(f.ID) {
			continue
		}
		op := byRoute[f.Method+" "+f.Path]
		if op == nil {
			op = &c.general
		}
		place := fmt.Sprintf("%s:%d", c.after.file, f.RevisionSource.Line)
		if f.RevisionSource.Line == 0 {
			place = fmt.Sprintf("%s:%d", c.before.file, f.BaseSource.Line)
		}
		op.add(change{rule: f.ID, text: f.Text, place: place, breaking: f.breaks()})
	}
	for route, op := range byRoute {
		c.fallBack(route, op)
	}
	c.types = compareTypes(c.before, c.after)
	return c, nil
}

func pathOf(route string) string {
	_, path, _ := strings.Cut(route, " ")
	return path
}

// add records a change once and lets it weigh.
func (op *compared) add(c change) {
	same := func(other change) bool { return other.rule == c.rule && other.text == c.text }
	if slices.ContainsFunc(op.changes, same) {
		return
	}
	op.changes = append(op.changes, c)
	op.verdict = max(op.verdict, c.weight())
}

// compareOperation judges that an operation came or went, and what its extensions say.
func (c *comparison) compareOperation(route string, today time.Time) *compared {
	before, after := c.before.operations[route], c.after.operations[route]
	op := &compared{route: route}
	if before != nil {
		op.id, op.before = before.id, before.policy.access.callers()
	}
	if after != nil {
		op.id, op.after = after.id, after.policy.access.callers()
	}
	switch {
	case before == nil:
		op.add(change{rule: "operation-added", text: "added", place: fmt.Sprintf("%s:%d", c.after.file, after.node.Line)})
	case after == nil:
		n := compareRemoval(before.policy, today)
		place := fmt.Sprintf("%s:%d", c.before.file, before.node.Line)
		op.add(change{rule: n.rule, text: n.text, place: place, breaking: n.breaking})
	default:
		for _, n := range comparePolicies(before.policy, after.policy, today) {
			line := after.node.Line
			if extension := yamlnode.Member(after.node, n.extension); extension != nil {
				line = extension.Line
			}
			op.add(change{rule: n.rule, text: n.text, place: fmt.Sprintf("%s:%d", c.after.file, line), breaking: n.breaking})
		}
	}
	return op
}

// compareTexts asks oasdiff. It is given copies, so that it makes no difference where the texts come from.
func compareTexts(ctx context.Context, program string, before, after version) ([]finding, error) {
	dir, err := os.MkdirTemp("", "breaking-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its own folder
	old, current := filepath.Join(dir, "before.yaml"), filepath.Join(dir, "after.yaml")
	if err := os.WriteFile(old, before.data, 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(current, after.data, 0o600); err != nil {
		return nil, err
	}
	return findings(ctx, program, old, current)
}

// fallBack looks for what no rule has a name for, so that nothing changes unseen.
func (c *comparison) fallBack(route string, op *compared) {
	before, after := c.before.operations[route], c.after.operations[route]
	if before == nil || after == nil {
		return
	}
	old, current := c.before.reach(before), c.after.reach(after)
	if reflect.DeepEqual(old, current) {
		return
	}
	op.verdict = max(op.verdict, docsOnly)
	place := fmt.Sprintf("%s:%d", c.after.file, after.node.Line)
	var parts []string
	for _, pointer := range slices.Sorted(maps.Keys(merged(old, current))) {
		if !reflect.DeepEqual(withoutDocs(old[pointer]), withoutDocs(current[pointer])) {
			parts = append(parts, "`"+cmp.Or(pointer, "the operation")+"`")
		}
	}
	if len(parts) > 0 && len(op.changes) == 0 {
		text := "something that no rule judges differs in " + strings.Join(parts, ", ")
		op.add(change{rule: "other", text: text, place: place})
	}
}

// docs are the members that are there to be read.
var docs = []string{
	"summary", "description", "title", "tags", "example", "examples", "externalDocs", "x-enum-descriptions",
}

// withoutDocs is the value without what is there to be read. The members of properties are names, not keywords.
func withoutDocs(v any) any {
	switch v := v.(type) {
	case map[string]any:
		rest := map[string]any{}
		for key, value := range v {
			if properties, ok := value.(map[string]any); ok && key == "properties" {
				named := map[string]any{}
				for name, schema := range properties {
					named[name] = withoutDocs(schema)
				}
				rest[key] = named
			} else if !slices.Contains(docs, key) {
				rest[key] = withoutDocs(value)
			}
		}
		return rest
	case []any:
		rest := make([]any, 0, len(v))
		for _, item := range v {
			rest = append(rest, withoutDocs(item))
		}
		return rest
	default:
		return v
	}
}

// merged has the keys of both.
func merged[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
