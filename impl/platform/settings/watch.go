package settings

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settle is how long a folder has to be quiet before its files are read: an editor writes in several steps.
	settle = 100 * time.Millisecond
	// mostSettle is how long after the first event the files are read even if the folder is never quiet, because
	// another file of it is written all the time.
	mostSettle = time.Second
	// pollEvery is how often files are looked at that no event has told of, as on a file system without events.
	pollEvery = 30 * time.Second
)

// Watch reads the settings again whenever the content of their files has changed, and on each value of signals, until
// ctx ends. It tells report what each reading has done. Settings that are refused are tried again every 30 seconds,
// because the reason may be a server or another file; report is told once the outcome is another one.
//
// The files are the YAML file and those that variables with _FILE name. Their folders are watched, not the files:
// editors and Kubernetes put another file in the place of one. What counts is the content, not the event.
func (l *Live[T]) Watch(ctx context.Context, signals <-chan os.Signal, report func(Reloaded, error)) {
	l.watch(ctx, signals, report, pollEvery)
}

func (l *Live[T]) watch(
	ctx context.Context, signals <-chan os.Signal, report func(Reloaded, error), every time.Duration,
) {
	var events <-chan fsnotify.Event
	var lost <-chan error
	folders, err := fsnotify.NewWatcher()
	if err == nil { // Otherwise the files are polled.
		defer folders.Close() //nolint:errcheck // Nothing was written.
		events, lost = folders.Events, folders.Errors
	}
	poll := time.NewTicker(every)
	defer poll.Stop()
	quiet := time.NewTimer(0) // The files may have changed since they were read first.
	defer quiet.Stop()
	var until time.Time // when the files are read at the latest; zero while no event awaits that
	for {
		when := never
		select {
		case <-ctx.Done():
			return
		case <-events:
			until = delay(quiet, until)
			continue
		case <-lost: //nolint:errcheck // Events were too many to be told; that something has changed is enough.
			until = delay(quiet, until)
			continue
		case <-quiet.C:
		case <-poll.C:
			when = ifRefused
		case <-signals:
			when = always
		}
		until = time.Time{}
		if folders != nil {
			l.follow(folders) // Before the reading: what changes in a new folder after it is told by an event.
		}
		if result, tell, err := l.reload(ctx, when); tell {
			report(result, err)
		}
	}
}

// delay has the timer wait until the folders are quiet, or until the time after the first event when they need not be;
// zero stands for the first event.
func delay(quiet *time.Timer, until time.Time) time.Time {
	if until.IsZero() {
		until = time.Now().Add(mostSettle)
	}
	quiet.Reset(min(settle, time.Until(until)))
	return until
}

// follow watches the folder of each file, and that of the file which a symbolic link leads to. One that cannot be
// watched is polled.
func (l *Live[T]) follow(folders *fsnotify.Watcher) {
	for _, path := range l.current.Load().files {
		_ = folders.Add(filepath.Dir(path))
		if target, err := filepath.EvalSymlinks(path); err == nil {
			_ = folders.Add(filepath.Dir(target))
		}
	}
}
