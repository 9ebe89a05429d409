package telemetry

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	canaryPassword = "pw"
	canaryToken    = "kQ7zzyV0canaryToken"
	canaryJWT      = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlY2FuYXJ5"
	canaryEmail    = "canary.person@example.com"
	canaryPhone    = "+8613800138000"
	canaryIDCard   = "11010519491231002X"
	canaryDSN      = "postgres://orders:hunter2canary@db.internal:5432/orders?sslmode=disable"
)

// leaks are the texts that no output may hold. The password is as short as
// one can be, so it is looked for as a whole value.
var leaks = []string{
	`"` + canaryPassword + `"`,
	"=" + canaryPassword,
	canaryToken,
	canaryJWT,
	"c2lnbmF0dXJlY2FuYXJ5",
	"canary.person",
	canaryPhone,
	"13800138000",
	canaryIDCard,
	"hunter2canary",
}

type account struct {
	Name        string
	Password    string
	NewPassword string `json:"newPassword"`
	Mail        string `json:"email"`
	Phone       string
	Key         Secret
	Nested      *account
	hidden      Secret
}

func TestNothingSecretIsWritten(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		out := &output{}
		log := NewLogger(out, LogOptions{Format: format, Sensitive: []string{"x-diagnosis"}})
		deep := account{
			Name: "kept", Password: canaryPassword, NewPassword: canaryPassword, Mail: canaryEmail, Phone: canaryPhone,
			Key: NewSecret(canaryToken), hidden: NewSecret(canaryToken),
			Nested: &account{Password: canaryPassword, Mail: canaryEmail, Phone: canaryPhone},
		}
		failure := fmt.Errorf(
			"sign in %s with Bearer %s: %w",
			canaryEmail,
			canaryToken,
			errors.New("connect "+canaryDSN+" "+canaryIDCard),
		)

		log.Info(
			"attributes",
			"password",
			canaryPassword,
			"PassWord",
			canaryPassword,
			"new-password",
			canaryPassword,
			"token",
			canaryToken,
			"Refresh_Token",
			canaryToken,
			"authorization",
			"Bearer "+canaryToken,
			"email",
			canaryEmail,
			"phone",
			canaryPhone,
			"id_card",
			canaryIDCard,
			"X_Diagnosis",
			canaryToken,
			"api_key",
			12345,
			"secret",
			[]byte(canaryToken),
			"cookie",
			map[string]string{"sid": canaryToken},
		)
		log.Info(
			"groups",
			slog.Group("a", slog.Group("b", "password", canaryPassword, "email", canaryEmail)),
			slog.Group("token", "value", canaryToken),
		)
		log.WithGroup(
			"credentials",
		).With(
			"first",
			canaryToken,
		).WithGroup(
			"deeper",
		).Info(
			"groups of the logger",
			"second",
			canaryToken,
			slog.Group("g", "third", canaryToken),
		)
		log.With("password", canaryPassword, "user", deep).Info("bound")
		log.Info("structs", "user", deep, "users", []account{deep}, "pointer", &deep, "printed", fmt.Sprintf("%+v", deep))
		log.Info(
			"maps",
			"body",
			map[string]any{
				"profile": map[string]any{
					"password": canaryPassword,
					"list":     []any{map[string]any{"id_card": canaryIDCard}},
					"note":     canaryEmail,
				},
			},
			"raw",
			json.RawMessage(`{"access_token":"`+canaryToken+`","deep":[{"email":"`+canaryEmail+`"}]}`),
			"header",
			http.Header{"Authorization": {"Bearer " + canaryToken}, "Set-Cookie": {"sid=" + canaryToken}},
			"by address",
			map[string]int{canaryEmail: 1},
			"text",
			`{"password":"`+canaryPassword+`","email":"`+canaryEmail+`"}`,
		)
		log.Error("error", "error", failure, "cause", errors.Unwrap(failure), "list", []error{failure})
		log.Error(
			"message of " + canaryEmail + " " + canaryPhone + " " + canaryIDCard + " " + canaryJWT +
				" Bearer " + canaryToken + " " + canaryDSN + " password=" + canaryPassword,
		)
		log.Info("types", "s", NewSecret(canaryToken), "any", []any{NewSecret(canaryToken)})
		log.Info("key", canaryEmail, 1, "url", "/reset?token="+canaryToken+"&email=canary.person%40example.com")
		require.NoError(t, log.Close())

		written := out.String()
		require.Equal(t, 10, strings.Count(written, "\n"))
		for _, leak := range leaks {
			require.NotContains(t, written, leak)
		}
		require.Contains(t, written, "kept", "what is not sensitive stays")
		require.Contains(t, written, "c***@example.com")
		require.Contains(t, written, "sign in", "the text of an error stays")
		require.NotContains(t, written, "12345", "numbers are masked by name too")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	n := newNames([]string{"x-diagnosis"})
	for name, want := range map[string]masking{
		"password": whole, "NEW_PASSWORD": whole, "currentPassword": whole, "access-token": whole,
		"Set-Cookie": whole, "idCard": whole,
		"xDiagnosis": whole, "Email": address, "e-mail": address,
		"": shown, "path": shown, "status": shown, "operation": shown, "request_id": shown, "trace_id": shown,
		"passwords_changed": shown, "token_type": shown,
	} {
		require.Equal(t, want, n.kind(name), name)
	}
}

func TestMaskEmail(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"alice@example.com":        "a***@example.com",
		"bob@example.com":          "b***@example.com",
		"al@example.com":           "***@example.com",
		"a@example.com":            "***@example.com",
		"李@example.com":            "***@example.com",
		"李小明@例子.中国":                "李***@例子.中国",
		`"a@b"@example.com`:        `"***@example.com`,
		"a***@example.com":         "a***@example.com",
		"***@example.com":          "***@example.com",
		"@example.com":             redacted,
		"alice":                    redacted,
		"alice@":                   redacted,
		"alice@example.com or bob": redacted,
		"":                         redacted,
	} {
		require.Equal(t, want, maskEmail(address), address)
	}
}

func TestScrub(t *testing.T) {
	t.Parallel()
	same := []string{
		"",
		"plain",
		"100 %",
		"a=b",
		"https://example.com/a?b=c",
		"12:30",
		"duplicate key value violates unique constraint \"users_email_key\"",
		"token expired",
		"invalid token: expired",
		"the password is too short",
		"bearer",
		"Jane",
		"01890a5d-ac96-774b-bcce-b302099a8057",
		"/go/pkg/mod/github.com/go-chi/chi/v5@v5.5.0/mux.go:80",
		"1767225600000000000",
		"1 + 1 = 2",
		"user @ work",
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	}
	for _, s := range same {
		require.Equal(t, s, scrub(s))
	}
	for s, want := range map[string]string{
		"no user bob@example.com here":                      "no user b***@example.com here",
		"<al@example.com>, carol@example.org.":              "<***@example.com>, c***@example.org.",
		"root@localhost":                                    "r***@localhost",
		"q=carol%40example.org&n=1":                         "q=c***@example.org&n=1",
		"GET /x Authorization: Bearer abc.def-1":            "GET /x Authorization: Bearer [redacted]",
		"BEARER abc":                                        "BEARER [redacted]",
		"Basic YWxpY2U6cHc=":                                "Basic [redacted]",
		"jwt " + canaryJWT + ", next":                       "jwt [redacted], next",
		"postgres://u:p@h:5432/d?x=1":                       "postgres://[redacted]@h:5432/d?x=1",
		"cannot parse `postgresql://u:p/@ss@h/d`":           "cannot parse `postgresql://[redacted]@h/d`",
		"host=h user=u password=p w=1":                      "host=h user=u password=[redacted] w=1",
		"password='two words' dbname=d":                     "password=[redacted] dbname=d",
		"PGPASSWORD=p":                                      "PGPASSWORD=[redacted]",
		"/reset?reset_token=abc&x=1":                        "/reset?reset_token=[redacted]&x=1",
		`body {"new_password": "a \"b\" c", "name":"n"}`:    `body {"new_password": [redacted], "name":"n"}`,
		`body "{\"refresh_token\":\"abc\",\"name\":\"n\"}"`: `body "{\"refresh_token\":[redacted],\"name\":\"n\"}"`,
		`"{\"secret\":\"a \\\"b\\\" c\",\"n\":1}"`:          `"{\"secret\":[redacted],\"n\":1}"`,
		"call +8613800138000!":                              "call [redacted]!",
		"id 11010519491231002X or 110105194912310021":       "id [redacted] or [redacted]",
	} {
		got := scrub(s)
		require.Equal(t, want, got, s)
		require.Equal(t, got, scrub(got), "scrubbing twice changes nothing")
	}
}

func TestSecretDoesNotPrint(t *testing.T) {
	t.Parallel()
	const text = "hunter2canary"
	secret := NewSecret(text)
	holder := account{hidden: secret, Key: secret}
	require.Equal(t, text, secret.Reveal())
	require.Empty(t, Secret{}.Reveal())

	forms := []string{
		fmt.Sprint(
			secret,
		),
		fmt.Sprint(&secret),
		fmt.Sprint(holder),
		fmt.Sprint([]Secret{secret}),
		fmt.Sprint(map[string]Secret{"k": secret}),
		fmt.Errorf("e: %w", fmt.Errorf("%v", secret)).Error(),
		fmt.Sprint(reflect.ValueOf(secret)),
	}
	for verb := 'A'; verb <= 'z'; verb++ {
		for _, flags := range []string{"", "+", "#", "# ", "10.3", "-"} {
			for _, v := range []any{secret, &secret, holder, &holder, []any{secret}, struct{ s Secret }{secret}} {
				forms = append(forms, fmt.Sprintf("%"+flags+string(verb), v))
			}
		}
	}
	asJSON, err := json.Marshal(map[string]any{"a": secret, "b": &secret, "c": holder})
	require.NoError(t, err)
	forms = append(forms, string(asJSON), secret.LogValue().String())
	hexForm := fmt.Sprintf("%x", text)
	for _, form := range forms {
		require.NotContains(t, form, text)
		require.NotContains(t, strings.ToLower(form), hexForm)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		require.Equal(t, redacted, fmt.Sprintf(verb, secret))
	}

	var read struct{ Key Secret }
	require.NoError(t, json.Unmarshal([]byte(`{"Key":"hunter2canary"}`), &read))
	require.Equal(t, text, read.Key.Reveal())
}
