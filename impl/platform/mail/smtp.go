package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"slices"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"example.com/plumbline/impl/platform/telemetry"
)

// Encryption is how the connection to a server is encrypted.
type Encryption string

// The kinds of encryption. Only None works without TLS; it is for a server on the same machine.
const (
	StartTLS Encryption = "starttls" // RFC 3207
	Implicit Encryption = "implicit" // RFC 8314
	None     Encryption = "none"
)

// proveTimeout bounds a log-in without a message.
const proveTimeout = 5 * time.Second

// SMTPConfig configures the server that accepts messages (RFC 5321, 6409).
type SMTPConfig struct {
	Addr string // host:port
	// User and Password log in with PLAIN (RFC 4616), over TLS only. Without a User there is no log-in.
	User     string
	Password telemetry.Secret
	// From is the sender of messages, as in Plumbline <no-reply@example.com>.
	From       string
	Encryption Encryption
	// Timeout bounds one message, from the connection on. Default: 20 s.
	Timeout time.Duration
	// TLS verifies the server. Nil: by the system's roots.
	TLS *tls.Config
	// Clock returns the time of a message. Nil: the system's clock.
	Clock func() time.Time
}

// SMTP sends messages to a server, with one connection for each.
type SMTP struct {
	host    string
	options []gomail.Option
	// implicit is the TLS configuration of a connection that begins with TLS, otherwise nil.
	implicit *tls.Config
	from     string
	timeout  time.Duration
	clock    func() time.Time
}

// The mistakes in a configuration.
var (
	ErrAddr          = errors.New("the address of the mail server is no host:port")
	ErrFrom          = errors.New("the sender of mails is no address, as in Plumbline <no-reply@example.com>")
	ErrEncryption    = errors.New("the way to the mail server is starttls, implicit or none")
	ErrPlainPassword = errors.New("a password is sent to the mail server over TLS only")
)

// NewSMTP checks the configuration; it does not connect. The error joins all mistakes.
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	host, port, err := net.SplitHostPort(c.Addr)
	number, notNumber := strconv.Atoi(port)
	var mistakes []error
	if err != nil || notNumber != nil || host == "" || number < 1 || number > 65535 {
		mistakes = append(mistakes, ErrAddr)
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		mistakes = append(mistakes, ErrFrom)
	}
	s := &SMTP{host: host, from: c.From, timeout: cmp.Or(c.Timeout, 20*time.Second), clock: c.Clock}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.options = []gomail.Option{gomail.WithPort(number), gomail.WithTimeout(s.timeout)}
	switch c.Encryption {
	case StartTLS:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Implicit:
		if s.implicit = c.TLS; s.implicit == nil {
			s.implicit = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		}
		s.options = append(s.options, gomail.WithSSL())
	case None:
		if c.User != "" {
			mistakes = append(mistakes, ErrPlainPassword)
		}
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		mistakes = append(mistakes, ErrEncryption)
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	if c.TLS != nil {
		s.options = append(s.options, gomail.WithTLSConfig(c.TLS))
	}
	if c.User != "" {
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthPlain),
			gomail.WithUsername(c.User), gomail.WithPassword(c.Password.Reveal()))
	}
	_, err = gomail.NewClient(s.host, s.options...)
	return s, err
}

// Send implements Mailer.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(message.From(s.from), message.To(m.To)); err != nil {
		return ErrRefused // Both were checked before; the error of the library contains them.
	}
	message.Subject(m.Subject)
	message.SetDateWithValue(s.clock())
	message.SetMessageID()
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: prevents automatic replies.
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, message)
	if message.IsDelivered() {
		return nil // Only QUIT failed; sending again would be a second mail.
	}
	return located(err)
}

// ErrLogin means that the server refuses the user or the password.
var ErrLogin = errors.New("the mail server refuses the user and the password")

// Prove logs in without sending a message. The error is ErrLogin if the log-in is refused permanently (RFC 4954, 6);
// any other error may be temporary.
func (s *SMTP) Prove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, proveTimeout)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	err = client.DialWithContext(ctx)
	var reply *textproto.Error
	switch {
	case err == nil:
		_ = client.Close() // The log-in succeeded; the result of QUIT does not matter.
		return nil
	case errors.As(err, &reply) && (reply.Code == 535 || reply.Code == 534):
		return ErrLogin
	default:
		return located(err)
	}
}

// client returns a client whose connection closes when ctx ends.
func (s *SMTP) client(ctx context.Context) (*gomail.Client, error) {
	// The library bounds only the dialling; here the end of ctx closes the connection, whatever it waits for.
	dial := func(_ context.Context, network, addr string) (net.Conn, error) { return s.dial(ctx, network, addr) }
	return gomail.NewClient(s.host, append(slices.Clone(s.options), gomail.WithDialContextFunc(dial))...)
}

// dial connects and closes the connection when ctx ends.
func (s *SMTP) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = connection.Close() }) // It may have been closed before.
	if s.implicit == nil {
		return connection, nil
	}
	encrypted := tls.Client(connection, s.implicit)
	return encrypted, encrypted.HandshakeContext(ctx)
}

// located returns an error that says where a failure was, without the words of the server, which may contain the
// address.
func located(err error) error {
	var refused *gomail.SendError
	var reply *textproto.Error
	var network *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		if !refused.IsTemp() && refused.ErrorCode() >= 500 {
			return fmt.Errorf("%w: the mail server answered %d", ErrRefused, refused.ErrorCode())
		}
		return fmt.Errorf("the mail server did not take the message: it answered %d", refused.ErrorCode())
	case errors.As(err, &reply):
		return fmt.Errorf("the mail server takes nothing from here: it answered %d", reply.Code)
	case errors.As(err, &network):
		return fmt.Errorf("the mail server cannot be reached: %s", network.Op)
	default:
		return errors.New("the mail server takes nothing from here: TLS or the log-in failed, or it gave no answer in time")
	}
}
