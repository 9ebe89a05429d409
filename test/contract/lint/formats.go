package main

import (
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/nyaruka/phonenumbers"
)

// formats are the string formats that a document may use, each with the check that its examples pass. A service registers a check of
// its own for each of them; those of the services may know more, such as the passwords that are commonly used.
var formats = map[string]func(string) error{
	"uuid":          checkUUID,
	"date":          checkDate,
	"date-time":     checkDateTime,
	"email":         checkEmail,
	"phone":         checkPhone,
	"password":      checkPassword,
	"https-url":     checkHTTPSURL,
	"uri-reference": checkURIReference,
	"cursor":        checkCursor,
}

func isKnownFormat(name string) bool {
	return formats[name] != nil || slices.Contains([]string{"int32", "int64", "double"}, name)
}

func formatNames() []string {
	return append(slices.Sorted(maps.Keys(formats)), "int32", "int64", "double")
}

func formatValidators() map[string]openapi3.StringFormatValidator {
	validators := map[string]openapi3.StringFormatValidator{}
	for name, check := range formats {
		validators[name] = openapi3.NewCallbackValidator(check)
	}
	return validators
}

// checkUUID takes the 36-character form of a UUID of version 7 (RFC 9562), the only version that ids have.
func checkUUID(s string) error {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 || id.Version() != 7 {
		return errors.New("not a UUID of version 7")
	}
	return nil
}

func checkDate(s string) error {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return errors.New("not a date such as 2026-11-23")
	}
	return nil
}

// checkDateTime takes RFC 3339 in UTC, written with Z.
func checkDateTime(s string) error {
	if _, err := time.Parse(time.RFC3339Nano, s); err != nil || !strings.HasSuffix(s, "Z") {
		return errors.New("not a time such as 2026-11-23T09:30:00Z")
	}
	return nil
}

func checkEmail(s string) error {
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return errors.New("not an e-mail address")
	}
	return nil
}

// checkPhone takes a valid number in E.164 form.
func checkPhone(s string) error {
	number, err := phonenumbers.Parse(s, "")
	if err != nil || !phonenumbers.IsValidNumber(number) || phonenumbers.Format(number, phonenumbers.E164) != s {
		return errors.New("not a phone number in E.164 form such as +442079460000")
	}
	return nil
}

// checkPassword takes 15 characters or more, or 8 or more with upper case, lower case, digit and another; never more than 128.
func checkPassword(s string) error {
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
	n := utf8.RuneCountInString(s)
	if n > 128 || n < 8 || n < 15 && !(upper && lower && digit && other) {
		return errors.New("not a password of 15 characters, or of 8 with upper case, lower case, digit and another")
	}
	return nil
}

func checkHTTPSURL(s string) error {
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("not an https URL")
	}
	return nil
}

func checkURIReference(s string) error {
	if _, err := url.Parse(s); err != nil {
		return fmt.Errorf("not a URI reference")
	}
	return nil
}

var base64URL = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func checkCursor(s string) error {
	if !base64URL.MatchString(s) {
		return errors.New("not a cursor, which is base64url without padding")
	}
	return nil
}
