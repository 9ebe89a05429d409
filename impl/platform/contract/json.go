package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is the largest number of levels of arrays and objects.
const maxDepth = 32

// jsonError says why a text is not one JSON value, and where.
type jsonError struct {
	reason string
	offset int // in bytes, from 0
}

func (e *jsonError) Error() string { return fmt.Sprintf("%s at byte %d", e.reason, e.offset) }

// mostPlain is the largest number of digits of an int64.
const mostPlain = 19

var errTooDeep = errors.New("too deep")

// decodeJSON reads one JSON text (RFC 8259, in the strict reading of I-JSON, RFC 7493) into nil, bool, string,
// json.Number, []any and map[string]any.
//
// It refuses what encoding/json accepts and a schema cannot see: a second member of the same name, anything behind the
// value, invalid UTF-8, unpaired surrogates, NUL (which PostgreSQL cannot keep) and more than maxDepth levels. Numbers
// keep every digit of their value and are written in one notation: 1.0 becomes 1, 1e2 becomes 100 and 15e-1 becomes
// 1.5. Whole numbers in the range of int64 can thus be read as such, and equal numbers are equal texts.
func decodeJSON(data []byte) (any, error) { return decodeBounded(data, math.MaxInt) }

// decodeBounded is decodeJSON that keeps the first mostItems items of each array. The others are read as strictly.
func decodeBounded(data []byte, mostItems int) (any, error) {
	p := jsonParser{data: data, mostItems: mostItems}
	p.space()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at < len(p.data) {
		return nil, p.fail("there is something behind the value")
	}
	return v, nil
}

type jsonParser struct {
	data      []byte
	at        int
	mostItems int
	dropping  bool // what is read now is not kept
}

func (p *jsonParser) fail(reason string) error { return &jsonError{reason: reason, offset: p.at} }

func (p *jsonParser) space() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *jsonParser) peek() byte {
	if p.at < len(p.data) {
		return p.data[p.at]
	}
	return 0
}

func (p *jsonParser) value(depth int) (any, error) {
	switch c := p.peek(); {
	case depth >= maxDepth && (c == '{' || c == '['):
		return nil, errTooDeep
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		return p.string()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	default:
		return p.literal()
	}
}

func (p *jsonParser) literal() (any, error) {
	for _, l := range [...]struct {
		text  string
		value any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if end := p.at + len(l.text); end <= len(p.data) && string(p.data[p.at:end]) == l.text {
			p.at = end
			return l.value, nil
		}
	}
	if p.at >= len(p.data) {
		return nil, p.fail("the text ends too early")
	}
	return nil, p.fail("a value is expected")
}

func (p *jsonParser) object(depth int) (any, error) {
	p.at++
	p.space()
	if p.peek() == '}' {
		p.at++
		if p.dropping {
			return nil, nil //nolint:nilnil // The value is dropped.
		}
		return map[string]any{}, nil
	}
	var (
		members map[string]any
		names   nameSet // of the members, while they are dropped
	)
	if !p.dropping {
		members = make(map[string]any, 8)
	}
	for {
		if p.peek() != '"' {
			return nil, p.fail("a member's name is expected")
		}
		start := p.at
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		_, twice := members[name]
		if twice || p.dropping && !names.add(name) {
			p.at = start
			return nil, p.fail("a member has the name of an earlier one")
		}
		p.space()
		if p.peek() != ':' {
			return nil, p.fail("a colon is expected")
		}
		p.at++
		p.space()
		member, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.dropping {
			members[name] = member
		}
		if done, err := p.next('}'); done || err != nil {
			return members, err
		}
	}
}

// nameSet is a set of names that allocates nothing for up to eight.
type nameSet struct {
	few   [8]string
	count int
	more  map[string]bool
}

// add tells whether the name is new.
func (s *nameSet) add(name string) bool {
	if slices.Contains(s.few[:s.count], name) || s.more[name] {
		return false
	}
	if s.count < len(s.few) {
		s.few[s.count] = name
		s.count++
		return true
	}
	if s.more == nil {
		s.more = map[string]bool{}
	}
	s.more[name] = true
	return true
}

func (p *jsonParser) array(depth int) (any, error) {
	p.at++
	p.space()
	if p.peek() == ']' {
		p.at++
		return []any{}, nil
	}
	dropping := p.dropping
	var items []any
	if !dropping {
		items = make([]any, 0, 4)
	}
	defer func() { p.dropping = dropping }()
	for {
		p.dropping = dropping || len(items) == p.mostItems
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.dropping {
			items = append(items, v)
		}
		done, err := p.next(']')
		if dropping && (done || err != nil) {
			return nil, err
		}
		if done || err != nil {
			return items, err
		}
	}
}

// next reads the comma or the closing bracket behind a member or an item. done tells that it was the bracket.
func (p *jsonParser) next(closing byte) (done bool, err error) {
	p.space()
	switch p.peek() {
	case closing:
		p.at++
		return true, nil
	case ',':
		p.at++
		p.space()
		return false, nil
	default:
		return false, p.fail("a comma or the closing bracket is expected")
	}
}

func (p *jsonParser) string() (string, error) {
	p.at++
	start := p.at
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			text := p.data[start:p.at]
			if !utf8.Valid(text) {
				return "", p.fail("a text is not UTF-8")
			}
			p.at++
			return string(text), nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.fail("a control character stands in a text")
		default:
			p.at++
		}
	}
	return "", p.fail("a text does not end")
}

// escaped reads the rest of a string from its first backslash on; start is where the string begins.
func (p *jsonParser) escaped(start int) (string, error) {
	text := append(make([]byte, 0, p.at-start+32), p.data[start:p.at]...)
	for p.at < len(p.data) {
		c := p.data[p.at]
		p.at++
		switch {
		case c == '"':
			if !utf8.Valid(text) {
				return "", p.fail("a text is not UTF-8")
			}
			return string(text), nil
		case c < ' ':
			return "", p.fail("a control character stands in a text")
		case c != '\\':
			text = append(text, c)
			continue
		}
		if p.at == len(p.data) {
			break
		}
		e := p.data[p.at]
		p.at++
		switch e {
		case '"', '\\', '/':
			text = append(text, e)
		case 'b':
			text = append(text, '\b')
		case 'f':
			text = append(text, '\f')
		case 'n':
			text = append(text, '\n')
		case 'r':
			text = append(text, '\r')
		case 't':
			text = append(text, '\t')
		case 'u':
			r, err := p.unicode()
			if err != nil {
				return "", err
			}
			text = utf8.AppendRune(text, r)
		default:
			return "", p.fail("an escape is not one of JSON's")
		}
	}
	return "", p.fail("a text does not end")
}

// unicode reads the digits behind \u, and a second escape where the first is half of a surrogate pair.
func (p *jsonParser) unicode() (rune, error) {
	r, err := p.hex4()
	if err != nil {
		return 0, err
	}
	if utf16.IsSurrogate(r) {
		if p.at+1 >= len(p.data) || p.data[p.at] != '\\' || p.data[p.at+1] != 'u' {
			return 0, p.fail("half of a surrogate pair stands alone")
		}
		p.at += 2
		low, err := p.hex4()
		if err != nil {
			return 0, err
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, p.fail("half of a surrogate pair stands alone")
		}
	}
	if r == 0 {
		return 0, p.fail("the character NUL stands in a text")
	}
	return r, nil
}

func (p *jsonParser) hex4() (rune, error) {
	if p.at+4 > len(p.data) {
		return 0, p.fail("an escape is cut short")
	}
	var r rune
	for _, c := range p.data[p.at : p.at+4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, p.fail("an escape has other than hexadecimal digits")
		}
	}
	p.at += 4
	return r, nil
}

func (p *jsonParser) number() (any, error) {
	start := p.at
	if p.peek() == '-' {
		p.at++
	}
	switch c := p.peek(); {
	case c == '0':
		p.at++
	case '1' <= c && c <= '9':
		p.digits()
	default:
		return nil, p.fail("a digit is expected")
	}
	whole, plain := true, true
	if p.peek() == '.' {
		whole = false
		p.at++
		if p.digits() == 0 {
			return nil, p.fail("a digit is expected")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		plain = false
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if p.digits() == 0 {
			return nil, p.fail("a digit is expected")
		}
	}
	written := p.data[start:p.at]
	if plain && len(written) <= mostPlain && isPlainest(written, whole) {
		if p.dropping {
			return nil, nil //nolint:nilnil // The value is dropped.
		}
		return json.Number(written), nil
	}
	text := string(written)
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return nil, p.fail("a number is beyond what can be counted with")
	}
	return json.Number(parseDecimal(text).String()), nil
}

// isPlainest tells whether decimal.String would write a number without an exponent as text does.
func isPlainest(text []byte, whole bool) bool {
	if whole {
		return string(text) != "-0"
	}
	return text[len(text)-1] != '0' && !bytes.HasPrefix(bytes.TrimPrefix(text, []byte("-")), []byte("0.000000"))
}

func (p *jsonParser) digits() (n int) {
	for p.at < len(p.data) && '0' <= p.data[p.at] && p.data[p.at] <= '9' {
		p.at++
		n++
	}
	return n
}
