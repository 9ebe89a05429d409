package program_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/programtest"
	"example.com/plumbline/impl/testkit/tlstest"
)

// credentialsFile writes the credentials of a user of NATS.
func credentialsFile(t *testing.T, mode os.FileMode) string {
	t.Helper()
	account, err := nkeys.CreateAccount()
	require.NoError(t, err)
	user, err := nkeys.CreateUser()
	require.NoError(t, err)
	name, err := user.PublicKey()
	require.NoError(t, err)
	claims, err := jwt.NewUserClaims(name).Encode(account)
	require.NoError(t, err)
	seed, err := user.Seed()
	require.NoError(t, err)
	text, err := jwt.FormatUserConfig(claims, seed)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "parcels.creds")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

// check and serve name the settings of NATS that cannot work, and check those that others can read.
func TestFilesOfNATS(t *testing.T) {
	t.Parallel()
	own, open := credentialsFile(t, 0o400), credentialsFile(t, 0o644)
	missing := filepath.Join(t.TempDir(), "missing")
	p := parcels(program.Check(program.DefaultServing()), serving(nil))
	environ := func(set ...string) []string {
		return append([]string{"PARCELS_MASTER_KEY=" + masterKey, safe, "PARCELS_NATS_URL=nats://127.0.0.1:4222"}, set...)
	}
	for path, warns := range map[string]string{own: "", open: "nats_credentials"} {
		out, err := programtest.Command(t, p.Run, environ("PARCELS_NATS_CREDENTIALS="+path), "check")
		require.NoError(t, err)
		programtest.RequireWarned(t, out, warns)
	}
	for _, c := range []struct {
		set  []string
		want string
	}{
		{[]string{"PARCELS_NATS_CREDENTIALS=" + missing}, "nats_credentials: " + missing + " cannot be read"},
		{[]string{"PARCELS_NATS_CA=" + missing}, "nats_ca: " + missing + " cannot be read"},
		{[]string{"PARCELS_NATS_CA=" + own}, "nats_ca: " + own + " has no certificate in PEM"},
		{[]string{"PARCELS_NATS_CERT=" + missing, "PARCELS_NATS_KEY=" + own}, "nats_cert: " + missing + " cannot be read"},
		{[]string{"PARCELS_NATS_CERT=" + own}, "nats_cert and nats_key are set together"},
		{[]string{"PARCELS_NATS_KEY=" + own}, "nats_cert and nats_key are set together"},
		{[]string{"PARCELS_NATS_CREDENTIALS=" + own, "PARCELS_NATS_URL=nats://canary@127.0.0.1:4222"}, "remove the other"},
		{[]string{"PARCELS_NATS_CREDENTIALS=" + own, "PARCELS_NATS_URL="}, "nats_credentials is set and nats_url is not"},
		{[]string{"PARCELS_NATS_CONNECT_TIMEOUT=0s"}, "nats_connect_timeout is between 1ms and 1h0m0s"},
		{[]string{"PARCELS_NATS_RECONNECT_WAIT=2h"}, "nats_reconnect_wait is between 1ms and 1h0m0s"},
	} {
		for _, command := range []string{"serve", "check"} {
			out, err := programtest.Command(t, p.Run, environ(c.set...), command)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, out+err.Error(), "canary")
		}
	}
	// With an authority of its own, the connection is encrypted whatever the URL says.
	authority := tlstest.New(t, "own").Path("ca.pem")
	const remote = "PARCELS_NATS_URL=nats://nats.example.com:4222"
	for authority, warns := range map[string]string{authority: "", "": "nats_url"} {
		out, err := programtest.Command(t, p.Run, environ(remote, "PARCELS_NATS_CA="+authority), "check")
		require.NoError(t, err)
		programtest.RequireWarned(t, out, warns)
	}
}
