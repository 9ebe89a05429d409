package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is the unit of CPU time in /proc, which Linux has fixed at 100 for programs.
const ticksPerSecond = 100

// process is one whose cost is measured, with all that it has started unless it is to be measured alone.
type process struct {
	name  string
	pid   int
	alone bool
}

// cost is what a process has used up to a moment.
type cost struct {
	cpu    float64 // seconds, of user and system
	memory int64   // bytes, of which pages that processes share are counted once (PSS)
}

// look is the cost of every process at one moment.
type look struct {
	at    time.Time
	costs []cost
}

// watch looks at the processes every interval until ctx ends, and once more then.
func watch(ctx context.Context, processes []process, every time.Duration) (looks []look) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		looks = append(looks, lookAt(processes))
		select {
		case <-ctx.Done():
			return append(looks, lookAt(processes))
		case <-tick.C:
		}
	}
}

// lookAt reads the costs from /proc; where the system has none, they are 0.
func lookAt(processes []process) look {
	l := look{at: time.Now()}
	children := parents()
	for _, p := range processes {
		l.costs = append(l.costs, costOf(p, children))
	}
	return l
}

// costOf adds up a process and its descendants, those that have ended included.
func costOf(p process, children map[int][]int) cost {
	fields := stat(p.pid)
	if fields == nil {
		return cost{}
	}
	// utime and stime, and cutime and cstime of children that have ended: see proc_pid_stat(5).
	c, times := cost{memory: memoryOf(p.pid)}, fields[11:15]
	if p.alone {
		times = times[:2]
	}
	for _, ticks := range times {
		n, _ := strconv.ParseFloat(ticks, 64)
		c.cpu += n / ticksPerSecond
	}
	if p.alone {
		return c
	}
	for _, child := range children[p.pid] {
		of := costOf(process{pid: child}, children)
		c.cpu += of.cpu
		c.memory += of.memory
	}
	return c
}

// stat gives the fields of /proc/PID/stat from the state on; the name before it may hold anything.
func stat(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 15 {
		return nil
	}
	return fields
}

// parents gives the children of each process.
func parents() map[int][]int {
	children := map[int][]int{}
	found, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range found {
		pid, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		if fields := stat(pid); fields != nil {
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], pid)
		}
	}
	return children
}

// memoryOf is the proportional set size of a process.
func memoryOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "Pss: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}

// machine describes where a run was made.
func machine() string {
	model := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d × %s, %s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.Version())
}
