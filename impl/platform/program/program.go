// Package program runs a service as a process: its commands, and serving until it is told to end.
//
// It promises to report mistakes in arguments and settings before anything is touched, to serve only from a database of
// its own schema version, and to stop in order and in bounded time.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"example.com/plumbline/impl/platform/settings"
)

// Program is a service with its commands.
type Program struct {
	// Name is the service's name; in upper case and with _ it is the prefix of its environment variables.
	Name string
	// About says in a sentence what the service does.
	About string
	// Schema lists the parts of its database.
	Schema Schema
	// Commands are its commands.
	Commands []Command
	// Clock returns the time; nil stands for the time of the system.
	Clock func() time.Time
	// Development suppresses the warnings about settings that only production needs.
	Development bool
}

// Command is one command of a program.
type Command struct {
	name, purpose string
	settings      []string
	live          bool // It reads its settings again while it runs.
	describe      func() ([]settings.Setting, error)
	run           func(context.Context, Program, settings.Source, io.Writer) error
}

// NewCommand makes a command whose settings are T, as settings.Load reads them. run writes its result for whoever
// called the command.
func NewCommand[T any](
	name, purpose string, defaults T, run func(context.Context, Program, T, io.Writer) error,
) Command {
	c := newCommand(name, purpose, defaults)
	c.run = func(ctx context.Context, p Program, source settings.Source, out io.Writer) error {
		loaded, err := settings.Read(source, defaults)
		if shown, err := show(source, defaults, loaded, err, out); shown {
			return err
		}
		return run(ctx, p, loaded.Values, out)
	}
	return c
}

// NewLiveCommand is NewCommand for a command that reads its settings again while it runs.
func NewLiveCommand[T any](
	name, purpose string, defaults T, run func(context.Context, Program, *settings.Live[T], io.Writer) error,
) Command {
	c := newCommand(name, purpose, defaults)
	c.live = true
	c.run = func(ctx context.Context, p Program, source settings.Source, out io.Writer) error {
		source.Live = true
		live, err := settings.NewLive(source, defaults)
		var loaded *settings.Snapshot[T]
		if err == nil {
			loaded = live.Snapshot()
		}
		if shown, err := show(source, defaults, loaded, err, out); shown {
			return err
		}
		return run(ctx, p, live, out)
	}
	return c
}

// newCommand makes a command that cannot run yet.
func newCommand[T any](name, purpose string, defaults T) Command {
	return Command{
		name: name, purpose: purpose, settings: settings.Names[T](),
		describe: func() ([]settings.Setting, error) { return settings.Describe(defaults) },
	}
}

// show does what the flags ask for instead of running the command, or fails with what is wrong with the settings. It
// reports false if the command is to run.
func show[T any](
	source settings.Source, defaults T, loaded *settings.Snapshot[T], failed error, out io.Writer,
) (shown bool, err error) {
	switch {
	case errors.Is(failed, flag.ErrHelp):
		_, err = io.WriteString(out, settings.Help(source, defaults))
	case failed != nil:
		err = failed
	case loaded.PrintConfig():
		_, err = io.WriteString(out, loaded.Config())
	default:
		return false, nil
	}
	return true, err
}

// Commands are those that every service has. A service with others of its own appends them.
func Commands[T any, S interface {
	*T
	ServeSettings
}](defaults T, serve func(context.Context, Program, *settings.Live[T], io.Writer) error) []Command {
	return []Command{
		NewLiveCommand("serve", "answer callers and operators until SIGINT or SIGTERM", defaults, serve),
		Check[T, S](defaults),
		NewCommand("audit verify", "show whether the audit log is as it was written", DefaultAudit(), VerifyAudit),
		NewCommand("migrate", "bring the database to this version's schema", DefaultDatabase(), Migrate),
	}
}

// Run runs the command in args, with settings from args and environ ("name=value"), and writes logs and results to out.
// It ends with ctx, stopping in order.
func (p Program) Run(ctx context.Context, args, environ []string, out io.Writer) error {
	if p.Clock == nil {
		p.Clock = time.Now
	}
	if len(args) == 0 {
		return fmt.Errorf("a command is missing; %s --help lists them", p.Name)
	}
	switch args[0] {
	case "--version", "version":
		_, err := fmt.Fprintln(out, p.Name, version())
		return err
	case "--help", "-h", "help":
		_, err := io.WriteString(out, p.usage())
		return err
	}
	for _, c := range p.Commands {
		if words := strings.Fields(c.name); len(args) >= len(words) && slices.Equal(words, args[:len(words)]) {
			return c.run(ctx, p, p.Source(args[len(words):], environ), out)
		}
	}
	return fmt.Errorf("there is no command %q; %s --help lists them", args[0], p.Name)
}

// Source says where a command finds its settings. One file and one environment serve all commands, so another command's
// setting is no mistake.
func (p Program) Source(args, environ []string) settings.Source {
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	source := settings.Source{
		Prefix: strings.ToUpper(p.Name) + "_", Args: args, Environ: environ,
		Getenv: func(name string) string { return values[name] },
	}
	for _, c := range p.Commands {
		source.Others = append(source.Others, c.settings...)
	}
	return source
}

// CommandSettings describes the settings of a command.
type CommandSettings struct {
	Name, Purpose string
	// Live says that the command reads its settings again while it runs.
	Live     bool
	Settings []settings.Setting
}

// Settings describes the settings of each command, for a document.
func (p Program) Settings() ([]CommandSettings, error) {
	all := make([]CommandSettings, len(p.Commands))
	for i, c := range p.Commands {
		described, err := c.describe()
		if err != nil {
			return nil, err
		}
		all[i] = CommandSettings{Name: c.name, Purpose: c.purpose, Live: c.live, Settings: described}
	}
	return all, nil
}

func (p Program) usage() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\nUsage: %s COMMAND [FLAGS]\n\n", p.About, p.Name)
	const version = "--version"
	width := len(version)
	for _, c := range p.Commands {
		width = max(width, len(c.name))
	}
	for _, c := range p.Commands {
		fmt.Fprintf(&text, "  %-*s  %s\n", width, c.name, c.purpose)
	}
	fmt.Fprintf(&text, "  %-*s  show the version\n\n"+
		"%s COMMAND --help lists the command's settings, and --print-config shows them.\n", width, version, p.Name)
	return text.String()
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
