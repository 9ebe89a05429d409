package contract

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// decimal is a decimal number without rounding: 0.d1d2d3… times ten to the power of point. The digits d1d2d3… have no
// zero at either end; the number 0 has none.
type decimal struct {
	negative bool
	digits   string
	point    int
}

// hugeExponent is larger than the digits of any body can compensate for. Exponents beyond it are reduced to it, which
// changes no comparison and bounds the cost.
const hugeExponent = 1 << 30

// parseDecimal reads a number by the grammar of JSON (RFC 8259, section 6).
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

// decimalOf gives the shortest decimal that is read as f. For a bound that kin-openapi has read from the document it is
// the number that the document says.
func decimalOf(f float64) decimal { return parseDecimal(strconv.FormatFloat(f, 'e', -1, 64)) }

// isWhole tells whether a number has no fraction, whatever its notation: 1, 1.0 and 1e3 are whole.
func (d decimal) isWhole() bool { return len(d.digits) <= d.point }

// String writes a number in the notation of decodeJSON: whole numbers of up to mostPlain digits without a point or an
// exponent, others in their shortest form.
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
	// As digits do not begin with 0, the larger power is the larger number, and equal powers compare as texts.
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

// isMultipleOf tells whether d is a whole multiple of e, which is not 0. The numbers that are divided have some hundred
// digits at most: decodeJSON refuses numbers beyond the range of float64, and e is a float64 of the document.
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

// The bounds of integer formats, which float64 cannot represent.
var integerFormats = map[string][2]decimal{
	"int32": {parseDecimal("-2147483648"), parseDecimal("2147483647")},
	"int64": {parseDecimal("-9223372036854775808"), parseDecimal("9223372036854775807")},
}

// isExact tells whether float64 represents a number exactly, as it does whole numbers of up to 15 digits.
func isExact(n json.Number) bool { return len(n) <= 15 && !strings.ContainsAny(string(n), ".e") }

// brokenBy gives the keywords of a schema that a number violates, without rounding.
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
