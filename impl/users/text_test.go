package users

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/format"
	"example.com/plumbline/impl/testkit/contracttest"
)

// addressForms are spellings of one address.
var addressForms = []string{
	"Ada@b\u00fccher.example", "ada@bu\u0308cher.example", "ADA@B\u00dcCHER.EXAMPLE", "ada@BU\u0308CHER.example",
	"ada@xn--bcher-kva.example", "ADA@XN--BCHER-KVA.EXAMPLE",
	"ada@b\u00fccher\u3002example", "ada@b\u00fc\u00adcher.example\u200b", "\u0041da@\uff42\u00fccher.example",
}

func addressOf(t testing.TB, p person) string {
	t.Helper()
	got, err := p.GetProfileWithResponse(t.Context())
	require.NoError(t, err)
	return contracttest.Body(t, got, got.JSON200).Email
}

func TestEqualAddressesAreOneAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.mailing()
	created, err := s.CreateUserV2WithResponse(t.Context(),
		usersapi.CreateUserV2Request{Email: addressForms[0], Name: "Ada", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.StatusCode(), string(created.Body))
	const kept = "Ada@xn--bcher-kva.example"
	require.Equal(t, kept, contracttest.Body(t, created, created.JSON201).Email)
	s.verify(kept)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	for _, form := range addressForms {
		again, err := s.CreateUserV2WithResponse(t.Context(),
			usersapi.CreateUserV2Request{Email: form, Name: "Eve", Password: goodPassword})
		require.NoError(t, err)
		require.Equal(t, usersapi.ProblemCodeEmailTaken, codeIn(t, again.Body), form)
		require.Equal(t, kept, addressOf(t, s.logIn(form, goodPassword)))
		listed, err := admin.ListUsersWithResponse(t.Context(), &usersapi.ListUsersParams{Email: &form})
		require.NoError(t, err)
		require.Equal(t, []string{kept}, emailsIn(contracttest.Body(t, listed, listed.JSON200)), form)
	}
	answer, body := s.askReset(addressForms[1])
	require.Equal(t, http.StatusAccepted, answer.StatusCode, body)
	s.mail(kept, mailReset, 1)
	said, err := s.createAdmin(t, addressForms[2])
	require.NoError(t, err)
	require.Contains(t, said, contracttest.Body(t, created, created.JSON201).ID.String(),
		"it is the account that there is")

	// An account that changes its address stores it in the same form.
	bob := s.signUp("bob@example.com")
	s.verify("bob@example.com")
	status, body := bob.want(t, "Bob@b\u00fccher.example", goodPassword)
	require.Equal(t, http.StatusAccepted, status, body)
	require.Equal(t, http.StatusNoContent, s.moveTo(tokenIn(t, s.mail("Bob@xn--bcher-kva.example", mailChange, 1))))
	require.Equal(t, "Bob@xn--bcher-kva.example", addressOf(t, bob))

	// The kelvin sign (U+212A) folds to k and is accepted; other characters beyond ASCII are refused before the @.
	s.signUp("kelvin@example.com")
	require.Equal(t, "kelvin@example.com", addressOf(t, s.logIn("\u212aelvin@example.com", goodPassword)))
	for _, email := range []string{"stra\u00dfe@example.com", "\u0131nci@example.com", "ada\u00ad@example.com"} {
		refused, err := s.CreateUserV2WithResponse(t.Context(),
			usersapi.CreateUserV2Request{Email: email, Name: "Ada", Password: goodPassword})
		require.NoError(t, err)
		require.Equal(t, "#/email", contracttest.Body(t, refused, refused.ApplicationProblemJSON422).Errors[0].Pointer, email)
	}
}

// Whoever guesses a password gains no tries by other spellings of the address.
func TestGuessesAreCountedForEqualAddresses(t *testing.T) {
	t.Parallel()
	s, _ := throttled(t)
	for i := range 10 {
		require.Equal(t, http.StatusUnauthorized, s.from("192.0.2.66", addressForms[i%len(addressForms)], "wrong").StatusCode)
	}
	for _, form := range addressForms {
		require.Equal(t, http.StatusTooManyRequests, s.from("192.0.2.66", form, "wrong").StatusCode, form)
	}
}

func TestNamesAreKeptAndFoundInOneForm(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.signUp("admin@example.com", usersapi.RoleAdmin)
	ada := s.signUp("ada@example.com")
	named := func(name string) usersapi.Profile {
		got, err := ada.UpdateProfileWithResponse(t.Context(), usersapi.UpdateProfileRequest{Name: &name})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		return *contracttest.Body(t, got, got.JSON200)
	}
	for _, name := range []string{
		"Zoe\u0308", strings.Repeat("e\u0301", 100), "می\u200cخواهم", "र\u094d\u200dय",
		"Ada \U0001f468\u200d\U0001f469\u200d\U0001f467", "Ada ❤\ufe0f", "Seán Ó\u00a0Sé",
	} {
		require.Equal(t, format.Text(name), named(name).Name)
	}
	for _, name := range []string{
		strings.Repeat("e\u0301", 101), "Ada\u200b", "A\u200cda", "A\u200dda", "A\u00adda", "\ufeffAda", "Ada\u202e",
		"\u2067Ada", "\u3164", "Ada\ufe0f", "Ada\U000e0041", "Ada\ufdd0", "Ada\u034f",
	} {
		got, err := ada.UpdateProfileWithResponse(t.Context(), usersapi.UpdateProfileRequest{Name: &name})
		require.NoError(t, err)
		require.Equal(t, "#/name", contracttest.Body(t, got, got.ApplicationProblemJSON422).Errors[0].Pointer, "%+q", name)
	}
	for name, searches := range map[string][]string{
		"Zo\u00eb Strau\u00df":       {"zoe\u0308", "ZOË", "Zoë Strauss", "ZOË STRAUẞ", "zoë strau\u017f\u017f", "Zoë Strau"},
		"ΟΔΥΣΣΕΥΣ":                   {"οδυσσευς", "οδυσσευσ", "Οδυσ", "οδυς"},
		"\u0130nci Y\u0131ld\u0131z": {"inci yildiz", "INCI YILDIZ", "ıncı", "İNCİ", "i\u0307nci"},
		"100%_\\ Straße":             {"100%", `100%_\`, `100%_\ strasse`},
	} {
		named(name)
		for _, search := range searches {
			got, err := admin.ListUsersWithResponse(t.Context(), &usersapi.ListUsersParams{Name: &search})
			require.NoError(t, err)
			require.Equal(t, []string{"ada@example.com"}, emailsIn(contracttest.Body(t, got, got.JSON200)),
				"%s as %s", name, search)
		}
	}
	// An earlier release wrote it in this form.
	_, err := s.Pool.Exec(t.Context(), `UPDATE users SET name = U&'Zoe\0308' WHERE id = $1`, ada.user.ID)
	require.NoError(t, err)
	answer, body := s.do(http.MethodGet, "/api/v1/admin/users?name="+url.QueryEscape("zo\u00eb"), "",
		"Authorization", "Bearer "+admin.tokens.AccessToken)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, body, "ada@example.com")
}

func TestPasswordsAreTheSameInAnyForm(t *testing.T) {
	t.Parallel()
	s := start(t)
	const composed, decomposed = "d\u00e9j\u00e0 vu \u212bngstr\u00f6m", "de\u0301ja\u0300 vu A\u030angstro\u0308m"
	for email, password := range map[string]string{
		"composed@example.com": composed, "decomposed@example.com": decomposed,
	} {
		created, err := s.CreateUserV2WithResponse(t.Context(),
			usersapi.CreateUserV2Request{Email: email, Name: "Ada", Password: password})
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, created.StatusCode(), string(created.Body))
		s.logIn(email, composed)
		s.logIn(email, decomposed)
		refused, err := s.StartSessionWithResponse(t.Context(),
			usersapi.StartSessionRequest{Email: email, Password: strings.ToUpper(composed)})
		require.NoError(t, err)
		require.Equal(t, usersapi.ProblemCodeInvalidCredentials, codeIn(t, refused.Body))
	}
	// These are 128 characters, each sent as two code points.
	longest := strings.Repeat("e\u0301a\u0300", 64)
	created, err := s.CreateUserV2WithResponse(t.Context(),
		usersapi.CreateUserV2Request{Email: "long@example.com", Name: "Ada", Password: longest})
	require.NoError(t, err)
	require.Equal(t, http.StatusUnprocessableEntity, created.StatusCode(), "it is a repetition")
	longest = "correct horse battery " + strings.Repeat("e\u0301", 106)
	created, err = s.CreateUserV2WithResponse(t.Context(),
		usersapi.CreateUserV2Request{Email: "long@example.com", Name: "Ada", Password: longest})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.StatusCode(), string(created.Body))
	s.logIn("long@example.com", format.Text(longest))
}

func TestCodesAreTakenAsTheyAreTyped(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.signUp(ada)
	a := s.enrolled(me.user, true)
	arabic := strings.NewReplacer(
		"0", "٠", "1", "١", "2", "٢", "3", "٣", "4", "٤", "5", "٥", "6", "٦", "7", "٧", "8", "٨", "9", "٩")
	wide := strings.NewReplacer(
		"0", "０", "1", "１", "2", "２", "3", "３", "4", "４", "5", "５", "6", "６", "7", "７", "8", "８", "9", "９")
	for _, typed := range []func(string) string{
		func(code string) string { return code[:3] + " " + code[3:] },
		func(code string) string { return code[:3] + "\u2011" + code[3:] },
		func(code string) string { return " " + code[:2] + "\u00a0" + code[2:] + "\n" }, arabic.Replace, wide.Replace,
	} {
		s.Clock.Advance(2 * codeStep)
		code := typed(a.code(s))
		answer, err := s.AnswerChallengeWithResponse(t.Context(),
			usersapi.AnswerChallengeRequest{Challenge: s.challenge(me.user), Totp: &code})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode(), "%+q: %s", code, answer.Body)
	}
	codes := s.recoverable(me.user)
	for i, typed := range []func(string) string{
		strings.ToLower, func(code string) string { return strings.ReplaceAll(code, "-", "") },
		func(code string) string { return strings.ReplaceAll(code, "-", " ") },
		func(code string) string { return strings.ReplaceAll(code, "-", "\u2010") },
		func(code string) string { return strings.ReplaceAll(code, "-", "\u2212") },
		func(code string) string { return " " + strings.ReplaceAll(code, "-", " \u2013 ") + "\n" },
		strings.NewReplacer("O", "0", "I", "1", "B", "8").Replace, strings.NewReplacer("I", "\u0131").Replace,
	} {
		code := typed(codes[i])
		answer, err := s.AnswerChallengeWithResponse(t.Context(),
			usersapi.AnswerChallengeRequest{Challenge: s.challenge(me.user), RecoveryCode: &code})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode(), "%+q: %s", code, answer.Body)
		answer, err = s.AnswerChallengeWithResponse(t.Context(),
			usersapi.AnswerChallengeRequest{Challenge: s.challenge(me.user), RecoveryCode: &codes[i]})
		require.NoError(t, err)
		require.Equal(t, usersapi.ProblemCodeInvalidCode, codeIn(t, answer.Body), "it has been used, however it is typed")
	}
}

// The User-Agent is shown to people, and anybody can set it: it is sanitized.
func TestSessionsShowWhatProgramsAre(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := s.signUp(ada)
	for sent, want := range map[string]string{
		"curl\u202e/8\u200b\xff": "curl/8", "Ame\u0301lie \U0001f468": "Am\u00e9lie \U0001f468",
		strings.Repeat("e\u0301", 300): strings.Repeat("\u00e9", 256), "\u00a0\u00ad": "",
	} {
		answer, body := s.do(http.MethodPost, "/api/v1/login", login(ada, goodPassword), "User-Agent", sent)
		require.Equal(t, http.StatusOK, answer.StatusCode, body)
		require.Equal(t, 1, s.count(`SELECT count(*) FROM sessions WHERE user_id = $1 AND user_agent = $2`, me.user.ID, want),
			"%+q", sent)
	}
}
