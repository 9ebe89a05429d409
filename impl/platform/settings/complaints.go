package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// word matches what may be the name of a setting in the text of a complaint.
var word = regexp.MustCompile(`[a-z][a-z0-9_]*`)

// variable matches what may be the name of a variable of others, as in OTEL_TRACES_SAMPLER: its value is known.
var variable = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b`)

// validate returns what Validate says about settings, if they have it.
func validate(values any) error {
	if checked, ok := values.(interface{ Validate() error }); ok {
		return checked.Validate()
	}
	return nil
}

// complain adds what Validate says about the values, except for what is known. Where some value could not be read, a
// default stands in its place: then those complaints do not count that name such a setting, nor those that name nothing
// at all and so may be about it.
func (l *loader) complain(err, known error) {
	anyUnknown := slices.ContainsFunc(l.fields, func(f field) bool { return l.isUnknown(f.key) })
	for _, complaint := range without(apart(err), apart(known)) {
		named := l.named(complaint.Error())
		nameless := len(named) == 0 && !variable.MatchString(complaint.Error())
		if nameless && anyUnknown || slices.ContainsFunc(named, l.isUnknown) {
			continue
		}
		l.problems = append(l.problems, l.placed(complaint, named))
	}
}

// placed appends where the settings have their values that a complaint names: what is out of bounds has to be found.
func (l *loader) placed(complaint error, named []string) error {
	var places []string
	for _, key := range slices.Compact(slices.Clone(named)) {
		if given := l.given[key]; len(given) > 0 && !slices.Contains(places, given[0].place) {
			places = append(places, given[0].place)
		}
	}
	if len(places) == 0 {
		return complaint
	}
	return fmt.Errorf("%w (%s)", complaint, strings.Join(places, ", "))
}

// without returns the complaints that are not among the known ones.
func without(complaints, known []error) []error {
	return slices.DeleteFunc(complaints, func(complaint error) bool {
		return slices.ContainsFunc(known, func(k error) bool { return k.Error() == complaint.Error() })
	})
}

// named returns the names of settings in a text.
func (l *loader) named(text string) (keys []string) {
	for _, name := range word.FindAllString(text, -1) {
		if _, known := l.find(name, field.name); known {
			keys = append(keys, name)
		}
	}
	return keys
}

// isUnknown reports whether the value that a setting should have is not known.
func (l *loader) isUnknown(key string) bool { return l.bad[key] || l.unread && len(l.given[key]) == 0 }

// apart returns the errors that errors.Join has joined, however deep.
func apart(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var parts []error
	var texts []string
	for _, part := range joined.Unwrap() {
		texts = append(texts, part.Error())
		parts = append(parts, apart(part)...)
	}
	if strings.Join(texts, "\n") != err.Error() { // It says more than its parts do.
		return []error{err}
	}
	return parts
}
