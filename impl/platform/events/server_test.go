package events_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/tlstest"
)

// natsWith runs a NATS with options.
func natsWith(t *testing.T, o *server.Options) (url telemetry.Secret) {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	s, err := server.NewServer(o)
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	require.True(t, s.ReadyForConnections(patience))
	return telemetry.NewSecret("nats://" + s.Addr().String())
}

// requireConnects requires that a NATS and this program accept each other.
func requireConnects(t *testing.T, s events.Server) {
	t.Helper()
	require.NoError(t, s.Prove(t.Context()))
	bus, err := events.Connect(s, "test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(bus.Close)
	require.Eventually(t, func() bool { return bus.Check(t.Context()) == nil }, patience, every)
}

// A NATS that wants certificates is reached with one that it accepts, and only if its own is accepted.
func TestNATSWithCertificates(t *testing.T) {
	t.Parallel()
	own, other := tlstest.New(t, "own"), tlstest.New(t, "other")
	own.Sign("nats")
	own.Sign("orders")
	other.Sign("orders")
	config, err := server.GenTLSConfig(&server.TLSConfigOpts{
		CertFile: own.Path("nats.pem"), KeyFile: own.Path("nats.key"), CaFile: own.Path("ca.pem"), Verify: true,
	})
	require.NoError(t, err)
	config.MinVersion = tls.VersionTLS12
	url := natsWith(t, &server.Options{TLS: true, TLSVerify: true, TLSConfig: config, TLSTimeout: patience.Seconds()})

	good := events.Server{
		URLs: url, CA: own.Path("ca.pem"), Cert: own.Path("orders.pem"), Key: own.Path("orders.key"),
		ConnectTimeout: patience,
	}
	requireConnects(t, good)

	unknown := good
	unknown.CA = other.Path("ca.pem")
	require.ErrorContains(t, unknown.Prove(t.Context()), "the certificate of NATS is refused")
	none := good
	none.Cert, none.Key = "", ""
	require.ErrorContains(t, none.Prove(t.Context()), "NATS refuses the certificate")
	foreign := good
	foreign.Cert, foreign.Key = other.Path("orders.pem"), other.Path("orders.key")
	require.ErrorContains(t, foreign.Prove(t.Context()), "NATS refuses the certificate")
	plain := good
	plain.URLs = natsWith(t, &server.Options{})
	require.ErrorContains(t, plain.Prove(t.Context()), "NATS has no TLS")
}

// A certificate that is renewed while NATS is away is used for the next connection.
func TestFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	first, second := tlstest.New(t, "first"), tlstest.New(t, "second")
	second.Sign("nats")
	config, err := server.GenTLSConfig(&server.TLSConfigOpts{
		CertFile: second.Path("nats.pem"), KeyFile: second.Path("nats.key"), CaFile: second.Path("ca.pem"),
	})
	require.NoError(t, err)
	url := natsWith(t, &server.Options{TLS: true, TLSConfig: config, TLSTimeout: patience.Seconds()})
	bus, err := events.Connect(events.Server{
		URLs: url, CA: first.Path("ca.pem"), ConnectTimeout: patience, ReconnectWait: every,
	}, "test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(bus.Close)
	require.Eventually(t, func() bool {
		_, refused := errors.AsType[*tls.CertificateVerificationError](bus.Check(t.Context()))
		return refused
	}, patience, every)
	renewed, err := os.ReadFile(second.Path("ca.pem"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(first.Path("ca.pem"), renewed, 0o600))
	require.Eventually(t, func() bool { return bus.Check(t.Context()) == nil }, patience, every)
}

// A NATS of an operator takes whoever has the JWT of a user of one of its accounts, and the key to it.
func TestNATSWithCredentials(t *testing.T) {
	t.Parallel()
	pair := func(kind nkeys.PrefixByte) (nkeys.KeyPair, string) {
		key, err := nkeys.CreatePair(kind)
		require.NoError(t, err)
		public, err := key.PublicKey()
		require.NoError(t, err)
		return key, public
	}
	operator, operatorName := pair(nkeys.PrefixByteOperator)
	account, accountName := pair(nkeys.PrefixByteAccount)
	stranger, _ := pair(nkeys.PrefixByteAccount)
	claims := jwt.NewOperatorClaims(operatorName)
	accountJWT, err := jwt.NewAccountClaims(accountName).Encode(operator)
	require.NoError(t, err)
	resolver := &server.MemAccResolver{}
	require.NoError(t, resolver.Store(accountName, accountJWT))
	url := natsWith(t, &server.Options{TrustedOperators: []*jwt.OperatorClaims{claims}, AccountResolver: resolver})

	dir := t.TempDir()
	credentials := func(file string, signer nkeys.KeyPair) string {
		user, userName := pair(nkeys.PrefixByteUser)
		userJWT, err := jwt.NewUserClaims(userName).Encode(signer)
		require.NoError(t, err)
		seed, err := user.Seed()
		require.NoError(t, err)
		text, err := jwt.FormatUserConfig(userJWT, seed)
		require.NoError(t, err)
		path := filepath.Join(dir, file)
		require.NoError(t, os.WriteFile(path, text, 0o600))
		return path
	}
	good := events.Server{
		URLs: url, Credentials: credentials("good.creds", account), ConnectTimeout: patience,
	}
	require.NoError(t, events.CheckCredentials(good.Credentials))
	requireConnects(t, good)
	for name, wrong := range map[string]events.Server{
		"none":            {URLs: url, ConnectTimeout: patience},
		"another account": {URLs: url, Credentials: credentials("other.creds", stranger), ConnectTimeout: patience},
	} {
		require.ErrorContains(t, wrong.Prove(t.Context()), "NATS refuses the credentials", name)
	}
}

// silent is a NATS, or a proxy before it, that asks for TLS and then does not answer. called has a value once a client
// has begun the handshake.
func silent(t *testing.T) (url telemetry.Secret, called <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	began := make(chan struct{}, 1)
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				context.AfterFunc(t.Context(), func() { _ = conn.Close() })
				_, _ = io.WriteString(conn, `INFO {"server_id":"silent","tls_required":true,"max_payload":1048576}`+"\r\n")
				_, _ = conn.Read(make([]byte, 1))
				select {
				case began <- struct{}{}:
				default:
				}
				_, _ = io.Copy(io.Discard, conn)
			})
		}
	})
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		conns.Wait()
	})
	return telemetry.NewSecret("tls://" + listener.Addr().String()), began
}

// A NATS that does not answer in the handshake of TLS is away, which is no error.
func TestNATSThatIsSilent(t *testing.T) {
	t.Parallel()
	url, _ := silent(t)
	require.NoError(t, events.Server{URLs: url, ConnectTimeout: 50 * time.Millisecond}.Prove(t.Context()))
}

// A start that is interrupted does not wait for NATS.
func TestTheProofIsInterrupted(t *testing.T) {
	t.Parallel()
	url, called := silent(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-called
		cancel()
	}()
	proved := make(chan error, 1)
	go func() { proved <- events.Server{URLs: url, ConnectTimeout: time.Hour}.Prove(ctx) }()
	select {
	case err := <-proved:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(patience / 2):
		t.Fatal("it still waits for NATS")
	}
}

// Credentials that cannot be used are named, and nothing of them is shown.
func TestCredentialsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	a := tlstest.New(t, "own")
	canary := a.Path("canary")
	require.NoError(t, os.WriteFile(canary, []byte("canary.word.canary"), 0o600))
	missing := a.Path("missing")
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"no credentials":    {events.CheckCredentials(missing), "missing cannot be read: no such file"},
		"other credentials": {events.CheckCredentials(canary), "does not have the JWT of a user"},
		"a certificate":     {events.CheckCredentials(a.Path("ca.pem")), "does not have the JWT of a user"},
	} {
		require.ErrorContains(t, test.err, test.want, name)
		require.NotContains(t, test.err.Error(), "word")
	}
}
