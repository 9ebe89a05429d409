// Package dbfault turns the errors of PostgreSQL that mean the same in every service into faults of the document.
package dbfault

import (
	"errors"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/postgres"
)

// Explain turns an error of the database into a fault: a time-out, a database that is away, a share of the pool that is
// used up, and, as missing, a row that is not there; nil means that a missing row is a defect. It returns a fault and
// every other error as it is. A service explains its own constraints before.
func Explain(err error, missing *fault.Error) error {
	var f *fault.Error
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case postgres.IsNoRows(err) && missing != nil:
		return missing.Because(err)
	case errors.Is(err, postgres.ErrShareUsedUp):
		return contract.ErrOverloaded.Because(err)
	case postgres.IsTimeout(err):
		return contract.ErrTimeout.Because(err)
	case postgres.IsUnavailable(err): // Also when the outcome is unknown: a repetition finds out.
		return contract.ErrUnavailable.Because(err)
	default:
		return err
	}
}
