// Package audit keeps the log of who did what, in the database of the service in which it was done.
//
// It promises that
//   - what an operation with x-audit does and its entry are committed together, or neither is;
//   - no statement of any role changes or removes an entry: triggers refuse, and whoever takes these away is found out:
//   - entries are sealed soon after, in batches that follow from one another by the service's master key, so that a
//     change, a removal, an insertion or another order shows, and where;
//   - what the last batches held cannot be known once they are gone as a whole: their seals are logged, and one that is
//     kept elsewhere shows that as well;
//   - addresses are sealed; nothing else in an entry is personal without the account that an id stands for.
//
// The tables are audit_entries, audit_batches and audit_seals.
package audit
