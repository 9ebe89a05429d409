package main

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/format"
)

// stringFormats are the services' checks of formats, stricter for what a service makes itself: ids are of version 7,
// times are written with Z.
func stringFormats() map[string]openapi3.StringFormatValidator {
	all := format.All()
	all["uuid"] = and(all["uuid"], func(s string) error {
		if id, err := uuid.Parse(s); err == nil && id.Version() != 7 {
			return errors.New("must be a UUID of version 7")
		}
		return nil
	})
	all["date-time"] = and(all["date-time"], func(s string) error {
		if !strings.HasSuffix(s, "Z") {
			return errors.New("must be in UTC, written with Z")
		}
		return nil
	})
	return all
}

func and(first openapi3.StringFormatValidator, second func(string) error) openapi3.StringFormatValidator {
	return openapi3.NewCallbackValidator(func(s string) error {
		return errors.Join(first.Validate(s), second(s))
	})
}

// formatNames are the formats that a document may use, those of numbers included.
func (d *document) formatNames() []string {
	return append(slices.Sorted(maps.Keys(d.formats)), "int32", "int64", "double")
}
