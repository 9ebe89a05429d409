package settings

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Live holds the settings of a program that reads them again while it runs. Each reading is a snapshot that takes the
// place of the one before as a whole, or not at all. It is safe for concurrent use.
type Live[T any] struct {
	source   Source
	defaults T
	current  atomic.Pointer[Snapshot[T]]

	mu          sync.Mutex // held while settings are read again, and for what follows
	read        [32]byte   // the hash of the files when they were last read, also in vain
	refused     string     // why the last reading was refused; empty if it was not
	checks      []func(ctx context.Context, next *T, changed []Change) error
	subscribers []func(next *T, changed []Change)
}

// NewLive reads the settings of a source for the first time, as Load does.
func NewLive[T any](source Source, defaults T) (*Live[T], error) {
	source.Live = true
	first, err := Read(source, defaults)
	if err != nil {
		return nil, err
	}
	l := &Live[T]{source: source, defaults: defaults, read: first.read}
	l.current.Store(first)
	return l, nil
}

// Snapshot returns the last reading that has taken effect.
func (l *Live[T]) Snapshot() *Snapshot[T] { return l.current.Load() }

// Get returns the settings in force. They never change: who holds them for long holds old ones.
func (l *Live[T]) Get() *T { return &l.current.Load().Values }

// Check registers what may refuse new settings, besides Validate, before they take effect. Its error is shown to
// operators, so it must contain no secret. It is called while settings are read, so of the Live it may call nothing but
// Get and Snapshot, which are those before: Check, Subscribe and Reload would wait for themselves.
func (l *Live[T]) Check(check func(ctx context.Context, next *T, changed []Change) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.checks = append(l.checks, check)
}

// Subscribe registers a function that is called after new settings have taken effect, with what has changed. It is not
// called for what takes effect at the next start only. It may call of the Live what a check may: Get and Snapshot
// return the new settings.
func (l *Live[T]) Subscribe(subscriber func(next *T, changed []Change)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subscribers = append(l.subscribers, subscriber)
}

// Reloaded says what a reload has done.
type Reloaded struct {
	// Changed are the settings that have changed.
	Changed []Change
	// Waiting are those that the sources have changed and that take effect at the next start only.
	Waiting []Change
	// Hidden names the settings of the YAML file that a variable or a flag hides, as in "log_level by USERS_LOG_LEVEL".
	Hidden []string
}

// Reload reads the settings again. An error lists what is wrong with them; then all old ones stay. What is wrong with
// the settings in force as well, such as a file that is gone since, is not held against the new ones.
func (l *Live[T]) Reload(ctx context.Context) (Reloaded, error) {
	result, _, err := l.reload(ctx, always)
	return result, err
}

// occasion says when files that hold what they held before are a reason to read the settings again.
type occasion int

const (
	never     occasion = iota
	ifRefused          // The reason of the last refusal may be outside of the files, and over.
	always
)

// reload is Reload for an occasion. It reports whether there is something to tell: settings that were read for another
// reason than a refusal, or a refusal that has ended or is another one now.
func (l *Live[T]) reload(ctx context.Context, when occasion) (result Reloaded, tell bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, err := read(l.source, l.defaults, l.Get())
	if next == nil {
		return result, true, err // The command line was good before: this does not happen.
	}
	tell = when == always || next.read != l.read
	if !tell && (when == never || l.refused == "") {
		return result, false, nil
	}
	l.read = next.read
	if err == nil {
		result, err = l.apply(ctx, next)
	}
	refused := ""
	if err != nil {
		refused = err.Error()
	}
	tell = tell || refused != l.refused
	l.refused = refused
	return result, tell, err
}

// apply puts a reading into force.
func (l *Live[T]) apply(ctx context.Context, next *Snapshot[T]) (result Reloaded, err error) {
	current := l.current.Load()
	from, to := reflect.ValueOf(&current.Values).Elem(), reflect.ValueOf(&next.Values).Elem()
	for _, c := range changes(next.fields, &current.Values, &next.Values) {
		if c.field.reload {
			result.Changed = append(result.Changed, c)
			continue
		}
		result.Waiting = append(result.Waiting, c)
		to.FieldByIndex(c.field.index).Set(from.FieldByIndex(c.field.index))
	}
	if err := l.check(ctx, &next.Values, result); err != nil {
		return Reloaded{}, err
	}
	result.Hidden = next.hidden()
	l.current.Store(next)
	for _, subscriber := range l.subscribers {
		if len(result.Changed) > 0 {
			subscriber(&next.Values, result.Changed)
		}
	}
	return result, nil
}

// check refuses settings that cannot take effect. Where some wait for the next start, the others have not been
// validated together with the old values of these.
func (l *Live[T]) check(ctx context.Context, next *T, result Reloaded) error {
	var found problems
	if len(result.Waiting) > 0 {
		for _, complaint := range without(apart(validate(next)), apart(validate(l.Get()))) {
			found = append(found, explained(complaint, result.Waiting))
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, check := range l.checks {
		if err := check(ctx, next, result.Changed); err != nil {
			found = append(found, err)
		}
	}
	if len(found) > 0 {
		return found
	}
	return nil
}

// explained adds to a complaint which of the settings that it names take effect at the next start only.
func explained(complaint error, waiting []Change) error {
	words := word.FindAllString(complaint.Error(), -1)
	var named []string
	for _, c := range waiting {
		if slices.Contains(words, c.Setting) {
			named = append(named, c.Setting)
		}
	}
	switch len(named) {
	case 0:
		return complaint
	case 1:
		return fmt.Errorf("%w (%s takes effect at the next start)", complaint, named[0])
	default:
		return fmt.Errorf("%w (%s take effect at the next start)", complaint, strings.Join(named, " and "))
	}
}
