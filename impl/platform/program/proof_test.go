package program_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// Every command that uses the master key opens a database only with the key that it was first opened with.
func TestAnotherMasterKeyIsRefused(t *testing.T) {
	t.Parallel()
	other := programtest.NewMasterKey()
	url := pgtest.URL(t, second, parts...)
	built := 0
	p := parcels(serving(func(context.Context, *program.Process) (http.Handler, error) {
		built++
		return http.HandlerFunc(hello), nil
	}), program.NewCommand("audit verify", "verify", program.DefaultAudit(), program.VerifyAudit))
	s := programtest.Serve(t, p.Run, serveEnvironment(url))
	s.Stop()
	require.NoError(t, s.End())
	require.Equal(t, 1, built)
	for _, command := range [][]string{{"serve"}, {"weigh-all", "--scale", "brass"}, {"audit", "verify"}} {
		out, err := programtest.Command(t, p.Run, serveEnvironment(url, "PARCELS_MASTER_KEY="+other), command...)
		programtest.RequireSentence(t, err, "PARCELS_MASTER_KEY", "not the key that this database is used with")
		require.NotContains(t, out+err.Error(), other)
		require.NotContains(t, out+err.Error(), masterKey)
	}
	require.Equal(t, 1, built)
	// With the right key everything goes on, on every replica.
	for range 2 {
		s := programtest.Serve(t, p.Run, serveEnvironment(url))
		s.Stop()
		require.NoError(t, s.End())
	}
}

// Of replicas with different keys that start at once on an empty database, one succeeds and no other opens it.
func TestKeysThatStartAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, second, parts...)
	errs := make([]error, 6)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			_, errs[i] = programtest.Command(t, parcels().Run,
				environment(url, "PARCELS_MASTER_KEY="+programtest.NewMasterKey()), "weigh-all", "--scale", "brass")
		})
	}
	all.Wait()
	opened := 0
	for _, err := range errs {
		if err == nil {
			opened++
			continue
		}
		programtest.RequireSentence(t, err, "not the key that this database is used with")
	}
	require.Equal(t, 1, opened)
}

// The first process to use a database does not wait for ever for a synchronous standby that is away, and the proof that
// it has stored counts.
func TestTheFirstProofWithoutTheStandby(t *testing.T) {
	t.Parallel()
	primary := pgtest.Replicated(t, second, parts...)
	environ := environment(primary.URL, "PARCELS_MASTER_KEY="+masterKey)
	primary.SetAway(true)
	_, err := programtest.Command(t, parcels().Run, environ, "weigh-all", "--scale", "brass")
	require.ErrorIs(t, err, postgres.ErrUnknownOutcome)
	require.ErrorContains(t, err, "prove the master key")
	primary.SetAway(false)
	_, err = programtest.Command(t, parcels().Run, environ, "weigh-all", "--scale", "brass")
	require.NoError(t, err)
}

// boundless collects the statements that would never end on a server that does not answer.
type boundless struct{ asked, forEver []string }

func (b *boundless) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	b.asked = append(b.asked, data.SQL)
	if _, bounded := ctx.Deadline(); !bounded {
		b.forEver = append(b.forEver, data.SQL)
	}
	return ctx
}

func (*boundless) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A server that stops answering does not keep a program from ending.
func TestOpeningIsBounded(t *testing.T) {
	t.Parallel()
	database := program.DefaultDatabase()
	database.DatabaseURL = telemetry.NewSecret(pgtest.URL(t, second, parts...))
	statements := &boundless{}
	pool, err := program.Opening(parcels(), t.Context(),
		program.Keyed{Database: database, MasterKey: telemetry.NewSecret(masterKey)},
		postgres.Config{URL: database.DatabaseURL.Reveal(), MaxConns: 1, Tracer: statements})
	require.NoError(t, err)
	pool.Close()
	require.Contains(t, strings.Join(statements.asked, "\n"), "INSERT INTO master_key_proof")
	require.Empty(t, statements.forEver)
}

func TestAMasterKeyThatCanBeGuessed(t *testing.T) {
	t.Parallel()
	counting := make([]byte, 32)
	for i := range counting {
		counting[i] = byte(i)
	}
	for name, key := range map[string]string{
		"zeros":         base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"one byte":      base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
		"one word":      base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("pass"), 8)),
		"counting":      base64.StdEncoding.EncodeToString(counting),
		"short":         base64.StdEncoding.EncodeToString([]byte("0123456789abcdef")),
		"not in base64": "a key that is not in base64 and long",
	} {
		for _, command := range [][]string{{"weigh-all", "--scale", "brass"}, {"serve"}, {"check"}} {
			p := parcels(serving(nil), program.Check(program.DefaultServing()))
			_, err := programtest.Command(t, p.Run,
				environment("postgres://parcels@127.0.0.1:1/parcels", "PARCELS_MASTER_KEY="+key), command...)
			programtest.RequireSentence(t, err, "master_key: ", "openssl rand -base64 32")
			require.NotContains(t, err.Error(), key, name)
		}
	}
}
