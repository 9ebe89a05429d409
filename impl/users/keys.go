package users

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/token"
)

// GetKeySet gives the public keys.
func (s *Service) GetKeySet(context.Context, usersapi.GetKeySetRequestObject) (usersapi.GetKeySetResponseObject, error) {
	var set usersapi.KeySet
	if err := json.Unmarshal(s.signer.JWKS(), &set); err != nil {
		return nil, err
	}
	return usersapi.GetKeySet200JSONResponse{
		Body:    set,
		Headers: usersapi.GetKeySet200ResponseHeaders{CacheControl: "public, max-age=300"},
	}, nil
}

// masterKey is the one secret of the service; every other is derived from it, for one purpose each (RFC 5869).
type masterKey []byte

// parseMasterKey reads 32 bytes in base64.
func parseMasterKey(text string) (masterKey, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, errors.New("the master key is not 32 bytes in base64; make one with: openssl rand -base64 32")
	}
	return key, nil
}

func (k masterKey) derive(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, k, nil, "plumbline users: "+purpose, 32)
}

// keyring keeps the signing keys in the database, sealed, and the signer supplied with them.
type keyring struct {
	inTx   func(context.Context, func(usersdb.Querier) error) error
	seal   cipher.AEAD
	signer *token.Signer
	clock  func() time.Time
}

func newKeyring(s *Service, master masterKey) (*keyring, error) {
	key, err := master.derive("signing keys")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &keyring{inTx: s.inTx, seal: seal, signer: s.signer, clock: s.clock}, nil
}

// load supplies the signer with the keys of the database. It makes the first key and forgets those that no
// verifier needs any more.
func (k *keyring) load(ctx context.Context) error {
	var keys []token.PrivateKey
	err := k.inTx(ctx, func(q usersdb.Querier) (err error) {
		keys, err = k.published(ctx, q)
		if err != nil || len(keys) > 0 {
			return err
		}
		if err := q.LockSigningKeys(ctx); err != nil {
			return err
		}
		// Another replica may have made the first key while this one waited.
		if keys, err = k.published(ctx, q); err != nil || len(keys) > 0 {
			return err
		}
		first, err := k.create(ctx, q, k.clock())
		keys = []token.PrivateKey{first}
		return err
	})
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	return k.signer.SetKeys(keys)
}

// rotate makes the next key. It is published at once and signs once every verifier has had the time to fetch it.
func (k *keyring) rotate(ctx context.Context) (kid string, signsFrom time.Time, err error) {
	err = k.inTx(ctx, func(q usersdb.Querier) error {
		if err := q.LockSigningKeys(ctx); err != nil {
			return err
		}
		keys, err := k.published(ctx, q)
		if err != nil {
			return err
		}
		now := k.clock()
		if len(keys) > 0 && keys[0].SignsFrom().After(now) {
			return fmt.Errorf("the key %s is waiting to sign from %s on; rotate again after that", keys[0].KID(), keys[0].SignsFrom().UTC().Format(time.RFC3339))
		}
		next, err := k.create(ctx, q, now.Add(keyLead))
		kid, signsFrom = next.KID(), next.SignsFrom()
		return err
	})
	return kid, signsFrom, err
}

// published reads the keys, the one that signs last first, and forgets those whose time is over.
func (k *keyring) published(ctx context.Context, q usersdb.Querier) ([]token.PrivateKey, error) {
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
		der, err := k.seal.Open(nil, nil, row.SealedKey, []byte("signing_keys/"+row.Kid))
		if err != nil {
			return nil, fmt.Errorf("the key %s does not open: give the master key that it was made with", row.Kid)
		}
		key, err := token.ParsePrivateKey(der, row.SignsFrom)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (k *keyring) create(ctx context.Context, q usersdb.Querier, signsFrom time.Time) (token.PrivateKey, error) {
	key, err := token.NewPrivateKey(rand.Reader, signsFrom)
	if err != nil {
		return key, err
	}
	der, err := key.PKCS8()
	if err != nil {
		return key, err
	}
	return key, q.CreateSigningKey(ctx, usersdb.CreateSigningKeyParams{
		Kid: key.KID(), SealedKey: k.seal.Seal(nil, nil, der, []byte("signing_keys/"+key.KID())), SignsFrom: signsFrom, CreatedAt: k.clock(),
	})
}
