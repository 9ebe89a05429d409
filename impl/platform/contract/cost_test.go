package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/fault"
)

// mostBytes is how many bytes the check of a body allocates at most, however wrong it is: one megabyte, and a tenth for
// maps, whose growth depends on a hash that differs from run to run.
const mostBytes = 1<<20 + 1<<20/10

// The worst bodies that can be made of the schemas are refused at a bounded cost: so many bytes are allocated, and no
// more values are looked at than the largest good body has and an answer names. It does not run beside others, whose
// memory would count.
//
//nolint:paralleltest // See above.
func TestContractRefusalsAreCheap(t *testing.T) {
	all := documents(t)
	all["things"] = []byte(strings.ReplaceAll(readThings(t), "ANSWERS", answers))
	for name, text := range all {
		spec, err := openapi3.NewLoader().LoadFromData(text)
		require.NoError(t, err)
		document, err := Load(name, spec)
		require.NoError(t, err)
		checker := NewChecker(document)
		for _, o := range document.Operations {
			if o.body == nil {
				continue
			}
			schema := o.body.Content[o.takesType].Schema.Value
			cost := worst{most: mostVisited(schema)}
			eachPlace(schema, "", "", func(before, after string) {
				for _, filling := range fillings(o.MaxBody - len(before) - len(after)) {
					cost.measure(t, checker, o, before+filling+after)
				}
			})
			t.Logf("%s %s: at most %d bytes of body, %d allocated in %d allocations, %d values visited: %.60s", name,
				o.ID, o.MaxBody,
				cost.bytes, cost.allocations, cost.visited, cost.body)
			most := uint64(mostBytes)
			// Its schemas leave lengths open and have a oneOf: the lint of documents allows neither.
			if name == "things" {
				most *= 16
			}
			require.Less(t, cost.bytes, most, "%s: %.200s", o.ID, cost.body)
		}
	}
}

// worst is what the dearest body has cost.
type worst struct {
	bytes, allocations uint64
	body               string
	visited, most      int
}

func (w *worst) measure(t *testing.T, checker Checker, o *Operation, body string) {
	t.Helper()
	require.LessOrEqual(t, len(body), o.MaxBody)
	r := request(t, o.Method, "/", strings.NewReader(body))
	in := Input{Request: r, Path: map[string]string{}, Body: []byte(body)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	value, violations, err := checker.CheckRequest(o, in)
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > w.bytes {
		w.bytes, w.allocations, w.body = bytes, after.Mallocs-before.Mallocs, body
	}
	require.LessOrEqual(t, len(violations), maxViolations)
	if err != nil {
		var f *fault.Error
		require.ErrorAs(t, err, &f)
		require.Equal(t, http.StatusBadRequest, StatusOf(f))
		return
	}
	visited := visitedIn(o.body.Content[o.takesType].Schema.Value, value)
	w.visited = max(w.visited, visited)
	require.LessOrEqual(t, visited, w.most, "%s: %.200s", o.ID, body)
}

// eachPlace gives what stands before and behind each value that a schema has a place for.
func eachPlace(s *openapi3.Schema, before, after string, visit func(before, after string)) {
	visit(before, after)
	for name, p := range s.Properties {
		text, _ := json.Marshal(name)
		eachPlace(p.Value, before+"{"+string(text)+":", "}"+after, visit)
	}
	if s.Items != nil {
		eachPlace(s.Items.Value, before+"[", "]"+after, visit)
	}
}

// fillings are values of a size that are dear to check.
func fillings(size int) []string {
	numbered := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len()+len(format)+20 < size; i++ {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, format, i)
		}
		return "{" + b.String() + "}"
	}
	filled := func(before, part, after string) string {
		return before + strings.Repeat(part, max(0, size-len(before)-len(after))/len(part)) + after
	}
	all := []string{
		numbered(`"%x":1`), numbered(`"%x":{}`), numbered(`"%x":1e300`), numbered(`"é%%/~%x":[]`),
		numbered(`"%x` + strings.Repeat("n", 60) + `":""`), numbered(`"%x` + strings.Repeat("é", 64) + `":""`),
		filled(`"`, "x", `"`), filled(`"`, "😀", `"`), filled(`"`, `\u0041`, `"`), filled(`"`, "a@", `"`),
		filled(`"https://`, "a.", `"`), filled(`"`, "e\u0301", `"`), filled(`"`, "%20", `"`),
		filled(`0.`, "3", ""), filled("", "9", ""), "1e-999999999", `"` + strings.Repeat("a@", 60) + `"`,
		filled("1", " ", ""),
	}
	for _, item := range []string{"{}", "[]", "0", `""`, "null", "true", "1e9", `{"a":0}`, `{"":{}}`, "[[]]", `[0,""]`,
		"0.1", `"😀"`, `{"quantity":0,"note":1,"a":2,"b":3}`, strings.Repeat("[", 27) + strings.Repeat("]", 27)} {
		all = append(all, filled("[", item+",", item+"]"))
	}
	return all
}

// mostVisited is how many values are looked at, at most, in a value of a schema.
func mostVisited(s *openapi3.Schema) int {
	most := 1
	if s.Items != nil {
		most += keptItems(bounded(s.MaxItems)) * mostVisited(s.Items.Value)
	}
	for _, p := range s.Properties {
		most += mostVisited(p.Value)
	}
	if more := s.AdditionalProperties.Schema; more != nil {
		return most + keptItems(bounded(s.MaxProps))*mostVisited(more.Value)
	}
	return most + maxViolations
}

// visitedIn counts the values that a schema leads to, unknown members among them.
func visitedIn(s *openapi3.Schema, value any) int {
	visited := 1
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			if s.Items != nil {
				visited += visitedIn(s.Items.Value, item)
			}
		}
	case map[string]any:
		for name, member := range value {
			switch p := schemaOf(s, name); {
			case p != nil:
				visited += visitedIn(p, member)
			case isClosed(s):
				visited++
			}
		}
	}
	return visited
}

// What is cut of a value changes nothing of the answer.
func TestCuttingChangesNoAnswer(t *testing.T) {
	t.Parallel()
	document := loadThings(t)
	checker, ok := NewChecker(document).(*kinChecker)
	require.True(t, ok)
	schema := document.Operation("echo").body.Content["application/json"].Schema.Value
	said := func(value any) []fault.Violation {
		return limited(schemaViolations("#", schema.VisitJSON(value, checker.request...)))
	}
	cutAny := 0
	eachPlace(schema, "", "", func(before, after string) {
		for _, size := range []int{30, 500, 4000} {
			for _, filling := range fillings(size) {
				body := []byte(before + filling + after)
				whole, err := decodeJSON(body)
				if err != nil { // A number that is beyond what can be counted with.
					continue
				}
				some, err := decodeBounded(body, keptItems(0))
				require.NoError(t, err)
				if some = cut(schema, some); !reflect.DeepEqual(some, whole) {
					cutAny++
				}
				require.Equal(t, said(whole), said(some), "%.200s", body)
			}
		}
	})
	require.Positive(t, cutAny)
}

// What obeys its schema stays whole, at its bounds, too.
func TestNothingGoodIsCut(t *testing.T) {
	t.Parallel()
	schema := openapi3.NewObjectSchema().WithProperty("a",
		openapi3.NewArraySchema().WithItems(openapi3.NewInt32Schema()).WithMaxItems(150))
	integers := openapi3.NewObjectSchema().WithAdditionalProperties(openapi3.NewInt32Schema())
	schema.Properties["b"] = integers.WithMaxProperties(150).NewRef()
	body := []byte(`{"a":[` + strings.Repeat("1,", 149) + `1],"b":{"z":1` + numbered(149) + `}}`)
	want, err := decodeJSON(body)
	require.NoError(t, err)
	got, err := decodeBounded(body, keptItems(longestArray(schema, 0)))
	require.NoError(t, err)
	require.Equal(t, want, cut(schema, got))
}
