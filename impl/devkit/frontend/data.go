package frontend

import (
	"context"
	"time"

	"example.com/plumbline/gen/devapi"
)

// ResetData restores the seeded data, releases the clock and removes the fault rules.
func (s *Service) ResetData(
	ctx context.Context, _ devapi.ResetDataRequestObject,
) (devapi.ResetDataResponseObject, error) {
	began := time.Now()
	s.rules.clear()
	s.clock.release()
	s.mails.clear()
	if err := s.reset(ctx); err != nil {
		return nil, err
	}
	return devapi.ResetData200JSONResponse{TookMs: time.Since(began).Milliseconds()}, nil
}
