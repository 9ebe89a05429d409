package orders

import (
	"testing"

	"example.com/plumbline/impl/platform/contracttest"
)

func TestBadInput(t *testing.T) {
	t.Parallel()
	contracttest.RefuseBadInput(t, contract(t))
}

func TestMethods(t *testing.T) {
	t.Parallel()
	contracttest.OtherMethodsAreRefused(t, contract(t))
}

func TestInputAtTheBounds(t *testing.T) {
	t.Parallel()
	contracttest.InputAtTheBoundsIsTaken(t, contract(t))
}

func TestWhatTheDocumentAllows(t *testing.T) {
	t.Parallel()
	contracttest.WhatTheDocumentAllowsIsTaken(t, contract(t))
}

func TestWhatTheDocumentForbids(t *testing.T) {
	t.Parallel()
	contracttest.WhatTheDocumentForbidsIsRefused(t, contract(t))
}

func TestSequences(t *testing.T) {
	t.Parallel()
	contracttest.SequencesHoldTogether(t, contract(t))
}
