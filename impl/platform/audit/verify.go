package audit

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ErrTampered means that the log is not as it was written; Verified has the places.
var ErrTampered = errors.New("the audit log is not as it was written")

const (
	listBatches = `
SELECT number, entries, seal
FROM audit_batches
WHERE number > $1
ORDER BY number
LIMIT 100`
	// An entry that is gone leaves a seal without a row.
	listSealed = `
SELECT audit_seals.position, audit_seals.seal, audit_entries.position IS NULL,
       coalesce(id, '00000000-0000-0000-0000-000000000000'), coalesce(action, ''), coalesce(outcome, ''), actor, target,
       coalesce(sealed_address, ''), coalesce(request_id, ''), coalesce(occurred_at, 'epoch')
FROM audit_seals
LEFT JOIN audit_entries ON audit_entries.position = audit_seals.position
WHERE batch = $1
ORDER BY audit_seals.position`
	listUnsealed = `
SELECT position
FROM audit_entries
WHERE position <= coalesce((SELECT max(position) FROM audit_seals), 0) - $1
  AND NOT EXISTS (SELECT FROM audit_seals WHERE audit_seals.position = audit_entries.position)
ORDER BY position
LIMIT 100`
	countUnsealed = `
SELECT count(*)
FROM audit_entries
WHERE NOT EXISTS (SELECT FROM audit_seals WHERE audit_seals.position = audit_entries.position)`
	countBatches = `
SELECT count(*)
FROM audit_batches`
)

// Verified is what Verify has found.
type Verified struct {
	Batches, Entries int
	// Unsealed is the number of entries that are in no batch yet and so cannot be checked.
	Unsealed int
	// Head is that of the last batch.
	Head Head
	// Wrong are the places where the log is not as it was written, in its order.
	Wrong []string
}

// ParseHead reads what Head.String wrote.
func ParseHead(text string) (h Head, err error) {
	number, seal, _ := strings.Cut(text, ":")
	h.Number, err = strconv.ParseInt(number, 10, 64)
	if err == nil {
		h.Seal, err = hex.DecodeString(seal)
	}
	if err != nil || len(h.Seal) != 32 || h.Number < 1 {
		return Head{}, errors.New("a head is a number and 64 hexadecimal digits, " +
			"as in 7:0123…, as the log of the service has it")
	}
	return h, nil
}

// Verify compares every batch with its seal, and one of them with known, if that is not nil. It reads one snapshot of
// the log and goes on after what is wrong. progress is called after each batch. The error is ErrTampered when something
// is wrong.
func (l *Log) Verify(ctx context.Context, known *Head, progress func(done, all int)) (v Verified, err error) {
	tx, err := l.database.Begin(ctx)
	if err != nil {
		return v, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // It has only read.
	if _, err := tx.Exec(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"); err != nil {
		return v, err
	}
	all := 0
	if err := tx.QueryRow(ctx, countBatches).Scan(&all); err != nil {
		return v, err
	}
	for {
		batches, err := l.verifySome(ctx, tx, known, &v)
		if err != nil {
			return v, err
		}
		if batches == 0 {
			break
		}
		progress(v.Batches, all)
	}
	if known != nil && known.Number > v.Head.Number {
		v.sayf("the batches %d to %d are gone", v.Head.Number+1, known.Number)
	}
	if err := l.verifyUnsealed(ctx, tx, &v); err != nil {
		return v, err
	}
	if len(v.Wrong) > 0 {
		return v, ErrTampered
	}
	return v, nil
}

func (v *Verified) sayf(format string, args ...any) {
	v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...))
}

// batch is one as it is kept.
type batch struct {
	Number  int64
	Entries int
	Seal    []byte
}

func (l *Log) verifySome(ctx context.Context, tx pgx.Tx, known *Head, v *Verified) (n int, err error) {
	found, err := tx.Query(ctx, listBatches, v.Head.Number)
	if err != nil {
		return 0, err
	}
	batches, err := pgx.CollectRows(found, pgx.RowToStructByPos[batch])
	if err != nil {
		return 0, err
	}
	for _, b := range batches {
		if b.Number > v.Head.Number+1 {
			v.sayf("the batches %d to %d are gone", v.Head.Number+1, b.Number-1)
		}
		if known != nil && known.Number == b.Number && !hmac.Equal(known.Seal, b.Seal) {
			v.sayf("batch %d has another seal than it had", b.Number)
		}
		if err := l.verifyBatch(ctx, tx, b, v); err != nil {
			return 0, err
		}
		v.Batches++
		v.Head = Head{Number: b.Number, Seal: b.Seal}
	}
	return len(batches), nil
}

func (l *Log) verifyBatch(ctx context.Context, tx pgx.Tx, b batch, v *Verified) error {
	found, err := tx.Query(ctx, listSealed, b.Number)
	if err != nil {
		return err
	}
	var (
		r     row
		seal  []byte
		gone  bool
		seals [][]byte
	)
	columns := []any{
		&r.Position, &seal, &gone, &r.ID, &r.Action, &r.Outcome, &r.Actor, &r.Target, &r.SealedAddress, &r.RequestID,
		&r.OccurredAt,
	}
	_, err = pgx.ForEachRow(found, columns, func() error {
		switch {
		case gone:
			v.sayf("batch %d: the entry at %d is gone", b.Number, r.Position)
		case !hmac.Equal(seal, l.sealOf(r)):
			v.sayf("batch %d: the entry %s at %d has been changed", b.Number, r.ID, r.Position)
		}
		seals = append(seals, append([]byte(nil), seal...))
		return nil
	})
	if err != nil {
		return err
	}
	v.Entries += len(seals)
	switch {
	case len(seals) != b.Entries:
		v.sayf("batch %d was sealed with %d entries and has %d", b.Number, b.Entries, len(seals))
	case !hmac.Equal(b.Seal, l.sealOfBatch(b.Number, v.Head.Seal, seals)):
		v.sayf("batch %d does not follow from the one before with the entries that it has", b.Number)
	}
	return nil
}

// verifyUnsealed finds entries that have no seal although entries far behind them have one, and counts the unsealed.
func (l *Log) verifyUnsealed(ctx context.Context, tx pgx.Tx, v *Verified) error {
	found, err := tx.Query(ctx, listUnsealed, overtaken)
	if err != nil {
		return err
	}
	positions, err := pgx.CollectRows(found, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	for _, p := range positions {
		v.sayf("the entry at %d has never been sealed", p)
	}
	return tx.QueryRow(ctx, countUnsealed).Scan(&v.Unsealed)
}
