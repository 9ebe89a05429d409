package users

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// without removes variables from an environment, so that they hide nothing of a file.
func without(environ []string, names ...string) (left []string) {
	for _, variable := range environ {
		keep := true
		for _, name := range names {
			keep = keep && !strings.HasPrefix(variable, name+"=")
		}
		if keep {
			left = append(left, variable)
		}
	}
	return left
}

// letter is a mail that a server has got.
type letter struct {
	login     string // user:password
	encrypted bool
	text      string
}

// smtpServer is a mail server that accepts every user but one whose password is "wrong".
type smtpServer struct {
	addr, roots string // roots is the file of the certificate that it shows

	mu   sync.Mutex
	got  []letter
	came chan struct{}
}

func newSMTPServer(t *testing.T) *smtpServer {
	t.Helper()
	web := httptest.NewTLSServer(nil) // It has a certificate for 127.0.0.1.
	certificates := web.TLS.Certificates
	s := &smtpServer{roots: filepath.Join(t.TempDir(), "roots.pem"), came: make(chan struct{}, 100)}
	require.NoError(t, os.WriteFile(s.roots,
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600))
	web.Close()
	backend := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &smtpSession{server: s, conn: c}, nil
	}))
	backend.Domain, backend.ErrorLog = "mail.test", log.New(io.Discard, "", 0)
	backend.TLSConfig = &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = listener.Addr().String()
	served := make(chan error)
	go func() { served <- backend.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, backend.Close())
		_ = listener.Close() // Serve may not have begun, and then nobody else closes it.
		require.NoError(t, <-served)
	})
	return s
}

// next waits for the next mail.
func (s *smtpServer) next(t *testing.T) letter {
	t.Helper()
	select {
	case <-s.came:
	case <-time.After(programtest.Patience):
		require.FailNow(t, "no mail has come")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.got[0]
	s.got = s.got[1:]
	return first
}

type smtpSession struct {
	server *smtpServer
	conn   *smtp.Conn
	login  string
}

func (*smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password == "wrong" {
			return smtp.ErrAuthFailed
		}
		s.login = user + ":" + password
		return nil
	}), nil
}

func (*smtpSession) Mail(string, *smtp.MailOptions) error { return nil }
func (*smtpSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (*smtpSession) Reset()                               {}
func (*smtpSession) Logout() error                        { return nil }

func (s *smtpSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	_, encrypted := s.conn.TLSConnectionState()
	s.server.mu.Lock()
	s.server.got = append(s.server.got, letter{s.login, encrypted, string(text)})
	s.server.mu.Unlock()
	s.server.came <- struct{}{}
	return err
}

// mailed is a running service that sends mails, with its settings in a file.
type mailed struct {
	*programtest.Live

	t      *testing.T
	opened int
}

// open opens an account, which sends a mail, unless mails are off.
func (m *mailed) open() {
	m.t.Helper()
	client, err := usersapi.NewClientWithResponses(m.URL)
	require.NoError(m.t, err)
	m.opened++
	created, err := client.CreateUserV2WithResponse(m.t.Context(), usersapi.CreateUserV2Request{
		Email: fmt.Sprintf("person%d@example.com", m.opened), Name: "Ada", Password: goodPassword,
	}, closing)
	require.NoError(m.t, err)
	require.Equal(m.t, http.StatusCreated, created.StatusCode(), string(created.Body))
}

// closing keeps no connection that would outlive the test.
func closing(_ context.Context, r *http.Request) error {
	r.Close = true
	return nil
}

// Everything about mails changes at run time. Each change is seen in the next mail.
func TestMailChangesAtRunTime(t *testing.T) {
	t.Parallel()
	first, second := newSMTPServer(t), newSMTPServer(t)
	environ := append(without(environment(pgtest.URL(t, schema.Migrations, schema.Parts...)), "USERS_MAIL"),
		"USERS_RATE_LIMITS=false", "SSL_CERT_FILE="+first.roots)
	m := &mailed{t: t, Live: programtest.ServeLive(t, process(t), "USERS_CONFIG", environ,
		"mail: off", "mail_from: One <one@example.com>", "smtp_addr: "+first.addr, "smtp_tls: none")}
	m.open()
	m.Set("mail: smtp")
	m.open()
	got := first.next(t)
	require.Contains(t, got.text, "person2@example.com", "the first was opened while mails were off")
	require.Contains(t, got.text, "one@example.com")
	require.False(t, got.encrypted)

	m.Set("mail_from: Two <two@example.com>")
	m.open()
	require.Contains(t, first.next(t).text, "two@example.com")

	m.Set("public_url: https://shop.test")
	m.open()
	require.Contains(t, first.next(t).text, "https://shop.test/verify-email")

	m.Set("smtp_tls: starttls")
	m.open()
	got = first.next(t)
	require.True(t, got.encrypted)
	require.Empty(t, got.login)

	m.Set("smtp_user: mailer", "smtp_password: one-"+canary)
	m.open()
	require.Equal(t, "mailer:one-"+canary, first.next(t).login)
	m.Set("smtp_user: other")
	m.open()
	require.Equal(t, "other:one-"+canary, first.next(t).login)
	told := m.Set("smtp_password: two-" + canary)
	require.Equal(t, []any{"smtp_password: another secret"}, told["changed"])
	m.open()
	require.Equal(t, "other:two-"+canary, first.next(t).login)

	// The server is asked before the password is used, and refuses it.
	m.Write("smtp_password: wrong", "mail_from: Three <three@example.com>")
	refused := m.Line(programtest.Refused)
	require.Equal(t, []any{"smtp_user, smtp_password: the mail server refuses the user and the password"},
		refused["problems"])
	m.open()
	got = first.next(t)
	require.Equal(t, "other:two-"+canary, got.login)
	require.Contains(t, got.text, "two@example.com", "all old settings stay")

	m.Set("smtp_addr: "+second.addr, "smtp_tls: none", "smtp_user: ''", "smtp_password: ''")
	m.open()
	require.Contains(t, second.next(t).text, "three@example.com")
	require.NotContains(t, m.Output(), canary)
}

// Requests for a hash wait as long as the file says.
func TestHashWaitChangesAtRunTime(t *testing.T) {
	t.Parallel()
	environ := append(without(environment(pgtest.URL(t, schema.Migrations, schema.Parts...)),
		"USERS_HASH_MEMORY_KIB", "USERS_HASH_ITERATIONS"), "USERS_HASH_MEMORY_KIB=65536", "USERS_HASH_ITERATIONS=2",
		"USERS_HASH_QUEUE=1000", "USERS_RATE_LIMITS=false", "USERS_SHED=false")
	p := programtest.ServeLive(t, Run, "USERS_CONFIG", environ, "hash_wait: 1ms")
	client, err := usersapi.NewClientWithResponses(p.URL)
	require.NoError(t, err)
	// crowd opens accounts at once, more than hashes run, and gives the number of those that waited too long for one. A
	// machine that is busy may end others by the time limit of the operation.
	crowd := func(name string) (refused int) {
		answers := make(chan *usersapi.CreateUserV2Response)
		most := 4 * runtime.GOMAXPROCS(0)
		for i := range most {
			go func() {
				got, err := client.CreateUserV2WithResponse(context.WithoutCancel(t.Context()), usersapi.CreateUserV2Request{
					Email: fmt.Sprintf("%s%d@example.com", name, i), Name: "Ada", Password: goodPassword,
				}, closing)
				if err != nil {
					t.Error(err)
				}
				answers <- got
			}()
		}
		for range most {
			switch got := <-answers; {
			case got == nil || got.StatusCode() == http.StatusCreated:
			case codeIn(t, got.Body) == usersapi.ProblemCodeOverloaded:
				refused++
			default:
				assert.Equal(t, http.StatusServiceUnavailable, got.StatusCode(), string(got.Body))
			}
		}
		return refused
	}
	require.Positive(t, crowd("one"))
	p.Set("hash_wait: 1m")
	require.Zero(t, crowd("two"))
}

// An account is kept as long as the file says when its owner wants it deleted.
func TestDeletionGraceChangesAtRunTime(t *testing.T) {
	t.Parallel()
	p := programtest.ServeLive(t, Run, "USERS_CONFIG", environment(pgtest.URL(t, schema.Migrations, schema.Parts...)),
		"deletion_grace: 336h")
	client, err := usersapi.NewClientWithResponses(p.URL, usersapi.WithRequestEditorFn(closing))
	require.NoError(t, err)
	created, err := client.CreateUserV2WithResponse(t.Context(),
		usersapi.CreateUserV2Request{Email: "ada@example.com", Name: "Ada", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.StatusCode(), string(created.Body))
	started, err := client.StartSessionWithResponse(t.Context(),
		usersapi.StartSessionRequest{Email: "ada@example.com", Password: goodPassword})
	require.NoError(t, err)
	access := contracttest.Body(t, started, started.JSON200).AccessToken
	p.Set("deletion_grace: 2h")
	before := time.Now()
	answer, err := client.RequestDeletionWithResponse(t.Context(),
		usersapi.RequestDeletionRequest{CurrentPassword: goodPassword},
		func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+access)
			return nil
		})
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, answer.StatusCode(), string(answer.Body))
	deletes := contracttest.Body(t, answer, answer.JSON202).DeletesAt
	require.WithinRange(t, deletes, before.Add(2*time.Hour-time.Second), time.Now().Add(2*time.Hour))
}
