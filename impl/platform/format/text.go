package format

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Text returns a text in normalisation form C (UAX #15), in which canonically equivalent texts are the same: é is one
// character, not an e with a combining accent, and the kelvin sign is the letter K.
func Text(s string) string { return norm.NFC.String(s) }

// Plain returns a value of the named format in the one form that code and database use. It returns a value unchanged if
// the format refuses it or has only one form.
//
//	date-time      as time.Time reads and writes it: see ParseTime
//	email          the domain in A-labels (RFC 5890) where it has characters beyond ASCII
//	email-start    as email, once there is such a domain
//	time-code      six ASCII digits
//	search         with one spelling for letters of which lower(text) of PostgreSQL makes several: ss for ß, σ for ς,
//	               s for ſ, and i for the dotless ı and the dotted İ. The SQL function folded does the same to the
//	               text that is searched.
//	recovery-code  16 capital letters and digits without anything between them
func Plain(name, s string) string {
	if form := plainForms[name]; form != nil {
		if plain, ok := form(s); ok {
			return plain
		}
	}
	return s
}

// HasPlain reports whether values of a format have several forms, of which Plain returns one.
func HasPlain(name string) bool { return plainForms[name] != nil }

var plainForms = map[string]func(string) (plain string, ok bool){
	"date-time": plainTime, "email": plainEmail, "email-start": plainEmail, "search": plainSearch,
	"time-code": plainTimeCode, "recovery-code": plainRecoveryCode,
}

// domains maps and checks domain names for a look-up (UTS #46), without the mappings of IDNA 2003, which replace ß by
// ss.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(true),
	idna.VerifyDNSLength(true))

// plainEmail writes the domain of an address in A-labels. A domain of ASCII characters stays as typed.
func plainEmail(s string) (plain string, ok bool) {
	local, domain, found := strings.Cut(s, "@")
	if !found || len(s) > maxEmail*utf8.UTFMax { // To write A-labels takes quadratic time.
		return s, false
	}
	if isASCII(domain) {
		return s, true
	}
	labels, err := domains.ToASCII(domain)
	return local + "@" + labels, err == nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

var oneLetter = strings.NewReplacer("ß", "ss", "ẞ", "ss", "ς", "σ", "ſ", "s", "ı", "i", "İ", "i", "i\u0307", "i")

func plainSearch(s string) (plain string, ok bool) { return oneLetter.Replace(s), true }

// plainTimeCode reads the six digits of an authenticator app, in any script that has decimal digits.
func plainTimeCode(s string) (plain string, ok bool) {
	var digits strings.Builder
	for _, r := range s {
		switch value, isDigit := digit(r); {
		case isDigit:
			digits.WriteByte('0' + value)
		case !separates(r):
			return "", false
		}
	}
	return digits.String(), digits.Len() == 6
}

// plainRecoveryCode reads a recovery code of 16 characters of base32 (RFC 4648, section 6) in any spelling: 0, 1 and 8,
// which base32 lacks, stand for the letters that they resemble, O, I and B.
func plainRecoveryCode(s string) (plain string, ok bool) {
	var code strings.Builder
	for _, r := range norm.NFKC.String(s) {
		if separates(r) {
			continue
		}
		switch r = unicode.ToUpper(r); r {
		case '0':
			r = 'O'
		case '1', 'İ':
			r = 'I'
		case '8':
			r = 'B'
		}
		if (r < 'A' || r > 'Z') && (r < '2' || r > '7') {
			return "", false
		}
		code.WriteRune(r)
	}
	return code.String(), code.Len() == 16
}

// separates reports whether a character may stand between those of a code: white space, any dash, and invisible
// characters that are copied along.
func separates(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Dash, r) || hidden(r)
}

// digit returns the value of a decimal digit of any script. Unicode assigns them in runs from 0 to 9 (section 4.6).
func digit(r rune) (value byte, ok bool) {
	for _, run := range unicode.Nd.R16 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return byte((r - rune(run.Lo)) % 10), true //nolint:gosec // Less than ten.
		}
	}
	for _, run := range unicode.Nd.R32 {
		if low, high := rune(run.Lo), rune(run.Hi); low <= r && r <= high { //nolint:gosec // Runes are below 2^31.
			return byte((r - low) % 10), true //nolint:gosec // Less than ten.
		}
	}
	return 0, false
}
