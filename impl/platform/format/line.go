package format

import (
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

var (
	errLine   = errors.New("must be one line that neither begins nor ends with a space")
	errUnseen = errors.New("must not contain invisible characters or characters that reverse the direction of text")
)

// line refuses text that could look like other text in a list of names or a terminal: two accepted names that look the
// same are the same characters. Invisible characters are accepted where they change how their neighbours are shown.
func line(s string) error {
	if strings.TrimSpace(s) != s || strings.ContainsFunc(s, breaksLine) {
		return errLine
	}
	if !strings.ContainsFunc(s, hidden) {
		return nil
	}
	text := []rune(flags.Replace(s))
	for i, r := range text {
		if hidden(r) && !shows(text, i) {
			return errUnseen
		}
	}
	return nil
}

// Seen returns a text that was not checked as a line, without the characters that line refuses.
func Seen(s string) string {
	without := func(s string) string {
		return strings.Map(func(r rune) rune {
			if breaksLine(r) || hidden(r) {
				return -1
			}
			return r
		}, s)
	}
	// Again, because package norm inserts a joiner into runs of more than thirty marks (UAX #15, section 13).
	return strings.TrimSpace(without(Text(without(strings.ToValidUTF8(s, "")))))
}

func breaksLine(r rune) bool {
	const lineSeparator, paragraphSeparator = '\u2028', '\u2029'
	return unicode.IsControl(r) || r == lineSeparator || r == paragraphSeparator
}

// unseen are the characters that are invisible by themselves, or are not characters (Unicode, section 23.7). It is one
// table, because every character of a line is looked up in it: Default_Ignorable_Code_Point is Cf and two more tables,
// less the exceptions in hidden.
var unseen = rangetable.Merge(
	unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Bidi_Control,
	unicode.Noncharacter_Code_Point,
	rangetable.New('\u2800'), // the blank of braille
)

// hidden reports whether a character is invisible by itself, or is not one. Of Cf, the signs before Arabic numbers are
// visible, and the controls of hieroglyphs show how these are joined.
func hidden(r rune) bool {
	return r > unicode.MaxASCII && unicode.Is(unseen, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) &&
		(r < 0x13430 || 0x1345f < r)
}

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
	textStyle          = '\ufe0e'
	emojiStyle         = '\ufe0f'
	keycap             = '\u20e3'
)

// shows reports whether the hidden character at index i of text changes how others are shown.
func shows(text []rune, at int) bool {
	r, before, after := text[at], neighbour(text, at-1), neighbour(text, at+1)
	switch {
	case r == zeroWidthNonJoiner:
		return joins(before, after)
	case r == zeroWidthJoiner:
		return joins(before, after) || isPicture(drawn(text, at-1)) && isPicture(after)
	case (r == textStyle || r == emojiStyle) && strings.ContainsRune("#*0123456789", before):
		return after == keycap
	case r == textStyle || r == emojiStyle:
		return isPicture(before) || strings.ContainsRune("‼⁉〰ℹ", before)
	case 0xfe00 <= r && r <= 0xfe0d:
		return unicode.In(before, unicode.Han, unicode.Sm, unicode.Myanmar, unicode.Phags_Pa)
	case 0xe0100 <= r && r <= 0xe01ef:
		return unicode.Is(unicode.Han, before)
	default: // The variation selectors of Mongolian, and nothing else.
		return unicode.Is(unicode.Variation_Selector, r) && unicode.Is(unicode.Mongolian, before)
	}
}

func neighbour(text []rune, at int) rune {
	if at < 0 || at >= len(text) {
		return 0
	}
	return text[at]
}

// isPicture reports whether a character may be drawn as an emoji. It accepts their blocks as a whole, because every
// version of Unicode adds some.
func isPicture(r rune) bool {
	return unicode.In(r, unicode.So, unicode.Sm) || '\U0001f000' <= r && r <= '\U0001faff'
}

// drawn returns the emoji that ends at index i of text, without the style and skin tone behind it.
func drawn(text []rune, at int) rune {
	for neighbour(text, at) == emojiStyle || '\U0001f3fb' <= neighbour(text, at) && neighbour(text, at) <= '\U0001f3ff' {
		at--
	}
	return neighbour(text, at)
}

// joined are the scripts whose letters change shape beside one another or, as in Indic scripts, after a virama.
var joined = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mandaic, unicode.Nko, unicode.Mongolian, unicode.Phags_Pa, unicode.Adlam,
	unicode.Hanifi_Rohingya,
	unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu,
	unicode.Kannada,
	unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar,
}

// joins reports whether a joiner between two characters belongs to the spelling: behind a virama (RFC 5892, appendix
// A), or between letters or marks of a script that joins.
func joins(before, after rune) bool {
	const virama = 9 // the canonical combining class
	if norm.NFC.PropertiesString(string(before)).CCC() == virama {
		return true
	}
	isLetter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }
	return isLetter(before) && isLetter(after) && unicode.In(before, joined...) && unicode.In(after, joined...)
}

// flags removes the flags that are spelt with invisible tags and are in use: those of England, Scotland and Wales.
var flags = strings.NewReplacer(
	"\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\U0001f3f4",
	"\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "\U0001f3f4",
	"\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f", "\U0001f3f4",
)
