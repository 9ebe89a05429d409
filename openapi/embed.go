// Package openapi holds the documents as they are written, to be served to readers.
package openapi

import _ "embed"

// Users is the document of the users service.
//
//go:embed users.yaml
var Users []byte

// Orders is the document of the orders service.
//
//go:embed orders.yaml
var Orders []byte

// Dev is the document of what only the development binary offers.
//
//go:embed dev.yaml
var Dev []byte

// Changelog tells what each release of a document changed for callers.
//
//go:embed CHANGELOG.md
var Changelog []byte
