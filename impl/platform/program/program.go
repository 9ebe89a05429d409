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
	run           func(context.Context, Program, settings.Source, io.Writer) error
}

// NewCommand makes a command whose settings are T, as settings.Load reads them. run writes its result for whoever
// called the command.
func NewCommand[T any](
	name, purpose string, defaults T, run func(context.Context, Program, T, io.Writer) error,
) Command {
	return Command{
		name: name, purpose: purpose, settings: settings.Names[T](),
		run: func(ctx context.Context, p Program, source settings.Source, out io.Writer) error {
			loaded, err := settings.Load(source, defaults)
			if errors.Is(err, flag.ErrHelp) {
				_, err := io.WriteString(out, settings.Help(source.Prefix, defaults))
				return err
			}
			if err != nil {
				return err
			}
			return run(ctx, p, loaded, out)
		},
	}
}

// Commands are those that every service has. A service with others of its own appends them.
func Commands[T any, S interface {
	*T
	ServeSettings
}](defaults T, serve func(context.Context, Program, T, io.Writer) error) []Command {
	return []Command{
		NewCommand("serve", "answer callers and operators until SIGINT or SIGTERM", defaults, serve),
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

func (p Program) usage() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\nUsage: %s COMMAND [FLAGS]\n\n", p.About, p.Name)
	const show = "--version"
	width := len(show)
	for _, c := range p.Commands {
		width = max(width, len(c.name))
	}
	for _, c := range p.Commands {
		fmt.Fprintf(&text, "  %-*s  %s\n", width, c.name, c.purpose)
	}
	fmt.Fprintf(&text, "  %-*s  show the version\n\n%s COMMAND --help lists the command's settings.\n", width,
		show, p.Name)
	return text.String()
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
