package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"example.com/plumbline/test/contract/yamlnode"
)

// policy is what the extensions of an operation promise its callers.
type policy struct {
	access      access
	rateLimit   *rateLimit // nil: not limited
	idempotency string     // required, optional, or empty
	timeout     any
	priority    string
	deprecated  bool
	sunset      sunset
	codes       map[string][]string // by status
}

type access struct {
	Public   bool     `yaml:"public"`
	Roles    []string `yaml:"roles"`
	Owner    string   `yaml:"owner"`
	HiddenAs string   `yaml:"hidden_as"`
}

type rateLimit struct {
	Requests int    `yaml:"requests"`
	Window   string `yaml:"window"` // as in 1m
	Per      string `yaml:"per"`
}

type sunset struct {
	Date      string `yaml:"date"`
	Successor string `yaml:"successor"`
}

func (p *policy) read(op *yaml.Node) error {
	p.timeout = yamlnode.Plain(yamlnode.Member(op, "x-timeout"))
	p.priority = yamlnode.Text(yamlnode.Member(op, "x-priority"))
	p.idempotency = yamlnode.Text(yamlnode.Member(op, "x-idempotency"))
	p.deprecated = yamlnode.Text(yamlnode.Member(op, "deprecated")) == "true"
	for name, into := range map[string]any{
		"x-access": &p.access, "x-rate-limit": &p.rateLimit, "x-sunset": &p.sunset, "x-codes": &p.codes,
	} {
		if n := yamlnode.Member(op, name); n != nil {
			if err := n.Decode(into); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// callers says in words who may call.
func (a access) callers() string {
	var who []string
	switch {
	case a.Public:
		return "anybody"
	case a.Owner == "self":
		who = append(who, "everybody signed in, on their own things")
	case a.Owner != "":
		who = append(who, "the owner")
	}
	return strings.Join(append(who, a.Roles...), ", ")
}

func (l *rateLimit) String() string {
	if l == nil {
		return "none"
	}
	return fmt.Sprintf("%d in %s per %s", l.Requests, l.Window, l.Per)
}

// perSecond is the rate that callers may keep up.
func (l *rateLimit) perSecond() float64 {
	window, _ := time.ParseDuration(l.Window) // The lint has seen to its form.
	return float64(l.Requests) / window.Seconds()
}

// note is one finding about an operation, before it is known where.
type note struct {
	rule      string
	extension string // where to look
	breaking  bool
	text      string
}

// noticeDays is how long before its sunset an operation must have been deprecated.
const noticeDays = 180

// comparePolicies is what changes for callers from one policy to the other; docs/decisions/breaking.md says why.
func comparePolicies(before, after policy, today time.Time) []note {
	var found []note
	say := func(when bool, breaking bool, rule, extension, format string, args ...any) {
		if when {
			found = append(found, note{rule, extension, breaking, fmt.Sprintf(format, args...)})
		}
	}
	a, b := before.access, after.access
	for _, role := range a.Roles {
		say(!b.Public && !slices.Contains(b.Roles, role), true, "access-role-removed", "x-access",
			"the role `%s` may no longer call", role)
	}
	for _, role := range b.Roles {
		say(!a.Public && !slices.Contains(a.Roles, role), false, "access-role-added", "x-access",
			"the role `%s` may call", role)
	}
	say(a.Public && !b.Public, true, "access-closed", "x-access", "anybody could call; now only %s", b.callers())
	say(!a.Public && b.Public, false, "access-opened", "x-access", "anybody may call; before only %s", a.callers())
	say(a.Owner != "" && a.Owner != b.Owner && !b.Public, true, "access-owner-removed", "x-access",
		"owning (`%s`) is no longer enough to call", a.Owner)
	say(a.Owner == "" && b.Owner != "" && !a.Public, false, "access-owner-added", "x-access",
		"owning (`%s`) is enough to call", b.Owner)
	say(a.HiddenAs != "" && b.HiddenAs != "" && a.HiddenAs != b.HiddenAs, true, "access-hidden-as-changed", "x-access",
		"another's thing answers `%s`, before `%s`", b.HiddenAs, a.HiddenAs)

	had, has := before.idempotency, after.idempotency
	say(has == "required" && had != "required", true, "idempotency-required", "x-idempotency",
		"requests without an Idempotency-Key are refused")
	say(has == "" && had != "", true, "idempotency-removed", "x-idempotency",
		"an Idempotency-Key no longer protects from doing it twice")
	say(has == "optional" && had != "optional", false, "idempotency-optional", "x-idempotency",
		"an Idempotency-Key may be sent")

	found = append(found, compareLimits(before.rateLimit, after.rateLimit)...)
	found = append(found, compareCodes(before.codes, after.codes)...)

	limited := before.timeout != nil && fmt.Sprint(before.timeout) != fmt.Sprint(after.timeout)
	say(limited, false, "timeout-changed", "x-timeout",
		"the time limits are %s, before %s", words(after.timeout), words(before.timeout))
	say(before.priority != after.priority, false, "priority-changed", "x-priority",
		"the priority under overload is %s, before %s", after.priority, before.priority)

	earliest := today.AddDate(0, 0, noticeDays).Format(time.DateOnly)
	deprecated, stays := !before.deprecated && after.deprecated, before.deprecated && after.deprecated
	say(deprecated, false, "deprecated", "x-sunset",
		"deprecated, stops working on %s; `%s` follows", after.sunset.Date, after.sunset.Successor)
	say(deprecated && after.sunset.Date < earliest, true, "sunset-too-soon", "x-sunset",
		"stops working on %s, less than %d days from now", after.sunset.Date, noticeDays)
	say(before.deprecated && !after.deprecated, false, "reactivated", "deprecated", "no longer deprecated")
	say(stays && after.sunset.Date < before.sunset.Date, true, "sunset-brought-forward", "x-sunset",
		"stops working on %s, before it was %s", after.sunset.Date, before.sunset.Date)
	say(stays && after.sunset.Date > before.sunset.Date, false, "sunset-put-off", "x-sunset",
		"goes on working until %s, before it was %s", after.sunset.Date, before.sunset.Date)
	return found
}

func compareLimits(before, after *rateLimit) []note {
	change := func(rule string, breaking bool) []note {
		return []note{{rule, "x-rate-limit", breaking, fmt.Sprintf("the rate limit is %s, before %s", after, before)}}
	}
	switch {
	case before == nil && after == nil, before != nil && after != nil && *before == *after:
		return nil
	case after == nil:
		return change("rate-limit-removed", false)
	case before == nil:
		return change("rate-limit-added", true)
	case before.Per != after.Per: // Either way somebody is counted together with what was counted apart.
		return change("rate-limit-counted-otherwise", true)
	case after.Requests < before.Requests || after.perSecond() < before.perSecond():
		return change("rate-limit-lowered", true)
	default:
		return change("rate-limit-raised", false)
	}
}

// compareCodes finds the codes that an operation has come to answer with, or does no more. One that comes with another
// status meets a caller where they do not look for it.
func compareCodes(before, after map[string][]string) (found []note) {
	old, current := statusesOf(before), statusesOf(after)
	for _, code := range slices.Sorted(maps.Keys(merged(old, current))) {
		was, is := old[code], current[code]
		n := note{extension: "x-codes"}
		switch {
		case slices.Equal(was, is):
			continue
		case was == nil:
			n.rule, n.text = "code-added", fmt.Sprintf("answers `%s` with %s", code, strings.Join(is, ", "))
		case is == nil:
			n.rule, n.text = "code-removed", fmt.Sprintf("no longer answers `%s`", code)
		default:
			n.rule, n.breaking = "code-moved", true
			n.text = fmt.Sprintf("answers `%s` with %s, before with %s",
				code, strings.Join(is, ", "), strings.Join(was, ", "))
		}
		found = append(found, n)
	}
	return found
}

// statusesOf gives the statuses of each code, in order.
func statusesOf(codes map[string][]string) map[string][]string {
	found := map[string][]string{}
	for _, status := range slices.Sorted(maps.Keys(codes)) {
		for _, code := range codes[status] {
			found[code] = append(found[code], status)
		}
	}
	return found
}

// compareRemoval judges that an operation is gone.
func compareRemoval(before policy, today time.Time) note {
	switch date := today.Format(time.DateOnly); {
	case !before.deprecated:
		return note{"removed-without-deprecation", "", true, "removed without having been deprecated"}
	case date < before.sunset.Date:
		return note{"removed-before-sunset", "", true, "removed before its sunset on " + before.sunset.Date}
	default:
		return note{"removed-after-sunset", "", false, "removed after its sunset on " + before.sunset.Date}
	}
}

// words are the members of a flat mapping, sorted.
func words(v any) string {
	m, _ := v.(map[string]any)
	var parts []string
	for key, value := range m {
		parts = append(parts, fmt.Sprintf("%s %v", key, value))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
