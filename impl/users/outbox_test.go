package users

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"golang.org/x/sync/errgroup"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/devkit/natsserver"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// outboxRow is a row of the table outbox.
type outboxRow struct {
	Position    int64
	ID          uuid.UUID
	Type        string
	Subject     uuid.UUID
	Data        []byte
	OccurredAt  time.Time
	Traceparent *string
	PublishedAt *time.Time
}

// told removes the events of the outbox and gives them in order.
func (s *server) told(t *testing.T) []outboxRow {
	t.Helper()
	rows, err := s.Pool.Query(t.Context(),
		"WITH told AS (DELETE FROM outbox RETURNING *) SELECT * FROM told ORDER BY position")
	require.NoError(t, err)
	told, err := pgx.CollectRows(rows, pgx.RowToStructByPos[outboxRow])
	require.NoError(t, err)
	return told
}

// household is an account with two sessions, an administrator and another account.
type household struct {
	*server
	admin, ada, elsewhere, bob person
	id                         uuid.UUID // of ada's account
}

func (s *server) household(t *testing.T) household {
	t.Helper()
	h := household{
		server: s, admin: s.signUp("admin@example.com", usersapi.RoleAdmin), bob: s.signUp("bob@example.com"),
		ada: s.signUp("ada@example.com"), elsewhere: s.logIn("ada@example.com", goodPassword),
	}
	h.id = h.ada.user.ID
	// The database uses its own clock to decide whether a deleted session was live.
	h.exec(t, "UPDATE sessions SET expires_at = now() + interval '1 hour'")
	s.told(t)
	return h
}

func (s *server) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), statement, args...)
	require.NoError(t, err)
}

// sessions gives the sessions of ada's account.
func (h household) sessions(t *testing.T) []uuid.UUID {
	t.Helper()
	rows, err := h.Pool.Query(t.Context(), "SELECT id FROM sessions WHERE user_id = $1 ORDER BY id", h.id)
	require.NoError(t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	require.NoError(t, err)
	return ids
}

func answered(t *testing.T, status int) func(answer interface{ StatusCode() int }, err error) {
	t.Helper()
	return func(answer interface{ StatusCode() int }, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, status, answer.StatusCode())
	}
}

// TestWhatOthersAreTold checks the events of operations and of statements as psql sends them: those that change the
// rights of an account or end its sessions, and those that do neither.
func TestWhatOthersAreTold(t *testing.T) {
	t.Parallel()
	const disabled, enabled, deleted = "user.disabled", "user.enabled", "user.deleted"
	const roles, revoked = "user.roles_changed", "session.revoked"
	for name, c := range map[string]struct {
		before string // a statement that arranges
		do     func(*testing.T, household)
		want   []string
	}{
		"disableUser": {"", func(t *testing.T, h household) {
			answered(t, http.StatusOK)(h.admin.DisableUserWithResponse(t.Context(), h.id))
		}, []string{disabled, revoked, revoked}},
		"disableUser again": {"UPDATE users SET status = 'disabled' WHERE email LIKE 'ada%'",
			func(t *testing.T, h household) {
				h.exec(t, "UPDATE sessions SET revoked_at = now() WHERE user_id = $1", h.id)
				h.told(t)
				answered(t, http.StatusOK)(h.admin.DisableUserWithResponse(t.Context(), h.id))
			}, nil},
		"enableUser": {"UPDATE users SET status = 'disabled' WHERE email LIKE 'ada%'", func(t *testing.T, h household) {
			answered(t, http.StatusOK)(h.admin.EnableUserWithResponse(t.Context(), h.id))
		}, []string{enabled}},
		"enableUser of one enabled": {"", func(t *testing.T, h household) {
			answered(t, http.StatusOK)(h.admin.EnableUserWithResponse(t.Context(), h.id))
		}, nil},
		"setUserRoles": {"UPDATE users SET email_verified_at = now() WHERE email LIKE 'ada%'",
			func(t *testing.T, h household) {
				answered(t, http.StatusOK)(h.admin.SetUserRolesWithResponse(t.Context(), h.id, usersapi.SetUserRolesRequest{
					Roles: []usersapi.Role{usersapi.RoleStaff, usersapi.RoleCustomer},
				}))
			}, []string{roles, revoked, revoked}},
		"setUserRoles to fewer": {"UPDATE users SET roles = '{customer,staff}' WHERE email LIKE 'ada%'",
			func(t *testing.T, h household) {
				answered(t, http.StatusOK)(h.admin.SetUserRolesWithResponse(t.Context(), h.id, usersapi.SetUserRolesRequest{
					Roles: []usersapi.Role{usersapi.RoleCustomer},
				}))
			}, []string{roles}},
		"setUserRoles to what they are": {"", func(t *testing.T, h household) {
			answered(t, http.StatusOK)(h.admin.SetUserRolesWithResponse(t.Context(), h.id, usersapi.SetUserRolesRequest{
				Roles: []usersapi.Role{usersapi.RoleCustomer},
			}))
		}, nil},
		"deleteUser": {"", func(t *testing.T, h household) {
			answered(t, http.StatusNoContent)(h.admin.DeleteUserWithResponse(t.Context(), h.id))
		}, []string{deleted}},
		"changePassword": {"", func(t *testing.T, h household) {
			answered(t, http.StatusNoContent)(h.ada.ChangePasswordWithResponse(t.Context(), usersapi.ChangePasswordRequest{
				CurrentPassword: goodPassword, NewPassword: newPassword,
			}))
		}, []string{revoked}},
		"endSession": {"", func(t *testing.T, h household) {
			answered(t, http.StatusNoContent)(h.ada.EndSessionWithResponse(t.Context()))
		}, []string{revoked}},
		"revokeSession": {"", func(t *testing.T, h household) {
			answered(t, http.StatusNoContent)(h.ada.RevokeSessionWithResponse(t.Context(), h.elsewhere.session(t)))
		}, []string{revoked}},
		"revokeOtherSessions": {"", func(t *testing.T, h household) {
			answered(t, http.StatusOK)(h.ada.RevokeOtherSessionsWithResponse(t.Context()))
		}, []string{revoked}},
		"startSession": {"", func(_ *testing.T, h household) {
			h.logIn("ada@example.com", goodPassword)
		}, nil},
		"startSession beyond the most": {"", func(t *testing.T, h household) {
			h.exec(t, `INSERT INTO sessions SELECT gen_random_uuid(), user_id, cookie, address, user_agent,
					created_at + interval '1 minute', last_used_at, expires_at
				FROM sessions, generate_series(1, $2) WHERE id = $1`, h.ada.session(t), mostSessions-2)
			h.Clock.Advance(time.Hour)
			h.logIn("ada@example.com", goodPassword)
		}, []string{revoked}},
		"refreshSession": {"", func(t *testing.T, h household) {
			_, status := h.refresh(*h.ada.tokens.RefreshToken)
			require.Equal(t, http.StatusOK, status)
		}, nil},
		"refreshSession with a token that was used": {"", func(t *testing.T, h household) {
			h.refresh(*h.ada.tokens.RefreshToken)
			h.Clock.Advance(time.Minute)
			_, status := h.refreshRefused(*h.ada.tokens.RefreshToken)
			require.Equal(t, http.StatusUnauthorized, status)
		}, []string{revoked}},
		"updateProfile": {"", func(t *testing.T, h household) {
			name := "Augusta"
			answered(t, http.StatusOK)(h.ada.UpdateProfileWithResponse(t.Context(), usersapi.UpdateProfileRequest{Name: &name}))
		}, nil},
		"the purge of sessions that are over": {
			"UPDATE sessions SET expires_at = now() - interval '1 hour', revoked_at = NULL",
			func(t *testing.T, h household) {
				h.Clock.Advance(100 * 365 * 24 * time.Hour)
				require.NoError(t, h.service.purgeOldRows(t.Context()))
				require.Empty(t, h.sessions(t))
			}, nil,
		},

		"psql: both at once": {"", func(t *testing.T, h household) {
			h.exec(t, "UPDATE users SET status = 'disabled', roles = '{staff}' WHERE id = $1", h.id)
		}, []string{disabled, roles}},
		"psql: a session is cut short": {"", func(t *testing.T, h household) {
			h.exec(t, "UPDATE sessions SET expires_at = now() WHERE id = $1", h.ada.session(t))
		}, []string{revoked}},
		"psql: a session is made shorter": {"", func(t *testing.T, h household) {
			h.exec(t, "UPDATE sessions SET expires_at = now() + interval '1 minute' WHERE id = $1", h.ada.session(t))
		}, nil},
		"psql: sessions are deleted": {"", func(t *testing.T, h household) {
			h.exec(t, "DELETE FROM sessions WHERE user_id = $1", h.id)
		}, []string{revoked, revoked}},
		"psql: a session that was revoked is deleted": {"", func(t *testing.T, h household) {
			h.exec(t, "UPDATE sessions SET revoked_at = now() WHERE user_id = $1", h.id)
			h.told(t)
			h.exec(t, "DELETE FROM sessions WHERE user_id = $1", h.id)
		}, nil},
		"psql: an account is deleted": {"", func(t *testing.T, h household) {
			h.exec(t, "DELETE FROM users WHERE id = $1", h.id)
		}, []string{deleted}},
		"psql: all sessions are gone": {
			"DELETE FROM sessions WHERE user_id <> (SELECT id FROM users WHERE email LIKE 'ada%')",
			func(t *testing.T, h household) { h.exec(t, "TRUNCATE sessions CASCADE") }, []string{revoked, revoked},
		},
		"psql: all accounts are gone": {"DELETE FROM users WHERE email NOT LIKE 'ada%'", func(t *testing.T, h household) {
			h.exec(t, "DELETE FROM sessions")
			h.told(t)
			h.exec(t, "TRUNCATE users CASCADE")
		}, []string{deleted}},
		"what is rolled back": {"", func(t *testing.T, h household) {
			changed := errors.New("changed my mind")
			require.ErrorIs(t, postgres.InTx(t.Context(), h.Pool, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), "UPDATE users SET status = 'disabled', roles = '{staff}' WHERE id = $1", h.id)
				require.NoError(t, err)
				_, err = tx.Exec(t.Context(), "DELETE FROM users WHERE id = $1", h.id)
				require.NoError(t, err)
				var written int
				require.NoError(t, tx.QueryRow(t.Context(), "SELECT count(*) FROM outbox").Scan(&written))
				require.Equal(t, 3, written, "in the same transaction")
				return changed
			}), changed)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t).household(t)
			if c.before != "" {
				h.exec(t, c.before)
			}
			sessions := h.sessions(t)
			h.told(t)
			c.do(t, h)
			var types []string
			ended := map[uuid.UUID]bool{}
			for _, event := range h.told(t) {
				types = append(types, event.Type)
				require.Equal(t, h.id, event.Subject)
				require.Nil(t, event.PublishedAt)
				if event.Type == revoked {
					ended[h.sessionIn(t, event)] = true
				} else {
					h.userIn(t, event)
				}
			}
			require.Equal(t, c.want, types)
			revocations := slices.DeleteFunc(slices.Clone(types), func(name string) bool { return name != revoked })
			require.Len(t, ended, len(revocations), "each session once")
			if name != "startSession beyond the most" {
				for id := range ended {
					require.Contains(t, sessions, id)
				}
			}
		})
	}
}

// sessionIn checks the data of an event session.revoked and gives the session.
func (h household) sessionIn(t *testing.T, event outboxRow) uuid.UUID {
	t.Helper()
	var data map[string]uuid.UUID
	require.NoError(t, json.Unmarshal(event.Data, &data))
	require.Equal(t, map[string]uuid.UUID{"session_id": data["session_id"], "user_id": h.id}, data)
	return data["session_id"]
}

// userIn checks the data of an event about an account.
func (h household) userIn(t *testing.T, event outboxRow) {
	t.Helper()
	var data map[string]any
	require.NoError(t, json.Unmarshal(event.Data, &data))
	status, roles := "deleted", []any{"customer"}
	user, err := h.queries.GetUser(t.Context(), h.id)
	if !postgres.IsNoRows(err) {
		require.NoError(t, err)
		status, roles = string(user.Status), nil
		for _, role := range user.Roles {
			roles = append(roles, role)
		}
	}
	require.Equal(t, map[string]any{
		"user_id": h.id.String(), "status": status, "roles": roles,
		"changed_at": event.OccurredAt.UTC().Format("2006-01-02T15:04:05.000000Z"),
	}, data)
}

// The events of a user are in the order of the changes, also when many changes are made at once.
func TestEventsOfAUserAreInOrder(t *testing.T) {
	t.Parallel()
	h := start(t).household(t)
	var all errgroup.Group
	for range 8 {
		all.Go(func() error {
			for range 20 {
				_, err := h.Pool.Exec(t.Context(), `UPDATE users SET status =
					CASE status WHEN 'active' THEN 'disabled' ELSE 'active' END::user_status WHERE id = $1`, h.id)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	told := h.told(t)
	require.Len(t, told, 160)
	for i, event := range told {
		require.Equal(t, []string{"user.disabled", "user.enabled"}[i%2], event.Type)
		require.True(t, i == 0 || told[i-1].OccurredAt.Before(event.OccurredAt))
	}
}

// The page that describes the events shows one of each type, with its data.
func TestEventsAreDescribed(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/events.md")
	require.NoError(t, err)
	type event struct {
		Source, Type string
		Data         map[string]any
	}
	described := map[string][]string{}
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1) {
		var e event
		require.NoError(t, json.Unmarshal(block[1], &e), string(block[1]))
		if e.Source == "/users" {
			require.NotContains(t, described, e.Type)
			described[e.Type] = slices.Sorted(maps.Keys(e.Data))
		}
	}
	h := start(t).household(t)
	h.exec(t, "UPDATE users SET status = 'disabled', roles = '{staff}' WHERE id = $1", h.id)
	h.exec(t, "UPDATE users SET status = 'active' WHERE id = $1", h.id)
	h.exec(t, "UPDATE sessions SET revoked_at = now() WHERE id = $1", h.sessions(t)[0])
	h.exec(t, "DELETE FROM users WHERE id = $1", h.id)
	written := map[string][]string{}
	for _, row := range h.told(t) {
		var data map[string]any
		require.NoError(t, json.Unmarshal(row.Data, &data))
		written[row.Type] = slices.Sorted(maps.Keys(data))
	}
	require.Equal(t, written, described)
	require.ElementsMatch(t, eventTypes(), slices.Collect(maps.Keys(written)))
}

// Every change of an account reaches NATS, whichever program makes it.
func TestServePublishes(t *testing.T) {
	t.Parallel()
	bus, err := natsserver.Start(t.Context(), natsserver.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(bus.Stop)
	conn, err := nats.Connect(bus.URL().Reveal())
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	published, err := conn.SubscribeSync("plumbline.users.>")
	require.NoError(t, err)
	url := pgtest.URL(t, schema.Migrations, schema.Parts...)
	p := programtest.Serve(t, Run, environment(url, "USERS_NATS_URL="+bus.URL().Reveal()))
	_, err = run(t, environment(url), "create-admin", "--email", "ada@example.com")
	require.NoError(t, err)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	_, err = pool.Exec(t.Context(), "UPDATE users SET status = 'disabled' WHERE email LIKE 'ada%'")
	require.NoError(t, err)
	message, err := published.NextMsg(programtest.Patience)
	require.NoError(t, err)
	require.Equal(t, "plumbline.users.user.disabled", message.Subject)
	require.Contains(t, string(message.Data), `"source":"/users","type":"user.disabled"`)
	require.Eventually(t, func() bool {
		_, body := programtest.Get(t, p.OpsURL+"/healthz")
		return strings.Contains(body, `"name":"nats","status":"healthy"`)
	}, programtest.Patience, programtest.Patience/1000)
}

// Triggers write the events of users. An event continues the trace of the request that made it happen, if that is
// recorded.
func TestEventsContinueTheTrace(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	tracer, err := telemetry.NewTracer(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)),
		telemetry.Sampling{Callers: 1000})
	require.NoError(t, err)
	s := start(t, func(o *options) { o.chain = func(c *httpapi.Options) { c.Tracer = tracer } })
	h := s.household(t)
	s.told(t)
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, c := range []struct{ action, flag string }{{"disable", "01"}, {"enable", "00"}} {
		answer, body := s.do(http.MethodPost, "/api/v1/admin/users/"+h.id.String()+"/"+c.action, "", "Authorization",
			"Bearer "+h.admin.tokens.AccessToken, "Traceparent", "00-"+trace+"-00f067aa0ba902b7-"+c.flag)
		require.Equal(t, http.StatusOK, answer.StatusCode, body)
		told := s.told(t)
		require.NotEmpty(t, told)
		for _, e := range told {
			if c.flag == "00" {
				require.Nil(t, e.Traceparent, e.Type)
				continue
			}
			span := recorder.Ended()[len(recorder.Ended())-1]
			require.Equal(t, "disableUser", span.Name())
			require.NotNil(t, e.Traceparent, e.Type)
			require.Equal(t, "00-"+trace+"-"+span.SpanContext().SpanID().String()+"-01", *e.Traceparent, e.Type)
		}
	}
}
