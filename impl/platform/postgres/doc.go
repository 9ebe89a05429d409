// Package postgres is a service's way to PostgreSQL.
//
// It promises that
//   - every wait is bounded: connecting, acquiring, locking, executing, idling in a transaction;
//   - no error and no log line carries a password, and an error at start-up is one sentence with the way out;
//   - [Migrate] may be started by several replicas at once;
//   - [InTx] repeats a transaction only where PostgreSQL rolled it back for certain, and reports an outcome
//     that nobody can know as [ErrUnknownOutcome].
package postgres
