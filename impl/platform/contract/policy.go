package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// Policy is what the document says of an operation beyond its shapes, in its x- extensions, which
// openapi/policy.schema.json describes.
type Policy struct {
	Access    Access
	RateLimit *RateLimit      // nil: not limited
	Throttle  *ThrottlePolicy // nil: no secret is tried
	Timeout   Timeout
	Priority  Priority
	Audit     *Audit  // nil: not audited
	Sunset    *Sunset // nil: not deprecated
	// Idempotency says whether a request has an Idempotency-Key, by which its answer is kept; "": it never has.
	Idempotency IdempotencyPolicy
	// Codes are the problem codes of the operation's own, by status (x-codes). Those that follow from the rest of the
	// operation are not among them.
	Codes map[int][]string
}

// Access says who may call an operation (x-access).
type Access struct {
	// Public means anybody, signed in or not.
	Public bool `json:"public"`
	// Roles are those whose holders may call it on everybody's things. No role implies another.
	Roles []string `json:"roles"`
	// Owner lets callers without any of the roles call it on their own things. It is OwnerSelf where the operation
	// touches the caller's things only, or the path parameter that names the owner or a thing of the owner's.
	Owner string `json:"owner"`
	// HiddenAs is the problem code of a missing thing, which another owner's thing answers with as well.
	HiddenAs string `json:"hidden_as"`
}

// RateLimit bounds how often an operation is called (x-rate-limit).
type RateLimit struct {
	Requests int      `json:"requests"`
	Window   Duration `json:"window"`
	// Per is PerAddress or PerPrincipal.
	Per string `json:"per"`
}

// EmissionInterval is the time in which one call comes back.
func (l RateLimit) EmissionInterval() time.Duration {
	return time.Duration(l.Window) / time.Duration(l.Requests)
}

// Spend counts one call by the generic cell rate algorithm (GCRA, ITU-T I.371). Of a caller it takes the time until the
// limit is whole again, and gives the same after the call. A call that is one too many is not counted: wait is the time
// until it would be accepted.
func (l RateLimit) Spend(reset time.Duration) (after, wait time.Duration) {
	window := time.Duration(l.Window)
	if reset < 0 || reset > 2*window { // So far ahead, it is from before the clock was set back.
		reset = 0
	}
	after = reset + l.EmissionInterval()
	if over := after - window; over > 0 {
		return reset, over
	}
	return after, 0
}

// Left is the number of calls that are left while the limit is whole again after reset.
func (l RateLimit) Left(reset time.Duration) int {
	return max(int((time.Duration(l.Window)-reset)/l.EmissionInterval()), 0)
}

// ThrottlePolicy bounds how often a secret is tried in vain, over all replicas (x-throttle).
type ThrottlePolicy struct {
	// Counts are the problem codes of failed tries.
	Counts []string `json:"counts"`
	// Network bounds the failures from one network, whatever account they are about.
	Network *Failures `json:"network"`
	// Of says whose secret is tried: TargetCaller, or the member of the body that names an account. Where it is "", no
	// account is known and the bounds below are nil.
	Of string `json:"of"`
	// AccountAndNetwork bounds the failures of one account from one network.
	AccountAndNetwork *Failures `json:"account_and_network"`
	// Account bounds the failures of one account from all networks. Known networks of its owner are not refused by it.
	Account *Failures `json:"account"`
	// Unfamiliar bounds the failures from each network that is not known, once Account is used up.
	Unfamiliar *Failures `json:"unfamiliar"`
}

// Failures bounds the number of failed tries in a window.
type Failures struct {
	Failures int      `json:"failures"`
	Window   Duration `json:"window"`
}

// Timeout bounds how long an operation takes (x-timeout).
type Timeout struct {
	// Limit ends the operation.
	Limit Duration `json:"limit"`
	// Slow is the duration above which the log warns.
	Slow Duration `json:"slow"`
	// Stream ends an answer that is a stream, in place of Limit; 0 where no answer is one.
	Stream Duration `json:"stream"`
}

// Priority says what is refused first under overload (x-priority).
type Priority string

// The priorities in descending order: Low is refused first, Critical never.
const (
	Critical Priority = "critical"
	High     Priority = "high"
	Normal   Priority = "normal"
	Low      Priority = "low"
)

// IdempotencyPolicy says whether a request has an Idempotency-Key (x-idempotency).
type IdempotencyPolicy string

// The policies of operations that take an Idempotency-Key.
const (
	IdempotencyRequired IdempotencyPolicy = "required"
	IdempotencyOptional IdempotencyPolicy = "optional"
)

// Audit says what the audit log records of an operation (x-audit).
type Audit struct {
	// Action is what was done, as in user.disable.
	Action string `json:"action"`
	// Target is what it was done to: TargetCaller, TargetCreated, or the path parameter that holds its id.
	Target string `json:"target"`
	// Keeps is KeepsRefusals where the audit log leaves out successes, because programs repeat them all the time; they
	// are in the service's log only. "" keeps both.
	Keeps string `json:"keeps"`
}

// Sunset says since when an operation is deprecated, when it stops working, and the operationId of what follows it
// (x-sunset).
type Sunset struct {
	Since     Date   `json:"since"`
	Date      Date   `json:"date"`
	Successor string `json:"successor"`
}

// The words of x-access, x-audit and x-rate-limit that are no names of parameters.
const (
	OwnerSelf     = "self"      // x-access: the operation touches the caller's own things only
	TargetCaller  = "caller"    // x-audit: the user who calls
	TargetCreated = "created"   // x-audit: what the operation makes
	KeepsRefusals = "refusals"  // x-audit
	PerAddress    = "address"   // x-rate-limit
	PerPrincipal  = "principal" // x-rate-limit
)

// IdempotencyKeyHeader is the header field that names a request, so that repeating it has no second effect.
const IdempotencyKeyHeader = "Idempotency-Key"

// Duration is a positive duration, written as in 250ms.
type Duration time.Duration

// UnmarshalText reads a duration of the document.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err == nil && v <= 0 {
		err = fmt.Errorf("%q is not longer than nothing", text)
	}
	*d = Duration(v)
	return err
}

// Date is a day, written as in 2026-11-23, at midnight UTC.
type Date time.Time

// UnmarshalText reads a date of the document.
func (d *Date) UnmarshalText(text []byte) error {
	v, err := time.Parse(time.DateOnly, string(text))
	*d = Date(v)
	return err
}

// parsePolicy reads the extensions of an operation. The error names everything that is missing, unknown or wrong.
func parsePolicy(extensions map[string]any, deprecated bool) (Policy, error) {
	var p Policy
	var errs []error
	broken := map[string]bool{} // by extension: check says nothing further of these
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
	keyed := read("x-idempotency", &p.Idempotency) && !broken["x-idempotency"]
	if keyed && p.Idempotency != IdempotencyRequired && p.Idempotency != IdempotencyOptional {
		refuse("x-idempotency", errors.New("x-idempotency: required or optional"))
	}
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		if !known[name] { // A misspelt limit would be no limit.
			errs = append(errs, fmt.Errorf("%s is no extension that is known", name))
		}
	}
	return p, errors.Join(append(errs, p.check(deprecated, broken)...)...)
}

// check finds contradictions within the extensions, apart from those that are broken already. What the extensions say
// of the rest of the operation is checked where the operation is read.
func (p Policy) check(deprecated bool, broken map[string]bool) (errs []error) {
	refuse := func(extension string, when bool, why string) {
		if when && !broken[extension] {
			errs = append(errs, fmt.Errorf("%s: %s", extension, why))
		}
	}
	a := p.Access
	byParameter := a.Owner != "" && a.Owner != OwnerSelf
	refuse("x-access", a.Public && (len(a.Roles) > 0 || a.Owner != ""), "public excludes roles and owner")
	refuse("x-access", !a.Public && len(a.Roles) == 0 && a.Owner == "", "nobody may call: give public, roles or owner")
	refuse("x-access", byParameter && a.HiddenAs == "", "an owner in the path needs hidden_as")
	refuse("x-access", !byParameter && a.HiddenAs != "", "hidden_as needs an owner in the path")
	refuse("x-timeout", p.Timeout.Limit <= p.Timeout.Slow || p.Timeout.Slow <= 0,
		"slow lies between nothing and limit")
	refuse("x-timeout", p.Timeout.Stream != 0 && p.Timeout.Stream <= p.Timeout.Limit,
		"stream is longer than limit")
	switch p.Priority {
	case Critical, High, Normal, Low:
	default:
		refuse("x-priority", true, "critical, high, normal or low")
	}
	if l := p.RateLimit; l != nil {
		refuse("x-rate-limit", l.Requests <= 0 || !isWholeSeconds(l.Window),
			"requests is at least one and window whole seconds")
		refuse("x-rate-limit", l.Per != PerAddress && l.Per != PerPrincipal, "per is address or principal")
		refuse("x-rate-limit", l.Per == PerPrincipal && a.Public, "a public operation has no principal")
	}
	if p.Throttle != nil && !broken["x-throttle"] {
		errs = append(errs, p.Throttle.check()...)
	}
	if audit := p.Audit; audit != nil {
		refuse("x-audit", !auditAction.MatchString(audit.Action) || audit.Target == "",
			"action and target are both needed, action as in user.disable")
		refuse("x-audit", audit.Keeps != "" && audit.Keeps != KeepsRefusals, "keeps is refusals, or left out")
	}
	refuse("x-sunset", deprecated != (p.Sunset != nil), "goes together with deprecated")
	if s := p.Sunset; s != nil {
		refuse("x-sunset", time.Time(s.Since).IsZero() || s.Successor == "", "since and successor are both needed")
		refuse("x-sunset", !time.Time(s.Date).After(time.Time(s.Since)), "date lies after since")
	}
	return errs
}

// isWholeSeconds tells whether a window can be told in RateLimit-Policy, which counts in seconds.
func isWholeSeconds(window Duration) bool {
	return window >= Duration(time.Second) && window%Duration(time.Second) == 0
}

// auditAction is a noun and a verb, as in user.disable.
var auditAction = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*(\.[a-z][a-z0-9]*(_[a-z0-9]+)*)+$`)

// longestThrottle keeps Retry-After within a day.
const longestThrottle = Duration(24 * time.Hour)

// check finds contradictions within x-throttle.
func (p *ThrottlePolicy) check() (errs []error) {
	refuse := func(when bool, why string) {
		if when {
			errs = append(errs, errors.New("x-throttle: "+why))
		}
	}
	refuse(len(p.Counts) == 0, "counts names the codes that count")
	refuse(p.Network == nil, "network is missing")
	ofAccount := []*Failures{p.AccountAndNetwork, p.Account, p.Unfamiliar}
	isGiven := func(f *Failures) bool { return f != nil }
	refuse(slices.Contains(ofAccount, nil) != (p.Of == "") || p.Of == "" && slices.ContainsFunc(ofAccount, isGiven),
		"of, account_and_network, account and unfamiliar go together")
	for _, f := range append(ofAccount, p.Network) {
		refuse(f != nil && (f.Failures <= 0 || !isWholeSeconds(f.Window) || f.Window > longestThrottle),
			"failures is at least one and window whole seconds, at most a day")
	}
	return errs
}

// checkThrottle finds what contradicts x-throttle elsewhere in the operation.
func (o *Operation) checkThrottle() (errs []error) {
	p := o.Policy.Throttle
	if p == nil {
		return nil
	}
	if o.Policy.RateLimit == nil {
		errs = append(errs, errors.New("x-throttle: needs x-rate-limit beside it"))
	}
	if o.Policy.Idempotency != "" {
		errs = append(errs, errors.New("x-throttle: an answer that is kept is no try; take x-idempotency out"))
	}
	if p.Of == TargetCaller && o.Policy.Access.Public {
		errs = append(errs, errors.New("x-throttle: a public operation has no caller"))
	}
	for _, code := range p.Counts {
		if !slices.ContainsFunc(o.Problems, func(p Problem) bool { return p.Code == code }) {
			errs = append(errs, fmt.Errorf("x-throttle: the operation cannot end with %s", code))
		}
	}
	if p.Of != "" && p.Of != TargetCaller && !o.requires(p.Of) {
		errs = append(errs, fmt.Errorf("x-throttle: %s is no string that the body must have", p.Of))
	}
	return errs
}

// requires tells whether every body has a string member of that name.
func (o *Operation) requires(member string) bool {
	if o.body == nil || !o.body.Required || o.takesType == "" {
		return false
	}
	s := o.body.Content[o.takesType].Schema.Value
	property := s.Properties[member]
	return slices.Contains(s.Required, member) && property != nil && property.Value.Type.Is(openapi3.TypeString)
}

// checkIdempotency finds what contradicts x-idempotency elsewhere in the operation.
func (o *Operation) checkIdempotency() (errs []error) {
	if o.Policy.Idempotency == "" {
		return nil
	}
	refuse := func(when bool, why string) {
		if when {
			errs = append(errs, fmt.Errorf("x-idempotency: %s", why))
		}
	}
	refuse(o.Method != http.MethodPost && o.Method != http.MethodPatch,
		"only POST and PATCH are not idempotent by themselves")
	refuse(o.Policy.Access.Public, "a public operation has no principal that a key belongs to")
	refuse(o.cookies, "a cookie must not be kept")
	refuse(len(o.streams) > 0, "a stream cannot be kept")
	key := o.parameters.GetByInAndName(openapi3.ParameterInHeader, IdempotencyKeyHeader)
	refuse(key == nil, "the operation takes no header Idempotency-Key")
	refuse(key != nil && key.Required != (o.Policy.Idempotency == IdempotencyRequired),
		"the header Idempotency-Key is required if and only if x-idempotency is")
	return errs
}
