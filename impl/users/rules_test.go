package users

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
)

func TestMayUsePassword(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		password, email string
		may             bool
	}{
		"nothing in common":             {"correct horse battery", "ada@example.com", true},
		"the name":                      {"correct lovelace battery", "lovelace@example.com", false},
		"the name in other case":        {"correct LoveLace battery", "lovelace@example.com", false},
		"the name, address in capitals": {"correct lovelace battery", "LOVELACE@example.com", false},
		"the name at the end":           {"battery lovelace", "lovelace@example.com", false},
		"the domain only":               {"correct example.com battery", "ada@example.com", true},
		"a name too short to matter":    {"correct al battery", "al@example.com", true},
		"the name, composed otherwise":  {"correct ame\u0301lie battery", "am\u00e9lie@example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := mayUsePassword(c.password, c.email, "#/somewhere")
			if c.may {
				require.Nil(t, f)
				return
			}
			require.Equal(t, "invalid_request", f.Code)
			require.Equal(t, fault.Invalid, f.Kind)
			require.Len(t, f.Violations, 1)
			require.Equal(t, "#/somewhere", f.Violations[0].Pointer)
			require.Equal(t, "format", f.Violations[0].Keyword)
			require.NotContains(t, f.Violations[0].Detail, c.password)
		})
	}
}

func TestMayAdminister(t *testing.T) {
	t.Parallel()
	admin := usersdb.User{ID: newID(), Status: usersdb.UserStatusActive, Roles: []string{"customer", "admin"}}
	disabled, demoted := admin, admin
	disabled.Status = usersdb.UserStatusDisabled
	demoted.Roles = []string{"support", "staff", "payments", "customer"}
	require.NoError(t, mayAdminister(admin, newID()))
	require.ErrorIs(t, mayAdminister(admin, admin.ID), errSelfAdministration)
	require.ErrorIs(t, mayAdminister(disabled, newID()), contract.ErrForbidden)
	require.ErrorIs(t, mayAdminister(demoted, newID()), contract.ErrForbidden)
}

func TestIsWithinGrace(t *testing.T) {
	t.Parallel()
	used := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	for after, within := range map[time.Duration]bool{
		-time.Second:                true, // Another replica's clock is ahead.
		0:                           true,
		refreshGrace - 1:            true,
		refreshGrace:                true,
		refreshGrace + 1:            false,
		refreshGrace + 24*time.Hour: false,
	} {
		require.Equal(t, within, isWithinGrace(used, used.Add(after)), after)
	}
}

func TestBeginsWith(t *testing.T) {
	t.Parallel()
	for prefix, pattern := range map[string]string{
		"ada":      `ada%`,
		"ADA":      `ADA%`,
		"50%":      `50\%%`,
		"a_b":      `a\_b%`,
		`a\b`:      `a\\b%`,
		`%_\`:      `\%\_\\%`,
		"Ängström": `Ängström%`,
	} {
		require.Equal(t, pattern, beginsWith(prefix))
	}
}

func TestIsPublished(t *testing.T) {
	t.Parallel()
	signs := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		successor, now time.Time
		published      bool
	}{
		"the last key":                  {time.Time{}, signs.Add(1000 * time.Hour), true},
		"its successor waits":           {signs, signs.Add(-keyLead), true},
		"its successor begins":          {signs, signs, true},
		"a token of its may live":       {signs, signs.Add(accessLifetime), true},
		"just before the overlap's end": {signs, signs.Add(keyOverlap - 1), true},
		"at the overlap's end":          {signs, signs.Add(keyOverlap), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.published, isPublished(c.successor, c.now))
		})
	}
}

// The constants must fit each other.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	require.Less(t, refreshGrace, accessLifetime)
	require.Less(t, accessLifetime, sessionLifetime)
	require.Less(t, sessionLifetime, sessionLongest)
	require.Greater(t, keyOverlap, accessLifetime+30*time.Second, "a key outlives its tokens, leeway included")
	require.Greater(t, keyLead, 5*time.Minute+keysEvery, "verifiers keep the key set for the max-age of its answer")
}
