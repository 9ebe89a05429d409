package users

import (
	"testing"

	"example.com/plumbline/impl/testkit/contracttest"
)

func FuzzService(f *testing.F) { contracttest.Fuzz(f, underTest(f)) }
