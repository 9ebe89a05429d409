package frontend

import (
	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/impl/platform/fault"
)

// The failures of dev.yaml, besides those of the chain.
var (
	errPersonaNotFound = fault.New(fault.NotFound, devapi.ProblemCodePersonaNotFound,
		"There is no persona with that name; GET /dev/v1/personas lists them.")
	errPersonaDisabled = fault.New(fault.Forbidden, devapi.ProblemCodePersonaDisabled,
		"The persona cannot log in, because its account was changed; POST /dev/v1/reset brings it back.")
	errFaultNotFound = fault.New(fault.NotFound, devapi.ProblemCodeFaultNotFound, "There is no rule with that id.")
)

// faults lists them for the chain, and for the test that compares them with the document.
func faults() []*fault.Error {
	return []*fault.Error{errPersonaNotFound, errPersonaDisabled, errFaultNotFound}
}
