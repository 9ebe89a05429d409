package httpapi

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"

	"example.com/plumbline/impl/platform/fault"
)

//go:embed docs/problem.html
var problemPage string

// Described is a document with the faults that its service answers with, besides those of the chain.
type Described struct {
	Document *Document
	Faults   []*fault.Error
}

// Explained is a problem code as its page explains it.
type Explained struct {
	Code   string
	Status int
	// Title is the status in words, Detail what has happened, and Advice what to do about it.
	Title, Detail, Advice string
	// Operations are those that document it.
	Operations []ExplainedOperation
}

// ExplainedOperation is an operation that a problem is an answer of.
type ExplainedOperation struct{ Document, Tag, ID, Request, Summary string }

// Explain explains every problem of some documents, each code once, in the order of the codes.
func Explain(documents ...Described) []Explained {
	var all []Explained
	for _, d := range documents {
		for _, f := range slices.Concat(Faults(d.Document), d.Faults) {
			i := slices.IndexFunc(all, func(e Explained) bool { return e.Code == f.Code })
			if i < 0 {
				status := statusOf(f)
				all = append(all, Explained{Code: f.Code, Status: status, Title: http.StatusText(status), Detail: f.Detail, Advice: adviceOn(f)})
				i = len(all) - 1
			}
			all[i].Operations = append(all[i].Operations, d.Document.answering(f.Code)...)
		}
	}
	slices.SortFunc(all, func(a, b Explained) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// answering lists the operations that document a code. Each has one tag, as the lint of documents demands.
func (d *Document) answering(code string) (operations []ExplainedOperation) {
	for _, o := range d.Operations {
		if slices.ContainsFunc(o.Problems, func(p Problem) bool { return p.Code == code }) {
			operations = append(operations, ExplainedOperation{d.Name, o.spec.Tags[0], o.ID, o.Method + " " + o.Pattern, o.spec.Summary})
		}
	}
	return operations
}

// adviceOn says what a program that is told of a fault does.
func adviceOn(f *fault.Error) string {
	switch {
	case f.Kind == fault.Unauthenticated:
		return "Refresh the access token once and repeat the request; if that is refused as well, let the person log in."
	case f.Kind == fault.Forbidden:
		return "Do not repeat the request: it will be refused again. Show what the person may do instead."
	case f.Kind == fault.NotFound:
		return "Do not repeat the request. The resource may have been removed, or may belong to another account: read the list again."
	case f.RetryAfter > 0 || f.Kind == fault.RateLimited || f.Kind == fault.Unavailable:
		return "Wait as many seconds as Retry-After says and send the same request again, with the same Idempotency-Key if it had one."
	case f.Kind == fault.Conflict:
		return "Read the resource again, show its current state, and let the person decide; errors, if present, names the places."
	case f.Kind == fault.PreconditionFailed:
		return "Show current as the new state, let the person decide again, and send the change with its ETag in If-Match."
	case f.Kind == fault.PreconditionRequired:
		return "Read the resource and send the ETag of the answer in If-Match."
	case f.Kind == fault.Invalid:
		return "Show each entry of errors at the field that its pointer names; the request succeeds once these are corrected."
	case f.Kind == fault.Malformed, f.Kind == fault.TooLarge, f.Kind == fault.UnsupportedMediaType:
		return "Fix the program that sends the request: a generated client sends what the document requires."
	default:
		return "Quote request_id when you ask for help. Repeat the request only if it may take effect twice, or has an Idempotency-Key."
	}
}

// problemTemplate is parsed when the first page of a problem is asked for.
var problemTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("problem").Parse(problemPage)) })

// ProblemPages registers a page for each problem code at /problems/CODE, where the type of a problem leads. A page is rendered
// when it is first asked for: a service that starts has better things to do.
func ProblemPages(documents ...Described) func(chi.Router) {
	return func(r chi.Router) {
		for _, e := range Explain(documents...) {
			page := sync.OnceValue(func() http.Handler {
				var text bytes.Buffer
				if err := problemTemplate().Execute(&text, e); err != nil {
					panic(err) // The template and what fills it are of this package.
				}
				return Page("text/html; charset=utf-8", text.Bytes())
			})
			Readable(r, "/problems/"+e.Code, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { page().ServeHTTP(w, r) }))
		}
	}
}
