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
