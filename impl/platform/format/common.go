package format

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed common.txt
var commonWords string

// keyboardWalks are rows of keys that people type without thought. Each is walked in both directions, and from its end
// on to its beginning. Keys are named by their unshifted characters.
var keyboardWalks = []string{
	"1234567890",
	"02468", "13579",
	"abcdefghijklmnopqrstuvwxyz",
	"qwertyuiopasdfghjklzxcvbnm", "qwertyuiop", "asdfghjkl", "zxcvbnm",
	"qwertzuiopasdfghjklyxcvbnm", "yxcvbnm",
	"azertyuiopqsdfghjklmwxcvbn", "qsdfghjklm", "wxcvbn",
	"1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "1a2b3c4d5e6f7g8h9i0j", "a1b2c3d4e5f6g7h8i9j0",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp", "1qazxsw23edcvfr45tgbnhy67ujm",
	"qweasdzxc", "147258369", "741852963", "7894561230",
	"йцукенгшщзхъфывапролджэячсмитьбю", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
}

const (
	minWalk  = 3 // keys
	minUnits = 5 // of a password, where a walk or repetition counts as one
)

// shifted are the characters of the digit keys with shift, on a US keyboard.
const shifted = ")!@#$%^&*("

// lookalike returns the letter that r is typed for, or r. Because 1 stands for both i and l, these two count as one
// letter.
func lookalike(r rune) rune {
	switch r {
	case '@', '4':
		return 'a'
	case '8':
		return 'b'
	case '(', '<':
		return 'c'
	case '3', '€':
		return 'e'
	case '6', '9':
		return 'g'
	case '1', '!', '|', 'l', 'ł':
		return 'i'
	case '0', 'ø':
		return 'o'
	case '5', '$', 'ß':
		return 's'
	case '7', '+':
		return 't'
	case '2':
		return 'z'
	}
	return r
}

// commonPasswords recognises the passwords that people choose first: one common word however decorated, a walk on the
// keyboard, a repetition. It judges whole passwords only, as NIST SP 800-63B-4, section 3.1.1.2, demands: words within
// a phrase are accepted.
type commonPasswords struct {
	words map[string]struct{} // as skeletons, with runs of one letter shortened to it
	steps map[[2]rune]uint64  // as bits, the walks on which the second key follows the first
}

func newCommonPasswords() *commonPasswords {
	c := &commonPasswords{words: make(map[string]struct{}, strings.Count(commonWords, "\n")), steps: map[[2]rune]uint64{}}
	for word := range strings.FieldsSeq(commonWords) {
		letters, _ := skeleton(nil, plain(word))
		c.words[string(slices.Compact(letters))] = struct{}{}
	}
	for i, walk := range keyboardWalks {
		keys := []rune(walk)
		for j, key := range keys {
			next := keys[(j+1)%len(keys)]
			c.steps[[2]rune{key, next}] |= 1 << (2 * i)
			c.steps[[2]rune{next, key}] |= 1 << (2*i + 1)
		}
	}
	return c
}

// has reports whether the password is a common one.
func (c *commonPasswords) has(password string) bool {
	text := plain(password)
	unit := repeated(text)
	if len(unit) < len(text) && len(unit) < minPassword {
		return true
	}
	if c.isWord(unit) {
		return true
	}
	rest, units := c.withoutWalks(slices.Compact(unit))
	return units < minUnits || c.isWord(rest)
}

// plain returns the characters of s, letters in lower case and without accents.
func plain(s string) []rune {
	text := make([]rune, 0, len(s))
	for _, r := range norm.NFKD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			text = append(text, unicode.ToLower(unicode.ToUpper(r))) // upper case first, for ſ and ı
		}
	}
	return text
}

// repeated returns the shortest prefix of text that yields text when it is repeated, the last time perhaps in part. It
// returns all of text if there is no full repetition.
func repeated[T comparable](text []T) []T {
	// border[i] is the length of the longest proper start of text[:i+1] that is also its end.
	border := make([]int, len(text))
	for i := 1; i < len(text); i++ {
		n := border[i-1]
		for n > 0 && text[i] != text[n] {
			n = border[n-1]
		}
		if text[i] == text[n] {
			n++
		}
		border[i] = n
	}
	if len(text) == 0 {
		return text
	}
	if period := len(text) - border[len(text)-1]; 2*period <= len(text) {
		return text[:period]
	}
	return text
}

// withoutWalks returns text without its walks, and its length if each walk counts as one character.
func (c *commonPasswords) withoutWalks(text []rune) (rest []rune, units int) {
	rest = make([]rune, 0, len(text))
	for i := 0; i < len(text); units++ {
		n := c.walk(text[i:])
		if n < minWalk {
			n = 1
			rest = append(rest, text[i])
		}
		i += n
	}
	return rest, units
}

// walk returns the length of the longest walk that text starts with.
func (c *commonPasswords) walk(text []rune) int {
	n, walks := 1, ^uint64(0)
	for ; n < len(text); n++ {
		walks &= c.steps[[2]rune{unshifted(text[n-1]), unshifted(text[n])}]
		if walks == 0 {
			break
		}
	}
	return n
}

func unshifted(r rune) rune {
	if digit := strings.IndexRune(shifted, r); digit >= 0 {
		return rune("0123456789"[digit])
	}
	return r
}

// isWord reports whether text is one common word, once or repeated, between digits and punctuation.
func (c *commonPasswords) isWord(text []rune) bool {
	first := slices.IndexFunc(text, unicode.IsLetter)
	if first < 0 {
		return false
	}
	last := len(text) - 1
	for !unicode.IsLetter(text[last]) {
		last--
	}
	// A character beside the letters may be decoration or stand for a letter of the word, so both are tried.
	var buffer [4 * maxPassword]byte
	for from := first; from >= 0 && from >= first-2; from-- {
		for to := last; to < len(text) && to <= last+2; to++ {
			if letters, ok := skeleton(buffer[:0], text[from:to+1]); ok && c.listed(letters) {
				return true
			}
			if to+1 < len(text) && !unicode.IsLetter(lookalike(text[to+1])) {
				break
			}
		}
		if from > 0 && !unicode.IsLetter(lookalike(text[from-1])) {
			break
		}
	}
	return false
}

// listed reports whether letters are those of one common word, once or repeated. A word may itself be a repetition,
// such as papa.
func (c *commonPasswords) listed(letters []byte) bool {
	unit := len(repeated(letters))
	for _, n := range [...]int{len(letters), unit, min(2*unit, len(letters))} {
		var buffer [4 * maxPassword]byte
		if _, found := c.words[string(slices.Compact(append(buffer[:0], letters[:n]...)))]; found {
			return true
		}
	}
	return false
}

// skeleton appends the letters of text to dst, in UTF-8, with the letters that other characters stand for. It leaves
// out one kind of separator at most, however often it occurs: text with more kinds is not a word.
func skeleton(dst []byte, text []rune) (letters []byte, ok bool) {
	var separator rune
	for _, r := range text {
		switch letter := lookalike(r); {
		case unicode.IsLetter(letter):
			dst = utf8.AppendRune(dst, letter)
		case separator == 0 || separator == r:
			separator = r
		default:
			return dst, false
		}
	}
	return dst, true
}
