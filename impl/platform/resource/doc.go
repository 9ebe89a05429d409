// Package resource is what a resource server (RFC 6749, section 1.1) is made of: a service whose callers log in at the
// users service.
//
// It promises that
//   - a token is accepted only if a key of the users service verifies it, its session has not ended and its account is
//     active, as far as events have told; its caller has the roles of the latest event or token;
//   - a replica takes callers once it has keys that verify their tokens, or after a bounded time without;
//   - ownership, Idempotency-Key and the audit log work as the document says before a handler runs;
//   - rows that have been kept for long enough are removed, by a job that one replica runs.
//
// A service embeds Settings and Parts and runs with Serve. What it does besides is in Config: jobs, events, metrics.
package resource
