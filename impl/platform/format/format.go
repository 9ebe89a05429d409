// Package format checks the string formats of the OpenAPI documents.
//
// The errors are short sentences for the client that sent the value. They never contain the value, and there is one for
// each reason.
package format

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/nyaruka/phonenumbers"

	"example.com/plumbline/impl/platform/paging"
)

// All returns the check of each format by its name, for openapi3.WithStringFormatValidators. The checks are safe for
// concurrent use.
//
//	email          a mailbox, RFC 5321: the local part a dot-string of at most 64 ASCII characters, the domain
//	               a name with a dot, together at most 254; characters of a domain beyond ASCII count as in
//	               A-labels (xn--), which Plain writes
//	email-start    how an e-mail address begins: any text
//	search         text to search for in names and descriptions: any text
//	uuid           RFC 9562, section 4, any version: 36 characters, digits of either case
//	date-time      RFC 3339, section 5.6, with any number of digits of a fraction, the year 1 to 9999 in UTC
//	               also; for leap seconds see ParseTime
//	date           RFC 3339 full-date, the year 1 to 9999
//	uri-reference  RFC 3986, section 4.1
//	https-url      an absolute https URI with a host, which is a name or an IP address, without user
//	phone          E.164 as +4930123456, a number that the numbering plan of its country knows
//	cursor         package paging
//	currency       ISO 4217, a code of three capitals that is in use
//	line           one line of text without anything that cannot be seen: no control character, line or paragraph
//	               separator, bidirectional control, default-ignorable character where it changes nothing, or
//	               noncharacter (Unicode), and no space at either end
//	time-code      the six digits of an authenticator app, in any script, white space and dashes between them
//	recovery-code  16 characters of base32 (RFC 4648) of either case, white space and dashes between them; 0, 1 and 8
//	               for O, I and B
//	password       15 characters or more, or 8 or more with an upper-case letter, a lower-case letter,
//	               a digit and another character; 128 at most; none that is commonly used. Counted are code
//	               points (NIST SP 800-63B-4, section 3.1.1.2) in normalisation form C (RFC 8265)
//
// The map belongs to the caller.
func All() map[string]openapi3.StringFormatValidator { return maps.Clone(all()) }

// all makes the checks once, because that of passwords reads a long list.
var all = sync.OnceValue(func() map[string]openapi3.StringFormatValidator {
	check := openapi3.NewCallbackValidator[string]
	return map[string]openapi3.StringFormatValidator{
		"email":         check(email),
		"email-start":   check(anyText),
		"search":        check(anyText),
		"uuid":          check(uuid),
		"date-time":     check(dateTime),
		"date":          check(date),
		"uri-reference": check(uriReference),
		"https-url":     check(httpsURL),
		"phone":         check(phone),
		"cursor":        check(cursor),
		"currency":      check(currency),
		"line":          check(line),
		"time-code":     check(code(plainTimeCode, errTimeCode)),
		"recovery-code": check(code(plainRecoveryCode, errRecoveryCode)),
		"password":      check(newPasswordCheck()),
	}
})

var (
	errEmail     = errors.New("must be an e-mail address such as name@example.com")
	errLocal     = errors.New("must be an e-mail address with ASCII characters only before the @")
	errUUID      = errors.New("must be a UUID of 36 characters")
	errDateTime  = errors.New("must be a date and time of the years 0001 to 9999 such as 2026-11-23T09:30:00Z")
	errTimeSpace = errors.New("must be a date and time such as 2026-11-23T09:30:00+01:00; in a query + is a space: " +
		"write %2B")
	errDate   = errors.New("must be a date of the years 0001 to 9999 such as 2026-11-23")
	errPhone  = errors.New("must be a phone number that exists, in E.164 form such as +4930123456")
	errCursor = errors.New("must be the cursor that an earlier page gave")

	errTimeCode     = errors.New("must be six digits")
	errRecoveryCode = errors.New("must be 16 letters and digits such as MFZW-I3LP-OBQX-E2LK")
)

func anyText(string) error { return nil }

// code returns the check of a code whose spellings plain reads.
func code(plain func(string) (string, bool), refused error) func(string) error {
	return func(s string) error {
		if _, ok := plain(s); !ok {
			return refused
		}
		return nil
	}
}

// Characters of an atom besides letters and digits: RFC 5322, section 3.2.3.
const atomSymbols = "!#$%&'*+-/=?^_`{|}~"

// maxEmail is the maximum length of an address in bytes, its domain in A-labels.
const maxEmail = 254

// email checks RFC 5321, section 4.1.2, without quoted strings and address literals, and the limits of section 4.5.3.1;
// 254 is the limit of a path, 256, less its brackets. A local part beyond ASCII (RFC 6531) is refused: not every mail
// server accepts it, and two addresses that look the same would be two accounts.
func email(s string) error {
	s, ok := plainEmail(s)
	if !ok {
		return errEmail
	}
	local, domain, found := strings.Cut(s, "@")
	if found && !isASCII(local) {
		return errLocal
	}
	if !found || len(s) > maxEmail || len(local) > 64 || !dotAtom(local) || !domainName(domain) {
		return errEmail
	}
	return nil
}

func dotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			if !alphanumeric(atom[i]) && strings.IndexByte(atomSymbols, atom[i]) < 0 {
				return false
			}
		}
	}
	return true
}

// domainName reports whether s is a host name of at least two labels whose last label is not a number, as in an IPv4
// address.
func domainName(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	return dot > 0 && hostName(s) && strings.Trim(s[dot+1:], "0123456789") != ""
}

// hostName checks RFC 1123, section 2.1.
func hostName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !alphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

func uuid(s string) error {
	if len(s) != 36 {
		return errUUID
	}
	for i := range len(s) {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen && s[i] != '-' || !hyphen && !hexDigit(s[i]) {
			return errUUID
		}
	}
	return nil
}

func dateTime(s string) error {
	_, err := ParseTime(s)
	if at := len(s) - len("+01:00"); err != nil && at > 0 && s[at] == ' ' {
		if _, meant := ParseTime(s[:at] + "+" + s[at+1:]); meant == nil {
			return errTimeSpace
		}
	}
	return err
}

// ParseTime reads a time of the format date-time. It keeps nine digits of a fraction.
//
// A leap second is read as the second that follows it: 2016-12-31T23:59:60Z is 2017-01-01T00:00:00Z. Neither time.Time
// nor PostgreSQL counts leap seconds, and POSIX (base definitions, Seconds Since the Epoch) gives both the same number.
// A leap second is accepted where RFC 3339, section 5.7, places them, at the end of June and of December in UTC, in any
// year: they are announced only half a year ahead.
func ParseTime(s string) (time.Time, error) {
	text := capital(s)
	const seconds = len("2006-01-02T15:04:")
	leaps := strings.HasPrefix(text[min(seconds, len(text)):], "60")
	if leaps {
		text = text[:seconds] + "59" + text[seconds+2:]
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || !strictRFC3339(text) || !yearInRange(t) || leaps && !endsHalfYear(t.UTC()) {
		return time.Time{}, errDateTime
	}
	if leaps {
		t = t.Add(time.Second)
	}
	if !yearInRange(t.UTC()) {
		return time.Time{}, errDateTime
	}
	return t, nil
}

// plainTime writes a time as time.Time reads it; the instant is the same.
func plainTime(s string) (plain string, ok bool) {
	t, err := ParseTime(s)
	return t.Format(time.RFC3339Nano), err == nil
}

// capital capitalises the t and z that RFC 3339, section 5.6, allows.
func capital(s string) string {
	if at := len(time.DateOnly); len(s) > at && s[at] == 't' {
		s = s[:at] + "T" + s[at+1:]
	}
	if short, small := strings.CutSuffix(s, "z"); small {
		s = short + "Z"
	}
	return s
}

// endsHalfYear reports whether t is in the last ordinary second of June or of December.
func endsHalfYear(t time.Time) bool {
	last := t.Month() == time.June && t.Day() == 30 || t.Month() == time.December && t.Day() == 31
	return last && t.Hour() == 23 && t.Minute() == 59 && t.Second() == 59
}

// strictRFC3339 refuses what time.Parse accepts beyond RFC 3339: an hour of one digit, a comma before the fraction, an
// offset of 24 hours or more or with 60 minutes or more.
func strictRFC3339(s string) bool {
	if s[len("2006-01-02T15")] != ':' || strings.Contains(s, ",") {
		return false
	}
	offset := s[len(s)-len("15:04"):]
	return s[len(s)-1] == 'Z' || offset[:2] <= "23" && offset[3:] <= "59"
}

func date(s string) error {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || !yearInRange(t) {
		return errDate
	}
	return nil
}

func yearInRange(t time.Time) bool {
	return t.Year() >= 1 && t.Year() <= 9999
}

func phone(s string) error {
	// The library also accepts other spellings, at the price of many regular expressions.
	if len(s) < 3 || len(s) > 16 || s[0] != '+' || strings.Trim(s[1:], "0123456789") != "" {
		return errPhone
	}
	number, err := phonenumbers.Parse(s, "")
	if err != nil || !phonenumbers.IsPossibleNumber(number) || !phonenumbers.IsValidNumber(number) ||
		phonenumbers.Format(number, phonenumbers.E164) != s {
		return errPhone
	}
	return nil
}

func cursor(s string) error {
	if _, err := paging.Decode(s); err != nil {
		return errCursor
	}
	return nil
}

func alphanumeric(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
}

func hexDigit(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'f' || '0' <= c && c <= '9'
}
