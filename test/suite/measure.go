package main

import (
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
	// measureEnv names the folder of the notes.
	measureEnv = "SUITE_NOTES"
)

// measure gives the exit code of the test binary. A note is the CPU time of the binary and of the processes that it has
// waited for, in a file named after the run and the package.
func measure(args []string) int {
	run, program := args[0], args[1]
	cmd := exec.Command(program, args[2:]...) //nolint:gosec // go test says what to run
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
	if folder, here, ok := notePlace(); ok {
		cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		_ = os.WriteFile(filepath.Join(folder, run+"."+strings.ReplaceAll(here, "/", ".")), []byte(cpu.String()), 0o600) //nolint:gosec // the folder is the suite's own; without the file only a figure is missing
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

// notePlace gives the folder of the notes and the package, in whose folder go test starts its binary.
func notePlace() (folder, pkg string, ok bool) {
	here, err := os.Getwd()
	if err != nil {
		return "", "", false
	}
	root := here
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			return "", "", false
		}
		root = filepath.Dir(root)
	}
	pkg, err = filepath.Rel(root, here)
	return os.Getenv(measureEnv), filepath.ToSlash(pkg), err == nil && os.Getenv(measureEnv) != ""
}

// readNote gives the CPU time of a package in a run, zero where there is none.
func readNote(folder, run, pkg string) time.Duration {
	text, err := os.ReadFile(filepath.Join(folder, run+"."+strings.ReplaceAll(pkg, "/", ".")))
	if err != nil {
		return 0
	}
	cpu, err := time.ParseDuration(string(text))
	if err != nil {
		return 0
	}
	return cpu
}
