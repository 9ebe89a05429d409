package settings

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"text/tabwriter"
)

// Help returns a table of T's settings, one per line: flag, environment variable, default and usage. The default of a
// telemetry.Secret is hidden. If T's definition has a mistake, Help returns the message of Load's error.
func Help[T any](prefix string, defaults T) string {
	values := reflect.ValueOf(&defaults).Elem()
	fields, err := fieldsOf(values.Type())
	if err != nil {
		return err.Error() + "\n"
	}
	var padded strings.Builder
	// A strings.Builder never fails.
	table := tabwriter.NewWriter(&padded, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { _, _ = fmt.Fprintln(table, strings.Join(cells, "\t")) }
	row("FLAG", "ENVIRONMENT", "DEFAULT", "USAGE")
	row("--"+configFlag, prefix+configVariable, "", "YAML file with settings, named as the flags are, with _ for -")
	row("--"+helpFlag, "", "", "show this table")
	for _, f := range fields {
		row("--"+f.flag(), f.variable(prefix), f.shown(values.FieldByIndex(f.index)), f.usage)
	}
	_ = table.Flush()

	var text strings.Builder
	for line := range strings.Lines(padded.String()) {
		text.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	text.WriteString("\nFlags go before the environment, the environment before the YAML file. To keep a\n" +
		"value out of the environment, name a file that holds it in the variable with " + fileSuffix + "\n" +
		"at its end. Lists are separated by commas.\n")
	return text.String()
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
	case !f.list:
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
