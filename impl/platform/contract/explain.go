package contract

import (
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"example.com/plumbline/impl/platform/fault"
)

// Contract is all that a service promises: its document, and the faults that it answers with besides those of the
// chain.
type Contract struct {
	Document *Document
	Faults   []*fault.Error
}

// Describe loads the document of a service with its policy: spec gives it as it was generated.
func Describe(name string, spec func() (*openapi3.T, error), faults []*fault.Error) (Contract, error) {
	read, err := spec()
	if err != nil {
		return Contract{}, err
	}
	document, err := Load(name, read)
	return Contract{Document: document, Faults: faults}, err
}

// Explained is a problem code as its page explains it.
type Explained struct {
	Code   string
	Status int
	// Title is the status in words, Detail what has happened, and Advice what a program does about it.
	Title, Detail, Advice string
	// Operations are those that document the code.
	Operations []ExplainedOperation
}

// ExplainedOperation is an operation that can end with a problem.
type ExplainedOperation struct{ Document, Tag, ID, Request, Summary string }

// Explain explains every problem code of some contracts, each once, in the order of the codes.
func Explain(contracts ...Contract) []Explained {
	var all []Explained
	for _, c := range contracts {
		for _, f := range slices.Concat(Faults(c.Document), c.Faults) {
			i := slices.IndexFunc(all, func(e Explained) bool { return e.Code == f.Code })
			if i < 0 {
				status := StatusOf(f)
				all = append(all, Explained{
					Code: f.Code, Status: status, Title: http.StatusText(status), Detail: f.Detail, Advice: adviceOn(f),
				})
				i = len(all) - 1
			}
			all[i].Operations = append(all[i].Operations, c.Document.answering(f.Code)...)
		}
	}
	slices.SortFunc(all, func(a, b Explained) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// answering lists the operations that document a code. Each has one tag: the lint of documents demands it.
func (d *Document) answering(code string) (operations []ExplainedOperation) {
	for _, o := range d.Operations {
		if slices.ContainsFunc(o.Problems, func(p Problem) bool { return p.Code == code }) {
			operations = append(operations, ExplainedOperation{
				Document: d.Name, Tag: o.spec.Tags[0], ID: o.ID, Request: o.Method + " " + o.Pattern,
				Summary: o.spec.Summary,
			})
		}
	}
	return operations
}

// adviceOn says what a program does that gets a fault for an answer.
func adviceOn(f *fault.Error) string {
	switch {
	case f.Kind == fault.Unauthenticated:
		return "Refresh the access token once and repeat the request; if that is refused as well, let the person log in."
	case f.Kind == fault.Forbidden:
		return "Do not repeat the request: it will be refused again. Show what the person may do instead."
	case f.Kind == fault.NotFound:
		return "Do not repeat the request. " +
			"The resource may have been removed, or may belong to another account: read the list again."
	case f.RetryAfter > 0 || f.Kind == fault.RateLimited || f.Kind == fault.Unavailable:
		return "Wait as many seconds as Retry-After says and send the same request again, " +
			"with the same Idempotency-Key if it had one."
	case f.Kind == fault.Conflict:
		return "Read the resource again, show its current state, and let the person decide; " +
			"errors, if present, names the places."
	case f.Kind == fault.PreconditionFailed:
		return "Show current as the new state, let the person decide again, " +
			"and send the change with the ETag of current in If-Match."
	case f.Kind == fault.PreconditionRequired:
		return "Read the resource and send the ETag of the answer in If-Match."
	case f.Kind == fault.Invalid:
		return "Show each entry of errors at the field that its pointer names; the request succeeds once these are corrected."
	case f.Kind == fault.Malformed, f.Kind == fault.TooLarge, f.Kind == fault.UnsupportedMediaType:
		return "Fix the program that sends the request: a generated client sends what the document requires."
	default:
		return "Quote request_id when you ask for help. " +
			"Repeat the request only if it may take effect twice, or has an Idempotency-Key."
	}
}
