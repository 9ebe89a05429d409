package program

import (
	"errors"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/postgres"
)

// Explain turns an error of the database into a fault, as ExplainDatabase does, and a row that is not there into
// missing; nil means that a missing row is a defect. A fault stays as it is. A service explains its constraints before.
func Explain(err error, missing *fault.Error) error {
	var f *fault.Error
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case postgres.IsNoRows(err) && missing != nil:
		return missing.Because(err)
	default:
		return ExplainDatabase(err)
	}
}

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
