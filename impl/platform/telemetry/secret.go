package telemetry

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret holds a text that must not be shown: it prints, encodes and logs as "[redacted]". The text is behind a
// pointer because package fmt reads unexported fields, and values under a wrong verb, without calling their methods.
// The zero value is the empty secret.
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

// UnmarshalText implements encoding.TextUnmarshaler: a Secret can be read from settings but not written back.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// write ignores the error: a fmt.State keeps its own.
func write(f fmt.State, s string) { _, _ = io.WriteString(f, s) }
