package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Secret holds a text that must not be shown: every way of printing, encoding
// or logging it gives "[redacted]". The text is behind a pointer because
// package fmt reads unexported fields, and values under a wrong verb, without
// asking their methods. The zero value is the empty secret.
type Secret struct{ text *string }

// NewSecret returns the Secret that holds text.
func NewSecret(text string) Secret { return Secret{text: &text} }

// Reveal returns the text itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Format implements fmt.Formatter for every verb.
func (Secret) Format(f fmt.State, _ rune) { write(f, redacted) }

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, and so JSON and YAML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText implements encoding.TextUnmarshaler: a Secret can be read from
// settings although it cannot be written back.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// Email is an e-mail address that prints, encodes and logs as "a***@example.com",
// or "***@example.com" when the part before the '@' has fewer than three
// letters. Convert at the place of logging; package fmt shows an unexported
// field of this type in the clear.
type Email string

// Format implements fmt.Formatter for every verb.
func (e Email) Format(f fmt.State, _ rune) { write(f, e.String()) }

// String returns the masked form.
func (e Email) String() string { return maskEmail(string(e)) }

// LogValue implements slog.LogValuer.
func (e Email) LogValue() slog.Value { return slog.StringValue(e.String()) }

// MarshalText implements encoding.TextMarshaler with the masked form.
func (e Email) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Phone is a phone number that prints, encodes and logs as its last two
// digits, "***67", or as "[redacted]" when it has fewer than eight. Convert at
// the place of logging; package fmt shows an unexported field of this type in
// the clear.
type Phone string

// Format implements fmt.Formatter for every verb.
func (p Phone) Format(f fmt.State, _ rune) { write(f, p.String()) }

// String returns the masked form.
func (p Phone) String() string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, string(p))
	if len(digits) < 8 {
		return redacted
	}
	return "***" + digits[len(digits)-2:]
}

// LogValue implements slog.LogValuer.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText implements encoding.TextMarshaler with the masked form.
func (p Phone) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// write ignores the error: a fmt.State keeps its own.
func write(f fmt.State, s string) { _, _ = io.WriteString(f, s) }
