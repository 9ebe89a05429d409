// Package ratelimit counts the calls of x-rate-limit over all replicas of a service, in Redis.
//
// It promises that of many calls at once, over all replicas, no more are accepted than the limit allows; that it
// decides as contract.RateLimit.Spend does, by the clock of Redis, in one round trip; and that Redis learns no address
// and no id.
// What it cannot count is an error, for the caller to decide: it neither accepts nor refuses.
package ratelimit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/platform/seal"
)

//go:embed spend.lua
var source string

// spend is the script. Its key is that of a caller; its arguments are the window and the emission interval, in
// nanoseconds. It gives two numbers of nanoseconds: until the limit is whole again, and to wait.
var spend = rueidis.NewLuaScript(source)

// Store keeps the counts of a service. It is safe for concurrent use.
type Store struct {
	client *redis.Client
	key    []byte
}

// New makes the store of a service.
func New(client *redis.Client, master seal.MasterKey) (*Store, error) {
	key, err := master.Derive("rate limits")
	return &Store{client: client, key: key}, err
}

// Spend counts one call of a caller. It gives the time until the limit is whole again, and the time to wait where the
// call is one too many and was not counted. The error says that Redis has not decided.
func (s *Store) Spend(ctx context.Context, operation, caller string, limit contract.RateLimit) (
	reset, wait time.Duration, err error,
) {
	answer, err := s.client.Run(ctx, spend, []string{s.keyOf(operation, caller)}, arguments(limit)).AsIntSlice()
	if err != nil {
		return 0, 0, fmt.Errorf("count a call: %w", err)
	}
	if len(answer) != 2 {
		return 0, 0, fmt.Errorf("count a call: the script gives %d numbers", len(answer))
	}
	return time.Duration(answer[0]), time.Duration(answer[1]), nil
}

func arguments(limit contract.RateLimit) []string {
	return []string{
		strconv.FormatInt(int64(limit.Window), 10), strconv.FormatInt(int64(limit.EmissionInterval()), 10),
	}
}

// keyOf gives the key of a count, with an HMAC of the caller: whoever reads Redis can test no address against it.
func (s *Store) keyOf(operation, caller string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(operation + "\n" + caller))
	return s.client.Key("rate:" + operation + ":" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16]))
}
