package users

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
)

// personal seals confidential values: an account's values with the account's own key, that key with the newest data
// key, and data keys with the master key. It is safe for concurrent use.
type personal struct {
	inTx          func(context.Context, func(tx) error) error
	master        *seal.Sealer
	phones, cards *seal.BlindIndex
	clock         func() time.Time

	mu     sync.Mutex
	keys   map[uuid.UUID]*seal.DataKey // by id; a data key never changes
	counts telemetry.CacheCounts       // of keys
}

func newPersonal(
	master seal.MasterKey, inTx func(context.Context, func(tx) error) error, clock func() time.Time,
) (*personal, error) {
	p := &personal{inTx: inTx, clock: clock, keys: map[uuid.UUID]*seal.DataKey{}}
	var err error
	if p.master, err = master.Sealer("data keys"); err != nil {
		return nil, err
	}
	if p.phones, err = master.BlindIndex("users/phone"); err != nil {
		return nil, err
	}
	p.cards, err = master.BlindIndex("users/id_card_number")
	return p, err
}

// The names under which keys and values are sealed.
func dataKeyName(id uuid.UUID) string      { return "data_keys/" + id.String() }
func userKeyName(id uuid.UUID) string      { return "user_keys/" + id.String() }
func phoneName(id uuid.UUID) string        { return "users/phone/" + id.String() }
func idCardNumberName(id uuid.UUID) string { return "users/id_card_number/" + id.String() }

// confidential are the values that an account's key opens; nil is a value that the account does not have.
type confidential struct{ phone, idCardNumber *string }

// prepare makes the first data key, unless there is one.
func (p *personal) prepare(ctx context.Context) error {
	err := p.inTx(ctx, func(tx tx) error {
		if _, err := tx.HoldNewestDataKey(ctx); !postgres.IsNoRows(err) {
			return err
		}
		if err := tx.LockDataKeys(ctx); err != nil {
			return err
		}
		// Another replica may have made it while this one waited.
		if _, err := tx.HoldNewestDataKey(ctx); !postgres.IsNoRows(err) {
			return err
		}
		_, err := p.createDataKey(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("data keys: %w", err)
	}
	return nil
}

// rotate makes a data key, which seals the keys of accounts from now on.
func (p *personal) rotate(ctx context.Context) (id uuid.UUID, err error) {
	err = p.inTx(ctx, func(tx tx) error {
		if err := tx.LockDataKeys(ctx); err != nil {
			return err
		}
		id, err = p.createDataKey(ctx, tx)
		return err
	})
	return id, err
}

func (p *personal) createDataKey(ctx context.Context, q usersdb.Querier) (uuid.UUID, error) {
	id := newID()
	key, err := seal.NewDataKey()
	if err != nil {
		return id, err
	}
	sealed, err := p.master.SealKey(key, dataKeyName(id))
	if err != nil {
		return id, err
	}
	return id, q.CreateDataKey(ctx, usersdb.CreateDataKeyParams{ID: id, SealedKey: sealed, CreatedAt: p.clock()})
}

// removeOld deletes every data key but the newest, or none while an older one still seals the key of an account.
func (p *personal) removeOld(ctx context.Context) (removed int, err error) {
	err = p.inTx(ctx, func(tx tx) error {
		if err := tx.LockDataKeys(ctx); err != nil {
			return err
		}
		keys, err := tx.ListDataKeys(ctx)
		if err != nil {
			return err
		}
		var used []error
		for _, key := range keys[1:] {
			if key.Sealing > 0 {
				used = append(
					used, fmt.Errorf("the data key %s seals the keys of %d accounts; run users reencrypt first", key.ID, key.Sealing),
				)
			}
		}
		if len(used) > 0 {
			return errors.Join(used...)
		}
		for _, key := range keys[1:] {
			err := tx.DeleteDataKey(ctx, key.ID)
			if postgres.Constraint(err) == "user_keys_data_key_id_fkey" {
				return fmt.Errorf(
					"the data key %s has sealed the key of an account just now; run users reencrypt once more", key.ID,
				)
			}
			if err != nil {
				return err
			}
		}
		removed = len(keys) - 1
		return nil
	})
	return removed, err
}

// dataKey opens a data key, or gives the one that was opened before.
func (p *personal) dataKey(id uuid.UUID, sealed []byte) (*seal.DataKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := p.keys[id]
	p.counts.LookedUp(key != nil)
	if key != nil {
		return key, nil
	}
	key, err := p.master.OpenKey(sealed, dataKeyName(id))
	if err != nil {
		return nil, err
	}
	p.keys[id] = key
	return key, nil
}

// stats tells how many data keys are open, and how often one was.
func (p *personal) stats() telemetry.CacheStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts.Stats(len(p.keys))
}

// newestDataKey gives the newest data key and locks its row until the transaction ends.
func (p *personal) newestDataKey(ctx context.Context, q usersdb.Querier) (uuid.UUID, *seal.DataKey, error) {
	row, err := q.HoldNewestDataKey(ctx)
	if postgres.IsNoRows(err) {
		return uuid.Nil, nil, errors.New("there is no data key; a start of the service makes one")
	}
	if err != nil {
		return uuid.Nil, nil, err
	}
	key, err := p.dataKey(row.ID, row.SealedKey)
	return row.ID, key, err
}

// userKey gives the key of an account, and makes one if there is none. The account is locked.
func (p *personal) userKey(ctx context.Context, q usersdb.Querier, user uuid.UUID) (*seal.DataKey, error) {
	row, err := q.GetUserKey(ctx, user)
	if err == nil {
		return p.openUserKey(row)
	}
	if !postgres.IsNoRows(err) {
		return nil, err
	}
	id, by, err := p.newestDataKey(ctx, q)
	if err != nil {
		return nil, err
	}
	key, err := seal.NewDataKey()
	if err != nil {
		return nil, err
	}
	sealed, err := by.SealKey(key, userKeyName(user))
	if err != nil {
		return nil, err
	}
	return key, q.CreateUserKey(ctx, usersdb.CreateUserKeyParams{UserID: user, DataKeyID: id, SealedKey: sealed})
}

func (p *personal) openUserKey(row usersdb.GetUserKeyRow) (*seal.DataKey, error) {
	by, err := p.dataKey(row.DataKeyID, row.SealedDataKey)
	if err != nil {
		return nil, err
	}
	return by.OpenKey(row.SealedKey, userKeyName(row.UserID))
}

// sealValues adds to a change of a profile the confidential values that were sent.
func (p *personal) sealValues(
	ctx context.Context, q usersdb.Querier, change *usersdb.UpdateProfileParams, sent *usersapi.UpdateProfileRequest,
) error {
	change.SetPhone, change.SetIDCardNumber = sent.Phone.IsSpecified(), sent.IDCardNumber.IsSpecified()
	phone, number := convert.OrNil(sent.Phone), convert.OrNil(sent.IDCardNumber)
	if phone == nil && number == nil {
		return nil
	}
	if _, err := q.LockUser(ctx, change.ID); err != nil {
		return err
	}
	key, err := p.userKey(ctx, q, change.ID)
	if err != nil {
		return err
	}
	if phone != nil {
		if change.SealedPhone, err = key.Seal([]byte(*phone), phoneName(change.ID)); err != nil {
			return err
		}
		change.PhoneMark = p.phones.Of(*phone)
	}
	if number != nil {
		if change.SealedIDCardNumber, err = key.Seal([]byte(*number), idCardNumberName(change.ID)); err != nil {
			return err
		}
		change.IDCardNumberMark = p.cards.Of(withoutHyphens(*number))
	}
	return nil
}

// openValues gives the confidential values of an account.
func (p *personal) openValues(row usersdb.GetProfileRow) (confidential, error) {
	told := confidential{phone: row.User.Phone}
	if row.User.SealedPhone == nil && row.User.SealedIDCardNumber == nil {
		return told, nil
	}
	if row.DataKeyID == nil {
		return told, fmt.Errorf("the account %s has sealed values and no key", row.User.ID)
	}
	key, err := p.openUserKey(usersdb.GetUserKeyRow{
		UserID: row.User.ID, DataKeyID: *row.DataKeyID, SealedKey: row.SealedKey, SealedDataKey: row.SealedDataKey,
	})
	if err != nil {
		return told, err
	}
	// A plain value was written by an earlier version after the sealed one.
	if told.phone == nil {
		if told.phone, err = openValue(key, row.User.SealedPhone, phoneName(row.User.ID)); err != nil {
			return told, err
		}
	}
	told.idCardNumber, err = openValue(key, row.User.SealedIDCardNumber, idCardNumberName(row.User.ID))
	return told, err
}

// openValue opens a sealed value; it gives nil for nil.
func openValue(key *seal.DataKey, sealed []byte, name string) (*string, error) {
	if sealed == nil {
		return nil, nil
	}
	value, err := key.Open(sealed, name)
	if err != nil {
		return nil, err
	}
	text := string(value)
	return &text, nil
}

// withoutHyphens gives the spelling by which numbers of identity cards are compared.
func withoutHyphens(number string) string { return strings.ReplaceAll(number, "-", "") }
