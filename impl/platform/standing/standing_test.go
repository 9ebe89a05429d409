package standing_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// world is a store with what its service was told of accounts.
type world struct {
	*standing.Store

	t       *testing.T
	now     time.Time
	changed []standing.Account
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	w.Store = standing.New(standing.Config{
		Database: pgtest.New(t, nil, events.Tables, standing.Tables),
		Clock:    func() time.Time { return w.now },
		Changed: func(_ context.Context, a standing.Account) error {
			w.changed = append(w.changed, a)
			return nil
		},
	})
	return w
}

// tell has the store handle an event, twice as the bus may.
func (w *world) tell(eventType string, data any) {
	w.t.Helper()
	text, err := json.Marshal(data)
	require.NoError(w.t, err)
	e := events.Event{ID: uuid.New(), Type: eventType, Time: w.now, Data: text}
	for range 2 {
		require.NoError(w.t, w.Handle(w.t.Context(), e))
	}
}

// roles gives those with which a token issued so long ago is accepted, and "" where it is not.
func (w *world) roles(account, session uuid.UUID, age time.Duration) string {
	w.t.Helper()
	got, err := w.Read(w.t.Context(), token.Claims{
		ID: "token", Subject: account, SessionID: session, Roles: []string{"staff"},
		IssuedAt: w.now.Add(-age), ExpiresAt: w.now.Add(time.Minute),
	})
	if errors.Is(err, contract.ErrUnauthenticated) {
		return ""
	}
	require.NoError(w.t, err)
	require.Equal(w.t, "token", got.TokenID)
	require.Equal(w.t, w.now.Add(time.Minute), got.ExpiresAt)
	require.Equal(w.t, [2]uuid.UUID{account, session}, [2]uuid.UUID{got.Principal.Subject, got.Principal.SessionID})
	require.Len(w.t, got.Principal.Roles, 1)
	return got.Principal.Roles[0]
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	w := open(t)
	id, other := uuid.New(), uuid.New()
	require.Equal(t, "staff", w.roles(id, uuid.New(), time.Minute), "nobody has told otherwise")
	account := standing.Account{
		UserID: id, Status: standing.Active, Roles: []string{"customer"}, ChangedAt: w.now.Add(-time.Minute),
	}
	w.tell("user.roles_changed", account)
	require.Equal(t, "customer", w.roles(id, uuid.New(), time.Minute),
		"a token as old as the change may be from before it")
	require.Equal(t, "staff", w.roles(id, uuid.New(), time.Second), "issued since")

	for _, status := range []string{"disabled", "deleted"} {
		account.Status, account.ChangedAt = status, account.ChangedAt.Add(time.Second)
		w.tell("user."+status, account)
		require.Empty(t, w.roles(id, uuid.New(), 0), status)
	}
	require.Len(t, w.changed, 6, "of a copy as well: what follows from it may not have been done")
	require.Equal(t, "deleted", w.changed[5].Status)

	// What is older comes late, and changes nothing.
	account.Status, account.ChangedAt = standing.Active, account.ChangedAt.Add(-time.Second)
	w.tell("user.enabled", account)
	require.Empty(t, w.roles(id, uuid.New(), 0))
	require.Equal(t, "staff", w.roles(other, uuid.New(), 0))
	w.tell("user.renamed", account)
	require.Len(t, w.changed, 8)
	for _, kind := range []string{"user.enabled", "session.revoked"} {
		e := events.Event{ID: uuid.New(), Type: kind, Data: json.RawMessage(`[]`)}
		require.Error(t, w.Handle(t.Context(), e), kind)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	w := open(t)
	account, session := uuid.New(), uuid.New()
	w.tell("session.revoked", standing.SessionEnd{SessionID: session})
	require.Empty(t, w.roles(account, session, 0))
	require.Equal(t, "staff", w.roles(account, uuid.New(), 0))
	require.Empty(t, w.changed)
}

// The database names what has changed, and nothing when nothing has: replicas forget no other sessions.
func TestChangesAreAnnounced(t *testing.T) {
	t.Parallel()
	w := open(t)
	conn, err := pgx.Connect(t.Context(), w.Database.(*pgxpool.Pool).Config().ConnString())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })
	_, err = conn.Exec(t.Context(), "LISTEN sessions")
	require.NoError(t, err)
	account, session := uuid.New(), uuid.New()
	told := standing.Account{UserID: account, Status: "disabled", ChangedAt: w.now}
	w.tell("user.disabled", told)
	w.tell("session.revoked", standing.SessionEnd{SessionID: session})
	told.ChangedAt = w.now.Add(-time.Second)
	w.tell("user.enabled", told) // It comes late.
	told.ChangedAt = w.now.Add(time.Second)
	w.tell("user.enabled", told)
	for _, want := range []string{"account:" + account.String(), session.String(), "account:" + account.String()} {
		notification, err := conn.WaitForNotification(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, notification.Payload)
	}
	waiting, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = conn.Exec(t.Context(), "SELECT") // What was announced before has arrived with the answer.
	require.NoError(t, err)
	_, err = conn.WaitForNotification(waiting)
	require.Error(t, err, "nothing else")
}

// What was told is kept as long as a token may contradict it.
func TestPurge(t *testing.T) {
	t.Parallel()
	w := open(t)
	account, session := uuid.New(), uuid.New()
	w.tell("user.disabled", standing.Account{UserID: account, Status: "disabled", ChangedAt: w.now})
	w.tell("session.revoked", standing.SessionEnd{SessionID: session})
	for _, c := range []struct {
		after time.Duration
		roles string
	}{{0, ""}, {standing.Memory, ""}, {time.Second, "staff"}} {
		w.now = w.now.Add(c.after)
		require.NoError(t, w.Purge(t.Context()))
		require.Equal(t, c.roles, w.roles(account, uuid.New(), 0))
		require.Equal(t, c.roles, w.roles(uuid.New(), session, 0))
	}
}
