// Package throttle keeps the counts of x-throttle in PostgreSQL, for every replica of a service.
//
// It promises that of many concurrent tries, over all replicas, no more pass than a limit allows; that without the
// service's master key its tables reveal neither account nor network; and that a try which cannot be counted is not
// made. Counts follow the generic cell rate algorithm (GCRA): each is one time, its theoretical arrival time (TAT).
package throttle

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"errors"
	"slices"
	"time"

	"example.com/plumbline/gen/throttledb"
	"example.com/plumbline/impl/platform/dbfault"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
)

const (
	// KnownFor is how long a network stays a known one of an account after its owner's last login from there.
	KnownFor = 30 * 24 * time.Hour
	// MostKnown is how many known networks an account has at most: those that were used last.
	MostKnown = 16
)

//go:embed schema/*.sql
var schema embed.FS

// Tables is the part of a database's schema that has the counts and the known networks.
var Tables = postgres.NewTables("throttle", schema)

// Store keeps the counts of a service. It is safe for concurrent use.
type Store struct {
	queries throttledb.Querier
	key     []byte
}

var _ httpapi.Throttle = (*Store)(nil)

// New makes the store of a service in its database, which has [Tables].
func New(database throttledb.DBTX, master seal.MasterKey) (*Store, error) {
	key, err := master.Derive("throttles")
	return &Store{queries: throttledb.New(database), key: key}, err
}

// In gives the store within a transaction: what it counts is kept if the transaction commits.
func (s *Store) In(tx throttledb.DBTX) *Store {
	return &Store{queries: throttledb.New(tx), key: s.key}
}

// keyOf gives the key of a count, an HMAC: without the service's key nobody can test addresses against it.
func (s *Store) keyOf(text string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// networkKey and accountKey are keys of known networks. Rows of the database have their texts, which must not change.
func (s *Store) networkKey(n httpapi.KnownNetwork) []byte {
	return s.keyOf("familiar\n" + n.Account + "\n" + n.Network)
}

func (s *Store) accountKey(account string) []byte { return s.keyOf("familiar to\n" + account) }

// Spend implements httpapi.Throttle.
func (s *Store) Spend(ctx context.Context, try httpapi.Try) (httpapi.Decision, error) {
	own := slices.Clone(try.Own)
	slices.SortFunc(own, func(a, b httpapi.Count) int { return bytes.Compare(s.keyOf(a.Of), s.keyOf(b.Of)) })
	p := throttledb.SpendTryParams{
		Now: try.Now, Keys: [][]byte{}, Spans: []time.Duration{}, EmissionIntervals: []time.Duration{},
	}
	for _, c := range own {
		p.Keys, p.Spans = append(p.Keys, s.keyOf(c.Of)), append(p.Spans, c.Window)
		p.EmissionIntervals = append(p.EmissionIntervals, c.EmissionInterval())
	}
	counts := own
	if account, unfamiliar := try.Account, try.Unfamiliar; account != nil {
		p.OfAccount, p.KnownNetwork = true, s.networkKey(try.Network)
		p.Account, p.AccountSpan, p.AccountEmissionInterval = s.keyOf(account.Of), account.Window, account.EmissionInterval()
		p.Unfamiliar, p.UnfamiliarSpan = s.keyOf(unfamiliar.Of), unfamiliar.Window
		p.UnfamiliarEmissionInterval = unfamiliar.EmissionInterval()
		counts = append(counts, *account, *unfamiliar)
	}
	rows, err := s.queries.SpendTry(ctx, p)
	if err != nil {
		return httpapi.Decision{}, dbfault.Explain(err, nil)
	}
	spent := map[string]time.Time{}
	for _, r := range rows {
		spent[string(r.Key)] = r.WholeAt
	}
	var decision httpapi.Decision
	var usedUp []httpapi.Count
	for i, c := range counts {
		tat, counted := spent[string(s.keyOf(c.Of))]
		switch {
		case counted:
			decision.Counts = append(decision.Counts, httpapi.CountState{Count: c, TAT: tat})
		case i < len(own):
			usedUp = append(usedUp, c)
		}
	}
	_, decision.KnownNetwork = spent[string(p.KnownNetwork)]
	if len(usedUp) == 0 && try.Account != nil && !decision.KnownNetwork && len(decision.Counts) == len(own) {
		usedUp = append(usedUp, *try.Unfamiliar) // Both the account's and the network's own are used up.
	}
	if len(usedUp) == 0 {
		return decision, nil
	}
	return s.refuse(ctx, try, decision, usedUp)
}

// refuse refunds the counts of a try that is not made and gives the decision with the counts that refused it.
func (s *Store) refuse(
	ctx context.Context, try httpapi.Try, decision httpapi.Decision, usedUp []httpapi.Count,
) (httpapi.Decision, error) {
	if err := s.Refund(ctx, decision); err != nil {
		return httpapi.Decision{}, err
	}
	for i := range decision.Counts {
		decision.Counts[i].TAT = decision.Counts[i].TAT.Add(-decision.Counts[i].EmissionInterval())
	}
	var keys [][]byte
	for _, c := range usedUp {
		keys = append(keys, s.keyOf(c.Of))
	}
	rows, err := s.queries.ListThrottles(ctx, keys)
	if err != nil {
		return httpapi.Decision{}, dbfault.Explain(err, nil)
	}
	decision.Refused = true
	for i, c := range usedUp {
		standing := httpapi.CountState{Count: c, TAT: try.Now, UsedUp: true}
		for _, r := range rows {
			if bytes.Equal(r.Key, keys[i]) {
				standing.TAT = r.WholeAt
			}
		}
		decision.Counts = append(decision.Counts, standing)
	}
	return decision, nil
}

// Refund implements httpapi.Throttle.
func (s *Store) Refund(ctx context.Context, decision httpapi.Decision) error {
	p := throttledb.RefundTryParams{Keys: [][]byte{}, EmissionIntervals: []time.Duration{}, Places: []int32{}}
	for i, c := range decision.Counts {
		p.Keys, p.Places = append(p.Keys, s.keyOf(c.Of)), append(p.Places, int32(i))
		p.EmissionIntervals = append(p.EmissionIntervals, c.EmissionInterval())
	}
	if len(p.Keys) == 0 {
		return nil
	}
	return dbfault.Explain(s.queries.RefundTry(ctx, p), nil)
}

// RememberNetworks implements httpapi.Throttle.
func (s *Store) RememberNetworks(ctx context.Context, now time.Time, known ...httpapi.KnownNetwork) error {
	for _, n := range known {
		account := s.accountKey(n.Account)
		err := s.queries.RememberNetwork(ctx, throttledb.RememberNetworkParams{
			Key: s.networkKey(n), Account: account, ExpiresAt: now.Add(KnownFor),
		})
		if err == nil {
			err = s.queries.ForgetNetworks(ctx, throttledb.ForgetNetworksParams{Account: account, Most: MostKnown})
		}
		if err != nil {
			return dbfault.Explain(err, nil)
		}
	}
	return nil
}

// Forget removes all known networks of the accounts, which are named as in httpapi.KnownNetwork.
func (s *Store) Forget(ctx context.Context, accounts ...string) error {
	for _, account := range accounts {
		err := s.queries.ForgetNetworks(ctx, throttledb.ForgetNetworksParams{Account: s.accountKey(account), Most: 0})
		if err != nil {
			return dbfault.Explain(err, nil)
		}
	}
	return nil
}

// Purge removes expired counts and known networks, in batches that lock little.
func (s *Store) Purge(ctx context.Context, now time.Time) error {
	return errors.Join(
		postgres.InBatches(func(limit int32) (int64, error) {
			return s.queries.PurgeThrottles(ctx, throttledb.PurgeThrottlesParams{TatBefore: now, RowLimit: limit})
		}),
		postgres.InBatches(func(limit int32) (int64, error) {
			return s.queries.PurgeNetworks(ctx, throttledb.PurgeNetworksParams{ExpiredBefore: now, RowLimit: limit})
		}),
	)
}
