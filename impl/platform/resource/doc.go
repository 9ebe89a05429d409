// Package resource is what a resource server (RFC 6749, section 1.1) is made of: a service whose callers sign in at the
// users service.
//
// It promises that
//   - a token is taken only if the keys of the users service verify it and neither its session has ended nor its
//     account been disabled, as far as events have told; roles are those of the latest that is known;
//   - what the document says of owners, keys of idempotency and the audit log holds before a handler runs;
//   - what is kept for a time is removed after it, a batch at a time.
//
// Serve puts a service together; the rest are its parts, for a service that needs to do it otherwise.
package resource
