package clienttls_test

import (
	"crypto/tls"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/clienttls"
	"example.com/plumbline/impl/testkit/tlstest"
)

// Files that cannot be used are named, once, and nothing of them is shown.
func TestFilesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	a := tlstest.New(t, "own")
	a.Sign("orders")
	a.Sign("users")
	canary := a.Path("canary")
	require.NoError(t, os.WriteFile(canary, []byte("word"), 0o600))
	missing := a.Path("missing")
	for name, test := range map[string]struct {
		files clienttls.Files
		want  string
	}{
		"no authority":        {clienttls.Files{CA: missing}, missing + " cannot be read: no such file"},
		"a key for authority": {clienttls.Files{CA: a.Path("ca.key")}, "has no certificate in PEM"},
		"a text":              {clienttls.Files{CA: canary}, "has no certificate in PEM"},
		"no certificate":      {clienttls.Files{Cert: missing, Key: a.Path("users.key")}, "missing cannot be read"},
		"no key":              {clienttls.Files{Cert: a.Path("users.pem"), Key: missing}, "missing cannot be read"},
		"another's key": {
			clienttls.Files{Cert: a.Path("users.pem"), Key: a.Path("orders.key")}, "are not a certificate in PEM and its key",
		},
	} {
		_, err := test.files.Config(&tls.Config{MinVersion: tls.VersionTLS12})
		require.ErrorContains(t, err, test.want, name)
		require.NotContains(t, err.Error(), "word", name)
	}
}

// What the files hold is read anew each time, and what is not given stays as it is.
func TestConfigIsReadAgain(t *testing.T) {
	t.Parallel()
	first, second := tlstest.New(t, "first"), tlstest.New(t, "second")
	first.Sign("users")
	files := clienttls.Files{CA: first.Path("ca.pem"), Cert: first.Path("users.pem"), Key: first.Path("users.key")}
	of := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: "redis"}
	before, err := files.Config(of)
	require.NoError(t, err)
	renewed, err := os.ReadFile(second.Path("ca.pem"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(first.Path("ca.pem"), renewed, 0o600))
	first.Sign("users")
	after, err := files.Config(of)
	require.NoError(t, err)
	require.False(t, before.RootCAs.Equal(after.RootCAs))
	require.NotEqual(t, before.Certificates[0].Certificate, after.Certificates[0].Certificate)
	require.Equal(t, "redis", after.ServerName)
	bare, err := clienttls.Files{}.Config(of)
	require.NoError(t, err)
	require.Nil(t, bare.RootCAs)
	require.Empty(t, bare.Certificates)
	require.False(t, clienttls.Files{}.Given())
	require.True(t, files.Given())
}

func TestOpenToAll(t *testing.T) {
	t.Parallel()
	a := tlstest.New(t, "own")
	require.False(t, clienttls.OpenToAll(a.Path("ca.key")))
	require.NoError(t, os.Chmod(a.Path("ca.key"), 0o644))
	require.True(t, clienttls.OpenToAll(a.Path("ca.key")))
	require.False(t, clienttls.OpenToAll(a.Path("missing")))
}
