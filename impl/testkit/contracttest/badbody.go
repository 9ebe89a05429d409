package contracttest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.com/plumbline/impl/platform/contract"
)

// maxBody is the largest size of any operation's body in bytes; most operations take less.
const maxBody = 64 << 10

// badBodies breaks the body in every way that the document and JSON allow.
func (s *Service) badBodies(t testing.TB, op *contract.Operation, good func() Request) []Refusal {
	t.Helper()
	written, _ := s.spec(op)
	if written.RequestBody == nil {
		return unwantedBodies(good)
	}
	body := written.RequestBody.Value
	schema := body.Content[jsonType].Schema.Value
	b := breaker{good: good, maxBody: op.MaxBody}
	b.notJSON(good().Body, body.Required)
	b.notTheBody(good().Body)
	b.object(t, "#", schema, membersOf(t, good().Body), func(v any) string { return text(t, v) })
	return b.cases
}

// unwantedBodies are bodies for an operation that takes none.
func unwantedBodies(good func() Request) []Refusal {
	var cases []Refusal
	for name, chunked := range map[string]bool{"with its length": false, "chunked": true} {
		for _, body := range []string{`{}`, `{"a":"` + SecretCanary + `"}`, Canary, strings.Repeat("x", maxBody+1)} {
			r := good().With(asJSON)
			r.Body, r.Chunked = body, chunked
			cases = append(cases, Refusal{
				Name: "a body where none is taken, " + name, Request: r, Status: http.StatusBadRequest,
				Code: contract.ErrMalformed.Code,
			})
		}
	}
	return cases
}

// breaker makes bad bodies from a good one.
type breaker struct {
	good    func() Request
	maxBody int // of the operation
	// hostile is text that replaces every string whose schema does not accept it.
	hostile []string
	cases   []Refusal
}

// add adds a case with a body, and with these header lines instead of its media type if there are any.
func (b *breaker) add(c Refusal, body string, chunked bool, lines ...string) {
	c.Name = "the body: " + c.Name
	c.Request = b.good()
	if lines != nil {
		c.Request = c.Without("Content-Type").With(lines...)
	}
	c.Body, c.Chunked = body, chunked
	b.cases = append(b.cases, c)
}

// notJSON are bodies that are not exactly one JSON text.
func (b *breaker) notJSON(good string, required bool) {
	nested := func(levels int) string {
		return `{"x":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `}`
	}
	member := `"x":"` + SecretCanary + `",`
	malformed := func(name string) Refusal {
		return Refusal{Name: name, Status: http.StatusBadRequest, Code: contract.ErrMalformed.Code}
	}
	for name, body := range map[string]string{
		"cut short":                 good[:len(good)-1],
		"half":                      good[:len(good)/2],
		"no JSON":                   SecretCanary,
		"single quotes":             `{'x':'` + SecretCanary + `'}`,
		"a comment":                 `/* ` + Canary + ` */` + good,
		"a comma at the end":        good[:len(good)-1] + ",}",
		"a byte order mark":         "\ufeff" + good,
		"UTF-16":                    "{\x00}\x00",
		"spaces only":               " \r\n\t ",
		"NaN":                       `{"x":NaN}`,
		"a huge number":             `{"x":1e999}`,
		"a leading zero":            `{"x":01}`,
		"a duplicate name":          `{` + member + member + good[1:],
		"a duplicate name, escaped": `{` + member + `"\u0078":1,` + good[1:],
		"something behind":          good + `{}`,
		"a second value":            good + "\n" + good,
		"a letter behind":           good + Canary,
		"NUL, escaped":              `{"x":"` + Canary + `\u0000Body",` + good[1:],
		"NUL in a name":             `{"x\u0000":1,` + good[1:],
		"NUL, raw":                  "{\"x\":\"" + Canary + "\x00Body\"," + good[1:],
		"NUL behind":                good + "\x00",
		"a line feed, raw":          "{\"x\":\"" + Canary + "\nBody\"," + good[1:],
		"invalid UTF-8":             "{\"x\":\"" + Canary + "\xffBody\"," + good[1:],
		"overlong UTF-8":            "{\"x\":\"" + Canary + "\xc0\xafBody\"," + good[1:],
		"a surrogate in UTF-8":      "{\"x\":\"" + Canary + "\xed\xa0\x80Body\"," + good[1:],
		"invalid UTF-8 in a name":   "{\"x\xff\":1," + good[1:],
		"a lone high surrogate":     `{"x":"` + Canary + `\ud800Body",` + good[1:],
		"a lone low surrogate":      `{"x":"` + Canary + `\udc00Body",` + good[1:],
		"swapped surrogates":        `{"x":"` + Canary + `\udc00\ud800Body",` + good[1:],
		"33 levels":                 nested(32),
		"1000 levels":               nested(1000),
		"open levels":               strings.Repeat("[", b.maxBody),
		"open objects":              strings.Repeat(`{"":`, b.maxBody/len(`{"":`)),
	} {
		b.add(malformed(name), body, false)
		b.add(malformed(name+", chunked"), body, true)
	}
	// At the maximum depth it is JSON, with an unknown member.
	b.add(Refusal{Name: "32 levels", Status: http.StatusUnprocessableEntity, Code: contract.ErrInvalid.Code,
		Pointer: "#/x"}, nested(31), false)
	if required {
		b.add(malformed("empty"), "", false, asJSON, "Content-Length: 0")
		b.add(malformed("none"), "", false)
		b.add(malformed("none, without a type"), "", false, []string{}...)
	}
}

// notTheBody are bodies that are refused for their size, type or kind.
func (b *breaker) notTheBody(good string) {
	large := `{"x":"` + Canary + strings.Repeat("x", b.maxBody) + `Body",` + good[1:]
	exact := good + strings.Repeat(" ", b.maxBody-len(good)+1)
	for name, body := range map[string]string{"too large by far": large, "too large by a byte": exact} {
		tooLarge := Refusal{Name: name, Status: http.StatusRequestEntityTooLarge, Code: contract.ErrBodyTooLarge.Code}
		b.add(tooLarge, body, false)
		b.add(tooLarge, body, true)
	}
	for _, lines := range [][]string{
		{"Content-Type: text/plain"}, {"Content-Type: application/x-www-form-urlencoded"},
		{"Content-Type: multipart/form-data; boundary=x"}, {},
		{"Content-Type: "}, {"Content-Type: application"}, {"Content-Type: */*"}, {"Content-Type: application/jsonp"},
		{"Content-Type: application/problem+json"},
		{"Content-Type: application/json; charset=latin1"}, {"Content-Type: application/json; charset=utf-16"},
		{"Content-Type: application/json;;;="},
		{"Content-Type: application/json, text/plain"}, {asJSON, "Content-Type: text/plain"},
		{asJSON, "Content-Encoding: gzip"},
		{asJSON, "Content-Encoding: identity, deflate"}, {asJSON, "Content-Encoding: ", "Content-Encoding: gzip"},
	} {
		b.add(Refusal{Name: fmt.Sprintf("with %q", lines), Status: http.StatusUnsupportedMediaType,
			Code: contract.ErrMediaType.Code}, good, false, lines...)
	}
	for _, body := range []string{`null`, `true`, `12345678901234567890`, `"` + SecretCanary + `"`, `[]`,
		`[` + good + `]`} {
		b.add(Refusal{Name: body, Status: http.StatusUnprocessableEntity, Code: contract.ErrInvalid.Code, Pointer: "#",
			Keyword: "type"}, body, false)
	}
}

// invalid adds a case with a body that breaks one rule of its schema at one place.
func (b *breaker) invalid(name, body, pointer, keyword string) {
	b.add(Refusal{Name: name, Status: http.StatusUnprocessableEntity, Code: contract.ErrInvalid.Code, Pointer: pointer,
		Keyword: keyword}, body, false)
}
