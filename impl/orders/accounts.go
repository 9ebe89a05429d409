package orders

import (
	"context"

	"example.com/plumbline/impl/platform/standing"
)

// accountChanged cancels the pending orders of accounts that are not active any more.
func (s *Service) accountChanged(ctx context.Context, a standing.Account) error {
	if a.Status == standing.Active {
		return nil
	}
	return s.withdrawOrphaned(ctx)
}
