package telemetry

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const redacted = "[redacted]"

// masking is what a name does to its value.
type masking byte

const (
	shown   masking = iota // the name is not sensitive
	whole                  // the value is replaced
	address                // an e-mail address keeps only its domain
)

var (
	wholeNames = []string{
		"password", "new_password", "current_password", "old_password", "password_hash", "passwd", "pwd", "pass",
		"passphrase",
		"token", "access_token", "refresh_token", "id_token", "reset_token", "verification_token", "session_token",
		"csrf_token", "jwt", "bearer",
		"authorization", "proxy_authorization", "cookie", "cookies", "set_cookie",
		"secret", "client_secret", "api_key", "x_api_key", "private_key", "signing_key", "credential", "credentials",
		"otp", "totp",
		"dsn", "database_url", "connection_string",
		"id_card", "id_card_number", "id_number", "phone", "phone_number", "mobile",
	}
	addressNames = []string{"email", "e_mail", "email_address", "new_email", "user_email"}
)

// names holds hashes of sensitive names, without case, '_' and '-'. A collision would only mask one value too many.
type names map[uint64]masking

func newNames(sensitive []string) names {
	n := make(names, len(wholeNames)+len(addressNames)+len(sensitive))
	for _, list := range [][]string{wholeNames, sensitive} {
		for _, name := range list {
			n[hashName(name)] = whole
		}
	}
	for _, name := range addressNames {
		n[hashName(name)] = address
	}
	return n
}

func (n names) kind(name string) masking { return n[hashName(name)] }

// hashName is FNV-1a over the letters and digits of a name.
func hashName(name string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := range len(name) {
		c := name[i]
		if c == '_' || c == '-' {
			continue
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h = (h ^ uint64(c)) * prime
	}
	return h
}

// maskEmail keeps the domain of an address, with the first letter of a local
// part that has at least three. What is no address is masked whole.
func maskEmail(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || !domainPattern.MatchString(s[at+1:]) {
		return redacted
	}
	local, domain := s[:at], s[at:]
	if local == "***" || utf8.RuneCountInString(local) < 3 {
		return "***" + domain
	}
	_, size := utf8.DecodeRuneInString(local)
	return local[:size] + "***" + domain
}

// charClass is what a byte may be part of; found in no byte of a text, the
// rules that need it cannot match.
type charClass byte

const (
	escaped charClass = 1 << iota // needs escaping, or a closer look, in JSON
	at                            // e-mail addresses, URLs with credentials
	encoded                       // '%', as in an encoded '@'
	assigns                       // '=' or ':', between a name and its value
	spaced                        // "Bearer …"
	jwt                           // 'J', as in "eyJ"
	plus                          // international phone numbers
	digit                         // identity card numbers
)

// charClasses is the class of every byte.
var charClasses = func() (classes [256]charClass) {
	for c := range classes {
		if c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			classes[c] = escaped
		}
	}
	for c := '0'; c <= '9'; c++ {
		classes[c] = digit
	}
	classes['@'] = at
	classes['%'] = encoded
	classes['='] = assigns
	classes[':'] = assigns
	classes[' '] = spaced
	classes['\t'] |= spaced
	classes['\n'] |= spaced
	classes['J'] = jwt
	classes['+'] = plus
	return classes
}()

var (
	domainPattern = regexp.MustCompile(`^[\pL\pN](?:[\pL\pN.-]{0,251}[\pL\pN])?$`)

	userinfoPattern = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s"]*@`)
	assignPattern   = regexp.MustCompile(`(?i)([\w-]*` +
		`(?:passw|passphrase|pwd|secret|token|api_?-?key|authorization|cookie)` +
		`[\w-]*(?:\s?=\s?|\\?["']\s*:\s*))` +
		`(?:"(?:[^"\\]|\\.)*"?|\\"(?:[^"\\]|\\\\\\"|\\\\)*(?:\\")?|'[^']*'?|[^\s&;,"']+)`)
	bearerPattern = regexp.MustCompile(`(?i)\b(bearer\s+|basic\s+)[^\s"',;]+`)
	jwtPattern    = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*`)
	emailPattern  = regexp.MustCompile("[\\pL\\pN.!#$%*+^_`{|}~-]+(?:@|%40)[\\pL\\pN](?:[\\pL\\pN.-]*[\\pL\\pN])?")
	// versionPattern is the version in the path of a Go module, which stack traces contain.
	versionPattern = regexp.MustCompile(`@v\d+\.\d+\.\d+`)
	phonePattern   = regexp.MustCompile(`\+[1-9]\d{7,14}\b`)
	// idCardPattern is GB 11643: region, birth date, sequence, check character.
	idCardPattern = regexp.MustCompile(`\b[1-9]\d{5}` +
		`(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])` + `\d{3}[\dXx]\b`)
)

// scrub masks text that looks like a credential or an address, for texts without a sensitive name, such as a message
// or an error.
func scrub(s string) string {
	var found charClass
	for i := range len(s) {
		found |= charClasses[s[i]]
	}
	if found&^escaped == 0 {
		return s
	}
	return scrubSuspect(s, found)
}

// scrubSuspect is scrub for a text that contains the given classes of characters. The order matters: a pattern that
// contains others comes first.
func scrubSuspect(s string, found charClass) string {
	if found&at != 0 && strings.Contains(s, "://") {
		s = userinfoPattern.ReplaceAllString(s, "${1}"+redacted+"@")
	}
	if found&assigns != 0 && mayAssign(s) {
		s = assignPattern.ReplaceAllString(s, "${1}"+redacted)
	}
	if found&spaced != 0 && mayAuthenticate(s) {
		s = bearerPattern.ReplaceAllString(s, "${1}"+redacted)
	}
	if found&jwt != 0 && strings.Contains(s, "eyJ") {
		s = jwtPattern.ReplaceAllString(s, redacted)
	}
	if found&at != 0 || found&encoded != 0 && strings.Contains(s, "%40") {
		s = emailPattern.ReplaceAllStringFunc(s, maskEmailInText)
	}
	if found&plus != 0 && found&digit != 0 {
		s = phonePattern.ReplaceAllString(s, redacted)
	}
	if found&digit != 0 && mayHoldIDCard(s) {
		s = idCardPattern.ReplaceAllString(s, redacted)
	}
	return s
}

func maskEmailInText(match string) string {
	if i := strings.LastIndex(match, "%40"); i > 0 && !strings.Contains(match, "@") {
		return maskEmail(match[:i] + "@" + match[i+len("%40"):])
	}
	if versionPattern.MatchString(match) {
		return match
	}
	return maskEmail(match)
}

// mayAssign reports whether s has '=' or a quoted name with ':', and a word of assignPattern.
func mayAssign(s string) bool {
	if !strings.Contains(s, "=") && !strings.Contains(s, `"`) && !strings.Contains(s, "'") {
		return false
	}
	lower := strings.ToLower(s)
	for _, word := range []string{"passw", "passphrase", "pwd", "secret", "token", "key", "authorization", "cookie"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

func mayAuthenticate(s string) bool {
	for _, word := range []string{"earer", "EARER", "asic", "ASIC"} {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

// mayHoldIDCard reports whether s has 17 digits in a row. Such a run covers a multiple of 17, so most characters need
// no look.
func mayHoldIDCard(s string) bool {
	const run = 17
	for i := run - 1; i < len(s); i += run {
		from, to := i, i
		for from > 0 && isDigit(s[from-1]) {
			from--
		}
		for to < len(s) && isDigit(s[to]) {
			to++
		}
		if to-from >= run {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
