package settings

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
)

// Setting describes a setting to people.
type Setting struct {
	// Name is the key in YAML.
	Name string
	// Type is such as "text" or "list of durations"; Unit is what a number counts, where that is not in the name.
	Type, Unit string
	// Default is "(required)" for a setting that has none, and "(hidden)" for a secret.
	Default string
	// Reload says that a change takes effect at run time, in a program that reads its settings again.
	Reload bool
	Usage  string
}

// Describe describes T's settings. The error is a mistake in T's definition.
func Describe[T any](defaults T) ([]Setting, error) {
	values := reflect.ValueOf(&defaults).Elem()
	fields, err := fieldsOf(values.Type())
	if err != nil {
		return nil, err
	}
	all := make([]Setting, len(fields))
	for i, f := range fields {
		all[i] = Setting{
			Name: f.key, Type: f.typeName(), Unit: f.unit, Default: f.shown(values.FieldByIndex(f.index)), Reload: f.reload,
			Usage: f.usage,
		}
	}
	return all, nil
}

// Help returns a table of T's settings, one per line: flag, environment variable, default and usage, and for a program
// that reads its settings again whether a change takes effect at run time. The default of a telemetry.Secret is hidden.
// If T's definition has a mistake, Help returns the message of Load's error. Of the source, only Prefix and Live count.
func Help[T any](source Source, defaults T) string {
	all, err := Describe(defaults)
	if err != nil {
		return err.Error() + "\n"
	}
	table := newTable()
	row := func(flag, variable, given, reload, usage string) {
		if source.Live {
			table.row(flag, variable, given, reload, usage)
			return
		}
		table.row(flag, variable, given, usage)
	}
	row("FLAG", "ENVIRONMENT", "DEFAULT", "AT RUN TIME", "USAGE")
	row("--"+configFlag, source.Prefix+configVariable, "", "no",
		"YAML file with settings, named as the flags are, with _ for -")
	row("--"+helpFlag, "", "", "", "show this table")
	row("--"+printFlag, "", "", "", "show the settings, without secrets, and where each comes from")
	for _, s := range all {
		f := field{key: s.Name}
		row("--"+f.flag(), f.variable(source.Prefix), s.Default, yesNo(s.Reload), s.Usage)
	}
	text := table.String() + "\nFlags go before the environment, the environment before the YAML file. To keep a\n" +
		"value out of the environment, name a file that holds it in the variable with " + fileSuffix + "\n" +
		"at its end. Lists are separated by commas.\n"
	if source.Live {
		text += "What changes at run time does so when the YAML file, or a file that a variable with\n" + fileSuffix +
			" names, changes, and on SIGHUP. All else takes effect at the next start.\n"
	}
	return text
}

// typeName is the type of a setting as people call it.
func (f field) typeName() string {
	t, plural := f.typ, ""
	if f.list {
		t, plural = t.Elem(), "s"
	}
	if given, ok := reflect.TypeAssert[interface{ valueType() reflect.Type }](reflect.Zero(t)); ok {
		t = given.valueType()
	}
	name := "text"
	switch {
	case t == secretType:
		name = "secret"
	case t == durationType:
		name = "duration"
	case readsText(t):
	case t.Kind() == reflect.Bool:
		name = "true or false"
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		name = "number"
	case t.Kind() != reflect.String:
		name = "whole number"
	}
	if f.list {
		return "list of " + name + plural
	}
	return name
}

// shown returns the default as Help prints it.
func (f field) shown(value reflect.Value) string {
	switch {
	case f.required && isEmpty(value):
		return "(required)"
	case f.secret() && !isEmpty(value):
		return "(hidden)"
	case f.secret():
		return ""
	default:
		return f.text(value)
	}
}

// text is the inverse of decode, for a value that is no secret.
func (f field) text(value reflect.Value) string {
	if !f.list {
		return format(value)
	}
	items := make([]string, value.Len())
	for i := range items {
		items[i] = format(value.Index(i))
	}
	return strings.Join(items, ",")
}

// format is the inverse of parse.
func format(value reflect.Value) string {
	if writer, ok := reflect.TypeAssert[encoding.TextMarshaler](value.Addr()); ok {
		if text, err := writer.MarshalText(); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(value.Interface())
}
