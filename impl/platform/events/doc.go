// Package events tells other services what happened in this one.
//
// An event is a row of the table outbox, written in the transaction of what it tells of. It promises that
//   - no committed event is lost and none of a transaction that was rolled back is told, whichever of the services,
//     PostgreSQL and NATS stops at whatever moment;
//   - events of one subject are published, and handled, in the order in which they were written;
//   - a handler in [Once] takes effect once for each event, although it may be given one more than once;
//   - no service waits for NATS: without it events are kept, and told when it is back.
package events
