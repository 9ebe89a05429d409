package contract

import (
	"encoding/json"
	"math/big"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Numbers are held against the document as they are written, and refused in the words that others are refused in.
func TestNumbersAreNotRounded(t *testing.T) {
	t.Parallel()
	s := newSubject(t)
	for member, want := range map[string][]string{
		`"count":999999999.9999999999`:                               {"#/count type"},
		`"count":1.00000000000000000001`:                             {"#/count type"},
		`"count":9007199254740990.5`:                                 {"#/count type"},
		`"count":0.99999999999999999999`:                             {"#/count minimum", "#/count type"},
		`"count":-1e-400`:                                            {"#/count minimum", "#/count type"},
		`"count":9007199254740991.0000000001`:                        {"#/count maximum", "#/count type"},
		`"count":9007199254740992.000`:                               {"#/count maximum"},
		`"big":9223372036854775808`:                                  {"#/big format"},
		`"big":-9223372036854775809`:                                 {"#/big format"},
		`"small":2147483647.00000000001`:                             {"#/small type"},
		`"small":2147483648.0`:                                       {"#/small format"},
		`"ratio":10.50000000000000000001`:                            {"#/ratio maximum", "#/ratio multipleOf"},
		`"ratio":-10.5000000000000000001`:                            {"#/ratio minimum", "#/ratio multipleOf"},
		`"ratio":0.50000000000000000001`:                             {"#/ratio multipleOf"},
		`"ratio":-1e-400`:                                            {"#/ratio multipleOf"},
		`"tenth":0.30000000000000000001`:                             {"#/tenth multipleOf"},
		`"tenth":1e-999999999`:                                       {"#/tenth multipleOf"},
		`"level":1.00000000000000000001`:                             {"#/level enum"},
		`"counts":{"a":7.00000000000000001}`:                         {"#/counts/a type"},
		`"orders":[{"quantity":1},{"quantity":1.00000000000000001}]`: {"#/orders/1/quantity type"},
		`"ratios":[1.5,15e-1]`:                                       {"#/ratios uniqueItems"},
		`"ratios":[0,-0.0]`:                                          {"#/ratios uniqueItems"},
	} {
		places, violations := s.broken(t, `{"name":"ab",`+member+`}`)
		require.Equal(t, want, places, member)
		if strings.HasSuffix(want[0], "format") && strings.Contains(want[0], "big") {
			require.Equal(t, "Value should be between -9223372036854775808 and 9223372036854775807.",
				violations[0].Detail)
		}
	}
}

// Parameters are numbers and booleans as JSON writes them, integers without a fraction and an exponent.
func TestParametersAreWrittenAsJSON(t *testing.T) {
	t.Parallel()
	s := newSubject(t)
	for place, values := range map[string]struct {
		send          func(value string) (target string, headers []string)
		good, refused []string
	}{
		"#/query/limit": {func(v string) (string, []string) { return "/public?limit=" + url.QueryEscape(v), nil },
			[]string{"1", "100"}, []string{"+1", "01", "001", "1.0", "1e0", "1_0", " 1", "0x1", "١"}},
		"#/query/share": {func(v string) (string, []string) { return "/public?share=" + url.QueryEscape(v), nil },
			[]string{"0", "0.5", "5e-1", "1.0"}, []string{"+0.5", ".5", "0x1p-1", "00.5", "1."}},
		"#/query/all": {func(v string) (string, []string) { return "/public?all=" + url.QueryEscape(v), nil },
			[]string{"true", "false"}, []string{"1", "T", "TRUE", "t", "0", "f"}},
		"#/header/X-Level": {func(v string) (string, []string) { return "/public", []string{"X-Level", v} },
			[]string{"1", "9007199254740993"}, []string{"+1", "01"}},
	} {
		for _, v := range values.good {
			target, headers := values.send(v)
			s.accepted(t, "getPublic", target, "", headers...)
		}
		for _, v := range values.refused {
			target, headers := values.send(v)
			found := placesOf(s.refused(t, "getPublic", target, "", headers...))
			require.Equal(t, place+" type", found[0], "%s = %s", place, v)
		}
	}
	violations := s.refused(t, "getPublic", "/public?share=1.00000000000000000001", "")
	require.Equal(t, "maximum", violations[0].Keyword)
}

// Decimals count as big.Rat does, which writes every digit of them out.
func TestDecimal(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		d, e := parseDecimal(a), parseDecimal(b)
		require.Equal(t, x.Cmp(y), d.compare(e))
		require.Equal(t, x.IsInt(), d.isWhole())
		written, readable := new(big.Rat).SetString(d.String())
		require.True(t, readable, d.String())
		require.Zero(t, x.Cmp(written), d.String())
		require.Equal(t, d, parseDecimal(d.String()))
		decoded, err := decodeJSON([]byte(a))
		require.NoError(t, err)
		require.Equal(t, json.Number(d.String()), decoded)
		if y.Sign() != 0 {
			require.Equal(t, new(big.Rat).Quo(x, y).IsInt(), d.isMultipleOf(e))
		}
	})
}

// The number of digits that are multiplied out is bounded whatever the exponent is.
func TestNumbersCostTheirDigits(t *testing.T) {
	schema := openapi3.NewFloat64Schema()
	schema.MultipleOf = new(5e-324)
	for _, n := range []string{"1e308", "1e-999999999", "-1e-99999999999999999999", "0." + strings.Repeat("3", 60_000),
		"1" + strings.Repeat("3", 300) + ".5"} {
		value, err := decodeJSON([]byte(n))
		require.NoError(t, err)
		require.LessOrEqual(t, testing.AllocsPerRun(10, func() { rounded(schema, value) }), 60.0, n)
	}
}
