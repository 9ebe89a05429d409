package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// measureCommand runs a test binary, as go test -exec asks, and notes what it takes: RUN PROGRAM ARGUMENT….
	measureCommand = "measure"
	// measureEnv names the folder of the notes, and rootEnv that of the module.
	measureEnv = "SUITE_NOTES"
	rootEnv    = "SUITE_ROOT"
)

// measure gives the exit code of the test binary. A note is the CPU time of the binary and of the processes that it has
// waited for, in a file named after the run and the package.
func measure(args []string) int {
	run, program := args[0], args[1]
	cmd := exec.CommandContext(context.Background(), program, args[2:]...) //nolint:gosec // go test says what to run
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // It may have ended.
		}
	}()
	err := cmd.Wait()
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if here, unknown := os.Getwd(); unknown == nil { // go test starts a binary in the folder of its package.
		pkg := strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(here, os.Getenv(rootEnv))), "/")
		// Without it only a figure is missing.
		_ = os.WriteFile(noteOf(os.Getenv(measureEnv), run, pkg), []byte(cpu.String()), 0o600)
	}
	if exit, failed := errors.AsType[*exec.ExitError](err); failed && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// noteOf is the file of what a package takes in a run.
func noteOf(folder, run, pkg string) string {
	return filepath.Join(folder, run+"."+strings.ReplaceAll(pkg, "/", "."))
}

// readNote gives the CPU time of a package in a run, zero where there is none.
func readNote(folder, run, pkg string) time.Duration {
	text, err := os.ReadFile(noteOf(folder, run, pkg))
	if err != nil {
		return 0
	}
	cpu, err := time.ParseDuration(string(text))
	if err != nil {
		return 0
	}
	return cpu
}
