//go:build !linux

package pgserver

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bindToParent does nothing: only Linux notifies a child of its parent's death. The next start ends the child.
func bindToParent(*exec.Cmd, syscall.Signal) {}

// processesIn returns the postmaster recorded in data if that process is a postgres that was started for data.
func processesIn(data string) []int {
	pid, _ := readPidFile(data)
	if pid <= 1 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ps", "-p", strconv.Itoa(pid), "-o", "stat=,command=").Output()
	line := strings.TrimSpace(string(out))
	if err != nil || strings.HasPrefix(line, "Z") || !strings.Contains(line, "postgres -D "+data) {
		return nil
	}
	return []int{pid}
}
