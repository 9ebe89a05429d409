// Package standing gives every other service the state of the accounts and sessions of the users service.
//
// An access token is valid as signed until an event of the users service contradicts it; what the events said is kept
// for longer than any access token lives. The package promises that, once an event has been handled, [Store.Read]
// refuses every token of an ended session and of an account that is not active, and gives a token from before a change
// of roles the roles after it. Triggers of the tables announce each change on the channel "sessions", as
// guard.Guard.Watch reads it: the session that has ended, or the account that has changed.
package standing

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/gen/standingdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/dbfault"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/guard"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/token"
)

const (
	// Active is the status of an account that may act; the others are disabled and [Deleted].
	Active = "active"
	// Deleted is the status of an account that is gone.
	Deleted = "deleted"
	// Memory is how long accounts and ended sessions are kept: longer than any access token lives.
	Memory = time.Hour
)

//go:embed schema/*.sql
var schema embed.FS

// Tables is the part of a database's schema that has the accounts and the ended sessions.
var Tables = postgres.NewTables("standing", schema)

// Account is the data of the users service's events about accounts: the state of an account since ChangedAt.
type Account struct {
	UserID    uuid.UUID `json:"user_id"`
	Status    string    `json:"status"`
	Roles     []string  `json:"roles"`
	ChangedAt time.Time `json:"changed_at"`
}

// SessionEnd is the data of the users service's events about sessions.
type SessionEnd struct {
	SessionID uuid.UUID `json:"session_id"`
}

// Database is a pool, or a transaction that a test rolls back. It has [Tables] and those of the package events.
type Database interface {
	standingdb.DBTX
	postgres.Beginner
}

// Config is what a Store is made of.
type Config struct {
	Database Database
	// Changed is called after an event about an account has been kept, and again for each copy of it; it may be nil.
	Changed func(ctx context.Context, a Account) error
	// Clock tells the time; nil is the system's.
	Clock func() time.Time
}

// Store keeps what the events said. It is safe for concurrent use.
type Store struct {
	Config

	queries standingdb.Querier
}

// New makes the store of a service.
func New(c Config) *Store {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Store{Config: c, queries: standingdb.New(c.Database)}
}

// Read gives the session of a verified token, for guard.Config: the claims of the token, corrected by later events.
func (s *Store) Read(ctx context.Context, claims token.Claims) (guard.Session, error) {
	known, err := s.queries.GetStanding(ctx, standingdb.GetStandingParams{
		SessionID: claims.SessionID, UserID: claims.Subject,
	})
	if err != nil {
		return guard.Session{}, dbfault.Explain(err, nil)
	}
	if known.Ended || known.Status != Active {
		return guard.Session{}, contract.ErrUnauthenticated
	}
	roles := claims.Roles
	// Tokens have whole seconds: one that is as old as the change may be from before it.
	if known.ChangedAt != nil && !claims.IssuedAt.After(*known.ChangedAt) {
		roles = known.Roles
	}
	return guard.Session{
		Principal: &httpapi.Principal{Subject: claims.Subject, SessionID: claims.SessionID, Roles: slices.Clone(roles)},
		ExpiresAt: claims.ExpiresAt, TokenID: claims.ID,
	}, nil
}

// Handle keeps what an event of the users service says, for events.ConsumerConfig. It ignores unknown types.
func (s *Store) Handle(ctx context.Context, e events.Event) error {
	switch e.Type {
	case "user.disabled", "user.enabled", "user.deleted", "user.roles_changed":
		var account Account
		if err := json.Unmarshal(e.Data, &account); err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		return s.keepAccount(ctx, e, account)
	case "session.revoked":
		var ended SessionEnd
		if err := json.Unmarshal(e.Data, &ended); err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		return events.Once(ctx, s.Database, e, func(tx pgx.Tx) error {
			return standingdb.New(tx).EndSession(ctx, standingdb.EndSessionParams{SessionID: ended.SessionID, EndedAt: e.Time})
		})
	default:
		return nil
	}
}

func (s *Store) keepAccount(ctx context.Context, e events.Event, a Account) error {
	if a.Roles == nil {
		a.Roles = []string{}
	}
	err := events.Once(ctx, s.Database, e, func(tx pgx.Tx) error {
		_, err := standingdb.New(tx).KeepAccount(ctx, standingdb.KeepAccountParams{
			UserID: a.UserID, Status: a.Status, Roles: a.Roles, ChangedAt: a.ChangedAt,
		})
		return err
	})
	if err != nil || s.Changed == nil {
		return err
	}
	return s.Changed(ctx, a)
}

// Purge removes what is older than every token in use, in batches that lock little.
func (s *Store) Purge(ctx context.Context) error {
	before := s.Clock().Add(-Memory)
	return errors.Join(
		postgres.InBatches(func(limit int32) (int64, error) {
			return s.queries.PurgeEndedSessions(ctx, standingdb.PurgeEndedSessionsParams{EndedBefore: before, RowLimit: limit})
		}),
		postgres.InBatches(func(limit int32) (int64, error) {
			return s.queries.PurgeAccounts(ctx, standingdb.PurgeAccountsParams{ChangedBefore: before, RowLimit: limit})
		}),
	)
}
