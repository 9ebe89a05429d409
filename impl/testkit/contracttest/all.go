package contracttest

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// check is one check of a service.
type check struct {
	name string
	run  func(t *testing.T, s *Service)
	// of selects the operations of the check; nil selects all. A check without an operation is left out.
	of func(op *contract.Operation) bool
}

// checks are the checks of All.
var checks = []check{
	{"OperationsSucceed", operationsSucceed, nil},
	{"AccessMatrix", accessMatrix, nil},
	{"AccessMatrixSeesEveryRule", accessMatrixSeesEveryRule, nil},
	{"NoRolePassesEverything", noRolePassesEverything, nil},
	{"GenuineTokensPass", genuineTokensPass, nil},
	{"BadInputIsRefused", badInputIsRefused, nil},
	{"OtherMethodsAreRefused", otherMethodsAreRefused, nil},
	{"HeadsAreGets", headsAreGets, nil},
	{"TrustedPagesReadAll", trustedPagesReadAll, nil},
	{"InputAtTheBoundsIsTaken", inputAtTheBoundsIsTaken, nil},
	{"WhatTheDocumentAllowsIsTaken", whatTheDocumentAllowsIsTaken, nil},
	{"WhatTheDocumentForbidsIsRefused", whatTheDocumentForbidsIsRefused, nil},
	{"SequencesHoldTogether", sequencesHoldTogether, nil},
	{"EveryOperationEndsAsAnyMay", everyOperationEndsAsAnyMay, nil},
	{"CodesAreThoseOfTheDocument", codesAreThoseOfTheDocument, nil},
	{"RequestsAreLogged", requestsAreLogged, nil},
	{"NothingSecretIsLogged", nothingSecretIsLogged, nil},
	{"ActionsAreLogged", actionsAreLogged, func(op *contract.Operation) bool { return op.Policy.Audit != nil }},
	{"WhatIsDoneIsAudited", whatIsDoneIsAudited, func(op *contract.Operation) bool { return op.Policy.Audit != nil }},
	{"StrangersFillNothing", strangersFillNothing,
		func(op *contract.Operation) bool { return op.Policy.Audit != nil && op.Policy.Access.Public }},
	{"DeprecationIsTold", deprecationIsTold, nil},
	{"LocationsLead", locationsLead, func(op *contract.Operation) bool { return op.Statuses[0] == http.StatusCreated }},
	{"StaleChangesAreRefused", staleChangesAreRefused,
		func(op *contract.Operation) bool { return slices.Contains(op.Statuses, http.StatusPreconditionFailed) }},
	{"RateLimitsHold", rateLimitsHold, func(op *contract.Operation) bool { return op.Policy.RateLimit != nil }},
}

// All runs every check that needs to know no more of a service than a Service says. Use it as
//
//	func TestContract(t *testing.T) { t.Parallel(); contracttest.All(t, contract(t)) }
func All(t *testing.T, s *Service) {
	t.Helper()
	for id := range s.Beyond {
		require.NotNil(t, s.Document.Operation(id), "more is known of %s, and the document has no such operation", id)
	}
	for _, c := range checks {
		if c.of != nil && !slices.ContainsFunc(s.Document.Operations, c.of) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, s)
		})
	}
}
