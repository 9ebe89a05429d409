package contract

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/format"
)

// Checker holds requests and answers against the document. The chain works with any; NewChecker's, on kin-openapi, is
// the reference that a faster one is compared with.
type Checker interface {
	// CheckRequest gives the value of the body, which generated code binds as it is, and the places of the request that
	// violate the document, at most as many as an answer names. A body that is empty and may be left out has no value.
	// The error is ErrMalformed where the body is no JSON, or that of the request's context. The query of in.Request is
	// rewritten: defaults are added, and values of several forms are brought into one.
	CheckRequest(o *Operation, in Input) (body any, violations []fault.Violation, err error)
	// CheckResponse gives the places of an answer that violate the document, including a problem code that is none of
	// the operation's.
	CheckResponse(o *Operation, out Output) []fault.Violation
}

// Input is a request whose parts have been read.
type Input struct {
	Request *http.Request
	Path    map[string]string // path parameters, unescaped
	Query   url.Values
	Body    []byte
}

// Output is an answer whose parts have been written.
type Output struct {
	Status int
	Header http.Header
	Body   []byte
}

// maxViolations is the largest number of places that an answer names.
const maxViolations = 100

type kinChecker struct {
	spec            *openapi3.T
	options         openapi3filter.Options
	request, answer []openapi3.SchemaValidationOption
}

// NewChecker makes a checker on kin-openapi, with the formats of package format.
func NewChecker(d *Document) Checker {
	formats := openapi3.WithStringFormatValidators(format.All())
	all, brief := openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails()
	type options = []openapi3.SchemaValidationOption
	return &kinChecker{
		spec:    d.spec,
		options: openapi3filter.Options{MultiError: true, SchemaValidationOptions: options{formats}},
		request: options{all, brief, openapi3.VisitAsRequest(), formats, openapi3.DefaultsSet(func() {})},
		answer:  options{all, brief, openapi3.VisitAsResponse(), formats},
	}
}

// CheckRequest implements Checker.
func (c *kinChecker) CheckRequest(o *Operation, in Input) (any, []fault.Violation, error) {
	violations := checkQuery(o, in.Query)
	rewriteQuery(o, in, composed)
	input := openapi3filter.RequestValidationInput{
		Request: in.Request, PathParams: in.Path, QueryParams: in.Query, Options: &c.options,
		Route: &routers.Route{Spec: c.spec, Operation: o.spec, Method: o.Method, Path: o.Pattern},
	}
	for _, p := range o.parameters {
		if err := in.Request.Context().Err(); err != nil {
			return nil, nil, err
		}
		if isEmptyForDefault(p.Value, in.Query) {
			at := "#/query/" + pointerToken(p.Value.Name)
			violations = append(violations, violation(at, "minLength", nil, "Must not be empty"))
			continue
		}
		if wrong := checkField(in.Request.Header, p.Value); wrong != nil {
			violations = append(violations, *wrong)
			continue
		}
		sent := in.scalarText(p.Value)
		if err := openapi3filter.ValidateParameter(in.Request.Context(), &input, p.Value); err != nil {
			violations = append(violations, parameterViolations(p.Value, err)...)
		} else {
			violations = append(violations, misspelt(p.Value, sent)...)
		}
	}
	if len(violations) == 0 {
		rewriteQuery(o, in, plain)
	}
	if o.body == nil || !o.body.Required && len(in.Body) == 0 {
		return nil, limited(violations), nil
	}
	value, err := decodeBounded(in.Body, keptItems(o.mostItems))
	if err != nil {
		return nil, nil, malformed(err)
	}
	if err := in.Request.Context().Err(); err != nil {
		return nil, nil, err
	}
	schema := o.body.Content[o.takesType].Schema.Value
	value = rewritten(schema, cut(schema, value), composed)
	violations = append(violations, within("#", nullsForDefaults(schema, value))...)
	if err := schema.VisitJSON(value, c.request...); err != nil {
		violations = append(violations, schemaViolations("#", err)...)
	}
	for _, v := range within("#", rounded(schema, value)) {
		if !named(violations, v) {
			violations = append(violations, v)
		}
	}
	if o.takesForms && len(violations) == 0 {
		value = rewritten(schema, value, plain)
	}
	return value, limited(violations), nil
}

// CheckResponse implements Checker.
func (c *kinChecker) CheckResponse(o *Operation, out Output) []fault.Violation {
	ref := o.spec.Responses.Status(out.Status)
	if ref == nil && out.Status >= http.StatusBadRequest { // A success has to be documented with its status.
		ref = o.spec.Responses.Default()
	}
	if ref == nil {
		return []fault.Violation{{
			Pointer: "#", Keyword: "status", Detail: fmt.Sprintf("The status %d is not documented.", out.Status),
		}}
	}
	var violations []fault.Violation
	for name, header := range ref.Value.Headers {
		values, schema := out.Header.Values(name), header.Value.Schema.Value
		if len(values) == 0 {
			if header.Value.Required {
				violations = append(violations, violation("#/header/"+name, "required", nil, "Must be present"))
			}
			continue
		}
		if err := schema.VisitJSON(scalar(schema, values[0]), c.answer...); err != nil {
			violations = append(violations, schemaViolations("#/header/"+name, err)...)
		}
	}
	if len(ref.Value.Content) == 0 {
		if len(out.Body) > 0 {
			violations = append(violations, violation("#", "content", nil, "Must have no body"))
		}
		return violations
	}
	content := ref.Value.Content.Get(out.Header.Get("Content-Type"))
	if content != nil && !IsJSON(MediaTypeOf(out.Header)) {
		return violations
	}
	if content == nil || content.Schema == nil {
		return append(violations,
			violation("#/header/Content-Type", "content", nil, "Must be a documented media type"))
	}
	value, err := decodeJSON(out.Body)
	if err != nil {
		return append(violations, violation("#", "type", nil, "Must be JSON: "+err.Error()))
	}
	if err := content.Schema.Value.VisitJSON(value, c.answer...); err != nil {
		violations = append(violations, schemaViolations("#", err)...)
	}
	return limited(append(violations, o.checkCode(out.Status, value)...))
}

// isEmptyForDefault tells whether a parameter with a default was sent without a value, which kin-openapi treats as if
// it had not been sent.
func isEmptyForDefault(p *openapi3.Parameter, query url.Values) bool {
	hasDefault := p.In == openapi3.ParameterInQuery && p.Schema.Value.Default != nil
	return hasDefault && !p.AllowEmptyValue && query.Has(p.Name) && query.Get(p.Name) == ""
}

// nullsForDefaults finds each null of a member with a default that is not nullable; kin-openapi treats it as a missing
// member. The pointers are relative to the value, and are made only for what is found.
func nullsForDefaults(s *openapi3.Schema, value any) (violations []fault.Violation) {
	switch value := value.(type) {
	case map[string]any:
		for name, p := range s.Properties {
			member, sent := value[name]
			found := nullsForDefaults(p.Value, member)
			if sent && member == nil && p.Value.Default != nil && !p.Value.Nullable {
				found = append(found, typeViolation("", p.Value))
			}
			if len(found) > 0 {
				violations = append(violations, within("/"+pointerToken(name), found)...)
			}
		}
	case []any:
		for i, item := range value {
			if s.Items == nil {
				break
			}
			if found := nullsForDefaults(s.Items.Value, item); len(found) > 0 {
				violations = append(violations, within("/"+strconv.Itoa(i), found)...)
			}
		}
	}
	return violations
}

// within makes relative pointers absolute: at is the place that they begin at.
func within(at string, violations []fault.Violation) []fault.Violation {
	for i := range violations {
		violations[i].Pointer = at + violations[i].Pointer
	}
	return violations
}

// rounded finds the violations of numbers that kin-openapi misses because it rounds to float64 first. The pointers are
// relative to the value.
func rounded(s *openapi3.Schema, value any) (violations []fault.Violation) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			p := schemaOf(s, name)
			if p == nil {
				continue
			}
			if found := rounded(p, member); len(found) > 0 {
				violations = append(violations, within("/"+pointerToken(name), found)...)
			}
		}
		slices.SortStableFunc(violations, byPointer)
	case []any:
		for i, item := range value {
			if s.Items == nil {
				break
			}
			if found := rounded(s.Items.Value, item); len(found) > 0 {
				violations = append(violations, within("/"+strconv.Itoa(i), found)...)
			}
		}
	case json.Number:
		if isExact(value) {
			return nil
		}
		for _, keyword := range parseDecimal(string(value)).brokenBy(s) {
			violations = append(violations, numberViolation(s, keyword))
		}
	}
	return violations
}

// schemaOf gives the schema of a member of an object, nil where there is none.
func schemaOf(s *openapi3.Schema, name string) *openapi3.Schema {
	if p, known := s.Properties[name]; known {
		return p.Value
	}
	if more := s.AdditionalProperties.Schema; more != nil {
		return more.Value
	}
	return nil
}

// byPointer orders violations by their place.
func byPointer(a, b fault.Violation) int { return strings.Compare(a.Pointer, b.Pointer) }

// numberViolation words a violation of a number as the one of a number that kin-openapi refuses.
func numberViolation(s *openapi3.Schema, keyword string) fault.Violation {
	if bounds, known := integerFormats[s.Format]; keyword == "format" && known {
		return violation("", keyword, map[string]any{keyword: s.Format},
			fmt.Sprintf("Value should be between %s and %s", bounds[0], bounds[1]))
	}
	return schemaViolation("", &openapi3.SchemaError{Schema: s, SchemaField: keyword})[0]
}

// scalarText gives the text of a parameter of a scalar type; "" for one of another type, or that was not sent.
func (in Input) scalarText(p *openapi3.Parameter) string {
	if !isScalar(p.Schema.Value) {
		return ""
	}
	switch p.In {
	case openapi3.ParameterInPath:
		return in.Path[p.Name]
	case openapi3.ParameterInQuery:
		return in.Query.Get(p.Name)
	case openapi3.ParameterInHeader:
		return in.Request.Header.Get(p.Name)
	}
	if cookie, err := in.Request.Cookie(p.Name); err == nil {
		return cookie.Value
	}
	return ""
}

// misspelt finds the violations of a scalar parameter that kin-openapi misses: it reads numbers and booleans as Go
// does, including +1, 01 and T, and rounds to float64.
func misspelt(p *openapi3.Parameter, text string) []fault.Violation {
	s, at := p.Schema.Value, "#/"+p.In+"/"+pointerToken(p.Name)
	if text == "" {
		return nil
	}
	value := scalar(s, text)
	if _, unread := value.(string); unread {
		return []fault.Violation{typeViolation(at, s)}
	}
	return within(at, rounded(s, value))
}

// isScalar tells whether the values of a schema are numbers or booleans.
func isScalar(s *openapi3.Schema) bool {
	return s.Type.Is(openapi3.TypeInteger) || s.Type.Is(openapi3.TypeNumber) || s.Type.Is(openapi3.TypeBoolean)
}

// scalar reads a parameter or a header field by the type of its schema: a number or a boolean as JSON writes it, and an
// integer without a fraction or an exponent. Anything else stays text.
func scalar(s *openapi3.Schema, text string) any {
	if !isScalar(s) {
		return text
	}
	value, err := decodeJSON([]byte(text))
	if err != nil {
		return text
	}
	n, isNumber := value.(json.Number)
	isRespelt := s.Type.Is(openapi3.TypeInteger) && string(n) != text
	if s.Type.Is(openapi3.TypeBoolean) == isNumber || isRespelt {
		return text
	}
	return value
}

// checkQuery finds what kin-openapi does not: parameters that are not documented, are sent twice or are not UTF-8.
func checkQuery(o *Operation, query url.Values) []fault.Violation {
	type parameter struct{ name, at string }
	var wrong []parameter
	for name, values := range query {
		if !o.query[name] || len(values) > 1 || !isText(values[0]) {
			wrong = append(wrong, parameter{name, "#/query/" + pointerToken(name)})
		}
	}
	slices.SortFunc(wrong, func(a, b parameter) int { return strings.Compare(a.at, b.at) })
	var violations []fault.Violation
	for _, p := range wrong[:min(len(wrong), maxViolations)] {
		switch {
		case !o.query[p.name]:
			violations = append(violations,
				violation(p.at, "additionalProperties", nil, "Is no parameter of this operation"))
		case len(query[p.name]) > 1:
			violations = append(violations, givenTwice(p.at))
		default:
			violations = append(violations, violation(p.at, "format", nil, "Must be UTF-8 text without NUL"))
		}
	}
	return violations
}

// isText tells whether a text is UTF-8 without NUL, which PostgreSQL cannot keep.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func givenTwice(at string) fault.Violation {
	return violation(at, "maxItems", map[string]any{"maxItems": 1}, "Must be given once only")
}

// limited gives as many violations as an answer names.
func limited(violations []fault.Violation) []fault.Violation {
	return violations[:min(len(violations), maxViolations)]
}

// Violated is ErrInvalid at one place, for a rule that no schema can express.
func Violated(pointer, keyword, sentence string) *fault.Error {
	return ErrInvalid.At(violation(pointer, keyword, nil, sentence))
}

// violation makes a sentence of its text: with a capital letter and one full stop.
func violation(pointer, keyword string, params map[string]any, sentence string) fault.Violation {
	first, size := utf8.DecodeRuneInString(sentence)
	detail := string(unicode.ToUpper(first)) + strings.TrimSuffix(sentence[size:], ".") + "."
	return fault.Violation{Pointer: pointer, Keyword: keyword, Params: params, Detail: detail}
}

func parameterViolations(p *openapi3.Parameter, err error) []fault.Violation {
	at := "#/" + p.In + "/" + pointerToken(p.Name)
	var request *openapi3filter.RequestError
	if !errors.As(err, &request) {
		return []fault.Violation{violation(at, "type", nil, "Must be readable")}
	}
	switch {
	case errors.Is(request.Err, openapi3filter.ErrInvalidRequired):
		return []fault.Violation{violation(at, "required", nil, "Must be present")}
	case errors.Is(request.Err, openapi3filter.ErrInvalidEmptyValue):
		return []fault.Violation{violation(at, "minLength", nil, "Must not be empty")}
	}
	if _, unreadable := errors.AsType[*openapi3filter.ParseError](request.Err); unreadable {
		return []fault.Violation{typeViolation(at, p.Schema.Value)}
	}
	return schemaViolations(at, request.Err)
}

// schemaViolations turns the errors of kin-openapi into located violations, without the submitted values.
func schemaViolations(at string, err error) []fault.Violation {
	switch e := err.(type) { //nolint:errorlint // kin-openapi's own tree of errors, which is walked here.
	case openapi3.MultiError:
		return distinctViolations(at, e)
	case *openapi3.SchemaError:
		tokens := []string{at}
		for _, token := range e.JSONPointer() {
			tokens = append(tokens, pointerToken(token))
		}
		return schemaViolation(strings.Join(tokens, "/"), e)
	default:
		return []fault.Violation{violation(at, "schema", nil, "Must match the schema")}
	}
}

// distinctViolations gives the violations of several errors, each once, and no more than an answer names: looking for
// duplicates takes quadratic time.
func distinctViolations(at string, errs openapi3.MultiError) (all []fault.Violation) {
	told := map[string]bool{} // The first error of an object with unknown members names them all.
	for _, one := range errs {
		unknown, ok := one.(*openapi3.SchemaError) //nolint:errorlint // As in schemaViolations.
		if ok && unknown.SchemaField == "properties" {
			object := strings.Join(unknown.JSONPointer(), "/")
			if told[object] {
				continue
			}
			told[object] = true
		}
		for _, v := range schemaViolations(at, one) {
			if len(all) == maxViolations {
				return all
			}
			if !named(all, v) {
				all = append(all, v)
			}
		}
	}
	return all
}

// named tells whether all has a violation of the same rule at the same place.
func named(all []fault.Violation, v fault.Violation) bool {
	isSame := func(w fault.Violation) bool { return v.Pointer == w.Pointer && v.Keyword == w.Keyword }
	return slices.ContainsFunc(all, isSame)
}

// schemaViolation words one error of kin-openapi. Only unknown members make several violations of it.
func schemaViolation(at string, e *openapi3.SchemaError) []fault.Violation {
	s := e.Schema
	bound := func(keyword string, figure any, sentence string) []fault.Violation {
		return []fault.Violation{violation(at, keyword, map[string]any{keyword: figure}, sentence)}
	}
	switch e.SchemaField {
	case "type", "nullable":
		return []fault.Violation{typeViolation(at, s)}
	case "required":
		return []fault.Violation{violation(at, "required", nil, "Must be present")}
	case "properties":
		return unknownMembers(at, e)
	case "format":
		sentence := "Must be of the format " + s.Format
		if why := errors.Unwrap(e.Origin); why != nil {
			sentence = why.Error()
		}
		return bound("format", s.Format, sentence)
	case "pattern":
		return bound("pattern", s.Pattern, "Must match the pattern "+s.Pattern)
	case "enum":
		return bound("enum", s.Enum, "Must be one of "+enumerated(s.Enum))
	case "minLength":
		return bound("minLength", s.MinLength, "Must have at least "+several(s.MinLength, "character"))
	case "maxLength":
		return bound("maxLength", deref(s.MaxLength), "Must have at most "+several(deref(s.MaxLength), "character"))
	case "minimum":
		return bound("minimum", number(s.Min), fmt.Sprintf("Must be at least %v", number(s.Min)))
	case "maximum":
		return bound("maximum", number(s.Max), fmt.Sprintf("Must be at most %v", number(s.Max)))
	case "minItems":
		return bound("minItems", s.MinItems, "Must have at least "+several(s.MinItems, "item"))
	case "maxItems":
		return bound("maxItems", deref(s.MaxItems), "Must have at most "+several(deref(s.MaxItems), "item"))
	case "uniqueItems":
		return bound("uniqueItems", true, "Must not hold an item twice")
	case "minProperties":
		return bound("minProperties", s.MinProps,
			cmp.Or(oneOfSeveral(s), "Must have at least "+several(s.MinProps, "member")))
	case "maxProperties":
		return bound("maxProperties", deref(s.MaxProps),
			cmp.Or(oneOfSeveral(s), "Must have at most "+several(deref(s.MaxProps), "member")))
	case "multipleOf":
		return bound("multipleOf", number(s.MultipleOf), fmt.Sprintf("Must be a multiple of %v", number(s.MultipleOf)))
	case "not":
		if n := s.Not.Value; n.Min != nil && n.Max != nil && *n.Min == *n.Max {
			return []fault.Violation{violation(at, "not", nil, fmt.Sprintf("Must not be %v", number(n.Min)))}
		}
	}
	return []fault.Violation{violation(at, e.SchemaField, nil, "Must match the schema")}
}

// oneOfSeveral is the sentence for an object with exactly one member besides the required ones; "" for any other.
func oneOfSeveral(s *openapi3.Schema) string {
	one := uint64(len(s.Required)) + 1
	if s.MaxProps == nil || s.MinProps != one || *s.MaxProps != one || len(s.Properties) < 2 {
		return ""
	}
	isRequired := func(name string) bool { return slices.Contains(s.Required, name) }
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(s.Properties)), isRequired)
	return "Must have exactly one of " + strings.Join(names, ", ")
}

func typeViolation(at string, s *openapi3.Schema) fault.Violation {
	if s == nil || s.Type == nil {
		return violation(at, "type", nil, "Must be of the right type")
	}
	is := strings.Join(s.Type.Slice(), " or ")
	return violation(at, "type", map[string]any{"type": is}, "Must be of the type "+is)
}

// unknownMembers names the members that the schema does not; kin-openapi gives the place of their object only.
func unknownMembers(at string, e *openapi3.SchemaError) []fault.Violation {
	members, _ := e.Value.(map[string]any)
	var violations []fault.Violation
	for name := range members {
		if _, known := e.Schema.Properties[name]; !known {
			violations = append(violations,
				violation(at+"/"+pointerToken(name), "additionalProperties", nil, "Is no member of this object"))
		}
	}
	slices.SortFunc(violations, byPointer)
	return violations
}

// pointerEscapes escapes a token of a JSON pointer (RFC 6901, section 3).
var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointerToken writes a name as a token of a JSON pointer in a URI fragment (RFC 6901, section 6). A name of more than
// 64 characters is cut.
func pointerToken(name string) string {
	if len(name) > 64 {
		if r := []rune(name); len(r) > 64 {
			name = string(r[:64]) + "…"
		}
	}
	if !strings.ContainsFunc(name, escapedInPointer) {
		return name
	}
	name = pointerEscapes.Replace(strings.ToValidUTF8(name, "\uFFFD"))
	return (&url.URL{Fragment: name}).EscapedFragment()
}

// escapedInPointer tells whether a character may need an escape: letters, digits, - and _ never do.
func escapedInPointer(r rune) bool {
	return (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// several counts in words, as in "1 item" and "2 items".
func several(n uint64, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// enumerated lists the values of an enum.
func enumerated(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ", ")
}

// deref gives what a pointer points to, or the zero value.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// number gives a bound as JSON writes it, whole numbers without an exponent.
func number(f *float64) any {
	v := deref(f)
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return int64(v)
	}
	return json.Number(fmt.Sprint(v))
}
