package orders

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/events"
)

// accountActive is the state of an account that may order; the others are disabled and deleted.
const accountActive = "active"

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

// hear takes up what the users service tells: from then on tokens are judged by it, and an account that is not active any
// more has its pending orders cancelled.
func (s *Service) hear(ctx context.Context, e events.Event) error {
	switch e.Type {
	case "user.disabled", "user.enabled", "user.deleted", "user.roles_changed":
		var change accountChanged
		if err := json.Unmarshal(e.Data, &change); err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		return s.hearOfAccount(ctx, e, change)
	case "session.revoked":
		var ended sessionRevoked
		if err := json.Unmarshal(e.Data, &ended); err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		return s.inEventTx(ctx, e, func(tx tx) error {
			return tx.EndSession(ctx, ordersdb.EndSessionParams{SessionID: ended.SessionID, EndedAt: e.Time})
		})
	default:
		return nil
	}
}

func (s *Service) hearOfAccount(ctx context.Context, e events.Event, change accountChanged) error {
	if change.Roles == nil {
		change.Roles = []string{}
	}
	err := s.inEventTx(ctx, e, func(tx tx) error {
		_, err := tx.KeepAccount(ctx, ordersdb.KeepAccountParams{
			UserID: change.UserID, Status: change.Status, Roles: change.Roles, ChangedAt: change.ChangedAt,
		})
		return err
	})
	if err != nil || change.Status == accountActive {
		return err
	}
	return s.withdrawOrphaned(ctx)
}
