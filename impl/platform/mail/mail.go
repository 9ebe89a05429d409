// Package mail hands e-mails to a mail server.
//
// It promises that nothing in a message can add a header or a recipient, that sending takes a bounded time, that a
// permanent refusal is distinguished from a temporary one, and that no error contains an address or a text of the
// server.
package mail

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"unicode"
)

// Message is an e-mail to one person.
type Message struct {
	To      string // a bare address, as in ada@example.com
	Subject string // one line
	Text    string
	HTML    string
}

// Mailer sends messages. A message that was handed over may still never arrive.
type Mailer interface {
	// Send hands over a message. An error that wraps ErrRefused is permanent; any other is temporary.
	Send(ctx context.Context, m Message) error
}

// ErrRefused means that the message will never be accepted.
var ErrRefused = errors.New("the message is refused for good")

// Discard is a Mailer that accepts every message and sends none.
type Discard struct{}

// Send implements Mailer.
func (Discard) Send(context.Context, Message) error { return nil }

// check refuses a message with more than one recipient or more than one line of subject.
func (m Message) check() error {
	parsed, err := mail.ParseAddress(m.To)
	if err != nil || parsed.Address != m.To || strings.ContainsFunc(m.To, unicode.IsControl) {
		return errors.Join(ErrRefused, errors.New("its recipient is no address"))
	}
	if strings.ContainsFunc(m.Subject, unicode.IsControl) {
		return errors.Join(ErrRefused, errors.New("its subject is more than a line"))
	}
	return nil
}
