package users

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

func TestCodesAreThoseOfRFC6238(t *testing.T) {
	t.Parallel()
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{ // RFC 6238, appendix B; the last six of its eight digits
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037",
		20000000000: "353130",
	} {
		got, err := codeOf(secret, stepAt(time.Unix(at, 0)))
		require.NoError(t, err)
		require.Equal(t, code, got)
		// The clock of the app may be off by one step, to the second, and by no more.
		begins := stepAt(time.Unix(at, 0)) * 30
		if at == 59 {
			continue // 31 seconds before it there was no time.
		}
		for seconds, found := range map[int64]bool{-31: false, -30: true, 0: true, 29: true, 59: true, 60: false} {
			step, is, err := stepOf(secret, code, time.Unix(begins+seconds, 0))
			require.NoError(t, err)
			require.Equal(t, found, is, "%d seconds after its step began", seconds)
			require.True(t, !is || step == begins/30)
		}
	}
}

// scanned reads a QR code from the data URL of a picture, as a camera would.
func scanned(t *testing.T, picture string) string {
	t.Helper()
	text, isPNG := strings.CutPrefix(picture, "data:image/png;base64,")
	require.True(t, isPNG)
	file, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	drawn, err := png.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	bitmap, err := gozxing.NewBinaryBitmapFromImage(drawn)
	require.NoError(t, err)
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	require.NoError(t, err)
	return result.GetText()
}

func TestPicturesAreScanned(t *testing.T) {
	t.Parallel()
	for _, email := range []string{
		"a@b.example", ada, strings.Repeat("a", 64) + "@" + strings.Repeat("a.", 92) + "example",
	} {
		key, err := newAppKey(email)
		require.NoError(t, err)
		picture, err := pictureOf(key.URL())
		require.NoError(t, err)
		require.Equal(t, key.URL(), scanned(t, picture))
		require.Less(t, len(picture), 16384, "as the document says")
	}
}

// factorOperations tells the checks what the document does not say of the operations on second factors.
func factorOperations() knownOperations {
	wrongPassword := func(at situation, rest string) contracttest.Refusal {
		return at.refusal("a wrong password", `{"current_password":"`+secret+`"`+rest+`}`, http.StatusForbidden,
			usersapi.ProblemCodeWrongPassword)
	}
	unverified := func(at situation) contracttest.Refusal {
		c := at.refusal("a caller whose address is not verified", "", http.StatusConflict,
			usersapi.ProblemCodeEmailUnverified)
		c.By = at.stranger()
		c.Request = c.Without("Authorization").With(contracttest.Bearer(c.By))
		return c
	}
	withCode := contracttest.Known[situation]{
		Fit: func(at situation, fit *contracttest.Fit) {
			fit.Body["current_password"], fit.Body["totp"] = goodPassword, at.enrolled(at.me.user, true).code(at.server)
		},
		Refused: func(at situation) []contracttest.Refusal {
			wrong := at.refusal("a wrong code", `{"current_password":"`+goodPassword+`","totp":"000000"}`, http.StatusForbidden,
				usersapi.ProblemCodeInvalidCode)
			return []contracttest.Refusal{wrongPassword(at, `,"totp":"000000"`), wrong}
		},
	}
	return knownOperations{
		"answerChallenge": {
			Fit: func(at situation, fit *contracttest.Fit) {
				fit.Body["totp"], fit.Body["challenge"] = at.enrolled(at.me.user, true).code(at.server), at.challenge(at.me.user)
			},
			Refused: func(at situation) []contracttest.Refusal {
				body := `{"challenge":"` + newSecret() + `","totp":"000000"}`
				return []contracttest.Refusal{
					at.refusal("an unknown challenge", body, http.StatusUnauthorized, usersapi.ProblemCodeInvalidChallenge),
				}
			},
		},
		"enrolSecondFactor": {
			Fit: withPassword,
			Refused: func(at situation) []contracttest.Refusal {
				return []contracttest.Refusal{wrongPassword(at, ""), unverified(at)}
			},
		},
		"confirmSecondFactor": {
			Fit: func(at situation, fit *contracttest.Fit) {
				fit.Body["totp"] = at.enrolled(at.me.user, false).code(at.server)
			},
			Refused: func(at situation) []contracttest.Refusal {
				wrong := at.refusal("a wrong code", `{"totp":"000000"}`, http.StatusForbidden, usersapi.ProblemCodeInvalidCode)
				return []contracttest.Refusal{wrong, unverified(at)}
			},
		},
		"disableSecondFactor":  withCode,
		"replaceRecoveryCodes": withCode,
		"removeSecondFactor": {
			Beyond: itself(""),
			Fit:    func(at situation, _ *contracttest.Fit) { at.enrolled(at.named.user, true) },
			Refused: func(at situation) []contracttest.Refusal {
				without := at.refusal("no second factor", "", http.StatusConflict, usersapi.ProblemCodeSecondFactorNotEnabled)
				without.Target = contracttest.Filled(at.op.Pattern, map[string]string{"userId": at.member().Subject()})
				return []contracttest.Refusal{
					without, at.about("oneself", contracttest.Own, http.StatusConflict, usersapi.ProblemCodeSelfAdministration),
				}
			},
		},
	}
}
