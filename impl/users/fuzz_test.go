package users

import (
	"testing"

	"example.com/plumbline/impl/platform/contracttest"
)

func FuzzService(f *testing.F) { contracttest.Fuzz(f, contract(f)) }
