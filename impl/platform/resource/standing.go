package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/guard"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/token"
)

// standing is what the users service has told of accounts and sessions, in the tables accounts and ended_sessions.
type standing struct {
	database Database
	clock    func() time.Time
}

const (
	readStanding = `
SELECT EXISTS (SELECT FROM ended_sessions WHERE session_id = $1),
       coalesce(accounts.status, 'active'), accounts.roles, accounts.changed_at
FROM (SELECT $2::uuid AS user_id) AS caller
LEFT JOIN accounts ON accounts.user_id = caller.user_id`
	keepAccount = `
INSERT INTO accounts (user_id, status, roles, changed_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT accounts_pkey DO UPDATE
SET status = excluded.status, roles = excluded.roles, changed_at = excluded.changed_at
WHERE accounts.changed_at < excluded.changed_at`
	endSession = `
INSERT INTO ended_sessions (session_id, ended_at)
VALUES ($1, $2)
ON CONFLICT ON CONSTRAINT ended_sessions_pkey DO NOTHING`
	purgeSessions = `
DELETE FROM ended_sessions
WHERE session_id IN (SELECT session_id FROM ended_sessions WHERE ended_at < $1 LIMIT $2)`
	purgeAccounts = `
DELETE FROM accounts
WHERE user_id IN (SELECT user_id FROM accounts WHERE changed_at < $1 LIMIT $2)`
)

// memory is longer than a token can say otherwise than what was told.
const memory = time.Hour

// read gives what a token says, as far as nothing else has been told since.
func (s *standing) read(ctx context.Context, claims token.Claims) (guard.Session, error) {
	var ended bool
	var status string
	var roles []string
	var changedAt *time.Time
	row := s.database.QueryRow(ctx, readStanding, claims.SessionID, claims.Subject)
	if err := row.Scan(&ended, &status, &roles, &changedAt); err != nil {
		return guard.Session{}, Explain(err, nil)
	}
	if ended || status != "active" {
		return guard.Session{}, contract.ErrUnauthenticated
	}
	// A token counts whole seconds: one that is as old as the change may be from before it.
	if changedAt == nil || claims.IssuedAt.After(*changedAt) {
		roles = slices.Clone(claims.Roles)
	}
	return guard.Session{
		Principal: &httpapi.Principal{Subject: claims.Subject, SessionID: claims.SessionID, Roles: roles},
		ExpiresAt: claims.ExpiresAt, TokenID: claims.ID,
	}, nil
}

// accountChanged is the data of the users service's events about accounts.
type accountChanged struct {
	UserID    uuid.UUID `json:"user_id"`
	Status    string    `json:"status"`
	Roles     []string  `json:"roles"`
	ChangedAt time.Time `json:"changed_at"`
}

// sessionRevoked is the data of its event about sessions.
type sessionRevoked struct {
	SessionID uuid.UUID `json:"session_id"`
}

// hear keeps what an event of the users service tells. What it does not know concerns others.
func (s *standing) hear(ctx context.Context, e events.Event) error {
	var sql string
	var args []any
	switch e.Type {
	case "user.disabled", "user.enabled", "user.deleted", "user.roles_changed":
		var change accountChanged
		if err := json.Unmarshal(e.Data, &change); err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		if change.Roles == nil {
			change.Roles = []string{}
		}
		sql, args = keepAccount, []any{change.UserID, change.Status, change.Roles, change.ChangedAt}
	case "session.revoked":
		var revoked sessionRevoked
		if err := json.Unmarshal(e.Data, &revoked); err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		sql, args = endSession, []any{revoked.SessionID, e.Time}
	default:
		return nil
	}
	return events.Once(ctx, s.database, e, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}

// purgeBatch is small enough to lock little.
const purgeBatch = 1000

// purge removes what no token contradicts any more.
func (s *standing) purge(ctx context.Context) error {
	for _, sql := range []string{purgeSessions, purgeAccounts} {
		for removed := int64(purgeBatch); removed == purgeBatch; {
			err := postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
				tag, err := tx.Exec(ctx, sql, s.clock().Add(-memory), purgeBatch)
				removed = tag.RowsAffected()
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
