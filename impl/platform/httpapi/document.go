package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"example.com/plumbline/impl/platform/format"
	"example.com/plumbline/impl/platform/telemetry"
)

// Document is a service's OpenAPI document as the chain works with it.
type Document struct {
	// Name is the service's, as in /openapi/NAME.json.
	Name string
	// JSON is the document as it is served.
	JSON []byte
	// Operations are in the order of their ids.
	Operations []*Operation
	// Codes are the values of ProblemCode.
	Codes []string
	// Sensitive are the names of properties and parameters that never stand in a log.
	Sensitive []string

	spec *openapi3.T
}

// Operation is one operation of a document.
type Operation struct {
	// ID is the operationId.
	ID      string
	Method  string
	Pattern string // the path as chi and the document write it
	Policy  Policy
	// Statuses are the documented ones, in order.
	Statuses []int
	// Problems are all that it can end with, by status, and of one status those that x-codes names first.
	Problems []Problem
	// MaxBody is how many bytes a body has at most; 0: none is taken.
	MaxBody int

	spec       *openapi3.Operation
	parameters openapi3.Parameters // the path item's and the operation's own
	query      map[string]bool
	body       *openapi3.RequestBody // nil: takes none
	needsMatch bool                  // If-Match is required
	takesType  string                // the media type of the body
	takesForms bool                  // in the body: values that come in several forms
	mostItems  int                   // of any array in the body
	cookies    bool                  // takes or sets a cookie
	streams    map[string]bool       // the media types of answers that are no JSON
	offers     []string              // the media types of success, JSON first, the others by name
	sunset     *sunsetHeaders
}

type sunsetHeaders struct {
	deprecation, sunset string
	successor           string // path template
}

// Load reads the document of the service called name. It refuses one in which an operation lacks its policy or the
// policy contradicts itself, or that uses a format nobody checks; the error names every such place.
func Load(name string, spec *openapi3.T) (*Document, error) {
	if err := spec.Validate(context.Background(), openapi3.DisableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("document %s: %w", name, err)
	}
	d := &Document{Name: name, spec: spec}
	var err error
	if d.JSON, err = json.Marshal(spec); err != nil {
		return nil, fmt.Errorf("document %s: %w", name, err)
	}
	if code := spec.Components.Schemas["ProblemCode"]; code != nil {
		for _, v := range code.Value.Enum {
			d.Codes = append(d.Codes, fmt.Sprint(v))
		}
	}
	var errs []error
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			o, err := newOperation(method, path, item, op)
			if err != nil {
				errs = append(errs, fmt.Errorf("document %s: %s %s: %w", name, method, path, err))
			}
			d.Operations = append(d.Operations, o)
		}
	}
	slices.SortFunc(d.Operations, func(a, b *Operation) int { return strings.Compare(a.ID, b.ID) })
	errs = append(errs, d.link()...)
	errs = append(errs, d.walk()...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return d, nil
}

func newOperation(method, path string, item *openapi3.PathItem, op *openapi3.Operation) (*Operation, error) {
	policy, err := parsePolicy(op.Extensions, op.Deprecated)
	errs := []error{err}
	refuse := func(when bool, format string, args ...any) {
		if when {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	o := &Operation{
		ID: op.OperationID, Method: method, Pattern: path, Policy: policy, spec: op, query: map[string]bool{}, streams: map[string]bool{},
	}
	refuse(!slices.Contains(methods, method) || method == http.MethodHead, "the method is none of GET, POST, PUT, PATCH, DELETE; HEAD comes with GET")
	errs = append(errs, o.takeParameters(item), o.takeBody(), o.takeResponses())
	for _, name := range []string{policy.Access.Owner, policy.auditTarget()} {
		special := name == "" || name == ownerSelf || name == targetCaller || name == targetCreated
		refuse(!special && o.parameters.GetByInAndName(openapi3.ParameterInPath, name) == nil,
			"x-access or x-audit names the path parameter %s, which there is not", name)
	}
	errs = append(errs, o.checkIdempotency()...)
	errs = append(errs, o.takeProblems()...)
	errs = append(errs, o.checkThrottle()...)
	refuse(policy.Timeout.Stream != 0 && len(o.streams) == 0, "x-timeout: stream needs an answer that is not JSON")
	public := op.Security != nil && len(*op.Security) == 0
	refuse(public != policy.Access.Public, "security is empty if and only if x-access is public")
	return o, errors.Join(errs...)
}

// takeParameters reads the parameters of the operation and those of its path that it does not replace.
func (o *Operation) takeParameters(item *openapi3.PathItem) error {
	o.parameters = slices.Clone(o.spec.Parameters)
	for _, p := range item.Parameters {
		if o.spec.Parameters.GetByInAndName(p.Value.In, p.Value.Name) == nil {
			o.parameters = append(o.parameters, p)
		}
	}
	var errs []error
	for _, p := range o.parameters {
		o.query[p.Value.Name] = o.query[p.Value.Name] || p.Value.In == openapi3.ParameterInQuery
		o.cookies = o.cookies || p.Value.In == openapi3.ParameterInCookie
		o.needsMatch = o.needsMatch || p.Value.In == openapi3.ParameterInHeader && p.Value.Required && strings.EqualFold(p.Value.Name, "If-Match")
		if p.Value.Schema == nil {
			errs = append(errs, fmt.Errorf("the parameter %s has no schema", p.Value.Name))
		} else if f := p.Value.Schema.Value.Format; format.HasPlain(f) && p.Value.In != openapi3.ParameterInQuery {
			errs = append(errs, fmt.Errorf("the parameter %s is of the format %s, which comes in several forms and stands in the query or in the body", p.Value.Name, f))
		}
	}
	return errors.Join(errs...)
}

func (o *Operation) takeBody() error {
	if o.spec.RequestBody == nil {
		return nil
	}
	o.body = o.spec.RequestBody.Value
	for mediaType, content := range o.body.Content {
		if len(o.body.Content) != 1 || content.Schema == nil {
			break
		}
		o.takesType = mediaType
		o.MaxBody, o.mostItems = bodyLimit(content.Schema.Value), longestArray(content.Schema.Value, 0)
		o.takesForms = holdsForms(content.Schema.Value, map[*openapi3.Schema]bool{})
		if s := content.Schema.Value; !o.body.Required && (!s.Type.Is(openapi3.TypeObject) || len(s.Required) > 0 || s.MinProps > 0) {
			return errors.New("a body may be left out only where it is an object that may be empty; write required: true")
		}
		return nil
	}
	return errors.New("a body has one media type, with a schema")
}

func (o *Operation) takeResponses() error {
	var errs []error
	for status, response := range o.spec.Responses.Map() {
		if code, err := strconv.Atoi(status); err == nil {
			o.Statuses = append(o.Statuses, code)
		}
		for name, header := range response.Value.Headers {
			o.cookies = o.cookies || name == "Set-Cookie"
			if header.Value.Schema == nil {
				errs = append(errs, fmt.Errorf("the header %s of %s has no schema", name, status))
			}
		}
		for mediaType := range response.Value.Content {
			if !isJSON(mediaType) {
				o.streams[mediaType] = true
			}
			if strings.HasPrefix(status, "2") && !slices.Contains(o.offers, mediaType) {
				o.offers = append(o.offers, mediaType)
			}
		}
	}
	slices.SortFunc(o.offers, func(a, b string) int {
		if isJSON(a) != isJSON(b) {
			return map[bool]int{true: -1, false: 1}[isJSON(a)]
		}
		return strings.Compare(a, b)
	})
	slices.Sort(o.Statuses)
	return errors.Join(errs...)
}

func (p Policy) auditTarget() string {
	if p.Audit == nil {
		return ""
	}
	return p.Audit.Target
}

// link resolves what an operation says of others and of codes.
func (d *Document) link() (errs []error) {
	for _, o := range d.Operations {
		for _, p := range o.Problems {
			if !slices.Contains(d.Codes, p.Code) {
				errs = append(errs, fmt.Errorf("document %s: %s: %q is no ProblemCode, and the operation can end with it", d.Name, o.ID, p.Code))
			}
		}
		s := o.Policy.Sunset
		if s == nil {
			continue
		}
		successor := d.Operation(s.Successor)
		if successor == nil {
			errs = append(errs, fmt.Errorf("document %s: %s: the successor %q is no operation", d.Name, o.ID, s.Successor))
			continue
		}
		o.sunset = &sunsetHeaders{
			deprecation: fmt.Sprintf("@%d", time.Time(s.Since).Unix()),
			sunset:      time.Time(s.Date).Format(http.TimeFormat),
			successor:   successor.Pattern,
		}
	}
	return errs
}

// Operation gives the operation with that id, or nil.
func (d *Document) Operation(id string) *Operation {
	i, found := slices.BinarySearchFunc(d.Operations, id, func(o *Operation, id string) int { return strings.Compare(o.ID, id) })
	if !found {
		return nil
	}
	return d.Operations[i]
}

// hasPath tells whether a path of the document is written so.
func (d *Document) hasPath(pattern string) bool {
	return slices.ContainsFunc(d.Operations, func(o *Operation) bool { return o.Pattern == pattern })
}

// Labels gives the label values of every operation's metrics.
func (d *Document) Labels() []telemetry.OperationLabels {
	labels := make([]telemetry.OperationLabels, len(d.Operations))
	for i, o := range d.Operations {
		labels[i] = telemetry.OperationLabels{Operation: o.ID, Method: o.Method, Statuses: o.Statuses, Results: d.Codes}
	}
	return labels
}

// walk visits every schema once: it refuses formats that nobody checks and collects sensitive names.
func (d *Document) walk() []error {
	w := walker{document: d.Name, formats: format.All(), seen: map[*openapi3.Schema]bool{}, sensitive: map[string]bool{}}
	for _, s := range d.spec.Components.Schemas {
		w.visit("", s)
	}
	for _, o := range d.Operations {
		for _, p := range o.parameters {
			w.visit(p.Value.Name, p.Value.Schema)
		}
		if o.body != nil {
			w.visitContent(o.body.Content)
		}
		for _, response := range o.spec.Responses.Map() {
			w.visitContent(response.Value.Content)
			for name, header := range response.Value.Headers {
				w.visit(name, header.Value.Schema)
			}
		}
	}
	d.Sensitive = slices.Sorted(maps.Keys(w.sensitive))
	return w.errs
}

type walker struct {
	document  string
	formats   map[string]openapi3.StringFormatValidator
	seen      map[*openapi3.Schema]bool
	sensitive map[string]bool
	errs      []error
}

func (w *walker) visitContent(content openapi3.Content) {
	for _, c := range content {
		w.visit("", c.Schema)
	}
}

// visit looks at a schema that stands under a name; what is used under several is visited for each.
func (w *walker) visit(name string, ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil {
		return
	}
	s := ref.Value
	if secret, _ := s.Extensions["x-sensitive"].(bool); secret && name != "" {
		w.sensitive[name] = true
	}
	if w.seen[s] {
		return
	}
	w.seen[s] = true
	if _, checked := w.formats[s.Format]; s.Format != "" && s.Type.Is(openapi3.TypeString) && !checked {
		w.errs = append(w.errs, fmt.Errorf("document %s: nobody checks the format %q of %s", w.document, s.Format, name))
	}
	for name, p := range s.Properties {
		w.visit(name, p)
	}
	for _, part := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf, openapi3.SchemaRefs{s.Items, s.AdditionalProperties.Schema}) {
		w.visit(name, part)
	}
}
