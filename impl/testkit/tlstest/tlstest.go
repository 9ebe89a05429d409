// Package tlstest makes certificates for tests.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority signs certificates and writes them into files.
type Authority struct {
	t    testing.TB
	dir  string
	name string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// New makes an authority, with its own certificate in the file ca.pem and the key of that in ca.key.
func New(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{t: t, dir: t.TempDir(), name: name}
	a.Sign("ca")
	return a
}

// Path is that of a file of the authority.
func (a *Authority) Path(file string) string { return filepath.Join(a.dir, file) }

// Sign writes NAME.pem and NAME.key, a certificate for 127.0.0.1 that is good for either side, and its key.
func (a *Authority) Sign(name string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(a.t, err)
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
	require.NoError(a.t, err)
	if a.cert == template {
		a.cert, err = x509.ParseCertificate(der)
		require.NoError(a.t, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	write := func(file, kind string, content []byte) {
		text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
		require.NoError(a.t, os.WriteFile(a.Path(file), text, 0o600))
	}
	write(name+".pem", "CERTIFICATE", der)
	write(name+".key", "PRIVATE KEY", pkcs8)
}
