package httpapi

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// decimal is a number as it is written, without rounding: 0.d1d2d3… times ten to the power of point, where the digits
// d1d2d3… have no zero at either end. The number 0 has no digits.
type decimal struct {
	negative bool
	digits   string
	point    int
}

// hugeExponent is beyond what the digits of a text can make up for. Larger exponents are taken for it, so that they cost
// nothing.
const hugeExponent = 1 << 30

// parseDecimal reads a number of JSON's grammar (RFC 8259, section 6).
func parseDecimal(text string) decimal {
	text, negative := strings.CutPrefix(text, "-")
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa = text[:i]
		var err error
		if exponent, err = strconv.Atoi(text[i+1:]); err != nil || exponent > hugeExponent || exponent < -hugeExponent {
			exponent = hugeExponent
			if text[i+1] == '-' {
				exponent = -hugeExponent
			}
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	point := len(digits) - len(fraction) + exponent
	digits = strings.TrimRight(digits, "0")
	if digits == "" {
		return decimal{}
	}
	return decimal{negative: negative, digits: digits, point: point}
}

// decimalOf gives the shortest number that is read as f: it is what the document says where f is one of its bounds.
func decimalOf(f float64) decimal { return parseDecimal(strconv.FormatFloat(f, 'e', -1, 64)) }

// isWhole tells whether there is no fraction, in whichever notation: 1, 1.0 and 1e3 are whole.
func (d decimal) isWhole() bool { return len(d.digits) <= d.point }

// String gives the one notation that a number has here: whole ones of as many digits as an int64 may have without a point
// or an exponent, others as short as they can be written.
func (d decimal) String() string {
	if d.digits == "" {
		return "0"
	}
	var text string
	switch n := len(d.digits); {
	case n <= d.point && d.point <= mostPlain:
		text = d.digits + strings.Repeat("0", d.point-n)
	case 0 < d.point && d.point < n:
		text = d.digits[:d.point] + "." + d.digits[d.point:]
	case -6 < d.point && d.point <= 0:
		text = "0." + strings.Repeat("0", -d.point) + d.digits
	default:
		text = d.digits[:1]
		if n > 1 {
			text += "." + d.digits[1:]
		}
		text += "e" + strconv.Itoa(d.point-1)
	}
	if d.negative {
		return "-" + text
	}
	return text
}

func (d decimal) compare(e decimal) int {
	if order := cmp.Compare(d.sign(), e.sign()); order != 0 {
		return order
	}
	// Without zeros at the beginning, a number with a larger power is larger, and texts of digits are in order.
	return d.sign() * cmp.Or(cmp.Compare(d.point, e.point), strings.Compare(d.digits, e.digits))
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	default:
		return 1
	}
}

// isMultipleOf tells whether d is e, which is not 0, times a whole number. What is divided has some hundred digits at most,
// however many the text has: decodeJSON lets no number in that is beyond float64, and e has no smaller power of ten than one.
func (d decimal) isMultipleOf(e decimal) bool {
	if d.digits == "" {
		return true
	}
	shift := (d.point - len(d.digits)) - (e.point - len(e.digits))
	if shift < 0 { // The digits of d would have to end with 0.
		return false
	}
	n, m := wholeOf(d.digits+strings.Repeat("0", shift)), wholeOf(e.digits)
	return n.Mod(n, m).Sign() == 0
}

func wholeOf(digits string) *big.Int {
	n, _ := new(big.Int).SetString(digits, 10)
	return n
}

// The bounds of the formats of integers, which float64 cannot hold.
var integerFormats = map[string][2]decimal{
	"int32": {parseDecimal("-2147483648"), parseDecimal("2147483647")},
	"int64": {parseDecimal("-9223372036854775808"), parseDecimal("9223372036854775807")},
}

// isExact tells whether float64 holds the number to the letter, as it does whole ones of 15 digits.
func isExact(n json.Number) bool { return len(n) <= 15 && !strings.ContainsAny(string(n), ".e") }

// brokenBy gives the keywords of a schema that a number breaks, held as it is written.
func (d decimal) brokenBy(s *openapi3.Schema) (keywords []string) {
	breaks := func(keyword string, broken bool) {
		if broken {
			keywords = append(keywords, keyword)
		}
	}
	breaks("enum", len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(v any) bool {
		f, isNumber := v.(float64)
		return isNumber && d.compare(decimalOf(f)) == 0
	}))
	integer := s.Type.Permits(openapi3.TypeInteger) && !s.Type.Permits(openapi3.TypeNumber)
	breaks("type", integer && !d.isWhole())
	if bounds, known := integerFormats[s.Format]; known && integer && d.isWhole() {
		breaks("format", d.compare(bounds[0]) < 0 || d.compare(bounds[1]) > 0)
	}
	breaks("minimum", s.Min != nil && d.compare(decimalOf(deref(s.Min))) < 0)
	breaks("maximum", s.Max != nil && d.compare(decimalOf(deref(s.Max))) > 0)
	breaks("multipleOf", s.MultipleOf != nil && !d.isMultipleOf(decimalOf(deref(s.MultipleOf))))
	return keywords
}
