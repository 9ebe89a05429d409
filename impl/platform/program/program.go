// Package program runs a service as a process: its commands, and serving until it is told to end.
//
// It promises that what is wrong with arguments and settings is said before anything is touched, that nothing is served
// from a database of another version, and that winding down goes in order and takes a bounded time.
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
	// Name is what the service is called everywhere; in upper case and with _ it begins its environment variables.
	Name string
	// About says in a sentence what the service does.
	About string
	// Schema is what its database consists of.
	Schema Schema
	// Commands are what it can be told to do.
	Commands []Command
	// Clock tells its service the time; nil is the system's.
	Clock func() time.Time
	// Development is whether somebody develops with the service: nothing is warned of that production would have to know.
	Development bool
}

// Command is something that a program can be told to do.
type Command struct {
	name, purpose string
	settings      []string
	run           func(context.Context, Program, settings.Source, io.Writer) error
}

// NewCommand makes a command whose settings are T, as settings.Load takes them. What run writes is for whoever gave
// the command.
func NewCommand[T any](name, purpose string, defaults T, run func(context.Context, Program, T, io.Writer) error) Command {
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

// Run carries out the command in args, with settings from args and environ ("name=value"), and writes logs and answers
// to out. It ends when ctx does, winding down in order.
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

// Source is where a command finds its settings. One file and one environment serve all commands: what is another's
// setting is no mistake.
func (p Program) Source(args, environ []string) settings.Source {
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	source := settings.Source{
		Prefix: strings.ToUpper(p.Name) + "_", Args: args, Environ: environ, Getenv: func(name string) string { return values[name] },
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
	fmt.Fprintf(&text, "  %-*s  show the version\n\n%s COMMAND --help lists the command's settings.\n", width, show, p.Name)
	return text.String()
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
