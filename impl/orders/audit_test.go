package orders

import (
	"testing"

	"example.com/plumbline/impl/platform/contracttest"
)

func TestAudit(t *testing.T) {
	t.Parallel()
	contracttest.WhatIsDoneIsAudited(t, contract(t))
}
