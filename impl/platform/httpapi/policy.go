package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Policy is what the document says of an operation beyond its shapes, in its x- extensions.
// openapi/policy.schema.json describes them.
type Policy struct {
	Access    Access
	RateLimit *RateLimit // nil: not limited
	Timeout   Timeout
	Priority  Priority
	Audit     *Audit  // nil: not audited
	Sunset    *Sunset // nil: not deprecated
}

// Access says who may call an operation (x-access).
type Access struct {
	// Public means anybody, signed in or not.
	Public bool `json:"public"`
	// Roles may call it on everybody's things. No role stands for another.
	Roles []string `json:"roles"`
	// Owner is "self" when the operation touches only the caller's own things, or the path parameter
	// that holds the owner's id: the owner may then call without any of the roles.
	Owner string `json:"owner"`
	// HiddenAs is the code that another's thing answers with, the one of a missing thing.
	HiddenAs string `json:"hidden_as"`
}

// RateLimit bounds how often an operation is called (x-rate-limit).
type RateLimit struct {
	Requests int      `json:"requests"`
	Window   duration `json:"window"`
	// Per is address or principal.
	Per string `json:"per"`
}

// Timeout bounds how long an operation takes (x-timeout).
type Timeout struct {
	// Limit ends it.
	Limit duration `json:"limit"`
	// Slow is from when on the log warns.
	Slow duration `json:"slow"`
}

// Priority says what is refused first when there is too much to do (x-priority).
type Priority string

// The priorities, the last to be refused first. Critical operations are never refused.
const (
	Critical Priority = "critical"
	High     Priority = "high"
	Normal   Priority = "normal"
	Low      Priority = "low"
)

// Audit says what the log of users' actions records of an operation (x-audit).
type Audit struct {
	// Action is what was done, as in user.disable.
	Action string `json:"action"`
	// Target is "caller" or the path parameter that holds the id of what it was done to.
	Target string `json:"target"`
}

// Sunset says since when an operation is deprecated, when it stops working and what follows it (x-sunset).
type Sunset struct {
	Since     date   `json:"since"`
	Date      date   `json:"date"`
	Successor string `json:"successor"`
}

type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err == nil && v <= 0 {
		err = fmt.Errorf("%q is not longer than nothing", text)
	}
	*d = duration(v)
	return err
}

type date time.Time

func (d *date) UnmarshalText(text []byte) error {
	v, err := time.Parse(time.DateOnly, string(text))
	*d = date(v)
	return err
}

// parsePolicy reads an operation's extensions. It names everything that is missing or wrong at once.
func parsePolicy(extensions map[string]any, deprecated bool) (Policy, error) {
	var p Policy
	var errs []error
	read := func(name string, into any) bool {
		v, there := extensions[name]
		if !there {
			return false
		}
		text, err := json.Marshal(v)
		if err == nil {
			d := json.NewDecoder(bytes.NewReader(text))
			d.DisallowUnknownFields()
			err = d.Decode(into)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		return true
	}
	need := func(name string, into any) {
		if !read(name, into) {
			errs = append(errs, fmt.Errorf("%s is missing", name))
		}
	}
	need("x-access", &p.Access)
	need("x-timeout", &p.Timeout)
	need("x-priority", &p.Priority)
	if limit := new(RateLimit); read("x-rate-limit", limit) {
		p.RateLimit = limit
	}
	if audit := new(Audit); read("x-audit", audit) {
		p.Audit = audit
	}
	if sunset := new(Sunset); read("x-sunset", sunset) {
		p.Sunset = sunset
	}
	if len(errs) > 0 {
		return p, errors.Join(errs...)
	}
	return p, p.check(deprecated)
}

// check finds what contradicts itself; the places in the document are looked up by the caller.
func (p Policy) check(deprecated bool) error {
	var errs []error
	refuse := func(when bool, why string) {
		if when {
			errs = append(errs, errors.New(why))
		}
	}
	a := p.Access
	refuse(a.Public && (len(a.Roles) > 0 || a.Owner != ""), "x-access: public excludes roles and owner")
	refuse(!a.Public && len(a.Roles) == 0 && a.Owner == "", "x-access: nobody may call: give public, roles or owner")
	byParameter := a.Owner != "" && a.Owner != ownerSelf
	refuse(byParameter && a.HiddenAs == "", "x-access: an owner in the path needs hidden_as")
	refuse(!byParameter && a.HiddenAs != "", "x-access: hidden_as needs an owner in the path")
	refuse(a.Owner == ownerSelf && len(a.Roles) > 0, "x-access: owner self excludes roles")
	refuse(p.Timeout.Limit <= p.Timeout.Slow || p.Timeout.Slow <= 0, "x-timeout: slow lies between nothing and limit")
	switch p.Priority {
	case Critical, High, Normal, Low:
	default:
		refuse(true, "x-priority: critical, high, normal or low")
	}
	if l := p.RateLimit; l != nil {
		refuse(l.Requests <= 0 || l.Window <= 0, "x-rate-limit: requests and window are at least one")
		refuse(l.Per != perAddress && l.Per != perPrincipal, "x-rate-limit: per is address or principal")
		refuse(l.Per == perPrincipal && a.Public, "x-rate-limit: a public operation has no principal")
	}
	refuse(p.Audit != nil && (p.Audit.Action == "" || p.Audit.Target == ""), "x-audit: action and target are both needed")
	refuse(deprecated != (p.Sunset != nil), "x-sunset and deprecated go together")
	return errors.Join(errs...)
}

const (
	ownerSelf    = "self"
	targetCaller = "caller"
	perAddress   = "address"
	perPrincipal = "principal"
)
