package users

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/token"
)

// GetKeySet gives the public keys.
func (s *Service) GetKeySet(
	context.Context, usersapi.GetKeySetRequestObject,
) (usersapi.GetKeySetResponseObject, error) {
	var set usersapi.KeySet
	if err := json.Unmarshal(s.signer.JWKS(), &set); err != nil {
		return nil, err
	}
	return usersapi.GetKeySet200JSONResponse{
		Body:    set,
		Headers: usersapi.GetKeySet200ResponseHeaders{CacheControl: "public, max-age=300"},
	}, nil
}

// keyring keeps the signing keys in the database, sealed, and supplies the signer with them.
type keyring struct {
	inTx   func(context.Context, func(tx) error) error
	sealer *seal.Sealer
	signer *token.Signer
	clock  func() time.Time
}

// keysEvery is how often a replica looks for new signing keys.
const keysEvery = 30 * time.Second

// signingKey is the name under which a signing key is sealed.
func signingKey(kid string) string { return "signing_keys/" + kid }

// load supplies the signer with the keys of the database. It makes the first key, and deletes those that no verifier
// needs any more.
func (k *keyring) load(ctx context.Context) error {
	var keys []token.PrivateKey
	err := k.inTx(ctx, func(tx tx) (err error) {
		keys, err = k.listPublished(ctx, tx)
		if err != nil || len(keys) > 0 {
			return err
		}
		if err := tx.LockSigningKeys(ctx); err != nil {
			return err
		}
		// Another replica may have made the first key while this one waited.
		if keys, err = k.listPublished(ctx, tx); err != nil || len(keys) > 0 {
			return err
		}
		first, err := k.createKey(ctx, tx, k.clock())
		keys = []token.PrivateKey{first}
		return err
	})
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	return k.signer.SetKeys(keys)
}

// watch loads new keys until ctx ends; every replica does.
func (k *keyring) watch(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := k.load(ctx); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "signing keys stay as they were", slog.Any("error", err))
			}
		}
	}
}

// rotate makes the next key. It is published at once and signs after keyLead, when every verifier has fetched it.
func (k *keyring) rotate(ctx context.Context) (kid string, signsFrom time.Time, err error) {
	err = k.inTx(ctx, func(tx tx) error {
		if err := tx.LockSigningKeys(ctx); err != nil {
			return err
		}
		keys, err := k.listPublished(ctx, tx)
		if err != nil {
			return err
		}
		now := k.clock()
		if len(keys) > 0 && keys[0].SignsFrom().After(now) {
			return fmt.Errorf(
				"the key %s is waiting to sign from %s on; rotate again after that", keys[0].KID(),
				keys[0].SignsFrom().UTC().Format(time.RFC3339),
			)
		}
		next, err := k.createKey(ctx, tx, now.Add(keyLead))
		kid, signsFrom = next.KID(), next.SignsFrom()
		return err
	})
	return kid, signsFrom, err
}

// listPublished reads the published keys, the newest first, and deletes those that are no longer published.
func (k *keyring) listPublished(ctx context.Context, q usersdb.Querier) ([]token.PrivateKey, error) {
	rows, err := q.ListSigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	var keys []token.PrivateKey
	var successor time.Time
	for _, row := range rows {
		if !isPublished(successor, k.clock()) {
			if err := q.DeleteSigningKey(ctx, row.Kid); err != nil {
				return nil, err
			}
			continue
		}
		successor = row.SignsFrom
		der, err := k.sealer.Open(row.SealedKey, signingKey(row.Kid))
		if err != nil {
			return nil, err
		}
		key, err := token.ParsePrivateKey(der, row.SignsFrom)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (k *keyring) createKey(ctx context.Context, q usersdb.Querier, signsFrom time.Time) (token.PrivateKey, error) {
	key, err := token.NewPrivateKey(rand.Reader, signsFrom)
	if err != nil {
		return key, err
	}
	der, err := key.PKCS8()
	if err != nil {
		return key, err
	}
	return key, q.CreateSigningKey(ctx, usersdb.CreateSigningKeyParams{
		Kid: key.KID(), SealedKey: k.sealer.Seal(der, signingKey(key.KID())), SignsFrom: signsFrom, CreatedAt: k.clock(),
	})
}
