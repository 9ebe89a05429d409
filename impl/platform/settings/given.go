package settings

import "reflect"

// Given is a setting that tells whether one of the sources has it, for a program that looks elsewhere when none has.
// Until then Value is the default.
type Given[T any] struct {
	Value T
	// Set is whether a source has the setting, also with the value of the default.
	Set bool
}

// valueType is the type of Value.
func (Given[T]) valueType() reflect.Type { return reflect.TypeFor[T]() }

// UnmarshalText implements encoding.TextUnmarshaler. It reads what Load reads for a T.
func (g *Given[T]) UnmarshalText(text []byte) error {
	if err := parse(string(text), reflect.ValueOf(&g.Value).Elem()); err != nil {
		return err
	}
	g.Set = true
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (g Given[T]) MarshalText() ([]byte, error) {
	return []byte(format(reflect.ValueOf(&g.Value).Elem())), nil
}
