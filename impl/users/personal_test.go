package users

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/contracttest"
)

const (
	onePhone, otherPhone = "+442079460000", "+12025550123"
	oneCard, otherCard   = "L01X00T47", "T220001293"
)

// tell changes a member's profile.
func (s *server) tell(m member, body string) (int, string) {
	s.t.Helper()
	answer, text := s.do(http.MethodPatch, "/api/v1/profile", body, "Authorization", "Bearer "+m.access)
	return answer.StatusCode, text
}

// confiding gives a member with a phone number and the number of an identity card.
func (s *server) confiding(phone, card string) member {
	s.t.Helper()
	m := s.member()
	status, body := s.tell(m, fmt.Sprintf(`{"phone":%q,"id_card_number":%q}`, phone, card))
	require.Equal(s.t, http.StatusOK, status, body)
	return m
}

// told reads the profile of a member with the token of a caller.
func (s *server) profileOf(id uuid.UUID, access string) (usersapi.Profile, int) {
	s.t.Helper()
	answer, err := s.as(access).GetUserProfileWithResponse(s.t.Context(), id)
	require.NoError(s.t, err)
	if answer.JSON200 == nil {
		return usersapi.Profile{}, answer.StatusCode()
	}
	return *contracttest.Body(s.t, answer, answer.JSON200), answer.StatusCode()
}

// The owner sees everything; an administrator does not see the number of the identity card.
func TestWhoSeesPersonalData(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.confiding(onePhone, oneCard)
	own, err := s.as(ada.access).GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	require.Equal(t, [2]string{onePhone, oneCard},
		[2]string{*contracttest.Body(t, own, own.JSON200).Phone, *contracttest.Body(t, own, own.JSON200).IDCardNumber})
	seen, _ := s.profileOf(ada.user.ID, ada.access)
	require.Equal(t, *contracttest.Body(t, own, own.JSON200), seen)
	for _, role := range []usersapi.Role{usersapi.RoleSupport, usersapi.RoleAdmin} {
		seen, status := s.profileOf(ada.user.ID, s.member(role).access)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, onePhone, *seen.Phone)
		require.Nil(t, seen.IDCardNumber, role)
	}
	list, body := s.do(http.MethodGet, "/api/v1/admin/users", "",
		"Authorization", "Bearer "+s.member(usersapi.RoleAdmin).access)
	require.Equal(t, http.StatusOK, list.StatusCode)
	require.NotContains(t, body, oneCard)
	require.NotContains(t, body, onePhone)
}

func TestIDCardNumbers(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, bob := s.confiding(onePhone, oneCard), s.member()
	taken := func(number string) bool {
		status, body := s.tell(bob, fmt.Sprintf(`{"name":"Robert","id_card_number":%q}`, number))
		if status == http.StatusOK {
			return false
		}
		require.Equal(t, http.StatusConflict, status, body)
		require.Equal(t, usersapi.ProblemCodeIDCardNumberTaken, codeIn(t, []byte(body)))
		require.NotContains(t, body, number)
		return true
	}
	require.True(t, taken(oneCard))
	require.True(t, taken("L01-X00-T47"), "hyphens tell no two apart")
	bobs, _ := s.profileOf(bob.user.ID, bob.access)
	require.NotEqual(t, "Robert", bobs.Name, "what is refused changes nothing")
	require.False(t, taken(otherCard))
	status, body := s.tell(ada, `{"id_card_number":"L01-X00T47"}`)
	require.Equal(t, http.StatusOK, status, "one's own is no other's: %s", body)
	require.Contains(t, body, `"L01-X00T47"`, "it is shown as it was sent")
	status, body = s.tell(ada, `{"id_card_number":null}`)
	require.Equal(t, http.StatusOK, status, body)
	require.NotContains(t, body, "id_card_number")
	require.Contains(t, body, onePhone, "the rest stays")
	require.False(t, taken(oneCard), "it is nobody's any more")

	for name, number := range map[string]string{
		"empty": "", "short": "A12", "long": strings.Repeat("A", 21), "small letters": "l01x00t47",
		"a space": "L01 X00T47", "two hyphens": "L01--X00T47",
		"a hyphen first": "-L01X00T47", "a hyphen last": "L01X00T47-", "another script": "Л01Х00Т47", "a line": "L01X00T47\n",
	} {
		text, err := json.Marshal(map[string]string{"id_card_number": number})
		require.NoError(t, err)
		status, body := s.tell(ada, string(text))
		require.Equal(t, http.StatusUnprocessableEntity, status, "%s: %s", name, body)
	}
}

// Of many accounts that store the same number of an identity card at once, one succeeds.
func TestOneCardAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	members := make([]member, 8)
	for i := range members {
		members[i] = s.member()
	}
	statuses := make([]int, len(members))
	var all sync.WaitGroup
	for i, m := range members {
		all.Go(func() { statuses[i], _ = s.tell(m, fmt.Sprintf(`{"id_card_number":%q}`, oneCard)) })
	}
	all.Wait()
	won := 0
	for _, status := range statuses {
		if status == http.StatusOK {
			won++
		} else {
			require.Equal(t, http.StatusConflict, status)
		}
	}
	require.Equal(t, 1, won)
}

// An account gets one key, however many requests make it at once, and the key is deleted with the account.
func TestOneKeyForAnAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	for round := range 10 {
		ada := s.member()
		require.Equal(t, round, s.count("SELECT count(*) FROM user_keys"), "who has told nothing needs no key")
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				status, body := s.tell(ada, fmt.Sprintf(`{"phone":%q,"id_card_number":"CARD%02d%02d"}`, onePhone, round, i))
				if status != http.StatusOK {
					t.Error(body)
				}
			})
		}
		all.Wait()
		seen, status := s.profileOf(ada.user.ID, ada.access)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, onePhone, *seen.Phone)
	}
}

// A value that was sealed for one place does not open in another, and not at all when a byte of it has changed.
func TestSealedValuesStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, bob := s.confiding(onePhone, oneCard), s.confiding(otherPhone, otherCard)
	support := s.member(usersapi.RoleSupport)
	whole := func(m member) int {
		_, status := s.profileOf(m.user.ID, m.access)
		return status
	}
	for name, tamper := range map[string]string{
		"another account's phone": `UPDATE users
			SET sealed_phone = (SELECT sealed_phone FROM users WHERE id = $2) WHERE id = $1`,
		"another account's card": `UPDATE users
			SET sealed_id_card_number = (SELECT sealed_id_card_number FROM users WHERE id = $2) WHERE id = $1`,
		"the card as the phone": `UPDATE users SET sealed_phone = sealed_id_card_number WHERE id = $1 AND id <> $2`,
		"the phone as the card": `UPDATE users SET sealed_id_card_number = sealed_phone WHERE id = $1 AND id <> $2`,
		"another account's key": `UPDATE user_keys
			SET sealed_key = (SELECT sealed_key FROM user_keys WHERE user_id = $2) WHERE user_id = $1`,
		"another's phone with its key": `WITH moved AS (
				UPDATE user_keys SET sealed_key = (SELECT sealed_key FROM user_keys WHERE user_id = $2) WHERE user_id = $1
			)
			UPDATE users SET sealed_phone = (SELECT sealed_phone FROM users WHERE id = $2),
				sealed_id_card_number = NULL, id_card_number_mark = NULL
			WHERE id = $1`,
		"nothing in its place": `UPDATE users SET sealed_phone = '' WHERE id = $1 AND id <> $2`,
		"no key":               `DELETE FROM user_keys WHERE user_id = $1 AND user_id <> $2`,
	} {
		t.Run(name, func(t *testing.T) {
			before := s.rows(ada)
			s.exec(t, tamper, ada.user.ID, bob.user.ID)
			require.Equal(t, http.StatusInternalServerError, whole(ada))
			require.Equal(t, http.StatusOK, whole(bob), "nobody else is touched")
			s.putBack(ada, before)
			require.Equal(t, http.StatusOK, whole(ada))
		})
	}
	for _, column := range []string{"sealed_phone", "sealed_id_card_number"} {
		t.Run("a byte of "+column, func(t *testing.T) {
			before := s.rows(ada)
			for i := range s.count(`SELECT octet_length(`+column+`) FROM users WHERE id = $1`, ada.user.ID) {
				s.exec(t, `UPDATE users SET `+column+` = set_byte(`+column+`, $2, get_byte(`+column+`, $2) # 1) WHERE id = $1`,
					ada.user.ID, i)
				_, status := s.profileOf(ada.user.ID, support.access)
				require.Equal(t, http.StatusInternalServerError, status, i)
				s.putBack(ada, before)
			}
		})
	}
	require.Equal(t, http.StatusOK, whole(ada))
	require.NotContains(t, s.Logged(t), onePhone)
}

// No two places have the same name, so that a sealed value that is moved does not open.
func TestEveryPlaceHasAName(t *testing.T) {
	t.Parallel()
	one, other := newID(), newID()
	names := map[string]bool{}
	for _, name := range []func(uuid.UUID) string{dataKeyName, userKeyName, phoneName, idCardNumberName} {
		names[name(one)], names[name(other)] = true, true
	}
	require.Len(t, names, 8)
}

type sealedRows struct {
	user usersdb.User
	key  usersdb.GetUserKeyRow
}

func (s *server) rows(m member) (r sealedRows) {
	s.t.Helper()
	var err error
	r.user, err = s.queries.GetUser(s.t.Context(), m.user.ID)
	require.NoError(s.t, err)
	r.key, err = s.queries.GetUserKey(s.t.Context(), m.user.ID)
	require.NoError(s.t, err)
	return r
}

func (s *server) putBack(m member, r sealedRows) {
	s.t.Helper()
	s.exec(s.t, `UPDATE users SET sealed_phone = $2, sealed_id_card_number = $3, phone_mark = $4, id_card_number_mark = $5
		WHERE id = $1`,
		m.user.ID, r.user.SealedPhone, r.user.SealedIDCardNumber, r.user.PhoneMark, r.user.IDCardNumberMark)
	s.exec(s.t, `INSERT INTO user_keys (user_id, data_key_id, sealed_key) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET data_key_id = $2, sealed_key = $3`,
		m.user.ID, r.key.DataKeyID, r.key.SealedKey)
}

func TestADumpHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, bob := s.confiding(onePhone, oneCard), s.confiding(otherPhone, otherCard)
	status, body := s.tell(bob, fmt.Sprintf(`{"id_card_number":%q}`, oneCard))
	require.Equal(t, http.StatusConflict, status, body)
	admin := s.member(usersapi.RoleAdmin)
	found, err := s.as(admin.access).ListUsersWithResponse(t.Context(),
		&usersapi.ListUsersParams{Phone: new(onePhone), Limit: new(int32(1))})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, found.StatusCode())
	// An earlier version wrote this plain value, which stays until it is sealed.
	s.exec(t, `UPDATE users SET phone = $2 WHERE id = $1`, admin.user.ID, "+4930123456")
	require.Contains(t, everyRow(t, s), "+4930123456", "the test can see")
	require.NoError(t, s.service.personal.reencrypt(t.Context(), func(string, int64, int64) {}))

	dump, log := everyRow(t, s), s.End(t)
	require.Contains(t, dump, ada.user.ID.String())
	require.Contains(t, dump, admin.user.Email)
	for _, value := range []string{onePhone, otherPhone, "+4930123456", oneCard, otherCard} {
		bare := strings.TrimPrefix(value, "+")
		for _, form := range []string{
			bare, hex.EncodeToString([]byte(bare)), base64.StdEncoding.EncodeToString([]byte(value)),
			base64.RawStdEncoding.EncodeToString([]byte(bare)),
		} {
			require.NotContains(t, dump, form, value)
			require.NotContains(t, log, form, value)
		}
	}
}

// allKeys opens every data key and every key of an account that the database has.
func (s *server) allKeys() (keys []*seal.DataKey) {
	s.t.Helper()
	p := s.service.personal
	held, err := s.queries.ListDataKeys(s.t.Context())
	require.NoError(s.t, err)
	for _, row := range held {
		key, err := p.dataKey(row.ID, nil)
		require.NoError(s.t, err)
		keys = append(keys, key)
		others, err := s.queries.LockKeysSealedBefore(s.t.Context(), usersdb.LockKeysSealedBeforeParams{RowLimit: 1000})
		require.NoError(s.t, err)
		for _, other := range others {
			key, err := p.openUserKey(usersdb.GetUserKeyRow(other))
			require.NoError(s.t, err)
			keys = append(keys, key)
		}
	}
	return keys
}

// The key of an account is deleted with it: its values in a backup do not open any more.
func TestErasure(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, admin := s.confiding(onePhone, oneCard), s.member(usersapi.RoleAdmin)
	s.confiding(otherPhone, otherCard)
	backup := s.rows(ada)
	require.Contains(t, everyRow(t, s), hex.EncodeToString(backup.key.SealedKey), "the test can see")
	require.Len(t, s.allKeys(), 3)
	gone, err := s.as(admin.access).DeleteUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, gone.StatusCode())
	require.Zero(t, s.count("SELECT count(*) FROM user_keys WHERE user_id = $1", ada.user.ID))
	require.NotContains(t, everyRow(t, s), hex.EncodeToString(backup.key.SealedKey), "nor anywhere else")
	for _, key := range s.allKeys() {
		_, err := key.Open(backup.user.SealedPhone, phoneName(ada.user.ID))
		require.Error(t, err, "with what is there, whatever it is for")
	}

	s.exec(t, `INSERT INTO users (id, email, name, password_hash, roles,
			sealed_phone, phone_mark, sealed_id_card_number, id_card_number_mark, created_at, updated_at)
		VALUES ($1, $2, 'Ada', 'none', '{customer}', $3, $4, $5, $6, now(), now())`,
		backup.user.ID, backup.user.Email, backup.user.SealedPhone, backup.user.PhoneMark, backup.user.SealedIDCardNumber,
		backup.user.IDCardNumberMark)
	_, status := s.profileOf(ada.user.ID, admin.access)
	require.Equal(t, http.StatusInternalServerError, status, "the row of a backup without its key")
	gone, err = s.as(admin.access).DeleteUserWithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, gone.StatusCode(), "it can be deleted again")
	s.confiding(onePhone, oneCard)
}

// Without the master key the sealed values of the database do not open.
func TestAnotherMasterKeyOpensNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.confiding(onePhone, oneCard)
	s.exec(t, `DELETE FROM signing_keys`) // which would not open either
	other, err := newPrepared(t.Context(), s.config(func(c *Config) {
		c.MasterKey = telemetry.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32)))
	}))
	require.NoError(t, err)
	_, err = other.profile(t.Context(), other.queries, ada.user.ID)
	require.ErrorContains(t, err, "does not open")
	require.NotEqual(t, s.service.personal.phones.Of(onePhone), other.personal.phones.Of(onePhone))
}

func TestListUsersByPhone(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, bob := s.confiding(onePhone, oneCard), s.confiding(otherPhone, otherCard)
	also := s.member()
	status, body := s.tell(also, fmt.Sprintf(`{"phone":%q}`, onePhone))
	require.Equal(t, http.StatusOK, status, body)
	support := s.as(s.member(usersapi.RoleSupport).access)
	with := func(params usersapi.ListUsersParams) []string {
		got, err := support.ListUsersWithResponse(t.Context(), &params)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		return emailsIn(contracttest.Body(t, got, got.JSON200))
	}
	require.ElementsMatch(t, []string{ada.user.Email, also.user.Email},
		with(usersapi.ListUsersParams{Phone: new(onePhone)}))
	require.Equal(t, []string{bob.user.Email}, with(usersapi.ListUsersParams{Phone: new(otherPhone)}))
	require.Empty(t, with(usersapi.ListUsersParams{Phone: new("+4930123456")}))
	require.Equal(t, []string{ada.user.Email},
		with(usersapi.ListUsersParams{Phone: new(onePhone), Email: &ada.user.Email}))
	status, body = s.tell(ada, `{"phone":null}`)
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, []string{also.user.Email}, with(usersapi.ListUsersParams{Phone: new(onePhone)}))
	for _, part := range []string{"+4420794600", "442079460000", "+44"} {
		got, err := support.ListUsersWithResponse(t.Context(), &usersapi.ListUsersParams{Phone: &part})
		require.NoError(t, err)
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode(), part)
	}
}
