// Package frontend is the front-end mode of the development binary: openapi/dev.yaml, faults on request and the portal.
//
// It promises that an injected problem is one that the operation documents, in the shape in which the operation would
// answer with it, and that no other binary has any of this.
package frontend
