package orders

import (
	"testing"

	"example.com/plumbline/impl/platform/contracttest"
)

func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	contracttest.NothingSecretIsLogged(t, contract(t))
}

func TestRequestLines(t *testing.T) {
	t.Parallel()
	contracttest.RequestsAreLogged(t, contract(t))
}

func TestActionsAreAudited(t *testing.T) {
	t.Parallel()
	contracttest.ActionsAreAudited(t, contract(t))
}
