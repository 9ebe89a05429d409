package settings

import (
	"regexp"
	"slices"
	"strings"
)

// word matches what may be the name of a setting in the text of a complaint.
var word = regexp.MustCompile(`[a-z][a-z0-9_]*`)

// complain adds what Validate says about the values. Where some value could not be read, a default stands in its place:
// then only those complaints count that name nothing but settings whose values are known.
func (l *loader) complain(err error) {
	if err == nil {
		return
	}
	if len(l.problems) == 0 {
		l.problems = problems{err}
		return
	}
	for _, complaint := range apart(err) {
		if named := l.named(complaint.Error()); len(named) > 0 && !slices.ContainsFunc(named, l.isUnknown) {
			l.problems = append(l.problems, complaint)
		}
	}
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
