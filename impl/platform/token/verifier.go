package token

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"example.com/plumbline/impl/platform/telemetry"
)

const (
	defaultLeeway      = 2 * time.Second
	maxLeeway          = 5 * time.Second
	defaultMaxLifetime = 15 * time.Minute
	defaultRemembered  = 10_000
)

const (
	tooLong      refusal = "it is too long"
	unknownKey   refusal = "no key has its key id"
	badSignature refusal = "its signature does not match"
	fromFuture   refusal = "its iat is in the future"
	notYet       refusal = "its nbf is in the future"
	badLifetime  refusal = "its exp is not within the accepted lifetime after its iat"
)

// VerifierConfig configures which tokens a Verifier accepts.
type VerifierConfig struct {
	Issuer   string    // the exact value of iss
	Audience string    // the exact name of the service, which aud must contain
	Keys     KeySource // the source of public keys
	// Clock returns the time and is safe for concurrent use; nil means time.Now.
	Clock func() time.Time
	// Leeway is the largest difference between this clock and the issuer's, at most 5 s; 0 means 2 s.
	Leeway time.Duration
	// MaxLifetime bounds exp - iat; 0 means 15 minutes.
	MaxLifetime time.Duration
	// MaxTokenBytes bounds the size of a token; 0 means DefaultMaxTokenBytes.
	MaxTokenBytes int
	// MaxRemembered bounds the cache of verified tokens; 0 means 10,000.
	MaxRemembered int
}

// A Verifier accepts the tokens of one issuer for one service. It is safe for concurrent use.
type Verifier struct {
	config VerifierConfig
	memory *otter.Cache[fingerprint, *remembered]
	counts telemetry.CacheCounts
}

// A fingerprint is the SHA-256 of a whole token: the cache contains no usable token.
type fingerprint = [sha256.Size]byte

// remembered is a token whose signature need not be verified again while its key stays.
type remembered struct {
	claims  Claims
	kid     string
	key     ed25519.PublicKey
	expires time.Time
}

// NewVerifier returns a verifier. It fails on a configuration that would accept too much or nothing.
func NewVerifier(config VerifierConfig) (*Verifier, error) {
	switch {
	case config.Issuer == "" || config.Audience == "":
		return nil, errors.New("access token verifier: issuer and audience are required")
	case config.Keys == nil:
		return nil, errors.New("access token verifier: a source of keys is required")
	case config.Leeway < 0 || config.Leeway > maxLeeway:
		return nil, fmt.Errorf("access token verifier: leeway %s: choose one between 0 and %s", config.Leeway, maxLeeway)
	case config.MaxLifetime < 0 || config.MaxTokenBytes < 0 || config.MaxRemembered < 0:
		return nil, errors.New("access token verifier: a limit is negative: leave it 0 for its default")
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	config.Leeway = cmp.Or(config.Leeway, defaultLeeway)
	config.MaxLifetime = cmp.Or(config.MaxLifetime, defaultMaxLifetime)
	config.MaxTokenBytes = cmp.Or(config.MaxTokenBytes, DefaultMaxTokenBytes)
	config.MaxRemembered = cmp.Or(config.MaxRemembered, defaultRemembered)

	v := &Verifier{config: config}
	var err error
	v.memory, err = otter.New(&otter.Options[fingerprint, *remembered]{
		MaximumSize: config.MaxRemembered,
		Clock:       memoryClock(config.Clock),
		// Callers do the upkeep of the cache, so a verifier has no goroutines to stop.
		Executor: func(upkeep func()) { upkeep() },
		ExpiryCalculator: otter.ExpiryCreatingFunc(func(e otter.Entry[fingerprint, *remembered]) time.Duration {
			return e.Value.expires.Sub(config.Clock())
		}),
		OnDeletion: func(e otter.DeletionEvent[fingerprint, *remembered]) {
			if e.Cause == otter.CauseOverflow {
				v.counts.Evicted()
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("access token verifier: make the memory of verified tokens: %w", err)
	}
	return v, nil
}

// Verify returns the claims of a token if the issuer made it, for this service, and it is valid now. The slices in the
// answer are shared and must not be modified.
//
// A refused token gives an ErrInvalid, which is also an ErrExpired if the token is valid except for its age. If the
// key is unavailable it gives an ErrKeysUnavailable, which is no judgement of the token. No error contains any part of
// the token. Refusals are not cached.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	if len(raw) > v.config.MaxTokenBytes {
		v.counts.LookedUp(false)
		return Claims{}, tooLong
	}
	// Hashing a token of the usual length needs no allocation.
	var room [1024]byte
	sum := sha256.Sum256(append(room[:0], raw...))
	if known, ok := v.memory.GetIfPresent(sum); ok {
		if v.stillGood(ctx, known) {
			v.counts.LookedUp(true)
			return known.claims, nil
		}
		v.memory.Invalidate(sum)
	}
	v.counts.LookedUp(false)

	verified, err := v.verifyAnew(ctx, raw)
	if err != nil {
		return Claims{}, err
	}
	v.memory.Set(sum, verified)
	return verified.claims, nil
}

// Stats returns how often the cache had a token. A refused token is a miss.
func (v *Verifier) Stats() telemetry.CacheStats { return v.counts.Stats(v.memory.EstimatedSize()) }

// stillGood reports whether a cached token has not expired and its key is still in use.
func (v *Verifier) stillGood(ctx context.Context, known *remembered) bool {
	if !v.config.Clock().Before(known.expires) {
		return false
	}
	key, err := v.config.Keys.Key(ctx, known.kid)
	return err == nil && key.Equal(known.key)
}

func (v *Verifier) verifyAnew(ctx context.Context, raw string) (*remembered, error) {
	parts, err := splitCompact(raw)
	if err != nil {
		return nil, err
	}
	key, err := v.config.Keys.Key(ctx, parts.kid)
	switch {
	case errors.Is(err, ErrUnknownKey):
		return nil, unknownKey
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, err)
	case len(key) != ed25519.PublicKeySize:
		return nil, fmt.Errorf("%w: the source answered a key of %d bytes", ErrKeysUnavailable, len(key))
	}
	// ed25519.Verify also refuses the second form of a signature, S + L (RFC 8032, 5.1.7).
	if !ed25519.Verify(key, []byte(parts.signed), parts.signature) {
		return nil, badSignature
	}
	payload, err := parseClaims(parts.claims)
	if err != nil {
		return nil, err
	}
	if err := v.judge(payload); err != nil {
		return nil, err
	}
	return &remembered{
		claims:  payload.Claims,
		kid:     parts.kid,
		key:     key,
		expires: payload.ExpiresAt.Add(v.config.Leeway),
	}, nil
}

// judge checks genuine claims against the configuration and the clock. Age comes last: a token counts as expired only
// if nothing else is wrong with it.
func (v *Verifier) judge(p payload) error {
	now := v.config.Clock()
	latest := now.Add(v.config.Leeway)
	lifetime := p.ExpiresAt.Sub(p.IssuedAt)
	switch {
	case p.Issuer != v.config.Issuer:
		return badIssuer
	case !slices.Contains(p.Audience, v.config.Audience):
		return badAudience
	case lifetime <= 0 || lifetime > v.config.MaxLifetime:
		return badLifetime
	case p.IssuedAt.After(latest):
		return fromFuture
	case p.notBefore.After(latest):
		return notYet
	case !now.Before(p.ExpiresAt.Add(v.config.Leeway)):
		return ErrExpired
	}
	return nil
}

// memoryClock makes the cache expire entries by the verifier's clock. It never ticks, which would need a goroutine:
// expired entries are dropped when another is added.
type memoryClock func() time.Time

func (c memoryClock) NowNano() int64 { return c().UnixNano() }

func (memoryClock) Tick(time.Duration) <-chan time.Time { return nil }
