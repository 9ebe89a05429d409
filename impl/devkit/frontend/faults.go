package frontend

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
)

// faultHeader is the field by which a request asks for a fault.
const faultHeader = "Plumbline-Fault"

// mostRules bounds the rules: more than a test makes.
const mostRules = 1000

// target is an operation that a fault can be asked for.
type target struct {
	operation *httpapi.Operation
	faults    map[string]*fault.Error // of its service, by code
}

// targets are the operations of all services, by id and by method and path.
type targets struct {
	byID    map[string]*target
	byRoute map[string]*target
	routes  *chi.Mux
}

func newTargets(services []httpapi.Described) *targets {
	all := &targets{byID: map[string]*target{}, byRoute: map[string]*target{}, routes: chi.NewRouter()}
	for _, s := range services {
		faults := map[string]*fault.Error{}
		for _, f := range slices.Concat(httpapi.Faults(s.Document), s.Faults) {
			faults[f.Code] = f
		}
		for _, o := range s.Document.Operations {
			t := &target{operation: o, faults: faults}
			all.byID[o.ID] = t
			all.byRoute[o.Method+" "+o.Pattern] = t
			all.routes.Handle(o.Pattern, http.NotFoundHandler()) // Only matched, never served. A fixed path wins for every method.
		}
	}
	return all
}

// find finds the operation of a request; nil is none.
func (t *targets) find(r *http.Request) *target {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // Which answers it.
	}
	return t.byRoute[method+" "+t.routes.Find(chi.NewRouteContext(), r.Method, path)]
}

// rules are what createFault has made, the oldest first.
type rules struct {
	mu  sync.Mutex
	all []*ruling
}

// ruling is a rule with its fault as it was understood.
type ruling struct {
	devapi.Fault

	injected injected
}

// take gives what the oldest rule for an operation says and counts it.
func (l *rules) take(operation string) (injected, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, r := range l.all {
		if r.Operation != operation {
			continue
		}
		if r.TimesLeft != nil {
			if *r.TimesLeft--; *r.TimesLeft == 0 {
				l.all = slices.Delete(l.all, i, i+1)
			}
		}
		return r.injected, true
	}
	return injected{}, false
}

func (l *rules) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = nil
}

// inject lets a request meet the fault that it asks for, or that a rule has for it, and everything else go on.
func (s *Service) inject(next http.Handler, w http.ResponseWriter, r *http.Request) {
	t := s.targets.find(r)
	asked := r.Header.Values(faultHeader)
	r.Header.Del(faultHeader)
	if t == nil {
		next.ServeHTTP(w, r)
		return
	}
	if len(asked) > 0 {
		what, wrong := t.parse(strings.Join(asked, ","))
		if wrong != nil {
			wrong.Pointer = "#/header/" + faultHeader
			s.chain.Failing(t.operation, httpapi.ErrInvalid.At(*wrong)).ServeHTTP(w, r)
			return
		}
		what.serve(s.chain, t, next, w, r)
		return
	}
	if what, ruled := s.rules.take(t.operation.ID); ruled {
		what.serve(s.chain, t, next, w, r)
		return
	}
	next.ServeHTTP(w, r)
}

// GetFaults tells the rules that are in force.
func (s *Service) GetFaults(context.Context, devapi.GetFaultsRequestObject) (devapi.GetFaultsResponseObject, error) {
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	answer := devapi.GetFaults200JSONResponse{Rules: []devapi.Fault{}}
	for _, r := range s.rules.all {
		answer.Rules = append(answer.Rules, r.shown())
	}
	return answer, nil
}

// shown is a copy of the rule that does not count on.
func (r *ruling) shown() devapi.Fault {
	shown := r.Fault
	if r.TimesLeft != nil {
		left := *r.TimesLeft
		shown.TimesLeft = &left
	}
	return shown
}

// CreateFault makes a rule.
func (s *Service) CreateFault(_ context.Context, req devapi.CreateFaultRequestObject) (devapi.CreateFaultResponseObject, error) {
	t := s.targets.byID[req.Body.Operation]
	if t == nil {
		return nil, httpapi.Violated("#/operation", "enum", "Must be the operationId of an operation of a service")
	}
	what, wrong := t.parse(req.Body.Fault)
	if wrong != nil {
		wrong.Pointer = "#/fault"
		return nil, httpapi.ErrInvalid.At(*wrong)
	}
	made := &ruling{
		Fault:    devapi.Fault{ID: uuid.Must(uuid.NewV7()), Operation: req.Body.Operation, Fault: req.Body.Fault, TimesLeft: req.Body.Times},
		injected: what,
	}
	shown := made.shown()
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	if len(s.rules.all) >= mostRules {
		return nil, httpapi.Violated("#", "maxItems", "There are as many rules as there may be; delete some")
	}
	s.rules.all = append(s.rules.all, made)
	return devapi.CreateFault201JSONResponse{
		Body: shown, Headers: devapi.CreateFault201ResponseHeaders{Location: "/dev/v1/faults/" + shown.ID.String()},
	}, nil
}

// DeleteFaults lets everything work again.
func (s *Service) DeleteFaults(context.Context, devapi.DeleteFaultsRequestObject) (devapi.DeleteFaultsResponseObject, error) {
	s.rules.clear()
	return devapi.DeleteFaults204Response{}, nil
}

// DeleteFault removes a rule.
func (s *Service) DeleteFault(_ context.Context, req devapi.DeleteFaultRequestObject) (devapi.DeleteFaultResponseObject, error) {
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	i := slices.IndexFunc(s.rules.all, func(r *ruling) bool { return r.ID == req.FaultID })
	if i < 0 {
		return nil, errFaultNotFound
	}
	s.rules.all = slices.Delete(s.rules.all, i, i+1)
	return devapi.DeleteFault204Response{}, nil
}
