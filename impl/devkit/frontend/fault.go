package frontend

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
)

// longestDelay is shorter than the time-outs of clients and of the server.
const longestDelay = 30 * time.Second

// injected is the fault that replaces an operation.
type injected struct {
	delay   time.Duration
	problem *fault.Error // nil: none
	drop    bool
}

// errInjected is the logged cause of an injected fault.
var errInjected = errors.New("front-end mode was asked for it")

// parse reads a fault as the header and rules write it: parts separated by commas. It refuses what the operation does
// not document; the violation lists the alternatives, and the caller adds its place.
func (t *target) parse(text string) (injected, *fault.Violation) {
	var got injected
	var places []string
	endings := 0
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var wrong *fault.Violation
		switch name {
		case "delay":
			got.delay, wrong = parseDelay(value)
		case "status", "problem":
			endings++
			got.problem, wrong = t.find(name, value)
		case "drop":
			endings++
			got.drop = true
		case "at":
			places = append(places, value)
		default:
			wrong = &fault.Violation{
				Keyword: "enum", Params: map[string]any{"allowed": []string{"delay", "status", "problem", "drop", "at"}},
				Detail: "Must be parts such as delay=800ms, status=503, problem=CODE, at=#/POINTER or drop, " +
					"with commas between them.",
			}
		}
		if wrong != nil {
			return injected{}, wrong
		}
	}
	if endings > 1 {
		return injected{}, &fault.Violation{Keyword: "oneOf", Detail: "Must be one of status, problem and drop."}
	}
	return got.at(places)
}

// at sets the places of the request that a problem names.
func (i injected) at(places []string) (injected, *fault.Violation) {
	if len(places) == 0 && (i.problem == nil || i.problem.Code != contract.ErrInvalid.Code) {
		return i, nil
	}
	if i.problem == nil {
		return i, &fault.Violation{Keyword: "dependentRequired", Detail: "Places are those of a problem; name it."}
	}
	if len(places) == 0 {
		places = []string{"#"}
	}
	var violations []fault.Violation
	for _, place := range places {
		if !strings.HasPrefix(place, "#") {
			return i, &fault.Violation{Keyword: "pattern", Detail: "Must be a JSON pointer such as #/email."}
		}
		violations = append(violations,
			fault.Violation{Pointer: place, Keyword: "not", Detail: "Is refused because the injected fault says so."})
	}
	i.problem = i.problem.At(violations...)
	return i, nil
}

func parseDelay(value string) (time.Duration, *fault.Violation) {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 || d > longestDelay {
		return 0, &fault.Violation{
			Keyword: "maximum", Params: map[string]any{"maximum": longestDelay.String()},
			Detail: "Must be a duration such as 800ms, of 30s at most.",
		}
	}
	return d, nil
}

// find returns a problem of the operation by its code, or the first one with a status.
func (t *target) find(by, value string) (*fault.Error, *fault.Violation) {
	var allowed []string
	for _, p := range t.operation.Problems {
		key := p.Code
		if by == "status" {
			key = strconv.Itoa(p.Status)
		}
		if key == value {
			f := t.faults[p.Code].Because(errInjected)
			if f.Kind == fault.PreconditionFailed {
				f = f.Showing(nil, `"0"`) // The document requires a tag; this one belongs to no state.
			}
			return f, nil
		}
		if !slices.Contains(allowed, key) {
			allowed = append(allowed, key)
		}
	}
	return nil, &fault.Violation{
		Keyword: "enum", Params: map[string]any{"allowed": allowed},
		Detail: "Must be a " + by + " that " + t.operation.ID + " documents: " + strings.Join(allowed, ", ") + ".",
	}
}

// serve answers a request with the fault, or calls the operation after the delay.
func (i injected) serve(chain *httpapi.Chain, t *target, next http.Handler, w http.ResponseWriter, r *http.Request) {
	if i.delay > 0 {
		timer := time.NewTimer(i.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		case <-httpapi.Draining(r.Context()):
		}
	}
	switch {
	case i.drop:
		panic(http.ErrAbortHandler) // Package http then closes the connection without an answer.
	case i.problem != nil:
		chain.Failing(t.operation, i.problem).ServeHTTP(w, r)
	default:
		next.ServeHTTP(w, r)
	}
}
