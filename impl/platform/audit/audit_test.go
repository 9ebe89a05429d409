package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// ledger is a log on a database of its own.
type ledger struct {
	*Log
	t    *testing.T
	pool *pgxpool.Pool
	now  time.Time
}

func open(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{t: t, pool: pgtest.New(t, nil, Tables), now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	l.Log = l.with(t, 1)
	return l
}

// with gives the log under the master key whose every byte is b.
func (l *ledger) with(t *testing.T, b byte) *Log {
	t.Helper()
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune(b)), 32)))
	master, err := seal.NewMasterKey("things", telemetry.NewSecret(key))
	require.NoError(t, err)
	log, err := New(l.pool, master, func() time.Time { return l.now })
	require.NoError(t, err)
	return log
}

// add records n entries, each a second after the one before.
func (l *ledger) add(n int) []httpapi.AuditEntry {
	l.t.Helper()
	entries := make([]httpapi.AuditEntry, n)
	for i := range entries {
		l.now = l.now.Add(time.Second)
		entries[i] = httpapi.AuditEntry{
			ID: uuid.Must(uuid.NewV7()), Action: "thing.make", Outcome: "success", Actor: uuid.New(), Target: uuid.New(),
			Address: netip.MustParseAddr("192.0.2.7"), RequestID: fmt.Sprint("r", i), OccurredAt: l.now,
		}
		require.NoError(l.t, l.Record(l.t.Context(), entries[i]))
	}
	return entries
}

// seal seals what there is and gives the head.
func (l *ledger) seal() (head Head) {
	l.t.Helper()
	require.NoError(l.t, l.Seal(l.t.Context(), func(h Head) { head = h }))
	return head
}

func (l *ledger) verify(known *Head) (Verified, error) {
	return l.Verify(l.t.Context(), known, func(int, int) {})
}

// forge does what only the owner of the tables can: it takes the triggers and the keys away first.
func (l *ledger) forge(statements ...string) {
	l.t.Helper()
	_, err := l.pool.Exec(l.t.Context(), `
		ALTER TABLE audit_seals DROP CONSTRAINT audit_seals_position_fkey, DROP CONSTRAINT audit_seals_batch_fkey;
		ALTER TABLE audit_entries DISABLE TRIGGER USER;
		ALTER TABLE audit_seals DISABLE TRIGGER USER;
		ALTER TABLE audit_batches DISABLE TRIGGER USER;`+
		strings.Join(statements, ";"))
	require.NoError(l.t, err)
}

func TestNoRoleChangesEntries(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.add(2)
	l.seal()
	for _, statement := range []string{
		"UPDATE audit_entries SET outcome = 'x'", "UPDATE audit_entries SET outcome = 'x' WHERE false",
		"DELETE FROM audit_entries", "TRUNCATE audit_entries CASCADE",
		"UPDATE audit_batches SET entries = 7", "DELETE FROM audit_batches", "TRUNCATE audit_batches CASCADE",
		"UPDATE audit_seals SET batch = 7", "DELETE FROM audit_seals", "TRUNCATE audit_seals",
		"INSERT INTO audit_entries SELECT * FROM audit_entries ON CONFLICT (id) DO UPDATE SET outcome = 'x'",
		"MERGE INTO audit_entries e USING (SELECT 1) AS s ON true WHEN MATCHED THEN DELETE",
	} {
		_, err := l.pool.Exec(t.Context(), statement)
		require.Error(t, err, statement)
	}
	v, err := l.verify(nil)
	require.NoError(t, err)
	require.Equal(t, 2, v.Entries)
}

func TestEverythingThatIsTamperedWithIsFound(t *testing.T) {
	t.Parallel()
	change := func(position int, set string) string {
		return fmt.Sprintf("UPDATE audit_entries SET %s WHERE position = %d", set, position)
	}
	insert := func(position int) string {
		return fmt.Sprintf(`
			INSERT INTO audit_entries (position, id, action, outcome, sealed_address, request_id, occurred_at)
			OVERRIDING SYSTEM VALUE VALUES (%d, gen_random_uuid(), 'thing.make', 'success', '', 'r', now())`, position)
	}
	const movable = "ALTER TABLE audit_entries ALTER COLUMN position DROP IDENTITY"
	for name, c := range map[string]struct {
		forge []string
		says  []string
	}{
		"an outcome": {
			[]string{change(5, "outcome = 'forbidden'")},
			[]string{"batch 2: the entry ", " at 5 has been changed"},
		},
		"an action":    {[]string{change(4, "action = 'thing.read'")}, []string{"batch 2", "at 4 has been changed"}},
		"an actor":     {[]string{change(1, "actor = NULL")}, []string{"batch 1", "at 1 has been changed"}},
		"a target":     {[]string{change(1, "target = actor")}, []string{"batch 1", "at 1 has been changed"}},
		"both swapped": {[]string{change(1, "actor = target, target = actor")}, []string{"at 1 has been changed"}},
		"an id":        {[]string{change(2, "id = gen_random_uuid()")}, []string{"at 2 has been changed"}},
		"an address": {
			[]string{change(2, "sealed_address = set_byte(sealed_address, 3, get_byte(sealed_address, 3) # 1)")},
			[]string{"at 2 has been changed"},
		},
		"a request": {[]string{change(2, "request_id = 'other'")}, []string{"at 2 has been changed"}},
		"a time": {
			[]string{change(7, "occurred_at = occurred_at + interval '1 microsecond'")},
			[]string{"batch 3", "at 7 has been changed"},
		},
		"a position": {[]string{movable, change(7, "position = 1000")}, []string{"at 7 is gone"}},
		"an order": {
			[]string{movable, change(5, "position = 100"), change(6, "position = 5"), change(100, "position = 6")},
			[]string{"at 5 has been changed", "at 6 has been changed"},
		},
		"an entry gone": {
			[]string{"DELETE FROM audit_entries WHERE position = 5"},
			[]string{"batch 2: the entry at 5 is gone"},
		},
		"an entry gone with its seal": {
			[]string{"DELETE FROM audit_entries WHERE position = 5", "DELETE FROM audit_seals WHERE position = 5"},
			[]string{"batch 2 was sealed with 3 entries and has 2"},
		},
		"and counted out": {
			[]string{
				"DELETE FROM audit_entries WHERE position = 5", "DELETE FROM audit_seals WHERE position = 5",
				"UPDATE audit_batches SET entries = 2 WHERE number = 2",
			},
			[]string{"batch 2 does not follow"},
		},
		"an entry in another batch": {
			[]string{"UPDATE audit_seals SET batch = 1 WHERE position = 5"},
			[]string{"batch 1 was sealed with 3 entries and has 4", "batch 2 was sealed with 3 entries and has 2"},
		},
		"a batch gone": {
			[]string{
				"DELETE FROM audit_entries WHERE position BETWEEN 4 AND 6",
				"DELETE FROM audit_seals WHERE batch = 2", "DELETE FROM audit_batches WHERE number = 2",
			},
			[]string{"the batches 2 to 2 are gone", "batch 3 does not follow"},
		},
		"the first batch gone": {
			[]string{
				"DELETE FROM audit_entries WHERE position < 4",
				"DELETE FROM audit_seals WHERE batch = 1", "DELETE FROM audit_batches WHERE number = 1",
			},
			[]string{"the batches 1 to 1 are gone"},
		},
		"batches closed up": {
			[]string{
				"DELETE FROM audit_entries WHERE position BETWEEN 4 AND 6",
				"DELETE FROM audit_seals WHERE batch = 2", "DELETE FROM audit_batches WHERE number = 2",
				"UPDATE audit_batches SET number = 2 WHERE number = 3", "UPDATE audit_seals SET batch = 2 WHERE batch = 3",
			},
			[]string{"batch 2 does not follow"},
		},
		"an entry between": {[]string{insert(-200000)}, []string{"the entry at -200000 has never been sealed"}},
		"an entry with a seal of his own": {
			[]string{
				insert(10),
				"INSERT INTO audit_seals SELECT max(position), 3, decode(repeat('00', 32), 'hex') FROM audit_entries",
				"UPDATE audit_batches SET entries = 4 WHERE number = 3",
			},
			[]string{"batch 3", "has been changed", "batch 3 does not follow"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			for range 3 {
				l.add(3)
				l.seal()
			}
			v, err := l.verify(nil)
			require.NoError(t, err)
			require.Equal(t, []int{9, 3, 0}, []int{v.Entries, v.Batches, v.Unsealed})
			l.forge(c.forge...)
			v, err = l.verify(nil)
			require.ErrorIs(t, err, ErrTampered)
			all := strings.Join(v.Wrong, "\n")
			for _, says := range c.says {
				require.Contains(t, all, says)
			}
		})
	}
}

// The end of the process seals what was recorded until then.
func TestRunSealsAtTheEnd(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.add(3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l.Run(ctx, slog.New(slog.DiscardHandler))
	v, err := l.verify(nil)
	require.NoError(t, err)
	require.Equal(t, []int{3, 1, 0}, []int{v.Entries, v.Batches, v.Unsealed})
}

// What was last can be cut off without a trace, but for whoever knows the head.
func TestHead(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.add(3)
	first := l.seal()
	l.add(3)
	last := l.seal()
	read, err := ParseHead(last.String())
	require.NoError(t, err)
	require.Equal(t, last, read)
	for _, known := range []*Head{nil, &first, &last} {
		v, err := l.verify(known)
		require.NoError(t, err)
		require.Equal(t, last, v.Head)
	}
	l.forge("DELETE FROM audit_entries WHERE position > 3", "DELETE FROM audit_seals WHERE batch = 2",
		"DELETE FROM audit_batches WHERE number = 2")
	_, err = l.verify(&first)
	require.NoError(t, err)
	v, err := l.verify(&last)
	require.ErrorIs(t, err, ErrTampered)
	require.Equal(t, []string{"the batches 2 to 2 are gone"}, v.Wrong)

	// Others in their place fit, with the key, but are not what was there.
	l.add(3)
	l.seal()
	v, err = l.verify(&last)
	require.ErrorIs(t, err, ErrTampered)
	require.Equal(t, []string{"batch 2 has another seal than it had"}, v.Wrong)

	for _, bad := range []string{
		"", "7", "7:", "x:" + strings.Repeat("0", 64), "0:" + strings.Repeat("0", 64), "7:" + strings.Repeat("0", 63),
		"7:" + strings.Repeat("g", 64),
	} {
		_, err := ParseHead(bad)
		require.Error(t, err, bad)
	}
}

// Without the master key nobody makes seals that fit.
func TestAnotherKeySealsNothing(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.add(3)
	require.NoError(t, l.with(t, 2).Seal(t.Context(), func(Head) {}))
	v, err := l.verify(nil)
	require.ErrorIs(t, err, ErrTampered)
	require.Len(t, v.Wrong, 4, "each entry, and the batch")
}

// A transaction that commits after others that began later is sealed in a later batch.
func TestLateEntriesAreSealed(t *testing.T) {
	t.Parallel()
	l := open(t)
	late, err := l.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = late.Rollback(context.Background()) }()
	e := httpapi.AuditEntry{
		ID: uuid.Must(uuid.NewV7()), Actor: uuid.New(), Action: "thing.make", Outcome: "success", RequestID: "late",
		OccurredAt: l.now,
	}
	require.NoError(t, l.record(t.Context(), late, e))
	l.add(2)
	l.seal()
	require.NoError(t, late.Commit(t.Context()))
	v, err := l.verify(nil)
	require.NoError(t, err)
	require.Equal(t, []int{2, 1, 1}, []int{v.Entries, v.Batches, v.Unsealed})
	l.seal()
	v, err = l.verify(nil)
	require.NoError(t, err)
	require.Equal(t, []int{3, 2, 0}, []int{v.Entries, v.Batches, v.Unsealed})
}

// Replicas that record and seal at once leave one chain, in batches that are bounded.
func TestManySealers(t *testing.T) {
	t.Parallel()
	l := open(t)
	_, err := l.pool.Exec(t.Context(), `
		INSERT INTO audit_entries (id, action, outcome, sealed_address, request_id, occurred_at)
		SELECT gen_random_uuid(), 'thing.make', 'success', '', 'r', now() FROM generate_series(1, 2500)`)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5 {
				e := httpapi.AuditEntry{
					ID: uuid.New(), Target: uuid.New(), Action: "thing.make", Outcome: "success", OccurredAt: time.Now(),
				}
				if err := l.Record(t.Context(), e); err != nil {
					t.Error(err)
				}
				if err := l.Seal(t.Context(), func(Head) {}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	v, err := l.verify(nil)
	require.NoError(t, err)
	require.Equal(t, []int{2520, 0}, []int{v.Entries, v.Unsealed})
	require.Greater(t, v.Batches, 2)
}

// Anybody could fill the log with what nobody known asks of nothing known.
func TestWhatNamesNobodyIsNoEntry(t *testing.T) {
	t.Parallel()
	l := open(t)
	e := httpapi.AuditEntry{
		ID: uuid.Must(uuid.NewV7()), Action: "thing.make", Outcome: "success", RequestID: "r", OccurredAt: l.now,
	}
	require.NoError(t, l.Record(t.Context(), e))
	within := l.Within(t.Context(), func() httpapi.AuditEntry { return e })
	require.NoError(t, postgres.InTx(within, l.pool, func(pgx.Tx) error { return nil }))
	v, err := l.verify(nil)
	require.NoError(t, err)
	require.Zero(t, v.Unsealed)
}

// A request does not wait for an entry that strangers must not learn of.
func TestBesideARequest(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.patience = 5 * time.Minute
	holder, err := l.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = holder.Exec(t.Context(), "LOCK TABLE audit_entries IN EXCLUSIVE MODE")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	e := httpapi.AuditEntry{
		ID: uuid.Must(uuid.NewV7()), Target: uuid.New(), Action: "thing.make", Outcome: "refused", RequestID: "r",
		OccurredAt: l.now,
	}
	failed := make(chan error, 2)
	l.RecordBeside(ctx, e, func(err error) { failed <- err })
	cancel() // The request has ended; its entry has not been recorded.
	require.Eventually(t, func() bool {
		var waits bool
		const waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'audit_entries'::regclass)"
		require.NoError(t, holder.QueryRow(t.Context(), waiting).Scan(&waits))
		return waits
	}, time.Minute, 10*time.Millisecond)
	// Nor for others that wait, however many these are.
	others := make(chan error, mostBeside)
	for range mostBeside {
		other := e
		other.ID, other.Target = uuid.Must(uuid.NewV7()), uuid.New()
		l.RecordBeside(t.Context(), other, func(err error) { others <- err })
	}
	require.Len(t, others, 1)
	require.ErrorIs(t, <-others, errTooManyBeside)

	require.NoError(t, holder.Rollback(t.Context()))
	l.Wait()
	require.Empty(t, failed)
	require.Empty(t, others)
	page, _, err := l.List(t.Context(), Filter{Target: &e.Target}, nil, 10)
	require.NoError(t, err)
	require.Len(t, page, 1)

	e.ID, e.RequestID = uuid.New(), strings.Repeat("r", 200)
	l.RecordBeside(t.Context(), e, func(err error) { failed <- err })
	l.Wait()
	require.Error(t, <-failed, "what is missing is told")
}

func TestWithinIsOneWithTheTransaction(t *testing.T) {
	t.Parallel()
	l := open(t)
	e := httpapi.AuditEntry{
		ID: uuid.Must(uuid.NewV7()), Actor: uuid.New(), Action: "thing.make", Outcome: "success", RequestID: "r",
		OccurredAt: l.now,
	}
	ctx := l.Within(t.Context(), func() httpapi.AuditEntry { return e })
	count := func() (n int) {
		require.NoError(t, l.pool.QueryRow(t.Context(), "SELECT count(*) FROM audit_entries").Scan(&n))
		return n
	}
	errRefused := errors.New("refused")
	require.ErrorIs(t, postgres.InTx(ctx, l.pool, func(pgx.Tx) error { return errRefused }), errRefused)
	require.Zero(t, count())
	for range 2 { // The second transaction of a request has nothing to add.
		require.NoError(t, postgres.InTx(ctx, l.pool, func(pgx.Tx) error { return nil }))
		require.Equal(t, 1, count())
	}
	long := e
	long.ID, long.RequestID = uuid.New(), strings.Repeat("r", 200)
	ctx = l.Within(t.Context(), func() httpapi.AuditEntry { return long })
	done := false
	require.Error(t, postgres.InTx(ctx, l.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "CREATE TABLE effect ()")
		done = true
		return err
	}))
	require.True(t, done)
	_, err := l.pool.Exec(t.Context(), "SELECT FROM effect")
	require.Error(t, err, "what is not recorded is not done")
}

func TestList(t *testing.T) {
	t.Parallel()
	l := open(t)
	entries := l.add(5)
	nobody := httpapi.AuditEntry{
		ID: uuid.Must(uuid.NewV7()), Actor: uuid.New(), Action: "thing.read", Outcome: "forbidden", RequestID: "r",
		OccurredAt: l.now.Add(time.Second),
	}
	require.NoError(t, l.Record(t.Context(), nobody))
	page, next, err := l.List(t.Context(), Filter{}, nil, 4)
	require.NoError(t, err)
	require.Equal(t, nobody, utc(page[0]))
	require.Equal(t, entries[4], utc(page[1]))
	rest, none, err := l.List(t.Context(), Filter{}, next, 4)
	require.NoError(t, err)
	require.Nil(t, none)
	require.Len(t, rest, 2)
	action, from, before := "thing.read", entries[1].OccurredAt, entries[3].OccurredAt
	for name, c := range map[string]struct {
		f    Filter
		want []uuid.UUID
	}{
		"actor":  {Filter{Actor: &entries[2].Actor}, []uuid.UUID{entries[2].ID}},
		"target": {Filter{Target: &entries[3].Target}, []uuid.UUID{entries[3].ID}},
		"action": {Filter{Action: &action}, []uuid.UUID{nobody.ID}},
		"time":   {Filter{From: &from, Before: &before}, []uuid.UUID{entries[2].ID, entries[1].ID}},
		"none":   {Filter{Actor: &entries[2].Actor, Target: &entries[3].Target}, nil},
	} {
		page, _, err := l.List(t.Context(), c.f, nil, 10)
		require.NoError(t, err)
		var ids []uuid.UUID
		for _, e := range page {
			ids = append(ids, e.ID)
		}
		require.Equal(t, c.want, ids, name)
	}
	// What is kept of an address says nothing by itself.
	var text string
	const all = "SELECT string_agg(e::text || encode(sealed_address, 'escape'), '') FROM audit_entries e"
	require.NoError(t, l.pool.QueryRow(t.Context(), all).Scan(&text))
	require.NotContains(t, text, "192.0.2.7")
	_, _, err = l.with(t, 2).List(t.Context(), Filter{}, nil, 10)
	require.ErrorContains(t, err, "does not open")
}

func utc(e httpapi.AuditEntry) httpapi.AuditEntry {
	e.OccurredAt = e.OccurredAt.UTC()
	return e
}
