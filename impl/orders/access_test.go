package orders

import (
	"testing"

	"example.com/plumbline/impl/platform/contracttest"
)

func TestAccessMatrix(t *testing.T) {
	t.Parallel()
	contracttest.AccessMatrix(t, contract(t))
}

func TestAccessMatrixSeesEveryRule(t *testing.T) {
	t.Parallel()
	contracttest.AccessMatrixSeesEveryRule(t, contract(t))
}

func TestNoRolePassesEverything(t *testing.T) {
	t.Parallel()
	contracttest.NoRolePassesEverything(t, contract(t))
}
