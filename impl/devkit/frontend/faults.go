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
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
)

// faultHeader is the header field that requests a fault.
const faultHeader = "Plumbline-Fault"

// mostRules is the maximum number of rules: more than a test makes.
const mostRules = 1000

// target is an operation that can be made to fail.
type target struct {
	operation *contract.Operation
	faults    map[string]*fault.Error // of its service, by code
}

// targets are the operations of all services, by id and by method and path.
type targets struct {
	byID    map[string]*target
	byRoute map[string]*target
	routes  *chi.Mux
}

func newTargets(services []contract.Contract) *targets {
	all := &targets{byID: map[string]*target{}, byRoute: map[string]*target{}, routes: chi.NewRouter()}
	for _, s := range services {
		faults := map[string]*fault.Error{}
		for _, f := range slices.Concat(contract.Faults(s.Document), s.Faults) {
			faults[f.Code] = f
		}
		for _, o := range s.Document.Operations {
			t := &target{operation: o, faults: faults}
			all.byID[o.ID] = t
			all.byRoute[o.Method+" "+o.Pattern] = t
			// Only for matching. A fixed path wins for every method.
			all.routes.Handle(o.Pattern, http.NotFoundHandler())
		}
	}
	return all
}

// find returns the operation of a request, or nil.
func (t *targets) find(r *http.Request) *target {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // GET answers HEAD.
	}
	return t.byRoute[method+" "+t.routes.Find(chi.NewRouteContext(), r.Method, path)]
}

// rules are the rules that createFault has made, the oldest first.
type rules struct {
	mu  sync.Mutex
	all []*ruling
}

// ruling is a rule with its parsed fault.
type ruling struct {
	devapi.Fault

	injected injected
}

// take applies the oldest rule for an operation: it returns its fault and counts it.
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

// inject answers a request with the fault of its header or of a rule, and passes all other requests on.
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
			s.chain.Failing(t.operation, contract.ErrInvalid.At(*wrong)).ServeHTTP(w, r)
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

// GetFaults returns the rules in force.
func (s *Service) GetFaults(context.Context, devapi.GetFaultsRequestObject) (devapi.GetFaultsResponseObject, error) {
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	answer := devapi.GetFaults200JSONResponse{Rules: []devapi.Fault{}}
	for _, r := range s.rules.all {
		answer.Rules = append(answer.Rules, r.shown())
	}
	return answer, nil
}

// shown returns a copy of the rule that does not change.
func (r *ruling) shown() devapi.Fault {
	shown := r.Fault
	if r.TimesLeft != nil {
		left := *r.TimesLeft
		shown.TimesLeft = &left
	}
	return shown
}

// CreateFault makes a rule.
func (s *Service) CreateFault(
	_ context.Context, req devapi.CreateFaultRequestObject,
) (devapi.CreateFaultResponseObject, error) {
	t := s.targets.byID[req.Body.Operation]
	if t == nil {
		return nil, contract.Violated("#/operation", "enum", "Must be the operationId of an operation of a service")
	}
	what, wrong := t.parse(req.Body.Fault)
	if wrong != nil {
		wrong.Pointer = "#/fault"
		return nil, contract.ErrInvalid.At(*wrong)
	}
	made := &ruling{
		Fault: devapi.Fault{ID: uuid.Must(uuid.NewV7()), Operation: req.Body.Operation, Fault: req.Body.Fault,
			TimesLeft: req.Body.Times},
		injected: what,
	}
	shown := made.shown()
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	if len(s.rules.all) >= mostRules {
		return nil, contract.Violated("#", "maxItems", "There are as many rules as there may be; delete some")
	}
	s.rules.all = append(s.rules.all, made)
	return devapi.CreateFault201JSONResponse{
		Body: shown, Headers: devapi.CreateFault201ResponseHeaders{Location: "/dev/v1/faults/" + shown.ID.String()},
	}, nil
}

// DeleteFaults removes all rules.
func (s *Service) DeleteFaults(
	context.Context, devapi.DeleteFaultsRequestObject,
) (devapi.DeleteFaultsResponseObject, error) {
	s.rules.clear()
	return devapi.DeleteFaults204Response{}, nil
}

// DeleteFault removes a rule.
func (s *Service) DeleteFault(
	_ context.Context, req devapi.DeleteFaultRequestObject,
) (devapi.DeleteFaultResponseObject, error) {
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	i := slices.IndexFunc(s.rules.all, func(r *ruling) bool { return r.ID == req.FaultID })
	if i < 0 {
		return nil, errFaultNotFound
	}
	s.rules.all = slices.Delete(s.rules.all, i, i+1)
	return devapi.DeleteFault204Response{}, nil
}
