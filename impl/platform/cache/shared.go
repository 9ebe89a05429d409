package cache

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"example.com/plumbline/impl/platform/redis"
)

// shared is what replicas share in Redis.
//
// An entry is stored under the generation that Redis had before the entry was loaded, and holds only while Redis has
// that generation. Whoever hears of a change gives Redis a new one, after the commit. So a load that read the database
// before the change cannot leave its result, however late it stores it; and entries need not be found to be forgotten.
// Generations are random, so one that Redis has lost with its memory or by eviction is never given again. It comes back
// with its entries if Redis is restarted from a file, or if a replica takes its place: then connections are made anew,
// and every cache distrusts what is there until it has expired; see trusts.
type shared struct {
	redis *redis.Client
	// prefix begins the keys of entries. It has the shape of the values: a release with another shape has other keys.
	prefix     string
	generation string // the key of the generation
}

func newShared[V any](client *redis.Client, name string) *shared {
	shape := sha256.Sum256([]byte(shapeOf(reflect.TypeFor[entry[V]](), nil)))
	key := client.Key("cache:" + name + ":")
	return &shared{client, key + hex.EncodeToString(shape[:6]) + ":", key + "generation"}
}

// shapeOf describes what JSON makes of a type: names, tags and kinds, within all that it consists of.
func shapeOf(t reflect.Type, within []reflect.Type) string {
	if slices.Contains(within, t) {
		return t.String() // It contains itself.
	}
	within = append(within, t)
	var shape strings.Builder
	fmt.Fprintf(&shape, "%s %s", t, t.Kind())
	switch t.Kind() {
	case reflect.Struct:
		for f := range t.Fields() {
			fmt.Fprintf(&shape, "{%s %q %s}", f.Name, f.Tag, shapeOf(f.Type, within))
		}
	case reflect.Map:
		shape.WriteString(shapeOf(t.Key(), within) + shapeOf(t.Elem(), within))
	case reflect.Array, reflect.Pointer, reflect.Slice:
		fmt.Fprintf(&shape, "[%s]", shapeOf(t.Elem(), within))
	default:
	}
	return shape.String()
}

// get gives the entry of a key, nil if there is none that holds, and the generation under which one may be stored, ""
// if none may.
func (s *shared) get(ctx context.Context, key string) (stored []byte, generation string) {
	answer, err := s.redis.Do(ctx, s.redis.B().Mget().Key(s.generation, s.prefix+key).Build()).ToArray()
	if err != nil || len(answer) != 2 {
		return nil, ""
	}
	generation, err = answer[0].ToString()
	if err != nil {
		// The next load may be stored. It is no failure if another replica was faster.
		command := s.redis.B().Set().Key(s.generation).Value(rand.Text()).Nx().Build()
		_ = s.redis.Do(ctx, command).Error()
		return nil, ""
	}
	text, err := answer[1].ToString()
	if err != nil {
		return nil, generation
	}
	rest, holds := strings.CutPrefix(text, generation)
	if !holds {
		return nil, generation
	}
	return []byte(rest), generation
}

// set stores an entry. That it cannot be stored costs the other replicas a load.
func (s *shared) set(ctx context.Context, key, generation string, e any, lifetime time.Duration) {
	encoded, err := json.Marshal(e)
	if err != nil || lifetime < time.Millisecond {
		return
	}
	value := generation + rueidis.BinaryString(encoded)
	_ = s.redis.Do(ctx, s.redis.B().Set().Key(s.prefix+key).Value(value).Px(lifetime).Build()).Error()
}

// forget gives Redis a new generation, so that no entry holds that was loaded before.
func (s *shared) forget(ctx context.Context) error {
	return s.redis.Do(ctx, s.redis.B().Set().Key(s.generation).Value(rand.Text()).Build()).Error()
}

// decode reads an entry of Redis. It is nil if it does not hold any more, or cannot be read.
func (c *Cache[K, V]) decode(stored []byte) *entry[V] {
	var e entry[V]
	if json.Unmarshal(stored, &e) != nil {
		return nil
	}
	now := c.config.Clock()
	// The clock of the replica that has stored it may be ahead.
	if latest := now.Add(time.Duration(c.lifetime.Load())); e.Until.After(latest) {
		e.Until = latest
	}
	if !e.Until.After(now) {
		return nil
	}
	return &e
}
