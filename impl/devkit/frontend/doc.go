// Package frontend is the front-end mode of the development binary: dev.yaml, faults on request and the portal.
//
// It promises that an injected problem is one that the operation documents, in the shape in which the operation would
// answer with it, and that no other binary has any of this.
package frontend

import _ "embed"

// Document is what the development binary offers beside the services, as it is written.
//
//go:embed dev.yaml
var Document []byte
