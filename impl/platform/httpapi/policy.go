package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// Policy is what the document says of an operation beyond its shapes, in its x- extensions.
// openapi/policy.schema.json describes them.
type Policy struct {
	Access    Access
	RateLimit *RateLimit      // nil: not limited
	Throttle  *ThrottlePolicy // nil: nothing is guessed
	Timeout   Timeout
	Priority  Priority
	Audit     *Audit  // nil: not audited
	Sunset    *Sunset // nil: not deprecated
	// Idempotency says whether a request may come with a key, by which its answer is kept; "" is never.
	Idempotency IdempotencyPolicy
	// Codes are those that the operation itself answers with, by status (x-codes). What follows from the rest of the
	// operation is not among them.
	Codes map[int][]string
}

// Access says who may call an operation (x-access).
type Access struct {
	// Public means anybody, signed in or not.
	Public bool `json:"public"`
	// Roles may call it on everybody's things. No role stands for another.
	Roles []string `json:"roles"`
	// Owner is "self" when a caller without any of the roles touches only the caller's own things, or the path
	// parameter that names the owner or a thing of the owner's: the owner may then call without any of the roles.
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

// ThrottlePolicy bounds how often a secret is tried in vain, over all replicas (x-throttle).
type ThrottlePolicy struct {
	// Counts are the codes of the answers to tries in vain.
	Counts []string `json:"counts"`
	// Network bounds those of one network, whatever they are about.
	Network *Failures `json:"network"`
	// Of says whose secret it is: "caller", or the member of the body that names an account; "" names none, and the bounds
	// below are nil then.
	Of string `json:"of"`
	// AccountAndNetwork bounds those of one network about one account.
	AccountAndNetwork *Failures `json:"account_and_network"`
	// Account bounds those of all networks about one account, apart from networks that its owner uses.
	Account *Failures `json:"account"`
	// Unfamiliar is what any other network may try all the same.
	Unfamiliar *Failures `json:"unfamiliar"`
}

// Failures are so many tries in vain in a window.
type Failures struct {
	Failures int      `json:"failures"`
	Window   duration `json:"window"`
}

// Timeout bounds how long an operation takes (x-timeout).
type Timeout struct {
	// Limit ends it.
	Limit duration `json:"limit"`
	// Slow is from when on the log warns.
	Slow duration `json:"slow"`
	// Stream ends an answer that is a stream, in place of Limit; zero where none is.
	Stream duration `json:"stream"`
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

// IdempotencyPolicy says whether a request has an Idempotency-Key (x-idempotency).
type IdempotencyPolicy string

// The policies of operations that take a key.
const (
	IdempotencyRequired IdempotencyPolicy = "required"
	IdempotencyOptional IdempotencyPolicy = "optional"
)

// Audit says what the log of users' actions records of an operation (x-audit).
type Audit struct {
	// Action is what was done, as in user.disable.
	Action string `json:"action"`
	// Target is what it was done to: "caller", "created" for what the operation makes, or the path parameter that holds its id.
	Target string `json:"target"`
	// Keeps is "refusals" where what succeeds is in the service's log only, because it is done again and again by itself.
	Keeps string `json:"keeps"`
}

const onlyRefusals = "refusals"

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

// parsePolicy reads an operation's extensions. It names everything that is missing, unknown or wrong at once.
func parsePolicy(extensions map[string]any, deprecated bool) (Policy, error) {
	var p Policy
	var errs []error
	broken := map[string]bool{} // not to be complained of twice
	refuse := func(name string, err error) {
		broken[name] = true
		errs = append(errs, err)
	}
	known := map[string]bool{}
	read := func(name string, into any) bool {
		known[name] = true
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
			refuse(name, fmt.Errorf("%s: %w", name, err))
		}
		return true
	}
	need := func(name string, into any) {
		if !read(name, into) {
			refuse(name, fmt.Errorf("%s is missing", name))
		}
	}
	need("x-access", &p.Access)
	need("x-timeout", &p.Timeout)
	need("x-priority", &p.Priority)
	if limit := new(RateLimit); read("x-rate-limit", limit) {
		p.RateLimit = limit
	}
	if throttle := new(ThrottlePolicy); read("x-throttle", throttle) {
		p.Throttle = throttle
	}
	if audit := new(Audit); read("x-audit", audit) {
		p.Audit = audit
	}
	if sunset := new(Sunset); read("x-sunset", sunset) {
		p.Sunset = sunset
	}
	read("x-codes", &p.Codes)
	if read("x-idempotency", &p.Idempotency) && p.Idempotency != IdempotencyRequired && p.Idempotency != IdempotencyOptional && !broken["x-idempotency"] {
		refuse("x-idempotency", errors.New("x-idempotency: required or optional"))
	}
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		if !known[name] { // A misspelt limit would be no limit.
			errs = append(errs, fmt.Errorf("%s is no extension that is known", name))
		}
	}
	return p, errors.Join(append(errs, p.check(deprecated, broken)...)...)
}

// check finds what contradicts itself, apart from extensions that are broken already; the places in the document are
// looked up by the caller.
func (p Policy) check(deprecated bool, broken map[string]bool) (errs []error) {
	refuse := func(extension string, when bool, why string) {
		if when && !broken[extension] {
			errs = append(errs, fmt.Errorf("%s: %s", extension, why))
		}
	}
	a := p.Access
	byParameter := a.Owner != "" && a.Owner != ownerSelf
	refuse("x-access", a.Public && (len(a.Roles) > 0 || a.Owner != ""), "public excludes roles and owner")
	refuse("x-access", !a.Public && len(a.Roles) == 0 && a.Owner == "", "nobody may call: give public, roles or owner")
	refuse("x-access", byParameter && a.HiddenAs == "", "an owner in the path needs hidden_as")
	refuse("x-access", !byParameter && a.HiddenAs != "", "hidden_as needs an owner in the path")
	refuse("x-timeout", p.Timeout.Limit <= p.Timeout.Slow || p.Timeout.Slow <= 0, "slow lies between nothing and limit")
	refuse("x-timeout", p.Timeout.Stream != 0 && p.Timeout.Stream <= p.Timeout.Limit, "stream is longer than limit")
	switch p.Priority {
	case Critical, High, Normal, Low:
	default:
		refuse("x-priority", true, "critical, high, normal or low")
	}
	if l := p.RateLimit; l != nil {
		second := duration(time.Second) // The header fields count in whole ones.
		refuse("x-rate-limit", l.Requests <= 0 || l.Window < second || l.Window%second != 0, "requests is at least one and window whole seconds")
		refuse("x-rate-limit", l.Per != perAddress && l.Per != perPrincipal, "per is address or principal")
		refuse("x-rate-limit", l.Per == perPrincipal && a.Public, "a public operation has no principal")
	}
	if p.Throttle != nil && !broken["x-throttle"] {
		errs = append(errs, p.Throttle.check()...)
	}
	refuse("x-audit", p.Audit != nil && (!auditAction.MatchString(p.Audit.Action) || p.Audit.Target == ""), "action and target are both needed, action as in user.disable")
	refuse("x-audit", p.Audit != nil && p.Audit.Keeps != "" && p.Audit.Keeps != onlyRefusals, "keeps is refusals, or left out")
	refuse("x-sunset", deprecated != (p.Sunset != nil), "goes together with deprecated")
	refuse("x-sunset", p.Sunset != nil && (time.Time(p.Sunset.Since).IsZero() || p.Sunset.Successor == ""), "since and successor are both needed")
	refuse("x-sunset", p.Sunset != nil && !time.Time(p.Sunset.Date).After(time.Time(p.Sunset.Since)), "date lies after since")
	return errs
}

// auditAction is what was done, after what it was done to.
var auditAction = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*(\.[a-z][a-z0-9]*(_[a-z0-9]+)*)+$`)

const (
	ownerSelf     = "self"
	targetCaller  = "caller"
	targetCreated = "created"
	perAddress    = "address"
	perPrincipal  = "principal"
)
