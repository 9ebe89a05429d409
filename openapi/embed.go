// Package openapi holds the documents as they are written, to be served to readers.
package openapi

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Changelog tells what each release of a document changed for callers.
//
//go:embed CHANGELOG.md
var Changelog []byte

// Document returns the document of a service as it is written. It panics when there is none: the name of a
// service is a constant.
func Document(service string) []byte {
	text, err := files.ReadFile(service + ".yaml")
	if err != nil {
		panic(fmt.Sprintf("openapi: there is no document of %q", service))
	}
	return text
}

// Services returns the names of the services that have a document here, in the order of the alphabet.
func Services() []string {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		panic(err) // The pattern is a constant.
	}
	var services []string
	for _, name := range names {
		services = append(services, strings.TrimSuffix(name, ".yaml"))
	}
	return services
}
