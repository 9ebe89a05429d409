package resourcetest

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
	"example.com/plumbline/impl/testkit/tokentest"
)

// All runs every check that needs to know no more of the service than s tells, each as a subtest. Use it as
//
//	func TestContract(t *testing.T) { t.Parallel(); service.All(t) }
func (s *Service) All(t *testing.T) {
	t.Helper()
	tested := s.contract(t)
	contracttest.All(t, tested)
	for name, check := range map[string]func(*testing.T){
		"RepeatedRequests": func(t *testing.T) {
			t.Helper()
			contracttest.RepeatedRequestsAreAnsweredOnce(t, tested)
		},
		"ForgedTokens": func(t *testing.T) {
			t.Helper()
			server := s.Start(t)
			claims := server.claims(Member{ID: uuid.New(), Session: uuid.New()}, tested.Roles)
			contracttest.ForgedTokensAreRefused(t, tested, server.Server, tokentest.Options{
				Claims: claims, Issuer: issuer, Audience: s.Program.Name, Now: server.Clock.Now(),
				Key: server.keys[1], OtherKey: server.keys[0],
			})
		},
		"DatabaseGone": func(t *testing.T) {
			t.Helper()
			var database contracttest.Switch
			contracttest.DatabaseGoneIsTold(t, tested, s.startCut(t, &database), &database)
		},
		"DatabaseReadOnly": func(t *testing.T) {
			t.Helper()
			var database contracttest.Switch
			contracttest.ReadOnlyDatabaseIsTold(t, tested, s.startCut(t, &database), &database)
		},
		"Enums": func(t *testing.T) {
			t.Helper()
			contracttest.EnumsAreThoseOfTheDocument(t, tested, s.database(t))
		},
		"DocumentIsServed":  s.documentIsServed,
		"ProgramServes":     s.programServes,
		"SeriesAreBounded":  s.seriesAreBounded,
		"SeedIsSownOnce":    s.seedIsSownOnce,
		"EndedAccountsStop": s.endedAccountsStop,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t)
		})
	}
}

// startCut is Start with a switch between the service and its database.
func (s *Service) startCut(t *testing.T, database *contracttest.Switch) *contracttest.Server {
	t.Helper()
	return s.startOn(t, func(pool *pgxpool.Pool) *pgxpool.Pool { return database.Pool(t, pool) }).Server
}

// documentIsServed reads the document as it is written.
func (s *Service) documentIsServed(t *testing.T) {
	t.Helper()
	server := s.Start(t)
	target := "/openapi/" + s.Program.Name + ".yaml"
	answer, body := server.Do(t, contracttest.Request{Method: http.MethodGet, Target: target})
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, string(s.YAML), body)
}

// environment is that of the program on a database, without the users service and without NATS.
func (s *Service) environment(databaseURL string) []string {
	var environ []string
	for setting, value := range map[string]string{
		"DATABASE_URL": pgtest.Patient(databaseURL), "MASTER_KEY": programtest.NewMasterKey(),
		"USERS_URL": "http://127.0.0.1:1", "ADDR": "127.0.0.1:0", "OPS_ADDR": "127.0.0.1:0", "UNREADY": "0s",
		"KEYS_WITHIN": "0s",
	} {
		environ = append(environ, strings.ToUpper(s.Program.Name)+"_"+setting+"="+value)
	}
	return environ
}

// programServes runs the program on an empty database, which it migrates, and stops it.
func (s *Service) programServes(t *testing.T) {
	t.Helper()
	p := programtest.Serve(t, s.Program.Run, s.environment(pgtest.URL(t, nil)))
	status, body := programtest.Get(t, p.OpsURL+"/readyz")
	require.Equal(t, http.StatusOK, status, body)
	status, body = programtest.Get(t, p.URL+"/openapi/"+s.Program.Name+".json")
	require.Equal(t, http.StatusOK, status, body)
	p.Stop()
	require.NoError(t, p.End())
	require.Contains(t, p.Output(), "wound down")
}

// seriesAreBounded holds the metrics of the program against callers who send what they like.
func (s *Service) seriesAreBounded(t *testing.T) {
	t.Helper()
	environ := append(s.environment(pgtest.URL(t, nil)),
		strings.ToUpper(s.Program.Name)+"_TRUSTED_PROXIES=127.0.0.0/8")
	p := programtest.Serve(t, s.Program.Run, environ)
	programtest.RequireBoundedSeries(t, p, s.contract(t).Document, nil)
}

// seedIsSownOnce seeds a database twice, and then anew: each time it has as many rows as after the first.
func (s *Service) seedIsSownOnce(t *testing.T) {
	t.Helper()
	server := s.Start(t)
	environ := s.environment(server.Pool.Config().ConnString())
	cast := &program.Cast{Personas: []program.Persona{
		{ID: uuid.New(), Role: "customer"}, {ID: uuid.New(), Role: "customer"}, {ID: uuid.New(), Role: "staff"},
	}}
	empty := server.rows(t)
	require.NoError(t, s.Seed(t.Context(), environ, cast, false))
	seeded := server.rows(t)
	require.NotEqual(t, empty, seeded, "something is there on the first day")
	for _, anew := range []bool{false, true} {
		require.NoError(t, s.Seed(t.Context(), environ, cast, anew))
		require.Equal(t, seeded, server.rows(t), "anew: %v", anew)
	}
}

// rows counts the rows of every table but those of the migrations and the proof of the master key.
func (s *Server) rows(t *testing.T) map[string]int64 {
	t.Helper()
	query := func(sql string) map[string]int64 {
		found, err := s.Pool.Query(t.Context(), sql)
		require.NoError(t, err)
		defer found.Close()
		counts := map[string]int64{}
		for found.Next() {
			var name string
			var count int64
			require.NoError(t, found.Scan(&name, &count))
			counts[name] = count
		}
		require.NoError(t, found.Err())
		return counts
	}
	tables := query(`SELECT tablename::text, 0::bigint FROM pg_tables
		WHERE schemaname = 'public' AND tablename <> 'master_key_proof' AND tablename !~ '^goose_|^river_migration'`)
	for name := range maps.Clone(tables) {
		maps.Copy(tables, query(fmt.Sprintf(`SELECT '%s', count(*) FROM %q`, name, name)))
	}
	return tables
}

// endedAccountsStop disables an account: its token, which was valid until then, is refused, and another's is not.
func (s *Service) endedAccountsStop(t *testing.T) {
	t.Helper()
	server := s.Start(t)
	tested := s.contract(t)
	mine, other := server.Member(t, tested.Roles...), server.Member(t, tested.Roles...)
	for _, op := range tested.Document.Operations {
		if op.Method != http.MethodGet || op.Policy.Access.Public || strings.Contains(op.Pattern, "{") {
			continue
		}
		status := func(m Member) int {
			r := contracttest.Request{Method: op.Method, Target: op.Pattern}
			answer, _ := server.Do(t, r.With(contracttest.Bearer(m)))
			return answer.StatusCode
		}
		require.Equal(t, http.StatusOK, status(mine), op.ID)
		server.Hear(t, "user.disabled", standing.Account{
			UserID: mine.ID, Status: "disabled", ChangedAt: server.Clock.Now(),
		})
		contracttest.Eventually(t, "a disabled account is refused", func() bool {
			return status(mine) == http.StatusUnauthorized
		})
		require.Equal(t, http.StatusOK, status(other), op.ID)
		return
	}
	require.Fail(t, "the document has no list that a member reads: the check looks in the wrong place")
}
