package dbfault_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/dbfault"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/testkit/contracttest"
)

var errMissing = fault.New(fault.NotFound, "review_not_found", "There is no review with that id.")

func TestExplain(t *testing.T) {
	t.Parallel()
	contracttest.ErrorsAreExplained(t, func(err error) error { return dbfault.Explain(err, errMissing) })
	require.ErrorIs(t, dbfault.Explain(pgx.ErrNoRows, errMissing), errMissing)
	require.Equal(t, pgx.ErrNoRows, dbfault.Explain(pgx.ErrNoRows, nil),
		"a row that must be there is a defect when it is not")
	require.Equal(t, errMissing, dbfault.Explain(errMissing, nil))
	require.NoError(t, dbfault.Explain(nil, errMissing))
}
