package format

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestTextIsOneOfItsEquals(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"Ada": "Ada", "": "", "Ame\u0301lie": "Amélie", "Amélie": "Amélie", "\u1112\u1161\u11ab": "한", "\u212a": "K",
		"A\u030a": "Å", "\u212b": "Å",
		"ﬁ": "ﬁ", "\U0001f468\u200d\U0001f469": "\U0001f468\u200d\U0001f469", "می\u200cخواهم": "می\u200cخواهم",
		"straße": "straße",
	} {
		require.Equal(t, want, Text(sent))
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		require.Equal(t, Text(norm.NFD.String(s)), Text(s))
		require.Equal(t, Text(s), Text(Text(s)))
	})
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]map[string]string{
		"email": {
			"ada@example.com": "ada@example.com", "Ada@Example.COM": "Ada@Example.COM",
			"Ada@BÜCHER.Example":       "Ada@xn--bcher-kva.example",
			"ada@bu\u0308cher.example": "ada@xn--bcher-kva.example", "ada@straße.example": "ada@xn--strae-oqa.example",
			"ada@例え。テスト":            "ada@xn--r8jz45g.xn--zckzah",
			"ada@exam\u00adple.com": "ada@example.com", "ada@ｅｘａｍｐｌｅ.com": "ada@example.com", "ada": "ada", "ä": "ä",
			"ada@bü_.example": "ada@bü_.example",
		},
		"search": {
			"Straße": "Strasse", "STRAẞE": "STRAssE", "Ὀδυσσεύς": "Ὀδυσσεύσ", "İstanbul": "istanbul", "Diyarbakır": "Diyarbakir",
			"i\u0307": "i", "ſee": "see", "100%": "100%",
		},
		"email-start": {"ada@b": "ada@b", "ada@bücher.example": "ada@xn--bcher-kva.example", "%": "%"},
		"time-code": {
			"123456": "123456", "123 456": "123456", "123-456": "123456", " 123\u00a0456\n": "123456", "１２３４５６": "123456",
			"١٢٣٤٥٦": "123456", "۱۲۳۴۵۶": "123456",
			"१२३\u2009४५६": "123456", "\u202a123456\u202c": "123456", "12345": "12345", "1234567": "1234567",
			"123.456": "123.456", "½23456": "½23456",
		},
		"recovery-code": {
			"MFZW-I3LP-OBQX-E2LK": "MFZWI3LPOBQXE2LK", "mfzwi3lpobqxe2lk": "MFZWI3LPOBQXE2LK",
			"mfzw i3lp  obqx e2lk":               "MFZWI3LPOBQXE2LK",
			"MFZW\u2010I3LP\u2011OBQX\u2012E2LK": "MFZWI3LPOBQXE2LK", "MFZW\u2013I3LP\u2014OBQX\u2015E2LK": "MFZWI3LPOBQXE2LK",
			"MFZW\u2212I3LP\ufe63OBQX\uff0dE2LK": "MFZWI3LPOBQXE2LK",
			"ＭＦＺＷ-Ｉ３ＬＰ-ＯＢＱＸ-Ｅ２ＬＫ":                "MFZWI3LPOBQXE2LK", "MFZW-13LP-08QX-E2LK": "MFZWI3LPOBQXE2LK",
			"mfzw-ı3lp-obqx-e2lk": "MFZWI3LPOBQXE2LK", "mfzw-İ3lp-obqx-e2lK": "MFZWI3LPOBQXE2LK",
			"MFZW-\u200bI3LP-\u00adOBQX-E2LK": "MFZWI3LPOBQXE2LK", "MFZW-I3LP-OBQX-E2L": "MFZW-I3LP-OBQX-E2L",
			"MFZW-I3LP-OBQX-E2L9": "MFZW-I3LP-OBQX-E2L9", "": "",
		},
		"date-time": {"2026-11-23t09:30:00.1234567890z": "2026-11-23T09:30:00.123456789Z", "today": "today"},
		"line":      {"A\u030a": "A\u030a"},
		"":          {"123 456": "123 456"},
	} {
		for sent, want := range c {
			require.Equal(t, want, Plain(name, sent), "%q as %s", sent, name)
			require.Equal(t, want, Plain(name, want), "%q as %s", want, name)
		}
	}
}

// Unicode assigns the decimal digits in runs of ten, on which digit counts.
func TestDigitsComeInTens(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		value, ok := digit(r)
		require.Equal(t, unicode.IsDigit(r), ok)
		if compatible := norm.NFKC.String(string(r)); ok && len(compatible) == 1 {
			require.Equal(t, compatible[0]-'0', value, "%U", r)
		}
	}
	for _, run := range unicode.Nd.R16 {
		require.EqualValues(t, 1, run.Stride)
		require.Zero(t, (run.Hi-run.Lo+1)%10)
	}
	for _, run := range unicode.Nd.R32 {
		require.EqualValues(t, 1, run.Stride)
		require.Zero(t, (run.Hi-run.Lo+1)%10)
	}
}

func TestLinesShowWhatTheyAre(t *testing.T) {
	t.Parallel()
	check := All()["line"]
	for _, name := range []string{
		"Ada Lovelace", "Zoë", "Zoe\u0308", "O’Brien", "\u05d0\u05d1 \u05d2", "علی", "می\u200cخواهم", "خانواده\u200cها",
		"र\u094d\u200dय", "ক\u09cd\u200cষ", "র\u200d\u09cdযাব", "ന\u0d4d\u200d", "ක\u0dca\u200dෂ",
		"\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f9d1\U0001f3fd\u200d\u2696\ufe0f", "❤\ufe0f",
		"\U0001f3f3\ufe0f\u200d\U0001f308", "1\ufe0f\u20e3", "©\ufe0f", "ℹ\ufe0f", "\U0001f1e9\U0001f1ea",
		"\U0001f642\u200d\u2194\ufe0f", "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
		"葛\U000e0100", "ᠠ\u180b", "\u0600١", "a\ue000", "한",
	} {
		require.NoError(t, check.Validate(name), "%+q", name)
		require.NoError(t, check.Validate("Ada "+name), "%+q", name)
	}
	for name, hidden := range map[string]string{
		"zero width space": "A\u200bda", "non-joiner": "A\u200cda", "joiner": "A\u200dda", "joiner at the end": "Ada\u200d",
		"non-joiner at the end": "علی\u200c", "two joiners": "می\u200c\u200cخواهم",
		"joiner before a letter": "\U0001f468\u200da", "soft hyphen": "A\u00adda", "byte order mark": "\ufeffAda",
		"word joiner": "A\u2060da", "invisible times": "A\u2062da",
		"left to right mark": "Ada\u200e", "override": "\u202eadA", "isolate": "\u2066Ada\u2069",
		"Arabic letter mark": "\u061cAda", "combining grapheme joiner": "A\u034fda",
		"Hangul filler": "\u3164", "half-width Hangul filler": "\uffa0", "Hangul choseong filler": "\u115f",
		"Hangul jungseong filler": "a\u1160", "Khmer inherent vowel": "a\u17b4", "braille blank": "\u2800",
		"Mongolian vowel separator": "a\u180eb", "selector behind a letter": "A\ufe0fda", "selector at the start": "\ufe0f",
		"selector behind a digit": "1\ufe0f", "two selectors": "❤\ufe0f\ufe0f",
		"ideographic selector behind a letter": "A\U000e0100da", "selector 1 behind a letter": "A\ufe00",
		"tags": "Ada\U000e0041\U000e0042", "an unknown flag": "\U0001f3f4\U000e0075\U000e0073\U000e007f",
		"language tag": "\U000e0001Ada",
		"noncharacter": "Ada\ufdd0", "last noncharacter": "Ada\U0010ffff", "annotation": "A\ufff9da",
		"musical beam": "A\U0001d173da", "shorthand": "A\U0001bca0da", "interlinear": "a\ufffb",
	} {
		require.ErrorIs(t, line(hidden), errUnseen, "%s: %+q", name, hidden)
	}
	for _, broken := range []string{" Ada", "Ada\u00a0", "\u3000Ada", "A\nda", "A\tda", "A\u0085da", "A\u2028da",
		"A\u2029da", "A\x7fda", "A\u009fda"} {
		require.ErrorIs(t, line(broken), errLine, "%+q", broken)
	}
}

// Two names that differ only in hidden characters are never both accepted.
func TestNothingHiddenHidesAnywhere(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if strings.ContainsRune("\ufffd", r) || !hidden(r) && !breaksLine(r) {
			continue
		}
		require.Error(t, line("A"+string(r)+"da"), "%U", r)
	}
}

func TestSeenIsALine(t *testing.T) {
	t.Parallel()
	require.NoError(t, line(Seen("a"+strings.Repeat("\u0301", 100))))
	rapid.Check(t, func(t *rapid.T) {
		s := Seen(rapid.OneOf(rapid.String(),
			rapid.StringOf(rapid.SampledFrom([]rune(" a\n\u200d\u202e\u3164\u0301\U0001f468")))).Draw(t, "text"))
		require.NoError(t, line(s))
		require.Equal(t, s, Seen(s))
	})
}

func TestCurrenciesAreThoseInUse(t *testing.T) {
	t.Parallel()
	for code := range strings.FieldsSeq(currencies) {
		require.NoError(t, currency(code))
	}
	for _, code := range []string{"", "AAA", "eur", "EU", "EURO", "XXX", "XTS", "XAU", "DEM", "BGN", "HRK", "SLL", "ANG",
		"CHE", "EUR ", "R U", " EU", "UR "} {
		require.Error(t, currency(code), "%q", code)
	}
	require.Len(t, strings.Fields(currencies), 155)
}
