// Package contract is a service's OpenAPI document as programs work with it. It promises that a document which Load
// accepts says everything that the platform enforces (who may call, how often, for how long, with which problems), and
// that a request or an answer is held against every word of it, in one strict reading of JSON and of header fields. It
// knows nothing of the chain that serves requests: package httpapi does.
package contract

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

// Methods are those that a path may take, in the order of Allow.
var Methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

// Document is a service's OpenAPI document, read and found free of contradictions.
type Document struct {
	// Name is the service's, as in /openapi/NAME.json.
	Name string
	// JSON is the document as it is served.
	JSON []byte
	// Operations are in the order of their ids.
	Operations []*Operation
	// Codes are the values of ProblemCode.
	Codes []string
	// Sensitive are the names of properties and parameters whose values never stand in a log (x-sensitive).
	Sensitive []string

	spec *openapi3.T
}

// Operation is one operation of a document.
type Operation struct {
	// ID is the operationId.
	ID      string
	Method  string
	Pattern string // the path template, which chi writes as the document does
	Policy  Policy
	// Statuses are the documented ones, in ascending order.
	Statuses []int
	// Problems are all that the operation can end with, in ascending order of status; within one status, those that
	// x-codes names come first.
	Problems []Problem
	// MaxBody is the largest size of a body in bytes; 0: the operation takes none.
	MaxBody int

	spec       *openapi3.Operation
	parameters openapi3.Parameters   // the path item's and the operation's own
	query      map[string]bool       // by name of a parameter: it stands in the query
	body       *openapi3.RequestBody // nil: takes none
	needsMatch bool                  // If-Match is required
	takesType  string                // the media type of the body
	takesForms bool                  // the body has values of formats with several forms
	mostItems  int                   // the largest maxItems of any array in the body
	cookies    bool                  // takes or sets a cookie
	streams    map[string]bool       // the media types of answers that are no JSON
	offers     []string              // the media types of success: JSON first, the others by name
	sunset     *SunsetFields
}

// SunsetFields are the header fields of every answer of a deprecated operation.
type SunsetFields struct {
	Deprecation string // RFC 9745
	Sunset      string // RFC 8594
	Successor   string // the path template of what the Link field names as successor-version (RFC 5829)
}

// TakesBody tells whether the operation has a request body.
func (o *Operation) TakesBody() bool { return o.body != nil }

// RequiresBody tells whether the operation has a request body that may not be left out.
func (o *Operation) RequiresBody() bool { return o.body != nil && o.body.Required }

// UsesCookies tells whether the operation takes or sets a cookie.
func (o *Operation) UsesCookies() bool { return o.cookies }

// SunsetFields gives the header fields of a deprecated operation, nil for any other.
func (o *Operation) SunsetFields() *SunsetFields { return o.sunset }

// HeaderFields lists the header fields that the document names: parameters of requests, and fields of answers apart
// from Set-Cookie, which no page can read. A field of several answers comes several times.
func (o *Operation) HeaderFields() (sent, answered []string) {
	for _, p := range o.parameters {
		if p.Value.In == openapi3.ParameterInHeader {
			sent = append(sent, p.Value.Name)
		}
	}
	for _, response := range o.spec.Responses.Map() {
		for name := range response.Value.Headers {
			if name != "Set-Cookie" {
				answered = append(answered, name)
			}
		}
	}
	return sent, answered
}

// Load reads the document of the service called name. It refuses a document in which an operation lacks its policy, a
// policy contradicts itself or the operation, or a format has no check. The error names every such place.
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
		ID: op.OperationID, Method: method, Pattern: path, Policy: policy, spec: op,
		query: map[string]bool{}, streams: map[string]bool{},
	}
	refuse(!slices.Contains(Methods, method) || method == http.MethodHead,
		"the method is none of GET, POST, PUT, PATCH, DELETE; HEAD comes with GET")
	errs = append(errs, o.takeParameters(item), o.takeBody(), o.takeResponses())
	for _, name := range []string{policy.Access.Owner, policy.auditTarget()} {
		special := name == "" || name == OwnerSelf || name == TargetCaller || name == TargetCreated
		refuse(!special && o.parameters.GetByInAndName(openapi3.ParameterInPath, name) == nil,
			"x-access or x-audit names the path parameter %s, which there is not", name)
	}
	errs = append(errs, o.checkIdempotency()...)
	errs = append(errs, o.takeProblems()...)
	errs = append(errs, o.checkThrottle()...)
	refuse(policy.Timeout.Stream != 0 && len(o.streams) == 0,
		"x-timeout: stream needs an answer that is not JSON")
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
		name, in := p.Value.Name, p.Value.In
		o.query[name] = o.query[name] || in == openapi3.ParameterInQuery
		o.cookies = o.cookies || in == openapi3.ParameterInCookie
		isMatch := in == openapi3.ParameterInHeader && strings.EqualFold(name, "If-Match")
		o.needsMatch = o.needsMatch || isMatch && p.Value.Required
		if p.Value.Schema == nil {
			errs = append(errs, fmt.Errorf("the parameter %s has no schema", name))
		} else if f := p.Value.Schema.Value.Format; format.HasPlain(f) && in != openapi3.ParameterInQuery {
			errs = append(errs, fmt.Errorf("the parameter %s is of the format %s, "+
				"which comes in several forms and stands in the query or in the body", name, f))
		}
	}
	return errors.Join(errs...)
}

// takeBody reads the request body: its media type and how large it may be.
func (o *Operation) takeBody() error {
	if o.spec.RequestBody == nil {
		return nil
	}
	o.body = o.spec.RequestBody.Value
	for mediaType, content := range o.body.Content {
		if len(o.body.Content) != 1 || content.Schema == nil {
			break
		}
		s := content.Schema.Value
		o.takesType = mediaType
		o.MaxBody, o.mostItems = bodyLimit(s), longestArray(s, 0)
		o.takesForms = holdsForms(s, map[*openapi3.Schema]bool{})
		mayBeEmpty := s.Type.Is(openapi3.TypeObject) && len(s.Required) == 0 && s.MinProps == 0
		if !o.body.Required && !mayBeEmpty {
			return errors.New("a body may be left out only where it is an object that may be empty; " +
				"write required: true")
		}
		return nil
	}
	return errors.New("a body has one media type, with a schema")
}

// takeResponses reads the statuses, the media types of success and whether an answer is a stream or sets a cookie.
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
			if !IsJSON(mediaType) {
				o.streams[mediaType] = true
			}
			if strings.HasPrefix(status, "2") && !slices.Contains(o.offers, mediaType) {
				o.offers = append(o.offers, mediaType)
			}
		}
	}
	slices.SortFunc(o.offers, func(a, b string) int {
		if IsJSON(a) != IsJSON(b) {
			return map[bool]int{true: -1, false: 1}[IsJSON(a)]
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

// link resolves the references of operations to problem codes and to their successors.
func (d *Document) link() (errs []error) {
	for _, o := range d.Operations {
		for _, p := range o.Problems {
			if !slices.Contains(d.Codes, p.Code) {
				const format = "document %s: %s: %q is no ProblemCode, and the operation can end with it"
				errs = append(errs, fmt.Errorf(format, d.Name, o.ID, p.Code))
			}
		}
		s := o.Policy.Sunset
		if s == nil {
			continue
		}
		successor := d.Operation(s.Successor)
		if successor == nil {
			errs = append(errs, fmt.Errorf("document %s: %s: the successor %q is no operation",
				d.Name, o.ID, s.Successor))
			continue
		}
		o.sunset = &SunsetFields{
			Deprecation: fmt.Sprintf("@%d", time.Time(s.Since).Unix()),
			Sunset:      time.Time(s.Date).Format(http.TimeFormat),
			Successor:   successor.Pattern,
		}
	}
	return errs
}

// Operation gives the operation with that id, or nil.
func (d *Document) Operation(id string) *Operation {
	byID := func(o *Operation, id string) int { return strings.Compare(o.ID, id) }
	i, found := slices.BinarySearchFunc(d.Operations, id, byID)
	if !found {
		return nil
	}
	return d.Operations[i]
}

// HasPath tells whether the document has a path with that template.
func (d *Document) HasPath(pattern string) bool {
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

// walk visits every schema once. It refuses formats without a check and collects the names of what is sensitive.
func (d *Document) walk() []error {
	w := walker{
		document: d.Name, formats: format.All(),
		seen: map[*openapi3.Schema]bool{}, sensitive: map[string]bool{},
	}
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

// visit looks at a schema under the name of its property, parameter or header. Whether it is sensitive is noted for
// each name that it has; the rest is done once.
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
		w.errs = append(w.errs, fmt.Errorf("document %s: nobody checks the format %q of %s",
			w.document, s.Format, name))
	}
	for name, p := range s.Properties {
		w.visit(name, p)
	}
	inner := openapi3.SchemaRefs{s.Items, s.AdditionalProperties.Schema}
	for _, part := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf, inner) {
		w.visit(name, part)
	}
}
