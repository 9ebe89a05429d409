// Package hashing hashes passwords within a fixed amount of memory.
//
// Passwords become argon2id hashes (RFC 9106) in the PHC string format, which has its own parameters and salt. Each
// computation takes megabytes and milliseconds, so only as many run at once as the configuration allows. A few more
// wait for a bounded time, known callers before unknown ones. Every other call is refused at once with ErrBusy.
//
// A password is brought to Unicode normalisation form C (RFC 8265, section 4.2) before it is hashed, so that a
// password typed on two keyboards is the same password. It is never truncated.
package hashing

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"example.com/plumbline/impl/platform/telemetry"
)

// ErrBusy means that too many passwords are being hashed. Nothing was computed; the same call may succeed a second
// later.
var ErrBusy = errors.New("hashing: too many passwords are being hashed, try again in a second")

// Bounds of a stored hash and of a configuration. The lower ones keep a hash strong; the upper ones keep a tampered
// hash from exhausting the machine.
const (
	maxMemoryKiB   = 256 << 10
	maxIterations  = 16
	maxParallelism = 16
	minSaltBytes   = 8
	minKeyBytes    = 16
	maxPHCLength   = 256

	saltBytes = 16
	keyBytes  = 32
)

// Params is the cost of one argon2id computation.
type Params struct {
	MemoryKiB   uint32 // m, 8 per lane to 262144
	Iterations  uint32 // t, 1 to 16
	Parallelism uint8  // p, the lanes, 1 to 16
}

// DefaultParams returns 19 MiB, 2 iterations and 1 lane: the lowest cost that the OWASP Password Storage Cheat Sheet
// recommends for argon2id.
func DefaultParams() Params {
	return Params{MemoryKiB: 19456, Iterations: 2, Parallelism: 1}
}

// Config configures a Hasher. Zero values mean the defaults.
type Config struct {
	Params      Params        // the cost of new hashes; DefaultParams if all fields are zero
	Concurrency int           // how many computations run at once; GOMAXPROCS by default
	Queue       int           // how many calls may wait for a computation; 64 by default
	Wait        time.Duration // how long a call waits; 1 s by default
	// Caller returns the site of the caller of a context, and whether the caller is known. Known callers wait before
	// all others, and a quarter of the queue is reserved for them. A site has at most a quarter of the queue, so that
	// one site cannot fill it; "" is no site. Nil: all callers are unknown and at no site.
	Caller func(context.Context) (site string, known bool)
	// Waits is called before the call of a context waits for its turn, so that it can release what other calls need
	// meanwhile. Nil: nothing is released.
	Waits func(context.Context)
}

// Hasher hashes and verifies passwords. It is safe for concurrent use.
//
// Its computations together take at most Concurrency times Params.MemoryKiB, or the memory of a single stored hash if
// that is more.
type Hasher struct {
	params argon2id.Params
	decoy  string

	queue    *queue
	capacity int64 // in KiB
	caller   func(context.Context) (site string, known bool)
	waits    func(context.Context)
	wait     atomic.Int64 // a time.Duration
	running  atomic.Int64

	create func(password string, params *argon2id.Params) (phc string, err error)
	check  func(password, phc string) (match bool, params *argon2id.Params, err error)
}

// New returns a Hasher and computes no hash. It fails if the configuration is out of range.
func New(config Config) (*Hasher, error) {
	if config.Params == (Params{}) {
		config.Params = DefaultParams()
	}
	if config.Concurrency == 0 {
		config.Concurrency = runtime.GOMAXPROCS(0)
	}
	if config.Queue == 0 {
		config.Queue = 64
	}
	if config.Wait == 0 {
		config.Wait = time.Second
	}
	if config.Caller == nil {
		config.Caller = func(context.Context) (string, bool) { return "", false }
	}
	if config.Waits == nil {
		config.Waits = func(context.Context) {}
	}
	if config.Concurrency < 0 || config.Queue < 0 || config.Wait < 0 {
		return nil, errors.New("hashing: concurrency, queue and wait must not be negative")
	}
	params := argon2id.Params{
		Memory:      config.Params.MemoryKiB,
		Iterations:  config.Params.Iterations,
		Parallelism: config.Params.Parallelism,
		SaltLength:  saltBytes,
		KeyLength:   keyBytes,
	}
	if err := checkParams(&params); err != nil {
		return nil, fmt.Errorf("hashing: configuration: %w", err)
	}
	capacity := int64(config.Concurrency) * int64(params.Memory)
	h := &Hasher{
		params: params,
		decoy:  decoyOf(&params),
		queue: &queue{
			free:    capacity,
			most:    config.Queue,
			unknown: config.Queue - config.Queue/4,
			ofSite:  max(1, config.Queue/4),
		},
		capacity: capacity,
		caller:   config.Caller,
		waits:    config.Waits,
		create:   argon2id.CreateHash,
		check:    argon2id.CheckHash,
	}
	h.SetWait(config.Wait)
	return h, nil
}

// SetWait changes how long calls wait that begin to wait from now on.
func (h *Hasher) SetWait(wait time.Duration) { h.wait.Store(int64(wait)) }

// Hash returns the PHC string of a new hash with a random salt. It fails with ErrBusy, or with the error of ctx if
// that ends while the call waits.
func (h *Hasher) Hash(ctx context.Context, password string) (phc string, err error) {
	busy := h.run(ctx, h.params.Memory, func() {
		phc, err = h.create(norm.NFC.String(password), &h.params)
	})
	if busy != nil {
		return "", busy
	}
	if err != nil {
		return "", fmt.Errorf("hashing: create a hash: %w", err)
	}
	return phc, nil
}

// Verify reports whether phc is a hash of the password. If ok, rehash reports that the stored hash has a lower cost
// than the configuration, so the caller should store a new one. Verify fails with ErrBusy, with the error of ctx if
// that ends while the call waits, or if phc is not an argon2id hash whose cost is within bounds; such a hash is
// refused before anything is computed.
func (h *Hasher) Verify(ctx context.Context, password, phc string) (ok, rehash bool, err error) {
	stored, err := parse(phc)
	if err != nil {
		return false, false, err
	}
	busy := h.run(ctx, stored.Memory, func() {
		ok, _, err = h.check(norm.NFC.String(password), phc)
	})
	if busy != nil {
		return false, false, busy
	}
	if err != nil {
		return false, false, fmt.Errorf("hashing: check a stored hash: %w", err)
	}
	return ok, ok && h.weaker(stored), nil
}

// Decoy returns the hash to Verify for an account that does not exist, so that the time of the answer does not reveal
// it. No password is right for it. Its cost is that of the configured Params: after these change, an existing account
// answers in a different time until its password is hashed again.
func (h *Hasher) Decoy() string { return h.decoy }

// Stats returns how many computations run and how many calls wait for one.
func (h *Hasher) Stats() (running, waiting int) {
	return int(h.running.Load()), h.queue.length()
}

// run does the work while it holds its share of the memory. A hash that needs less memory than Params takes a whole
// place, so that no more than Concurrency run; one that needs more takes as many places as it needs, at most all.
func (h *Hasher) run(ctx context.Context, memoryKiB uint32, work func()) error {
	share := min(int64(max(memoryKiB, h.params.Memory)), h.capacity)
	began := time.Now()
	err := h.acquire(ctx, share)
	waited := time.Since(began)
	scope := telemetry.Request(ctx)
	scope.Spend(telemetry.HashWait, waited)
	telemetry.Waited(ctx, "wait for hashing", waited)
	if err != nil {
		return err
	}
	defer h.queue.release(share)
	h.running.Add(1)
	defer h.running.Add(-1)
	_, span := telemetry.Start(ctx, trace.SpanKindInternal, "hash password")
	defer span.End()
	began = time.Now()
	work()
	scope.Spend(telemetry.Hash, time.Since(began))
	return nil
}

// Hold takes a place, as a computation does, until release is called. It lets tests fill the places without computing
// hashes. It fails as Hash does.
func (h *Hasher) Hold(ctx context.Context) (release func(), err error) {
	share := int64(h.params.Memory)
	if err := h.acquire(ctx, share); err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() { h.queue.release(share) }), nil
}

func (h *Hasher) acquire(ctx context.Context, share int64) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("hashing: before the wait: %w", err)
	}
	bounded, cancel := context.WithTimeout(ctx, time.Duration(h.wait.Load()))
	defer cancel()
	site, known := h.caller(ctx)
	if h.queue.acquire(bounded, share, site, known, func() { h.waits(ctx) }) {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("hashing: while waiting for others to finish: %w", err)
	}
	return ErrBusy
}

func (h *Hasher) weaker(stored *argon2id.Params) bool {
	return stored.Memory < h.params.Memory ||
		stored.Iterations < h.params.Iterations ||
		stored.Parallelism < h.params.Parallelism ||
		stored.SaltLength < h.params.SaltLength ||
		stored.KeyLength < h.params.KeyLength
}

// parse reads the parameters of a stored hash. The library's own parser accepts parameters that make argon2 panic, an
// empty key that every password matches, and text after a number.
func parse(phc string) (*argon2id.Params, error) {
	if len(phc) > maxPHCLength {
		return nil, errors.New("hashing: the stored hash is too long")
	}
	params, _, _, err := argon2id.DecodeHash(phc)
	if err != nil {
		return nil, fmt.Errorf("hashing: the stored hash is not an argon2id PHC string: %w", err)
	}
	if !strings.HasPrefix(phc, header(params)) {
		return nil, errors.New("hashing: the stored hash is not a canonical PHC string")
	}
	if err := checkParams(params); err != nil {
		return nil, fmt.Errorf("hashing: the stored hash: %w", err)
	}
	return params, nil
}

// checkParams includes the requirements of RFC 9106, section 3.1.
func checkParams(p *argon2id.Params) error {
	switch {
	case p.Parallelism < 1 || p.Parallelism > maxParallelism:
		return fmt.Errorf("parallelism must be 1 to %d", maxParallelism)
	case p.Memory < 8*uint32(p.Parallelism) || p.Memory > maxMemoryKiB:
		return fmt.Errorf("memory must be 8 KiB per lane to %d KiB", maxMemoryKiB)
	case p.Iterations < 1 || p.Iterations > maxIterations:
		return fmt.Errorf("iterations must be 1 to %d", maxIterations)
	case p.SaltLength < minSaltBytes:
		return fmt.Errorf("the salt must have at least %d bytes", minSaltBytes)
	case p.KeyLength < minKeyBytes:
		return fmt.Errorf("the key must have at least %d bytes", minKeyBytes)
	}
	return nil
}

// decoyOf returns a hash whose password nobody knows: its key is random instead of computed, so that the start of the
// process does not wait for one.
func decoyOf(p *argon2id.Params) string {
	random := make([]byte, p.SaltLength+p.KeyLength)
	_, _ = rand.Read(random) // never fails, by its documentation
	b64 := base64.RawStdEncoding
	return header(p) + b64.EncodeToString(random[:p.SaltLength]) + "$" + b64.EncodeToString(random[p.SaltLength:])
}

// header returns the part of a PHC string before the salt.
func header(p *argon2id.Params) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, p.Memory, p.Iterations, p.Parallelism)
}
