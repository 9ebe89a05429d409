package events_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/telemetry"
)

// authority signs certificates and writes them into files.
type authority struct {
	dir  string
	name string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir(), name: name}
	a.sign(t, "ca")
	return a
}

// path is that of a file of the authority.
func (a *authority) path(file string) string { return filepath.Join(a.dir, file) }

// sign writes NAME.pem and NAME.key, a certificate for 127.0.0.1, good for either side; the first is the authority's.
func (a *authority) sign(t *testing.T, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: a.name + " " + name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if a.cert == nil {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
		a.key, a.cert = key, template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	if a.cert == template {
		a.cert, err = x509.ParseCertificate(der)
		require.NoError(t, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	write := func(file, kind string, content []byte) {
		text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
		require.NoError(t, os.WriteFile(a.path(file), text, 0o600))
	}
	write(name+".pem", "CERTIFICATE", der)
	write(name+".key", "PRIVATE KEY", pkcs8)
}

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
	require.NoError(t, s.Prove())
	bus, err := events.Connect(s, "test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(bus.Close)
	require.Eventually(t, func() bool { return bus.Check(t.Context()) == nil }, patience, every)
}

// A NATS that wants certificates is reached with one that it accepts, and only if its own is accepted.
func TestNATSWithCertificates(t *testing.T) {
	t.Parallel()
	own, other := newAuthority(t, "own"), newAuthority(t, "other")
	own.sign(t, "nats")
	own.sign(t, "orders")
	other.sign(t, "orders")
	config, err := server.GenTLSConfig(&server.TLSConfigOpts{
		CertFile: own.path("nats.pem"), KeyFile: own.path("nats.key"), CaFile: own.path("ca.pem"), Verify: true,
	})
	require.NoError(t, err)
	config.MinVersion = tls.VersionTLS12
	url := natsWith(t, &server.Options{TLS: true, TLSVerify: true, TLSConfig: config, TLSTimeout: patience.Seconds()})

	good := events.Server{
		URLs: url, CA: own.path("ca.pem"), Cert: own.path("orders.pem"), Key: own.path("orders.key"),
		ConnectTimeout: patience,
	}
	require.NoError(t, events.CheckCA(good.CA))
	require.NoError(t, events.CheckCertificate(good.Cert, good.Key))
	requireConnects(t, good)

	unknown := good
	unknown.CA = other.path("ca.pem")
	require.ErrorContains(t, unknown.Prove(), "the certificate of NATS is refused")
	none := good
	none.Cert, none.Key = "", ""
	require.ErrorContains(t, none.Prove(), "NATS refuses the certificate")
	foreign := good
	foreign.Cert, foreign.Key = other.path("orders.pem"), other.path("orders.key")
	require.ErrorContains(t, foreign.Prove(), "NATS refuses the certificate")
	plain := good
	plain.URLs = natsWith(t, &server.Options{})
	require.ErrorContains(t, plain.Prove(), "NATS has no TLS")
}

// A certificate that is renewed while NATS is away is used for the next connection.
func TestFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	first, second := newAuthority(t, "first"), newAuthority(t, "second")
	second.sign(t, "nats")
	config, err := server.GenTLSConfig(&server.TLSConfigOpts{
		CertFile: second.path("nats.pem"), KeyFile: second.path("nats.key"), CaFile: second.path("ca.pem"),
	})
	require.NoError(t, err)
	url := natsWith(t, &server.Options{TLS: true, TLSConfig: config, TLSTimeout: patience.Seconds()})
	bus, err := events.Connect(events.Server{
		URLs: url, CA: first.path("ca.pem"), ConnectTimeout: patience, ReconnectWait: every,
	}, "test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(bus.Close)
	require.Eventually(t, func() bool {
		_, refused := errors.AsType[*tls.CertificateVerificationError](bus.Check(t.Context()))
		return refused
	}, patience, every)
	renewed, err := os.ReadFile(second.path("ca.pem"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(first.path("ca.pem"), renewed, 0o600))
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
		require.ErrorContains(t, wrong.Prove(), "NATS refuses the credentials", name)
	}
}

// Files that cannot be used are named, and nothing of them is shown.
func TestFilesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "own")
	a.sign(t, "orders")
	a.sign(t, "users")
	canary := a.path("canary")
	require.NoError(t, os.WriteFile(canary, []byte("canary.word.canary"), 0o600))
	missing := a.path("missing")
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"no credentials":      {events.CheckCredentials(missing), "missing cannot be read: no such file"},
		"other credentials":   {events.CheckCredentials(canary), "does not have the JWT of a user"},
		"a certificate":       {events.CheckCredentials(a.path("ca.pem")), "does not have the JWT of a user"},
		"no authority":        {events.CheckCA(missing), "missing cannot be read: no such file"},
		"a key for authority": {events.CheckCA(a.path("ca.key")), "has no certificate in PEM"},
		"no certificate":      {events.CheckCertificate(missing, a.path("users.key")), "missing cannot be read"},
		"no key":              {events.CheckCertificate(a.path("users.pem"), missing), "missing cannot be read"},
		"another's key": {
			events.CheckCertificate(a.path("users.pem"), a.path("orders.key")), "are not a certificate in PEM and its key",
		},
	} {
		require.ErrorContains(t, test.err, test.want, name)
		require.NotContains(t, test.err.Error(), "word")
	}
}
