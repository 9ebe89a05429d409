//go:build failpoints

// Package failpoint lets a test make a process fail at a named place.
//
// It promises to do nothing in a binary that is built without the tag failpoints.
package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// variable names the environment variable that lists the failures, as in
//
//	outbox.before-publish=kill,outbox.after-publish=error@3,inbox.before-commit=delay:200ms
//
// kill ends the process as kill -9 does, error returns an error, delay waits. @3 means the third hit only.
const variable = "PLUMBLINE_FAILPOINTS"

type failure struct {
	action string
	delay  time.Duration
	at     int64 // 0 is every time
	hits   atomic.Int64
}

var armed = sync.OnceValue(func() map[string]*failure { return parse(os.Getenv(variable)) })

// Hit causes the failure that the environment lists for the named place.
func Hit(name string) error {
	f := armed()[name]
	if f == nil {
		return nil
	}
	if hit := f.hits.Add(1); f.at != 0 && f.at != hit {
		return nil
	}
	switch f.action {
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // The signal is on its way.
	case "error":
		return fmt.Errorf("failpoint %s", name)
	default:
		time.Sleep(f.delay)
		return nil
	}
}

// parse panics at a mistake, because a test that injects nothing would prove nothing.
func parse(text string) map[string]*failure {
	failures := map[string]*failure{}
	for entry := range strings.SplitSeq(text, ",") {
		if entry == "" {
			continue
		}
		name, wanted, _ := strings.Cut(entry, "=")
		action, at, counted := strings.Cut(wanted, "@")
		action, delay, _ := strings.Cut(action, ":")
		f := &failure{action: action}
		var err error
		if counted {
			f.at, err = strconv.ParseInt(at, 10, 64)
		}
		switch {
		case err != nil || counted && f.at < 1:
		case action == "kill" && delay == "", action == "error" && delay == "":
			failures[name] = f
			continue
		case action == "delay":
			if f.delay, err = time.ParseDuration(delay); err == nil {
				failures[name] = f
				continue
			}
		}
		panic(fmt.Sprintf("%s: %q cannot be understood: write place=kill, place=error or place=delay:200ms, "+
			"with @3 for the third time only", variable, entry))
	}
	return failures
}
