package program

import (
	"errors"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/postgres"
)

// ExplainDatabase turns the errors of PostgreSQL that mean the same in every service into faults: a time-out, a
// database that is away, a share of the pool that is used up. It returns every other error as it is.
func ExplainDatabase(err error) error {
	switch {
	case errors.Is(err, postgres.ErrShareUsedUp):
		return contract.ErrOverloaded.Because(err)
	case postgres.IsTimeout(err):
		return contract.ErrTimeout.Because(err)
	case postgres.IsUnavailable(err), errors.Is(err, postgres.ErrUnknownOutcome):
		return contract.ErrUnavailable.Because(err)
	default:
		return err
	}
}
