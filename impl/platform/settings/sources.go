package settings

import (
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// readFlags returns the settings of the command line and the path of the YAML file named there. Package flag would stop
// at the first problem and print values.
func (l *loader) readFlags() (layer map[string]any, path string, err error) {
	layer = map[string]any{}
	args := l.source.Args
	for i := 0; i < len(args); i++ {
		position := i + 1
		name, value, hasValue := strings.Cut(args[i], "=")
		name, isFlag := flagName(name)
		if !isFlag {
			l.reportf("argument %d is not a flag: flags begin with --", position)
			continue
		}
		if name == helpFlag || name == "h" {
			return nil, "", flag.ErrHelp
		}
		if name == printFlag {
			l.print = true
			if hasValue {
				l.reportf("--%s takes no value", printFlag)
			}
			continue
		}
		f, known := l.find(name, field.flag)
		switch {
		case hasValue:
		case known && f.isBool():
			value, hasValue = "true", true
		case position < len(args) && isValue(args[position], known || name == configFlag):
			value, hasValue = args[position], true
			i++
		}
		switch {
		case !known && name != configFlag:
			l.reportf("argument %d: %s", position,
				unknown("flag", "--", name, l.names(field.flag, configFlag, helpFlag, printFlag)))
		case !hasValue:
			l.bad[f.key] = true
			l.reportf("--%s: has no value: write --%s=VALUE", name, name)
			if f.secret() {
				i++ // what looks like a flag may be the secret
			}
		case known:
			l.accept(layer, f, "--"+name, "--"+name, value)
		default:
			path = value
		}
	}
	return layer, path, nil
}

// isValue reports whether an argument is the value of the flag before it. The value of a known flag may begin with a
// hyphen, as in -5.
func isValue(arg string, known bool) bool {
	return !strings.HasPrefix(arg, "--") && (known || !strings.HasPrefix(arg, "-"))
}

// flagName strips the one or two hyphens of a flag, as package flag does.
func flagName(arg string) (name string, isFlag bool) {
	name, isFlag = strings.CutPrefix(arg, "-")
	name = strings.TrimPrefix(name, "-")
	return name, isFlag && name != ""
}

// readEnvironment returns the settings in variables, and in the files that variables name.
func (l *loader) readEnvironment() map[string]any {
	layer := map[string]any{}
	known := []string{l.source.Prefix + configVariable}
	for _, f := range l.fields {
		variable := f.variable(l.source.Prefix)
		fileVariable := variable + fileSuffix
		known = append(known, variable, fileVariable)

		value, path := l.getenv(variable), l.getenv(fileVariable)
		switch {
		case value != "" && path != "":
			l.reportf("%s and %s are both set: keep one of them", variable, fileVariable)
			l.bad[f.key] = true
		case value != "":
			l.accept(layer, f, variable, variable, value)
		case path != "":
			content, err := l.readFile(path)
			if err != nil {
				l.reportf("%s: cannot read the file that it names: %w", fileVariable, cause(err))
				l.bad[f.key] = true
				continue
			}
			text := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
			l.accept(layer, f, fileVariable, path+", which "+fileVariable+" names", text)
		}
	}
	for _, other := range l.source.Others {
		variable := field{key: other}.variable(l.source.Prefix)
		known = append(known, variable, variable+fileSuffix)
	}
	l.checkEnviron(known)
	return layer
}

// checkEnviron reports variables that begin with the prefix and are unknown.
func (l *loader) checkEnviron(known []string) {
	if l.source.Prefix == "" {
		return
	}
	for _, variable := range slices.Sorted(slices.Values(l.source.Environ)) {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, l.source.Prefix) && !slices.Contains(known, name) && !isServiceLink(name, value) {
			l.reportf("%s", unknown("environment variable", "", name, known))
		}
	}
}

var serviceLink = regexp.MustCompile(
	`_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// isServiceLink reports whether Kubernetes sets the variable for a Service of the namespace: for one named "users",
// USERS_SERVICE_HOST, USERS_PORT and more.
func isServiceLink(name, value string) bool {
	return serviceLink.MatchString(name) || strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}

// plainName matches a misspelt name; anything else may be a value in the wrong place.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// unknown returns the message that a name is not among known, with the nearest one.
func unknown(kind, hyphens, name string, known []string) string {
	if !plainName.MatchString(name) || len(known) == 0 {
		return fmt.Sprintf("unknown %s: --help lists all settings", kind)
	}
	return fmt.Sprintf("unknown %s %s%s: the nearest name is %s%s, --help lists all settings", kind, hyphens, name,
		hyphens, nearest(name, known))
}

// nearest returns the known name with the fewest edits; known is not empty.
func nearest(name string, known []string) string {
	return slices.MinFunc(known, func(a, b string) int { return edits(name, a) - edits(name, b) })
}

// edits returns the Levenshtein distance of a and b, ignoring case and treating '-' as '_'.
func edits(a, b string) int {
	a, b = fold(a), fold(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), "-", "_") }
