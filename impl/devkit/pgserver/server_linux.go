package pgserver

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// bindToParent makes the kernel send signal to the command when the thread that starts it ends.
func bindToParent(cmd *exec.Cmd, signal syscall.Signal) {
	cmd.SysProcAttr.Pdeathsig = signal
}

// processesIn returns the postgres processes whose working folder is data. The postmaster and its children all work
// there; a zombie has no working folder, and another program that reuses a recorded pid has another one.
func processesIn(data string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		cwd, err := os.Readlink(filepath.Join("/proc", entry.Name(), "cwd"))
		if err != nil || strings.TrimSuffix(cwd, " (deleted)") != data {
			continue
		}
		comm, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "comm"))
		if err == nil && strings.TrimSpace(string(comm)) == "postgres" {
			pids = append(pids, pid)
		}
	}
	return pids
}
