package audit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/platform/postgres"
)

const (
	sealEvery = 5 * time.Second
	mostInOne = 1000 // entries of a batch
	// overtaken is more positions than a transaction can be behind others that have committed before it.
	overtaken = 100_000
)

const (
	// lockSealing keeps the sealing to one replica at a time; the number is arbitrary.
	lockSealing = `SELECT pg_advisory_xact_lock(7305807482611893)`
	lastBatch   = `
SELECT number, seal
FROM audit_batches
ORDER BY number DESC
LIMIT 1`
	unsealed = `
SELECT position, id, action, outcome, actor, target, sealed_address, request_id, occurred_at
FROM audit_entries
WHERE position > coalesce((SELECT max(position) FROM audit_seals), 0) - $1
  AND NOT EXISTS (SELECT FROM audit_seals WHERE audit_seals.position = audit_entries.position)
ORDER BY position
LIMIT $2`
	addBatch = `
INSERT INTO audit_batches (number, entries, seal, sealed_at)
VALUES ($1, $2, $3, $4)`
	addSeals = `
INSERT INTO audit_seals (position, batch, seal)
SELECT unnest($1::bigint[]), $2, unnest($3::bytea[])`
)

// row is an entry as it is kept.
type row struct {
	Position      int64
	ID            uuid.UUID
	Action        string
	Outcome       string
	Actor         *uuid.UUID
	Target        *uuid.UUID
	SealedAddress []byte
	RequestID     string
	OccurredAt    time.Time
}

// sealOf gives HMAC-SHA256 (RFC 2104) of all columns of an entry, each preceded by its length.
func (l *Log) sealOf(r row) []byte {
	sum := hmac.New(sha256.New, l.key)
	put(sum, []byte("entry"))
	put(sum, binary.BigEndian.AppendUint64(nil, uint64(r.Position))) //nolint:gosec // two's complement
	put(sum, r.ID[:])
	put(sum, []byte(r.Action))
	put(sum, []byte(r.Outcome))
	for _, id := range []*uuid.UUID{r.Actor, r.Target} {
		if id == nil {
			put(sum, nil)
		} else {
			put(sum, id[:])
		}
	}
	put(sum, r.SealedAddress)
	put(sum, []byte(r.RequestID))
	put(sum, binary.BigEndian.AppendUint64(nil, uint64(r.OccurredAt.UnixMicro())))
	return sum.Sum(nil)
}

// sealOfBatch gives HMAC-SHA256 of the number of a batch, the seal of the batch before it, and the seals of its
// entries.
func (l *Log) sealOfBatch(number int64, before []byte, entries [][]byte) []byte {
	sum := hmac.New(sha256.New, l.key)
	put(sum, []byte("batch"))
	put(sum, binary.BigEndian.AppendUint64(nil, uint64(number))) //nolint:gosec // two's complement
	put(sum, before)
	for _, one := range entries {
		put(sum, one)
	}
	return sum.Sum(nil)
}

func put(sum hash.Hash, part []byte) {
	length := uint32(len(part))                                  //nolint:gosec // The columns are bounded.
	_, _ = sum.Write(binary.BigEndian.AppendUint32(nil, length)) // A hash takes everything.
	_, _ = sum.Write(part)
}

// Head is the last batch: who knows it can tell whether any batch up to it is gone.
type Head struct {
	Number int64
	Seal   []byte
}

// String writes a head as Verify takes it.
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Number, hex.EncodeToString(h.Seal)) }

// Seal seals the entries that have no seal, in batches of at most a thousand, and reports the head of each batch.
func (l *Log) Seal(ctx context.Context, sealed func(Head)) error {
	for {
		var head Head
		n := 0
		err := postgres.InTx(ctx, l.database, func(tx pgx.Tx) (err error) {
			head, n, err = l.sealSome(ctx, tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("seal the audit log: %w", err)
		}
		if n > 0 {
			sealed(head)
		}
		if n < mostInOne {
			return nil
		}
	}
}

func (l *Log) sealSome(ctx context.Context, tx pgx.Tx) (head Head, n int, err error) {
	if _, err := tx.Exec(ctx, lockSealing); err != nil {
		return head, 0, err
	}
	var before Head
	if err := tx.QueryRow(ctx, lastBatch).Scan(&before.Number, &before.Seal); err != nil && !postgres.IsNoRows(err) {
		return head, 0, err
	}
	found, err := tx.Query(ctx, unsealed, overtaken, mostInOne)
	if err != nil {
		return head, 0, err
	}
	rows, err := pgx.CollectRows(found, pgx.RowToStructByPos[row])
	if err != nil || len(rows) == 0 {
		return head, 0, err
	}
	positions, seals := make([]int64, len(rows)), make([][]byte, len(rows))
	for i, r := range rows {
		positions[i], seals[i] = r.Position, l.sealOf(r)
	}
	head = Head{Number: before.Number + 1}
	head.Seal = l.sealOfBatch(head.Number, before.Seal, seals)
	if _, err := tx.Exec(ctx, addBatch, head.Number, len(rows), head.Seal, l.clock()); err != nil {
		return head, 0, err
	}
	_, err = tx.Exec(ctx, addSeals, positions, head.Number, seals)
	return head, len(rows), err
}

// lastSealTimeout bounds the sealing at the end of the process.
const lastSealTimeout = 3 * time.Second

// Run seals every few seconds until ctx ends, and logs the head of every batch. At the end it waits for the entries
// that are recorded beside requests, and seals once more.
func (l *Log) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			l.Wait()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSealTimeout)
			defer cancel()
			l.sealAndLog(last, log)
			return
		case <-tick.C:
			l.sealAndLog(ctx, log)
		}
	}
}

// sealAndLog seals what waits, and logs the heads or the failure. The end of ctx is no failure.
func (l *Log) sealAndLog(ctx context.Context, log *slog.Logger) {
	err := l.Seal(ctx, func(h Head) { log.InfoContext(ctx, "audit entries sealed", slog.String("head", h.String())) })
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		log.ErrorContext(ctx, "audit entries wait to be sealed", slog.Any("error", err))
	}
}
