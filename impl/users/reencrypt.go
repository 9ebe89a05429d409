package users

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/program"
)

// reencryptBatch is how many accounts one transaction reencrypts: few enough to keep no request waiting.
const reencryptBatch = 500

// reencrypt seals the plain phone numbers that earlier versions wrote, and seals with the newest data key every account
// key that an older one seals. An interrupted run can be repeated. progress is called after each batch.
func (p *personal) reencrypt(ctx context.Context, progress func(what string, done, all int64)) error {
	for _, kind := range []struct {
		what  string
		count func(context.Context, usersdb.Querier) (int64, error)
		batch func(context.Context, usersdb.Querier, uuid.UUID) (last uuid.UUID, n int, err error)
	}{
		{
			"phone numbers", func(ctx context.Context, q usersdb.Querier) (int64, error) { return q.CountPlainPhones(ctx) },
			p.sealPhones,
		},
		{"keys of accounts", p.countOldKeys, p.sealKeys},
	} {
		var all, done int64
		if err := p.inTx(ctx, func(tx tx) (err error) {
			all, err = kind.count(ctx, tx)
			return err
		}); err != nil {
			return err
		}
		after, n := uuid.Nil, 0
		for {
			last := after
			err := p.inTx(ctx, func(tx tx) (err error) {
				last, n, err = kind.batch(ctx, tx, after)
				return err
			})
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			after = last
			done += int64(n)
			progress(kind.what, done, max(all, done))
		}
	}
	return nil
}

// sealPhones seals a batch of plain phone numbers.
func (p *personal) sealPhones(
	ctx context.Context, q usersdb.Querier, after uuid.UUID,
) (last uuid.UUID, n int, err error) {
	rows, err := q.LockPlainPhones(ctx, usersdb.LockPlainPhonesParams{After: after, RowLimit: reencryptBatch})
	for _, row := range rows {
		key, err := p.userKey(ctx, q, row.ID)
		if err != nil {
			return last, n, err
		}
		sealed, err := key.Seal([]byte(row.Phone), phoneName(row.ID))
		if err != nil {
			return last, n, err
		}
		if err := q.SealPhone(ctx, usersdb.SealPhoneParams{
			ID: row.ID, SealedPhone: sealed, PhoneMark: p.phones.Of(row.Phone),
		}); err != nil {
			return last, n, err
		}
		last = row.ID
	}
	return last, len(rows), err
}

func (p *personal) countOldKeys(ctx context.Context, q usersdb.Querier) (int64, error) {
	newest, err := q.HoldNewestDataKey(ctx)
	if err != nil {
		return 0, err
	}
	return q.CountKeysSealedBefore(ctx, newest.ID)
}

// sealKeys seals a batch of account keys with the newest data key.
func (p *personal) sealKeys(
	ctx context.Context, q usersdb.Querier, after uuid.UUID,
) (last uuid.UUID, n int, err error) {
	id, by, err := p.newestDataKey(ctx, q)
	if err != nil {
		return last, 0, err
	}
	rows, err := q.LockKeysSealedBefore(ctx, usersdb.LockKeysSealedBeforeParams{
		DataKeyID: id, After: after, RowLimit: reencryptBatch,
	})
	if err != nil || len(rows) == 0 {
		return last, 0, err
	}
	anew := usersdb.SealUserKeysParams{DataKeyID: id}
	for _, row := range rows {
		key, err := p.openUserKey(usersdb.GetUserKeyRow(row))
		if err != nil {
			return last, 0, err
		}
		sealed, err := by.SealKey(key, userKeyName(row.UserID))
		if err != nil {
			return last, 0, err
		}
		anew.UserIds, anew.SealedKeys = append(anew.UserIds, row.UserID), append(anew.SealedKeys, sealed)
		last = row.UserID
	}
	_, err = q.SealUserKeys(ctx, anew)
	return last, len(rows), err
}

func rotateDataKeys(ctx context.Context, p program.Program, c rotateSettings, out io.Writer) error {
	service, pool, err := offline(ctx, p, c.Keyed, c.hashSettings)
	if err != nil {
		return err
	}
	defer pool.Close()
	id, err := service.personal.rotate(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "the data key %s seals from now on; run users reencrypt, then users remove-data-keys\n", id)
	return err
}

func reencrypt(ctx context.Context, p program.Program, c rotateSettings, out io.Writer) error {
	service, pool, err := offline(ctx, p, c.Keyed, c.hashSettings)
	if err != nil {
		return err
	}
	defer pool.Close()
	var told time.Time
	if err := service.personal.reencrypt(ctx, func(what string, done, all int64) {
		if now := service.clock(); done >= all || now.Sub(told) >= time.Second {
			told = now
			fmt.Fprintf(out, "sealed %d of %d %s anew\n", done, all, what)
		}
	}); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "done; users remove-data-keys forgets the older keys")
	return err
}

func removeDataKeys(ctx context.Context, p program.Program, c rotateSettings, out io.Writer) error {
	service, pool, err := offline(ctx, p, c.Keyed, c.hashSettings)
	if err != nil {
		return err
	}
	defer pool.Close()
	removed, err := service.personal.removeOld(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "removed %d data keys; the newest stays\n", removed)
	return err
}
