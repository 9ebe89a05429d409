package format

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The lengths of a password, in Unicode code points of its normalisation form C.
const (
	minPassword  = 8
	longPassword = 15 // a longer one need not be varied
	maxPassword  = 128
)

var (
	errPasswordShort  = errors.New("must have at least 8 characters")
	errPasswordLong   = errors.New("must have at most 128 characters")
	errPasswordVaried = errors.New("must have 15 characters or more, or an upper-case letter, a lower-case letter, " +
		"a digit and another character")
	errPasswordCommon = errors.New("must not be a password that is commonly used or easy to guess")
	errPasswordText   = errors.New("must be valid Unicode text")
)

// newPasswordCheck returns the check of newly chosen passwords.
//
// A password has 15 characters or more, or 8 or more with an upper-case letter, a lower-case letter,
// a digit and another character; it has at most 128 and is not a common one. Characters are Unicode
// code points (NIST SP 800-63B-4, section 3.1.1.2), counted in normalisation form C (RFC 8265,
// section 4.2), the form in which passwords are hashed.
func newPasswordCheck() func(string) error {
	common := newCommonPasswords()
	return func(password string) error {
		// A character of form C comes from a few bytes at most, so a far longer text need not be normalised.
		if len(password) > 64*maxPassword {
			return errPasswordLong
		}
		if !utf8.ValidString(password) {
			return errPasswordText
		}
		composed := norm.NFC.String(password)
		length := utf8.RuneCountInString(composed)
		switch {
		case length < minPassword:
			return errPasswordShort
		case length > maxPassword:
			return errPasswordLong
		case length < longPassword && !varied(composed):
			return errPasswordVaried
		case common.has(composed):
			return errPasswordCommon
		}
		return nil
	}
}

// varied reports whether s has an upper-case letter, a lower-case letter, a digit and another character. Letters
// without case count as other characters.
func varied(s string) bool {
	var upper, lower, digit, other bool
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			upper = true
		case unicode.IsLower(r):
			lower = true
		case unicode.IsDigit(r):
			digit = true
		default:
			other = true
		}
	}
	return upper && lower && digit && other
}

// PasswordContains reports whether the password contains the local part of the e-mail address, ignoring case. A local
// part of fewer than three characters never counts as contained.
func PasswordContains(password, email string) bool {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return false
	}
	name := email[:at]
	return utf8.RuneCountInString(name) >= 3 && strings.Contains(caseless(password), caseless(name))
}

func caseless(s string) string {
	return strings.ToLower(norm.NFC.String(s))
}
