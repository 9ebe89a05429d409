package settings

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
)

// Snapshot is what one reading of the settings has given. It never changes.
type Snapshot[T any] struct {
	Values T

	fields []field
	// given are the values of each setting, the one that counts first; a setting without any has its default.
	given map[string][]given
	file  given // the YAML file and what names it; without a text, there is none
	live  bool
	print bool
	// read is the hash of every file that was read, and files are their paths.
	read  [sha256.Size]byte
	files []string
}

// given is the value of a setting in one source, as operators are told it.
type given struct {
	text  string
	place string // as in --addr, USERS_ADDR or users.yaml:3
}

// PrintConfig reports whether the flags ask for the settings to be printed instead of the command being run.
func (s *Snapshot[T]) PrintConfig() bool { return s.print }

// Config returns a table of all settings, one per line: name, value, where it comes from, and whether a change takes
// effect at run time. A value that another source, or InForce, hides has a line of its own. Secrets are not shown,
// nor is anything about them but whether there is one.
func (s *Snapshot[T]) Config() string {
	table := newTable()
	table.row("SETTING", "VALUE", "FROM", "AT RUN TIME")
	if s.file.text != "" {
		table.row(configFlag, line(s.file.text), s.file.place, "no")
	}
	values, others := reflect.ValueOf(&s.Values).Elem(), elsewhere(&s.Values)
	for _, f := range s.fields {
		from, hidden := "default", s.given[f.key]
		value := f.told(values.FieldByIndex(f.index))
		if other, ok := others[f.key]; ok {
			value, from = line(other.Value), other.From
		} else if len(hidden) > 0 {
			from, hidden = hidden[0].place, hidden[1:]
		}
		table.row(f.key, value, from, yesNo(s.live && f.reload))
		for _, g := range hidden {
			table.row("", g.text, g.place+", hidden by "+from, "")
		}
	}
	return table.String()
}

// hidden names each setting of the YAML file that a variable, a flag or InForce hides, as in "log_level by
// USERS_LOG_LEVEL".
func (s *Snapshot[T]) hidden() (names []string) {
	if s.file.text == "" {
		return nil
	}
	inFile, others := s.file.text+":", elsewhere(&s.Values)
	for _, f := range s.fields {
		all := s.given[f.key]
		if len(all) == 0 || !strings.HasPrefix(all[len(all)-1].place, inFile) {
			continue
		}
		if other, ok := others[f.key]; ok {
			names = append(names, f.key+" by "+other.From)
		} else if len(all) > 1 {
			names = append(names, f.key+" by "+all[0].place)
		}
	}
	return names
}

// secretText stands for every secret, whatever it is.
const secretText = "(secret)"

// told is a value as operators are told it: on one line, and without secrets.
func (f field) told(value reflect.Value) string {
	if f.secret() {
		if isEmpty(value) {
			return ""
		}
		return secretText
	}
	return line(f.text(value))
}

var (
	// userinfo is the part of a URL that may have a password in it.
	userinfo = regexp.MustCompile(`://.*@`)
	// quoted is a text as strconv.Quote writes it.
	quoted = regexp.MustCompile(`"(\\.|[^"\\])*"`)
)

// masked returns a value without the password of a URL.
func masked(value string) string { return userinfo.ReplaceAllString(value, "://"+secretText+"@") }

// maskedMessage masks the values that a message quotes. URLs in its own words are examples.
func maskedMessage(message string) string { return quoted.ReplaceAllStringFunc(message, masked) }

// line returns a text on one line, without the password of a URL.
func line(text string) string {
	text = masked(text)
	if strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl) {
		return strconv.Quote(text)
	}
	return text
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// table is a text whose columns are aligned.
type table struct {
	padded strings.Builder
	writer *tabwriter.Writer
}

func newTable() *table {
	t := &table{}
	t.writer = tabwriter.NewWriter(&t.padded, 0, 0, 2, ' ', 0)
	return t
}

// row adds a line. A strings.Builder never fails.
func (t *table) row(cells ...string) { _, _ = fmt.Fprintln(t.writer, strings.Join(cells, "\t")) }

// String returns the table without blanks at the ends of its lines.
func (t *table) String() string {
	_ = t.writer.Flush()
	var text strings.Builder
	for line := range strings.Lines(t.padded.String()) {
		text.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return text.String()
}

// Change is a setting that differs between two snapshots.
type Change struct {
	// Setting is its name, and From and To are its values, as Config shows them.
	Setting, From, To string

	field field
}

// String returns the change as in "log_level: INFO → DEBUG".
func (c Change) String() string {
	if c.field.secret() {
		return c.Setting + ": another secret"
	}
	return c.Setting + ": " + cmp.Or(c.From, "nothing") + " → " + cmp.Or(c.To, "nothing")
}

// changes returns what differs between the values of two snapshots. A setting whose value comes from elsewhere before
// and after, or that is given the value which it had by default, is none.
func changes[T any](fields []field, from, to *T) (all []Change) {
	befores, afters := elsewhere(from), elsewhere(to)
	for _, f := range fields {
		before, after := reflect.ValueOf(from).Elem().FieldByIndex(f.index), reflect.ValueOf(to).Elem().FieldByIndex(f.index)
		if reflect.DeepEqual(before.Interface(), after.Interface()) || f.list && before.Len() == 0 && after.Len() == 0 {
			continue
		}
		c := Change{Setting: f.key, From: f.told(before), To: f.told(after), field: f}
		was, beforeElsewhere := befores[f.key]
		is, afterElsewhere := afters[f.key]
		if beforeElsewhere {
			c.From = line(was.Value)
		}
		if afterElsewhere {
			c.To = line(is.Value)
		}
		if c.From == c.To && (f.given() || beforeElsewhere && afterElsewhere) {
			continue
		}
		all = append(all, c)
	}
	return all
}
