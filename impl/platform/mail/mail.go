// Package mail hands e-mails to whoever delivers them.
//
// It promises that nothing in a message adds a header or a recipient, that handing over takes a bounded time, that what
// is refused for good is told from what may be taken later, and that no error holds an address or a text of the server's.
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
	To      string // an address alone, as in ada@example.com
	Subject string // one line
	Text    string
	HTML    string
}

// Mailer hands over messages. One that was handed over may still never arrive.
type Mailer interface {
	// Send hands over a message. An error that is ErrRefused is for good; any other time may go better.
	Send(ctx context.Context, m Message) error
}

// ErrRefused is that a message will never be taken.
var ErrRefused = errors.New("the message is refused for good")

// Discard is the mailer of who wants no mails: it takes every message and hands it to nobody.
type Discard struct{}

// Send implements Mailer.
func (Discard) Send(context.Context, Message) error { return nil }

// check refuses what would be more than one recipient and one subject.
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
