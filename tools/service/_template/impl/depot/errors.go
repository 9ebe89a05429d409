package depot

import (
	"example.com/plumbline/gen/depotapi"
	"example.com/plumbline/impl/platform/dbfault"
	"example.com/plumbline/impl/platform/fault"
)

// The faults of this service, besides those of the chain.
var (
	errVersionChanged = fault.New(fault.PreconditionFailed, depotapi.ProblemCodeVersionChanged,
		"The widget has changed since you read it; current is its present state.")
	errWidgetNotFound = fault.New(fault.NotFound, depotapi.ProblemCodeWidgetNotFound,
		"There is no widget with that id.")
)

// faults lists them for the chain, for the problem pages, and for the test that compares them with the document.
func faults() []*fault.Error { return []*fault.Error{errVersionChanged, errWidgetNotFound} }

// explain turns the errors of the database into faults; here the service explains its constraints. missing is the fault
// of a row that is not there; nil means that a missing row is a defect.
func explain(err error, missing *fault.Error) error { return dbfault.Explain(err, missing) }
