package depot

import (
	"example.com/plumbline/gen/depotapi"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/resource"
)

// Every failure this service answers with, besides those of the chain.
var (
	errVersionChanged = fault.New(fault.PreconditionFailed, depotapi.ProblemCodeVersionChanged,
		"It has changed since you read it; current is what it is now.")
	errWidgetNotFound = fault.New(fault.NotFound, depotapi.ProblemCodeWidgetNotFound,
		"There is no widget with that id.")
)

// faults lists them for the chain, for who explains them, and for the test that holds them against the document.
func faults() []*fault.Error { return []*fault.Error{errVersionChanged, errWidgetNotFound} }

// explain turns what the database reports into faults; it is the only place that knows the service's constraints.
func explain(err error) error { return resource.Explain(err, errWidgetNotFound) }
