package settings

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.com/plumbline/impl/platform/telemetry"
)

const (
	configFlag     = "config"
	configVariable = "CONFIG"
	helpFlag       = "help"
	printFlag      = "print-config"
	printKey       = "print_config"
	fileSuffix     = "_FILE"
)

var (
	secretType   = reflect.TypeFor[telemetry.Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()

	keyPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

// field is one setting.
type field struct {
	index    []int // for reflect.Value.FieldByIndex
	typ      reflect.Type
	key      string // in YAML
	usage    string
	unit     string // of a number
	required bool
	reload   bool // a change takes effect at run time
	list     bool
}

func (f field) name() string { return f.key }

func (f field) flag() string { return strings.ReplaceAll(f.key, "_", "-") }

func (f field) variable(prefix string) string { return prefix + strings.ToUpper(f.key) }

func (f field) secret() bool {
	return f.typ == secretType || f.list && f.typ.Elem() == secretType
}

// given reports whether the field is a Given.
func (f field) given() bool {
	return f.typ.Implements(reflect.TypeFor[interface{ valueType() reflect.Type }]())
}

// isBool reports whether the flag alone, without a value, means true.
func (f field) isBool() bool { return f.typ.Kind() == reflect.Bool && !readsText(f.typ) }

// fieldsOf reads the tags of a struct. An error is a mistake in the program, not of its user.
func fieldsOf(t reflect.Type) ([]field, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("settings: %v is not a struct", t)
	}
	taken := map[string]bool{configFlag: true, helpFlag: true, "h": true, printKey: true}
	var fields []field
	for _, sf := range reflect.VisibleFields(t) {
		key := sf.Tag.Get("koanf")
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct || key == "-" {
			continue
		}
		if !sf.IsExported() || !keyPattern.MatchString(key) {
			return nil, fmt.Errorf("settings: field %s of %v: must be exported and have a tag such as "+
				"`koanf:\"some_name\"`", sf.Name, t)
		}
		f := field{
			index: sf.Index, typ: sf.Type, key: key, usage: sf.Tag.Get("usage"),
			unit: sf.Tag.Get("unit"), required: sf.Tag.Get("required") == "true", reload: sf.Tag.Get("reload") == "true",
			list: sf.Type.Kind() == reflect.Slice && !readsText(sf.Type),
		}
		if !isOne(f.typ) && (!f.list || !isOne(f.typ.Elem())) {
			return nil, fmt.Errorf("settings: field %s of %v: a %v cannot be read from text; implement encoding.TextUnmarshaler",
				sf.Name, t, f.typ)
		}
		if taken[key] {
			return nil, fmt.Errorf("settings: field %s of %v: the name %q is taken", sf.Name, t, key)
		}
		taken[key] = true
		fields = append(fields, f)
	}
	for _, f := range fields {
		if taken[f.key+strings.ToLower(fileSuffix)] {
			return nil, fmt.Errorf("settings: %v: the variable of %s_file is also the one that names the file of %s", t,
				f.key, f.key)
		}
	}
	return fields, nil
}

func readsText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textType) }

// isOne reports whether parse can set a value of the type.
func isOne(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	default:
		return readsText(t)
	}
}

// isEmpty reports whether a value is one that a required setting must not have.
func isEmpty(v reflect.Value) bool {
	if secret, ok := reflect.TypeAssert[telemetry.Secret](v); ok {
		return strings.TrimSpace(secret.Reveal()) == ""
	}
	switch v.Kind() {
	case reflect.Slice:
		return v.Len() == 0
	case reflect.String:
		return strings.TrimSpace(v.String()) == ""
	default:
		return v.IsZero()
	}
}

// decode sets target to a layer's value: a string, or the []string of a YAML list.
func (f field) decode(given any, target reflect.Value) error {
	text, isText := given.(string)
	if !f.list {
		if !isText {
			return errors.New("must be one value, not a list")
		}
		return parse(text, target)
	}
	items, _ := given.([]string)
	if isText {
		items = split(text)
	}
	list := reflect.MakeSlice(f.typ, len(items), len(items))
	for i, item := range items {
		if isText && item == "" {
			return fmt.Errorf("element %d of the list is empty: remove a comma", i+1)
		}
		if err := parse(item, list.Index(i)); err != nil {
			return fmt.Errorf("element %d of the list: %w", i+1, err)
		}
	}
	target.Set(list)
	return nil
}

// split splits a list at its commas and trims the blanks around each element.
func split(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	items := strings.Split(text, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// parse sets target, whose type isOne, to the value that text spells. Its errors may contain the text. That is safe for
// secrets, because telemetry.Secret accepts every text.
func parse(text string, target reflect.Value) error {
	if reader, ok := reflect.TypeAssert[encoding.TextUnmarshaler](target.Addr()); ok {
		return reader.UnmarshalText([]byte(text))
	}
	if target.Type() == durationType {
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%s is not a duration: write it like 90s or 1h30m", quote(text))
		}
		target.SetInt(int64(d))
		return nil
	}
	switch target.Kind() {
	case reflect.String:
		target.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%s is not a truth value: write true or false", quote(text))
		}
		target.SetBool(b)
	case reflect.Float32, reflect.Float64:
		x, err := strconv.ParseFloat(text, target.Type().Bits())
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%s is not a number: write it like 0.25", quote(text))
		}
		target.SetFloat(x)
	default:
		return parseWhole(text, target)
	}
	return nil
}

func parseWhole(text string, target reflect.Value) error {
	bits := target.Type().Bits()
	if target.CanUint() {
		n, err := strconv.ParseUint(text, 10, bits)
		if err != nil {
			return fmt.Errorf("%s is not a whole number from 0 to %d", quote(text), uint64(math.MaxUint64)>>(64-bits))
		}
		target.SetUint(n)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		return fmt.Errorf("%s is not a whole number from %d to %d", quote(text), int64(math.MinInt64)>>(64-bits),
			int64(math.MaxInt64)>>(64-bits))
	}
	target.SetInt(n)
	return nil
}

// quote quotes the beginning of a wrong value, on one line and without the password of a URL.
func quote(text string) string {
	text = masked(text)
	const most = 60
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.Quote(text)
}
