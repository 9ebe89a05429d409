package mail_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/mail"
	"example.com/plumbline/impl/platform/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	user     = "mailer"
	password = "a password of a mailer"
	to       = "ada@example.com"
)

// server takes mails from whoever logs in over TLS.
type server struct {
	addr  string
	roots *x509.CertPool

	mu     sync.Mutex
	refuse error // of every recipient
	got    []string
	rcpts  []string
}

// session is one connection of a client's.
type session struct {
	*server

	authenticated bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, secret string) error {
		if name != user || secret != password {
			return smtp.ErrAuthFailed
		}
		s.authenticated = true
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	if !s.authenticated {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcpts = append(s.rcpts, to)
	return s.refuse
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, string(text))
	return err
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

// listen serves SMTP with TLS as encryption says.
func listen(t *testing.T, encryption mail.Encryption) *server {
	t.Helper()
	web := httptest.NewTLSServer(nil) // It has a certificate for 127.0.0.1.
	certificates, roots := web.TLS.Certificates, x509.NewCertPool()
	roots.AddCert(web.Certificate())
	web.Close()
	s := &server{roots: roots}
	backend := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	backend.Domain, backend.ErrorLog = "mail.test", log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = listener.Addr().String()
	switch encryption {
	case mail.StartTLS:
		backend.TLSConfig = config
	case mail.Implicit:
		listener = tls.NewListener(listener, config)
	case mail.None:
		backend.AllowInsecureAuth = true
	}
	served := make(chan error)
	go func() { served <- backend.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, backend.Close())
		_ = listener.Close() // Serve may not have begun, and then nobody else closes it.
		require.NoError(t, <-served)
	})
	return s
}

func (s *server) config() mail.SMTPConfig {
	return mail.SMTPConfig{
		Addr:       s.addr,
		User:       user,
		Password:   telemetry.NewSecret(password),
		From:       "Plumbline <no-reply@plumbline.test>",
		Encryption: mail.StartTLS,
		TLS:        &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12},
		Timeout:    time.Minute,
	}
}

func mailer(t *testing.T, c mail.SMTPConfig) *mail.SMTP {
	t.Helper()
	m, err := mail.NewSMTP(c)
	require.NoError(t, err)
	return m
}

func message(change ...func(*mail.Message)) mail.Message {
	m := mail.Message{
		To:      to,
		Subject: "Grüße",
		Text:    "Text with a link: https://example.com/#token=abc\n.\nand a dot",
		HTML:    "<p>Markup</p>",
	}
	for _, c := range change {
		c(&m)
	}
	return m
}

func TestAMessageArrives(t *testing.T) {
	t.Parallel()
	for _, encryption := range []mail.Encryption{mail.StartTLS, mail.Implicit} {
		t.Run(string(encryption), func(t *testing.T) {
			t.Parallel()
			s := listen(t, encryption)
			c := s.config()
			c.Encryption, c.Clock = encryption, func() time.Time { return time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC) }
			require.NoError(t, mailer(t, c).Send(t.Context(), message()))
			require.Equal(t, []string{to}, s.rcpts)
			require.Len(t, s.got, 1)
			got, err := netmail.ReadMessage(strings.NewReader(s.got[0]))
			require.NoError(t, err)
			require.Equal(t, "Wed, 25 Nov 2026 09:30:00 +0000", got.Header.Get("Date"))
			require.Equal(t, "auto-generated", got.Header.Get("Auto-Submitted"))
			require.Contains(t, got.Header.Get("From"), "<no-reply@plumbline.test>")
			require.Contains(t, got.Header.Get("Content-Type"), "multipart/alternative")
			require.NotEmpty(t, got.Header.Get("Message-ID"))
			require.Contains(t, s.got[0], "text/plain")
			require.Contains(t, s.got[0], "<p>Markup</p>")
		})
	}
}

// TestNothingIsInjected sends what would be another header, another recipient or the end of the message.
func TestNothingIsInjected(t *testing.T) {
	t.Parallel()
	s := listen(t, mail.StartTLS)
	m := mailer(t, s.config())
	for _, bad := range []string{
		"", "ada", to + "\r\nBcc: eve@example.com", to + "\nBcc: eve@example.com", to + ", eve@example.com",
		"Ada <" + to + ">", "<" + to + ">", to + "\x00",
		to + ">\r\nRCPT TO:<eve@example.com", "ada@example.com (eve@example.com)",
	} {
		require.ErrorIs(t, m.Send(t.Context(), message(func(m *mail.Message) { m.To = bad })), mail.ErrRefused, "%q", bad)
	}
	for _, bad := range []string{"Hello\r\nBcc: eve@example.com", "Hello\nX: y", "Hello\r", "Hello\x00"} {
		require.ErrorIs(
			t,
			m.Send(t.Context(), message(func(m *mail.Message) { m.Subject = bad })),
			mail.ErrRefused,
			"%q",
			bad,
		)
	}
	require.Empty(t, s.rcpts)
	require.NoError(t, m.Send(t.Context(), message(func(m *mail.Message) {
		m.Text = "\r\n.\r\nMAIL FROM:<eve@example.com>\r\nBcc: eve@example.com"
	})))
	require.Len(t, s.got, 1)
	require.Equal(t, []string{to}, s.rcpts)
	got, err := netmail.ReadMessage(strings.NewReader(s.got[0]))
	require.NoError(t, err)
	require.Empty(t, got.Header.Get("Bcc"))
}

func TestFailures(t *testing.T) {
	t.Parallel()
	answer := func(code int, text string) error { return &smtp.SMTPError{Code: code, Message: text} }
	for name, c := range map[string]struct {
		refuse    error
		change    func(*mail.SMTPConfig)
		permanent bool
	}{
		"no such mailbox":    {refuse: answer(550, "no mailbox "+to), permanent: true},
		"a full mailbox":     {refuse: answer(452, "the mailbox of "+to+" is full")},
		"a wrong password":   {change: func(c *mail.SMTPConfig) { c.Password = telemetry.NewSecret("wrong") }},
		"an unknown server":  {change: func(c *mail.SMTPConfig) { c.TLS = nil }},
		"nobody there":       {change: func(c *mail.SMTPConfig) { c.Addr = "127.0.0.1:1" }},
		"TLS from the start": {change: func(c *mail.SMTPConfig) { c.Encryption = mail.Implicit }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, mail.StartTLS)
			s.refuse = c.refuse
			config := s.config()
			if c.change != nil {
				c.change(&config)
			}
			err := mailer(t, config).Send(t.Context(), message())
			require.Error(t, err)
			require.Equal(t, c.permanent, errors.Is(err, mail.ErrRefused), err.Error())
			require.NotContains(t, err.Error(), to)
			require.NotContains(t, err.Error(), password)
			require.Empty(t, s.got)
		})
	}
}

// Without TLS nothing is sent, the password least of all.
func TestStartTLSIsRequired(t *testing.T) {
	t.Parallel()
	s := listen(t, mail.None)
	require.Error(t, mailer(t, s.config()).Send(t.Context(), message()))
	require.Empty(t, s.got)
}

func TestTimeIsBounded(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	s := server{addr: listener.Addr().String()}
	c := s.config()
	c.Timeout = 50 * time.Millisecond // of a server that takes the connection and says nothing
	require.Error(t, mailer(t, c).Send(t.Context(), message()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, mailer(t, c).Send(ctx, message()))
}

// A log-in without a message tells a wrong password from a server that is away or will not be talked to.
func TestProve(t *testing.T) {
	t.Parallel()
	for _, encryption := range []mail.Encryption{mail.StartTLS, mail.Implicit} {
		s := listen(t, encryption)
		config := func() mail.SMTPConfig {
			c := s.config()
			c.Encryption = encryption
			return c
		}
		require.NoError(t, mailer(t, config()).Prove(t.Context()))
		for _, wrong := range []func(*mail.SMTPConfig){
			func(c *mail.SMTPConfig) { c.Password = telemetry.NewSecret("another") },
			func(c *mail.SMTPConfig) { c.User = "nobody" },
		} {
			c := config()
			wrong(&c)
			err := mailer(t, c).Prove(t.Context())
			require.ErrorIs(t, err, mail.ErrLogin)
			require.NotContains(t, err.Error(), "another")
		}
		untrusted := config()
		untrusted.TLS = nil
		err := mailer(t, untrusted).Prove(t.Context())
		require.Error(t, err)
		require.NotErrorIs(t, err, mail.ErrLogin)
		require.Empty(t, s.got)
	}
	away := listen(t, mail.StartTLS).config()
	away.Addr = "127.0.0.1:1"
	err := mailer(t, away).Prove(t.Context())
	require.ErrorContains(t, err, "cannot be reached")
	require.NotErrorIs(t, err, mail.ErrLogin)
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	good := (&server{addr: "mail.example.com:587"}).config()
	_, err := mail.NewSMTP(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*mail.SMTPConfig){
		"no port":                      func(c *mail.SMTPConfig) { c.Addr = "mail.example.com" },
		"no host":                      func(c *mail.SMTPConfig) { c.Addr = ":587" },
		"a port by name":               func(c *mail.SMTPConfig) { c.Addr = "mail.example.com:smtp" },
		"no sender":                    func(c *mail.SMTPConfig) { c.From = "" },
		"a sender of two lines":        func(c *mail.SMTPConfig) { c.From = "a@example.com\r\nBcc: b@example.com" },
		"an unknown encryption":        func(c *mail.SMTPConfig) { c.Encryption = "tls" },
		"a password that anybody sees": func(c *mail.SMTPConfig) { c.Encryption = mail.None },
	} {
		c := good
		change(&c)
		_, err := mail.NewSMTP(c)
		require.Error(t, err, name)
	}
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	require.NoError(t, mail.Discard{}.Send(t.Context(), message()))
}
