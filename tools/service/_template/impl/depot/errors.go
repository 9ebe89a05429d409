package depot

import (
	"errors"

	"example.com/plumbline/gen/depotapi"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
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

// explain turns the errors of the database into faults; it is the only place that knows them, as by
// postgres.Constraint. missing is the fault of a row that is not there; nil means that a missing row is a defect.
func explain(err error, missing *fault.Error) error {
	var f *fault.Error
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case postgres.IsNoRows(err) && missing != nil:
		return missing.Because(err)
	default:
		return program.ExplainDatabase(err)
	}
}
