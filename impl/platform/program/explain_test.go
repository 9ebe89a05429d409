package program_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/testkit/contracttest"
)

var errMissing = fault.New(fault.NotFound, "review_not_found", "There is no review with that id.")

func TestExplain(t *testing.T) {
	t.Parallel()
	contracttest.ErrorsAreExplained(t, func(err error) error { return program.Explain(err, errMissing) })
	require.ErrorIs(t, program.Explain(pgx.ErrNoRows, errMissing), errMissing)
	require.Equal(t, pgx.ErrNoRows, program.Explain(pgx.ErrNoRows, nil),
		"a row that must be there is a defect when it is not")
	require.Equal(t, errMissing, program.Explain(errMissing, nil))
	require.NoError(t, program.Explain(nil, errMissing))
}
