package users

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

func quietly(string, int64, int64) {}

// The newest key seals. Older keys still open values, until nothing is sealed with them and they are removed.
func TestRotateDataKeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.service.personal
	ada := s.confiding(onePhone, oneCard)
	before := s.rows(ada)
	next, err := p.rotate(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, next, before.key.DataKeyID)
	bob := s.confiding(otherPhone, otherCard)
	require.Equal(t, next, s.rows(bob).key.DataKeyID, "from now on")
	require.Equal(t, before, s.rows(ada), "what is there stays as it is")
	require.Equal(t, onePhone, *must(s.profileOf(ada.user.ID, ada.access)).Phone)

	_, err = p.removeOld(t.Context())
	require.ErrorContains(t, err, before.key.DataKeyID.String()+" seals the keys of 1 accounts")
	require.NoError(t, p.reencrypt(t.Context(), quietly))
	after := s.rows(ada)
	require.Equal(t, next, after.key.DataKeyID)
	require.NotEqual(t, before.key.SealedKey, after.key.SealedKey)
	require.Equal(t, before.user, after.user, "the values themselves are not touched")
	removed, err := p.removeOld(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.Equal(t, 1, s.count("SELECT count(*) FROM data_keys"))
	removed, err = p.removeOld(t.Context())
	require.NoError(t, err)
	require.Zero(t, removed, "the newest stays")

	// A replica that has just started, and one that ran throughout.
	fresh, err := newPrepared(t.Context(), s.config())
	require.NoError(t, err)
	for _, service := range []*Service{s.service, fresh} {
		profile, err := service.profile(t.Context(), service.queries, ada.user.ID)
		require.NoError(t, err)
		require.Equal(t, [2]string{onePhone, oneCard}, [2]string{*profile.Phone, *profile.IDCardNumber})
	}
	// The key that sealed the values of the backup is gone.
	s.exec(t, `UPDATE user_keys SET sealed_key = $2 WHERE user_id = $1`, ada.user.ID, before.key.SealedKey)
	_, status := s.profileOf(ada.user.ID, ada.access)
	require.Equal(t, http.StatusInternalServerError, status)
}

func must(profile usersapi.Profile, _ int) usersapi.Profile { return profile }

// The database refuses the deletion of a key in use, whichever program tries it.
func TestAKeyInUseCannotBeDeleted(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.confiding(onePhone, oneCard)
	require.Error(t, s.queries.DeleteDataKey(t.Context(), s.rows(ada).key.DataKeyID))
}

// A key from a replica whose clock is behind is still the newest one.
func TestTheLastDataKeyIsTheNewest(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.exec(t, `UPDATE data_keys SET created_at = created_at + interval '1 hour'`)
	next, err := s.service.personal.rotate(t.Context())
	require.NoError(t, err)
	row, err := s.queries.HoldNewestDataKey(t.Context())
	require.NoError(t, err)
	require.Equal(t, next, row.ID)
}

// A row that was read before its key was sealed anew still opens, even after the old data key was removed.
func TestAReadOutlivesTheKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.confiding(onePhone, oneCard)
	fresh, err := newPrepared(t.Context(), s.config()) // this one has opened no key yet
	require.NoError(t, err)
	row, err := s.queries.GetProfile(t.Context(), ada.user.ID)
	require.NoError(t, err)
	p := s.service.personal
	_, err = p.rotate(t.Context())
	require.NoError(t, err)
	require.NoError(t, p.reencrypt(t.Context(), quietly))
	_, err = p.removeOld(t.Context())
	require.NoError(t, err)
	told, err := fresh.personal.openValues(row)
	require.NoError(t, err)
	require.Equal(t, onePhone, *told.phone)
}

// A data key that is about to seal the key of an account is not removed, though that row is not committed yet.
func TestAKeyAboutToSealStays(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, p := s.member(), s.service.personal
	removed := make(chan error, 1)
	require.NoError(t, s.service.inTx(t.Context(), func(q tx) error {
		if _, err := p.userKey(t.Context(), q, ada.user.ID); err != nil {
			return err
		}
		if _, err := p.rotate(t.Context()); err != nil {
			return err
		}
		if err := p.reencrypt(t.Context(), quietly); err != nil {
			return err
		}
		go func() {
			_, err := p.removeOld(t.Context())
			removed <- err
		}()
		require.Eventually(t, func() bool {
			return s.count(`SELECT count(*) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 1
		}, time.Minute, 10*time.Millisecond)
		return nil
	}))
	require.ErrorContains(t, <-removed, "just now; run users reencrypt once more")
	status, body := s.tell(ada, fmt.Sprintf(`{"phone":%q}`, onePhone))
	require.Equal(t, http.StatusOK, status, body)
	require.NoError(t, p.reencrypt(t.Context(), quietly))
	_, err := p.removeOld(t.Context())
	require.NoError(t, err)
	require.Equal(t, onePhone, *must(s.profileOf(ada.user.ID, ada.access)).Phone)
}

// Many replicas that start together make one key.
func TestOneFirstDataKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	for range 20 {
		s.exec(t, `DELETE FROM data_keys`)
		begin := make(chan struct{})
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				<-begin
				if err := s.service.personal.prepare(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		close(begin)
		all.Wait()
		require.Equal(t, 1, s.count("SELECT count(*) FROM data_keys"))
	}
}

// A plain value of an earlier version can be read, is sealed by the command, and can be searched for after that.
func TestPlainPhonesAreSealed(t *testing.T) {
	t.Parallel()
	s := start(t)
	never, again := s.member(), s.confiding(otherPhone, otherCard)
	removing, replacing := s.member(), s.member()
	for _, m := range []member{never, again, removing, replacing} {
		s.exec(t, `UPDATE users SET phone = $2 WHERE id = $1`, m.user.ID, onePhone)
		require.Equal(t, onePhone, *must(s.profileOf(m.user.ID, m.access)).Phone, "an earlier version has written it since")
	}
	for m, body := range map[*member]string{
		&removing: `{"phone":null}`, &replacing: fmt.Sprintf(`{"phone":%q}`, otherPhone),
	} {
		status, text := s.tell(*m, body)
		require.Equal(t, http.StatusOK, status, text)
	}
	require.Nil(t, must(s.profileOf(removing.user.ID, removing.access)).Phone)
	require.Equal(t, otherPhone, *must(s.profileOf(replacing.user.ID, replacing.access)).Phone)

	var said []string
	err := s.service.personal.reencrypt(t.Context(),
		func(what string, done, all int64) { said = append(said, fmt.Sprint(what, " ", done, "/", all)) })
	require.NoError(t, err)
	require.Equal(t, []string{"phone numbers 2/2"}, said)
	require.Zero(t, s.count("SELECT count(*) FROM users WHERE phone IS NOT NULL"))
	for _, m := range []member{never, again} {
		require.Equal(t, onePhone, *must(s.profileOf(m.user.ID, m.access)).Phone)
		require.Equal(t, s.service.personal.phones.Of(onePhone), s.userOf(m).PhoneMark)
	}
	require.Equal(t, otherCard, *must(s.profileOf(again.user.ID, again.access)).IDCardNumber)
	err = s.service.personal.reencrypt(t.Context(), func(what string, _, _ int64) { t.Errorf("%s again", what) })
	require.NoError(t, err)
}

func (s *server) userOf(m member) usersdb.User {
	s.t.Helper()
	user, err := s.queries.GetUser(s.t.Context(), m.user.ID)
	require.NoError(s.t, err)
	return user
}

func TestDataKeyCommands(t *testing.T) {
	t.Parallel()
	environ := environment(pgtest.URL(t, schema.Migrations, schema.Parts...))
	out, err := run(t, environ, "rotate-data-keys")
	require.NoError(t, err)
	require.Regexp(t, `^the data key \S{36} seals from now on;`, out)
	out, err = run(t, environ, "reencrypt")
	require.NoError(t, err)
	require.Equal(t, "done; users remove-data-keys forgets the older keys\n", out)
	out, err = run(t, environ, "remove-data-keys")
	require.NoError(t, err)
	require.Equal(t, "removed 1 data keys; the newest stays\n", out)

	p := programtest.Serve(t, Run, environ)
	p.Stop()
	require.NoError(t, p.End())
}

// manyConfiding creates accounts with a sealed phone number each and gives their ids; the number of the i-th is
// phoneOf(i).
func (s *server) manyConfiding(n int) []uuid.UUID {
	s.t.Helper()
	ids := make([]uuid.UUID, n)
	row, err := s.queries.HoldNewestDataKey(s.t.Context())
	require.NoError(s.t, err)
	by, err := s.service.personal.dataKey(row.ID, row.SealedKey)
	require.NoError(s.t, err)
	accounts, keys := make([][]any, n), make([][]any, n)
	for i := range ids {
		ids[i] = newID()
		key, err := seal.NewDataKey()
		require.NoError(s.t, err)
		sealedKey, err := by.SealKey(key, userKeyName(ids[i]))
		require.NoError(s.t, err)
		sealed, err := key.Seal([]byte(phoneOf(i)), phoneName(ids[i]))
		require.NoError(s.t, err)
		accounts[i] = []any{
			ids[i], ids[i].String() + "@example.com", "Many", "none", []string{"customer"}, sealed,
			s.service.personal.phones.Of(phoneOf(i)), s.Clock.Now(), s.Clock.Now(),
		}
		keys[i] = []any{ids[i], row.ID, sealedKey}
	}
	// A statement has a time-out.
	for from := 0; from < n; from += 5000 {
		to := min(from+5000, n)
		_, err = s.Pool.CopyFrom(s.t.Context(), pgx.Identifier{"users"}, []string{
			"id", "email", "name", "password_hash", "roles", "sealed_phone", "phone_mark", "created_at", "updated_at",
		}, pgx.CopyFromRows(accounts[from:to]))
		require.NoError(s.t, err)
		_, err = s.Pool.CopyFrom(s.t.Context(), pgx.Identifier{"user_keys"}, []string{"user_id", "data_key_id", "sealed_key"},
			pgx.CopyFromRows(keys[from:to]))
		require.NoError(s.t, err)
	}
	return ids
}

func phoneOf(i int) string { return fmt.Sprintf("+4420%08d", 79460000+i%10000) }

// TestReencryptUnderLoad rotates the key while others read and write, and interrupts the command half-way and repeats
// it: every read gives what was written last, and in the end the old key is not needed.
func TestReencryptUnderLoad(t *testing.T) {
	t.Parallel()
	accounts, readers, writers := 2000, 2, 1
	if *full {
		accounts, readers, writers = 100_000, 4, 2
	}
	s := start(t)
	ids := s.manyConfiding(accounts)
	support := s.as(s.member(usersapi.RoleSupport).access)
	authors := make([]member, 10)
	for i := range authors {
		authors[i] = s.confiding(onePhone, fmt.Sprintf("CARD%04d", i))
	}
	old := s.rows(authors[0]).key.DataKeyID
	other, err := newPrepared(t.Context(), s.config()) // the service of the command
	require.NoError(t, err)

	var reads, writes, failed atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	for range readers {
		load.Go(func() {
			for ctx.Err() == nil {
				i := rand.IntN(len(ids))
				answer, err := support.GetUserProfileWithResponse(context.WithoutCancel(ctx), ids[i])
				reads.Add(1)
				if err != nil || answer.JSON200 == nil || answer.JSON200.Phone == nil || *answer.JSON200.Phone != phoneOf(i) {
					failed.Add(1)
				}
			}
		})
	}
	for w := range writers {
		load.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				author := authors[w*len(authors)/writers+n%(len(authors)/writers)]
				phone := phoneOf(n)
				answer, err := s.as(author.access).UpdateProfileWithResponse(context.WithoutCancel(ctx),
					usersapi.UpdateProfileRequest{Phone: convert.OrNull(&phone)})
				writes.Add(1)
				if err != nil || answer.JSON200 == nil {
					failed.Add(1)
					continue
				}
				reads.Add(1)
				read, err := s.as(author.access).GetProfileWithResponse(context.WithoutCancel(ctx))
				if err != nil || read.JSON200 == nil || *read.JSON200.Phone != phone {
					failed.Add(1)
				}
			}
		})
	}
	began := time.Now()
	_, err = other.personal.rotate(t.Context())
	require.NoError(t, err)
	half, kill := context.WithCancel(t.Context())
	err = other.personal.reencrypt(half, func(_ string, done, all int64) {
		if done >= all/2 {
			kill()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	left := s.count("SELECT count(*) FROM user_keys WHERE data_key_id = $1", old)
	require.True(t, left > 0 && left < accounts, "it was ended half-way, with %d left", left)
	_, err = other.personal.removeOld(t.Context())
	require.Error(t, err)

	var last int64
	require.NoError(t, other.personal.reencrypt(t.Context(), func(_ string, done, _ int64) { last = done }))
	took := time.Since(began)
	require.Equal(t, int64(left), last, "it goes on with what was left")
	removed, err := other.personal.removeOld(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	stop()
	load.Wait()
	require.Zero(t, failed.Load(), "of %d reads and %d writes", reads.Load(), writes.Load())
	require.Positive(t, reads.Load())
	require.Positive(t, writes.Load())

	fresh, err := newPrepared(t.Context(), s.config())
	require.NoError(t, err)
	for _, i := range []int{0, accounts / 2, accounts - 1} {
		profile, err := fresh.profile(t.Context(), fresh.queries, ids[i])
		require.NoError(t, err)
		require.Equal(t, phoneOf(i), *profile.Phone)
	}
	t.Logf("%d accounts in %v (%.0f/s), ended half-way once; meanwhile %d reads and %d writes, failed: %d",
		accounts+len(authors), took.Round(time.Millisecond), float64(accounts+len(authors))/took.Seconds(), reads.Load(),
		writes.Load(), failed.Load())
}

// Two commands at once share the work.
func TestReencryptTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.manyConfiding(3000)
	next, err := s.service.personal.rotate(t.Context())
	require.NoError(t, err)
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i := range errs {
		both.Go(func() {
			errs[i] = s.service.personal.reencrypt(t.Context(), quietly)
			left := s.count(`SELECT count(*) FROM user_keys JOIN data_keys ON data_keys.id = data_key_id
				WHERE data_keys.id <> $1`, next)
			if left > 0 {
				t.Errorf("%d were left when it said that it was done", left)
			}
		})
	}
	both.Wait()
	require.NoError(t, errors.Join(errs...))
	removed, err := s.service.personal.removeOld(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, removed)
}
