package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/openapi"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	packages := []pkg{
		{path: "impl/users", contract: true}, {path: "impl/platform/mail"}, {path: "cmd/dev"}, {path: "test/docs"},
	}
	some := plan(packages, options{race: "some"})
	require.Equal(t, []testRun{
		{raceRun, []string{"-race", "-skip", contractTests}, []string{"impl/users", "impl/platform/mail"}},
		{contractRun, []string{"-run", contractTests}, []string{"impl/users"}},
		{plainRun, nil, []string{"cmd/dev", "test/docs"}},
	}, some, "what the race detector leaves out runs without it")
	all := []string{"impl/users", "impl/platform/mail", "cmd/dev", "test/docs"}
	require.Equal(t, []testRun{{raceRun, []string{"-race"}, all}}, plan(packages, options{race: "all"}))
	require.Equal(t, []testRun{{plainRun, nil, all}}, plan(packages, options{race: "none"}))
	require.Equal(t, []testRun{{contractRun, []string{"-run", contractTests}, []string{"impl/users"}}},
		plan(packages, options{race: "some", contract: true}))
}

func TestTheBadgeIsOfEveryService(t *testing.T) {
	t.Parallel()
	var all []pkg
	for _, name := range openapi.Services() {
		require.False(t, testsEveryService(all))
		all = append(all, pkg{path: "test/" + name}, pkg{path: "impl/" + name, service: true})
	}
	require.True(t, testsEveryService(all))
}

func TestArguments(t *testing.T) {
	t.Parallel()
	o, err := parse(nil)
	require.NoError(t, err)
	require.Equal(t, options{race: "some", count: 1, packages: []string{"./..."}}, o)
	_, err = parse([]string{"-race", "often"})
	require.ErrorContains(t, err, `-race is "often"`)
}

// told is what a report writes of events of the second of two runs, and of the end.
func told(t *testing.T, events ...event) (text string, err error) {
	t.Helper()
	var out, lines bytes.Buffer
	r := newReport(&out, []testRun{
		{raceRun, []string{"-race", "-skip", contractTests}, []string{"impl/users"}},
		{contractRun, []string{"-run", contractTests}, []string{"impl/users"}},
	}, t.TempDir())
	r.take(0, event{Action: "start", Package: "example.com/plumbline/impl/users"}, time.Now())
	r.take(0, event{Action: "pass", Package: "example.com/plumbline/impl/users"}, time.Now())
	for _, e := range events {
		e.Package = "example.com/plumbline/impl/users"
		if e.ImportPath != "" {
			e.Package = ""
		}
		line, err := json.Marshal(e)
		require.NoError(t, err)
		lines.Write(append(line, '\n'))
	}
	r.read(1, &lines)
	err = r.close(time.Second, time.Second, func() (string, error) { return "everything", nil })
	return out.String(), err
}

func TestReport(t *testing.T) {
	t.Parallel()
	start, pass, fail := event{Action: "start"}, event{Action: "pass"}, event{Action: "fail"}
	text, err := told(t, start, event{Action: "run", Test: "TestA"},
		event{Action: "output", Test: "TestA", Output: "noise\n"}, event{Action: "pass", Test: "TestA"}, pass)
	require.NoError(t, err)
	require.NotContains(t, text, "noise")
	require.Contains(t, text, "2/2  ok ")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	require.Equal(t, "ran:    2 packages; tests: 1 passed, 0 failed, 0 skipped", lines[len(lines)-3])
	require.Equal(t, "proved: everything", lines[len(lines)-2])
	require.True(t, strings.HasPrefix(lines[len(lines)-1], "took:   1 s; CPU "), lines[len(lines)-1])

	// A failure says what happened and how it runs alone, in the run in which it failed.
	text, err = told(t, start, event{Action: "output", Test: "TestContract/a_b's", Output: "it is broken\n"},
		event{Action: "fail", Test: "TestContract/a_b's"}, event{Action: "fail", Test: "TestContract"}, fail)
	require.ErrorIs(t, err, errFailed)
	require.Contains(t, text,
		"      it is broken\n      alone: go test -count=1 -run '^TestContract$/^a_b.s$' ./impl/users\n")
	require.Equal(t, 1, strings.Count(text, "alone:"))
	require.Contains(t, text,
		"2 failed, 0 skipped; FAIL: impl/users (contract)\nproved: nothing, for not every test has passed\n")

	broken := event{
		Action: "build-output", ImportPath: "example.com/plumbline/impl/users", Output: "x.go:1: undefined: y\n",
	}
	text, err = told(t, broken, start, fail)
	require.ErrorIs(t, err, errFailed)
	require.Contains(t, text, "undefined: y")

	text, err = told(t, start, event{Action: "run", Test: "TestA"},
		event{Action: "output", Output: "panic: no\n"}, fail)
	require.ErrorIs(t, err, errFailed)
	require.Contains(t, text, "unfinished, alone: go test -count=1 -run '^TestA$' ./impl/users\n")
	require.Contains(t, text, "panic: no")

	text, err = told(t)
	require.ErrorIs(t, err, errFailed, "a package that never ends has not passed")
	require.Contains(t, text, "FAIL: impl/users (contract)")
}

// What takes long is named by the test that runs, not by one that waits for its parts or for its turn.
// The report of a race stands in the output of a test that passes: another has failed by it, or the package alone.
func TestRaceReportOfATestThatPasses(t *testing.T) {
	t.Parallel()
	race := []event{
		{Action: "start"}, {Action: "run", Test: "TestA"}, {Action: "output", Test: "TestA", Output: "==================\n"},
		{Action: "output", Test: "TestA", Output: "WARNING: DATA RACE\n"},
		{Action: "output", Test: "TestA", Output: "Write at 0x00c0 by goroutine 7:\n"}, {Action: "pass", Test: "TestA"},
		{Action: "run", Test: "TestB"}, {Action: "output", Test: "TestB", Output: "noise\n"}, {Action: "pass", Test: "TestB"},
	}
	for name, others := range map[string][]event{
		"the package alone fails": {{Action: "output", Output: "exit status 66\n"}, {Action: "fail"}},
		"another test fails": {
			{Action: "output", Test: "TestC", Output: "race detected during execution of test\n"},
			{Action: "fail", Test: "TestC"}, {Action: "fail"},
		},
	} {
		text, err := told(t, append(slices.Clone(race), others...)...)
		require.ErrorIs(t, err, errFailed, name)
		require.Contains(t, text, "      WARNING: DATA RACE\n      Write at 0x00c0 by goroutine 7:\n", name)
		require.Contains(t, text, "      reported while TestA ran", name)
		require.NotContains(t, text, "noise", name)
	}
}

func TestSlow(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := newReport(&out, []testRun{{plainRun, nil, []string{"impl/users"}}}, t.TempDir())
	now := time.Now()
	for i, e := range []event{
		{Action: "start"}, {Action: "run", Test: "TestA"}, {Action: "run", Test: "TestA/b"},
		{Action: "pause", Test: "TestA/b"}, {Action: "run", Test: "TestC"},
	} {
		e.Package = "example.com/plumbline/impl/users"
		r.take(0, e, now.Add(time.Duration(i)*time.Second))
	}
	r.tellSlow(now.Add(10 * time.Second))
	require.Contains(t, out.String(), "impl/users, 0 tests done, in TestC for 6 s")
	r.take(0, event{Action: "cont", Package: "example.com/plumbline/impl/users", Test: "TestA/b"}, now)
	r.tellSlow(now.Add(10 * time.Second))
	require.Contains(t, out.String(), "in TestA/b for 10 s")
}

// The test binary that measures runs as this one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == measureCommand {
		os.Exit(measure(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	notes := t.TempDir()
	run := func(script string) error {
		cmd := exec.CommandContext(t.Context(), self, measureCommand, plainRun, "/bin/sh", "-c", script)
		cmd.Env = append(os.Environ(), measureEnv+"="+notes, rootEnv+"="+root)
		return cmd.Run()
	}
	require.NoError(t, run("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"))
	require.Positive(t, readNote(notes, plainRun, "test/suite"))
	require.Zero(t, readNote(notes, raceRun, "test/suite"))
	err = run("exit 7")
	exit := &exec.ExitError{}
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 7, exit.ExitCode(), "go test is told how the tests ended")
	require.Error(t, run("kill -9 $$"))
	files, err := filepath.Glob(filepath.Join(notes, "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
}
