package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	n := func(s string) json.Number { return json.Number(s) }
	deep := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	for text, want := range map[string]any{
		`null`: nil, ` true `: true, "\t\r\nfalse\n": false, `""`: "", `{}`: map[string]any{}, `[]`: []any{},
		`[ ]`: []any{}, `{ }`: map[string]any{},
		`{"a":1,"b":[true,null]}`:   map[string]any{"a": n("1"), "b": []any{true, nil}},
		`{ "a" : { "A" : "x" } }`:   map[string]any{"a": map[string]any{"A": "x"}},
		`"\"\\\/\b\f\n\r\té"`:       "\"\\/\b\f\n\r\té",
		`"\uD83D\uDE00 \u20ac é 😀"`: "😀 € é 😀",
		`"\uFFFD"`:                  "\uFFFD",
		"\"\u007f\u0080\u2028\"":    "\u007f\u0080\u2028",
		`0`:                         n("0"), `-0`: n("0"), `-1`: n("-1"), `0.5`: n("0.5"), `1.0`: n("1"),
		`-1.0`: n("-1"), `1e2`: n("100"), `1E+2`: n("100"), `100e-2`: n("1"), `-0.0`: n("0"),
		`0e5`: n("0"), `1.5e1`: n("15"), `1.5`: n("1.5"), `15e-1`: n("1.5"), `9007199254740993`: n("9007199254740993"),
		`9007199254740991.0`: n("9007199254740991"), `9007199254740992.0`: n("9007199254740992"), `1e300`: n("1e300"),
		`123456789012345678901234567890`: n("1.2345678901234567890123456789e29"),
		`9223372036854775807`:            n("9223372036854775807"), `922337203685477580.7e1`: n("9223372036854775807"),
		`999999999.9999999999`: n("999999999.9999999999"), `-1e-400`: n("-1e-400"), `1E-400`: n("1e-400"),
		`1e-999999999999999999999`: n("1e-1073741824"), `0e999999999999`: n("0"),
		`0.000001`: n("0.000001"), `0.0000001`: n("1e-7"), `100e-1`: n("10"), `1.50`: n("1.5"),
		`1` + strings.Repeat("0", 300): n("1e300"), `0.` + strings.Repeat("0", 400) + `1`: n("1e-401"),
		deep: nested(maxDepth),
	} {
		got, err := decodeJSON([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func nested(levels int) any {
	v := any([]any{})
	for range levels - 1 {
		v = []any{v}
	}
	return v
}

func TestDecodeJSONRefuses(t *testing.T) {
	t.Parallel()
	const (
		early, value, name, colon = "the text ends too early", "a value is expected",
			"a member's name is expected", "a colon is expected"
		comma, behind, digit = "a comma or the closing bracket is expected",
			"there is something behind the value", "a digit is expected"
		twice, control, utf, unended = "a member has the name of an earlier one",
			"a control character stands in a text", "a text is not UTF-8", "a text does not end"
		escape, hex, cut, half, nul, count = "an escape is not one of JSON's",
			"an escape has other than hexadecimal digits", "an escape is cut short",
			"half of a surrogate pair stands alone", "the character NUL stands in a text",
			"a number is beyond what can be counted with"
	)
	for _, c := range []struct {
		text, reason string
		offset       int
	}{
		{``, early, 0}, {`  `, early, 2}, {`[1,`, early, 3}, {`{"a":`, early, 5}, {`[`, early, 1},
		{`nul`, value, 0}, {`True`, value, 0}, {`'a'`, value, 0}, {`[1,]`, value, 3}, {`[,1]`, value, 1},
		{`{"a":}`, value, 5}, {`+1`, value, 0}, {`.5`, value, 0}, {`NaN`, value, 0}, {"\ufeff1", value, 0},
		{"//x\n1", value, 0}, {"\x00", value, 0},
		{`{`, name, 1}, {`{a:1}`, name, 1}, {`{"a":1,}`, name, 7}, {`{,}`, name, 1}, {`{1:1}`, name, 1},
		{`{"a" 1}`, colon, 5}, {`{"a"}`, colon, 4}, {`{"a"`, colon, 4},
		{`[1 2]`, comma, 3}, {`[1}`, comma, 2}, {`{"a":1]`, comma, 6}, {`[1`, comma, 2}, {`{"a":1 "b":2}`, comma, 7},
		{`1 2`, behind, 2}, {`{}{}`, behind, 2}, {`nullx`, behind, 4}, {`01`, behind, 1}, {`1a`, behind, 1},
		{"1\x00", behind, 1}, {"1\u00a0", behind, 1}, {`-01`, behind, 2}, {`0x1`, behind, 1},
		{`-`, digit, 1}, {`-a`, digit, 1}, {`1.`, digit, 2}, {`1.e1`, digit, 2}, {`1e`, digit, 2}, {`1e+`, digit, 3},
		{`--1`, digit, 1},
		{`1e999999999`, count, 11}, {`1e99999999999999999999`, count, 22}, {`1e400`, count, 5}, {`-1e400`, count, 6},
		{`1` + strings.Repeat("0", 400), count, 401},
		{`{"a":1,"a":2}`, twice, 7}, {`{"a":1,"\u0061":2}`, twice, 7}, {`[{"b":{"":1,"":1}}]`, twice, 12},
		{"\"a\nb\"", control, 2}, {"\"\\n\nb\"", control, 4}, {"\"\x00\"", control, 1}, {"\"\x1f\"", control, 1},
		{"\"\xff\"", utf, 2}, {"\"\\n\xff\"", utf, 5}, {"\"\xed\xa0\x80\"", utf, 4}, {"\"\xc0\x80\"", utf, 3},
		{"{\"\xff\":1}", utf, 3},
		{`"a`, unended, 2}, {`"a\n`, unended, 4}, {`{"a`, unended, 3}, {`"\`, unended, 2},
		{`"\x"`, escape, 3}, {`"\'"`, escape, 3}, {`"\U0041"`, escape, 3},
		{`"\ud800"`, half, 7}, {`"\udc00"`, half, 7}, {`"\ud800x"`, half, 7}, {`"\ud800\n"`, half, 7},
		{`"\ud800\ud800"`, half, 13}, {`"\udc00\ud800"`, half, 13}, {`"\ud83d`, half, 7},
		{`"\u12"`, cut, 3}, {`"\u12g4"`, hex, 3}, {`"\u`, cut, 3}, {`"\ud83d\u12"`, cut, 9}, {`"\u+123"`, hex, 3},
		{`"\u 123"`, hex, 3},
		{`"\u0000"`, nul, 7}, {`{"\u0000":1}`, nul, 8},
	} {
		got, err := decodeJSON([]byte(c.text))
		require.Nil(t, got, c.text)
		var at *jsonError
		require.ErrorAs(t, err, &at, c.text)
		require.Equal(t, jsonError{c.reason, c.offset}, *at, c.text)
	}
}

func TestDecodeJSONDepth(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"[", "]"}, {`{"a":`, "}"}} {
		at := func(depth int) string { return strings.Repeat(pair[0], depth) + "1" + strings.Repeat(pair[1], depth) }
		_, err := decodeJSON([]byte(at(maxDepth)))
		require.NoError(t, err)
		_, err = decodeJSON([]byte(at(maxDepth + 1)))
		require.ErrorIs(t, err, errTooDeep)
		_, err = decodeJSON([]byte(strings.Repeat(pair[0], 30_000)))
		require.ErrorIs(t, err, errTooDeep)
	}
}

// FuzzDecodeJSON holds decodeJSON against encoding/json: what it accepts is accepted there with an equal value, and
// what it refuses is refused there, too, or for one of the reasons that it is stricter for.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5,-0,1e2,null,true,false,"x\u00e9\n"],"b":{"c":{}}}`, `{"a":1,"a":2}`, `"\ud83d\ude00"`, `"\ud83d"`,
		`1e400`, `-`, `[1,]`, "\"\xff\"",
		`9007199254740993`, `1.0`, `-0.0`, `1E-400`, `999999999.9999999999`, `-1200e-3`, `1e-999999999`, ` [ ] `,
		`"\u0000"`, `{"a":1}x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		mine, err := decodeJSON(data)
		theirs, theirErr := referenceDecode(data)
		if err == nil {
			require.NoError(t, theirErr)
			require.True(t, sameJSON(mine, theirs), "%v is not %v", mine, theirs)
			return
		}
		if theirErr != nil {
			return
		}
		if errors.Is(err, errTooDeep) {
			return
		}
		var at *jsonError
		require.ErrorAs(t, err, &at)
		require.GreaterOrEqual(t, at.offset, 0)
		require.LessOrEqual(t, at.offset, len(data))
		switch at.reason {
		case "a member has the name of an earlier one", "half of a surrogate pair stands alone",
			"the character NUL stands in a text", "a number is beyond what can be counted with":
		case "a text is not UTF-8":
			require.False(t, utf8.Valid(data))
		default:
			t.Fatalf("refuses what encoding/json takes: %v", err)
		}
	})
}

func referenceDecode(data []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something behind")
	}
	return v, nil
}

func sameJSON(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, v := range a {
			if w, there := b[name]; !there || !sameJSON(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameJSON(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return false
		}
		if a == b {
			return true
		}
		if small, _ := strconv.ParseFloat(string(b), 64); small == 0 { // What may be beyond what a Rat can be made of.
			return true
		}
		x, readX := new(big.Rat).SetString(string(a))
		y, readY := new(big.Rat).SetString(string(b))
		return readX && readY && x.Cmp(y) == 0
	default:
		return a == b
	}
}

func BenchmarkDecodeJSON(b *testing.B) {
	small := []byte(`{"email":"ada@example.com","name":"Ada Lovelace","password":"correct horse battery",` +
		`"avatar":"https://images.example.com/ada.png",` +
		`"tags":["a","b","c"],"address":{"street":"St James's Square 12","city":"London","zip":"SW1Y 4LB",` +
		`"country":"GB"},"age":36,"ratio":0.25,"note":"line\nbreak"}`)
	items := make([]string, 200)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":"019324d2-3a5e-7c10-8f4e-2b6d1a9c%04d","quantity":%d,"note":"as a gift, `+
			`please","price":{"amount":%d,"currency":"EUR"}}`, i, i+1, i*100)
	}
	large := []byte(`{"items":[` + strings.Join(items, ",") + `]}`)
	for name, body := range map[string][]byte{fmt.Sprintf("%dB", len(small)): small,
		fmt.Sprintf("%dKB", len(large)>>10): large} {
		b.Run(name+"/decodeJSON", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decodeJSON(body); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/encoding-json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := referenceDecode(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
