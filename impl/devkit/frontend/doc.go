// Package frontend is the front-end mode of the development binary: dev.yaml, injected faults and the portal.
//
// It promises that an injected problem is one that the operation documents, in the operation's own shape, and that no
// other binary contains any of this.
package frontend

import _ "embed"

// Document is the document of the development binary's own operations, as written.
//
//go:embed dev.yaml
var Document []byte
