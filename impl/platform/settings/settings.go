// Package settings reads a program's settings.
//
// A setting takes its value from the last of these sources that has one: the default in the code, the YAML file, the
// environment, the command line. Load promises to report every problem at once, each with its source and a way to fix
// it and without the value of any telemetry.Secret. It returns a value that shares no memory with anything else.
//
// A program that is to follow its settings while it runs holds them in a Live, which promises that a reading takes
// effect as a whole or not at all.
package settings

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// Source says where Load looks for settings. Load only reads it, so the same Source can be loaded again.
type Source struct {
	// Prefix begins the name of every environment variable, as in "USERS_".
	Prefix string
	// Args are the command line's flags, after the subcommand.
	Args []string
	// Getenv returns an environment variable, as os.Getenv does: an empty one counts as not set. If nil, there are no
	// variables.
	Getenv func(string) string
	// Environ lists "name=value", as os.Environ does. If it is given, a variable that begins with Prefix and names no
	// setting is a problem, except for those that Kubernetes adds for a Service whose name yields the same prefix.
	Environ []string
	// Others names settings that T lacks and other commands of the program have, because one file and one environment
	// serve all commands.
	Others []string
	// Live says that the program reads the settings again while it runs; see Live.
	Live bool
}

// Names returns the names of T's settings, as Source.Others takes them.
func Names[T any]() []string {
	fields, err := fieldsOf(reflect.TypeFor[T]())
	if err != nil {
		return nil // Load reports the mistake in T.
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	return names
}

// Load returns defaults, overwritten by the values of source. T is a struct whose fields, those of embedded structs
// included, are settings named by tags:
//
//	DatabaseURL telemetry.Secret `koanf:"database_url" usage:"the database" required:"true"`
//
// This one is database_url in the YAML file, PREFIX_DATABASE_URL in the
// environment and --database-url on the command line. PREFIX_DATABASE_URL_FILE
// names a file that holds the value, less one newline at its end. The YAML
// file is the one that --config or PREFIX_CONFIG names.
//
// A field is a string, a bool, a number, a time.Duration, whatever implements
// encoding.TextUnmarshaler, or a slice of those: a list in YAML, elsewhere
// separated by commas. `koanf:"-"` excludes a field. A setting that is
// required may not end up empty. A key without a value in YAML leaves the
// setting as it is. When a flag is repeated, the last one counts. The tag
// `reload:"true"` says that a change takes effect at run time, and `unit:"KiB"`
// what a number counts.
//
// If *T has a method Validate() error, Load calls it last. Its error is shown to the user, so it must contain no
// secret. It is called even if some values could not be read: those have their defaults
// then, and a complaint counts only if it is not about them: if it names other settings, or a variable of the
// environment such as OTEL_TRACES_SAMPLER. So Validate names every setting that it complains about, and joins its
// complaints with errors.Join.
//
// The error is flag.ErrHelp when the flags ask for help. Otherwise it joins all problems, one per line, or describes a
// mistake in T's own definition.
func Load[T any](source Source, defaults T) (T, error) {
	s, err := Read(source, defaults)
	if err != nil {
		var none T
		return none, err
	}
	return s.Values, nil
}

// Read is Load that also tells where each value comes from.
func Read[T any](source Source, defaults T) (*Snapshot[T], error) {
	s, err := read[T](source, defaults, nil)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// read is Read whose snapshot tells, beside an error, which files were read. What Validate says about the settings in
// force as well, if there are any yet, is no problem.
func read[T any](source Source, defaults T, inForce *T) (*Snapshot[T], error) {
	target := reflect.ValueOf(&defaults).Elem()
	fields, err := fieldsOf(target.Type())
	if err != nil {
		return nil, err
	}
	l := loader{
		source: source, fields: fields, origin: map[string]string{}, bad: map[string]bool{}, given: map[string][]given{},
		content: sha256.New(),
	}
	if err := l.load(target); err != nil {
		return nil, err
	}
	var known error
	if inForce != nil {
		known = validate(inForce)
	}
	l.complain(validate(&defaults), known)
	s := &Snapshot[T]{
		Values: defaults, fields: fields, given: l.given, file: l.file, live: source.Live, print: l.print, files: l.files,
	}
	l.content.Sum(s.read[:0])
	if len(l.problems) > 0 {
		return s, l.problems
	}
	return s, nil
}

// loader is the state of one Load.
type loader struct {
	source   Source
	fields   []field
	origin   map[string]string  // by key: the place whose value is used
	given    map[string][]given // by key, the one that is used first
	bad      map[string]bool    // by key: the value that it should have is not known
	unread   bool               // the YAML file's settings are not known
	file     given              // the YAML file
	print    bool               // the flags ask for the settings
	problems problems

	files   []string  // that were read
	content hash.Hash // of what was read
}

// load reads every layer, then sets the fields of target. The error is flag.ErrHelp, or a mistake of the package; those
// of the user are the problems. Layers are kept as text until all are merged, because koanf
// copies its values by reflection, which empties a telemetry.Secret.
func (l *loader) load(target reflect.Value) error {
	flags, path, err := l.readFlags()
	if err != nil {
		return err
	}
	place := "--" + configFlag
	environment := l.readEnvironment()
	if path == "" {
		place = l.source.Prefix + configVariable
		path = l.getenv(place)
	}
	merged := koanf.New(".")
	for _, layer := range []map[string]any{l.readYAML(path, place), environment, flags} {
		if err := merged.Load(confmap.Provider(layer, ""), nil); err != nil {
			return fmt.Errorf("settings: merge: %w", err)
		}
	}
	for _, f := range l.fields {
		l.assign(f, target.FieldByIndex(f.index), merged.Get(f.key))
	}
	return nil
}

// readYAML returns the settings in the YAML file, if there is one.
func (l *loader) readYAML(path, place string) map[string]any {
	if path == "" {
		return nil
	}
	l.file = given{path, place}
	content, err := l.readFile(path)
	if err != nil {
		l.unread = true
		l.reportf("%s: cannot read the file that --%s or %s%s names: %w",
			path, configFlag, l.source.Prefix, configVariable, cause(err))
		return nil
	}
	return yamlFile{loader: l, path: path}.read(content)
}

// readFile reads a file and keeps the hash of what it holds.
func (l *loader) readFile(path string) ([]byte, error) {
	l.files = append(l.files, path)
	content, err := os.ReadFile(path)
	// A hash takes any text. The length keeps two files apart.
	_, _ = fmt.Fprintf(l.content, "%d %t ", len(content), err == nil)
	_, _ = l.content.Write(content)
	return content, err
}

// assign sets one field to the merged value; nil means that no layer has one.
func (l *loader) assign(f field, target reflect.Value, given any) {
	switch {
	case l.bad[f.key]:
		return
	case given != nil:
		fresh := reflect.New(f.typ).Elem() // the old value may share memory with the caller's defaults
		if err := f.decode(given, fresh); err != nil {
			l.bad[f.key] = true
			l.reportf("%s: %w", l.origin[f.key], err)
			return
		}
		target.Set(fresh)
	case f.list && !target.IsNil():
		target.Set(reflect.AppendSlice(reflect.MakeSlice(f.typ, 0, target.Len()), target))
	}
	if !f.required || !isEmpty(target) || l.unread {
		return
	}
	because := "is required"
	if origin := l.origin[f.key]; origin != "" {
		because = fmt.Sprintf("is required, but %s gives an empty value", origin)
	}
	l.bad[f.key] = true
	variable := f.variable(l.source.Prefix)
	l.reportf("%s %s: set %s, or %s%s, or --%s, or %s in the YAML file",
		f.key, because, variable, variable, fileSuffix, f.flag(), f.key)
}

// accept adds a value to a layer if its field can hold it. Layers are read in order of precedence, the highest first.
// origin begins a message about the value; place is what --print-config tells.
func (l *loader) accept(layer map[string]any, f field, origin, place string, value any) {
	if l.origin[f.key] == "" {
		l.origin[f.key] = origin
	}
	decoded := reflect.New(f.typ).Elem()
	if err := f.decode(value, decoded); err != nil {
		l.reject(f, origin, err)
		return
	}
	told := given{f.told(decoded), place}
	if _, again := layer[f.key]; again { // a repeated flag: the last one counts
		l.given[f.key][0] = told
	} else {
		l.given[f.key] = append(l.given[f.key], told)
	}
	layer[f.key] = value
}

// reject reports a wrong value and appends the setting's usage, which shows the way out.
func (l *loader) reject(f field, origin string, err error) {
	l.bad[f.key] = true
	expected := ""
	if f.usage != "" {
		expected = fmt.Sprintf(" (%s: %s)", f.key, f.usage)
	}
	l.reportf("%s: %w%s", origin, err, expected)
}

func (l *loader) reportf(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(format, args...))
}

func (l *loader) getenv(name string) string {
	if l.source.Getenv == nil {
		return ""
	}
	return l.source.Getenv(name)
}

// find returns the field with that name, as names returns it.
func (l *loader) find(name string, names func(field) string) (field, bool) {
	i := slices.IndexFunc(l.fields, func(f field) bool { return names(f) == name })
	if i < 0 {
		return field{}, false
	}
	return l.fields[i], true
}

// names returns more, followed by the name of every field.
func (l *loader) names(name func(field) string, more ...string) []string {
	for _, f := range l.fields {
		more = append(more, name(f))
	}
	return more
}

// problems are those that Load found: on the command line, in the environment, in the file, and at last the missing
// settings.
type problems []error

// Error returns one line per problem, without the passwords of URLs that a problem quotes.
func (p problems) Error() string {
	var text strings.Builder
	text.WriteString("settings:")
	for _, problem := range p {
		for line := range strings.Lines(problem.Error()) {
			text.WriteString("\n  " + maskedMessage(strings.TrimRight(line, "\r\n")))
		}
	}
	return text.String()
}

// Unwrap lets errors.Is and errors.As see every problem.
func (p problems) Unwrap() []error { return p }

// cause returns why a file cannot be read, without the file's name: people put a secret where its file's name belongs.
func cause(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}
