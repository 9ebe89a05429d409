package format

import (
	"encoding/json"
	"net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	googleuuid "github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/plumbline/impl/platform/paging"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	longDomain := label + "." + label + "." + label + ".com"
	for name, c := range map[string]struct {
		accepted []string
		refused  []string
	}{
		"email": {
			accepted: []string{
				"ada@example.com", "a@b.co", "Ada.Lovelace+news@Example.COM", "o'brien@example.ie",
				"!#$%&'*+-/=?^_`{|}~@example.com",
				"1@2.de", "ada@3com.com", "ada@xn--bcher-kva.example", "ada@a-b.example", "ada@example.c0m",
				"ada@bücher.example", "ada@bu\u0308cher.example", "ada@BÜCHER.example", "ada@例え。テスト", "ada@straße.example",
				"ada@مثال.إختبار",
				strings.Repeat("a", 64) + "@example.com",
				strings.Repeat("a", 58) + "@" + longDomain, // 254
			},
			refused: []string{
				"", "@", "ada", "ada@", "@example.com", "ada@example", "ada@localhost", "ada@@example.com", "ada@b@example.com",
				"Ada <ada@example.com>", "<ada@example.com>", "ada@example.com ", " ada@example.com", "ada lovelace@example.com",
				`"ada"@example.com`, `"ada lovelace"@example.com`, ".ada@example.com", "ada.@example.com", "ada..l@example.com",
				"ada@.example.com", "ada@example.com.", "ada@example..com", "ada@-example.com", "ada@example-.com",
				"ada@exa_mple.com",
				"ada@[192.0.2.1]", "ada@192.0.2.1", "ada@[IPv6:2001:db8::1]", "ada@example.1", "ädä@example.com",
				"ada@bücher", "ada@bü_cher.example", "ada@-bücher.example", "ada@bü cher.example", "ada@.bücher.example",
				"ada@bücher.example@example.com", "ada＠example.com",
				"ada\x00@example.com", "ada@example.com\r\nBcc: eve@example.com", "ada,eve@example.com",
				"ada@example.com,eve@example.com",
				"ada(comment)@example.com", "ada@example.com:25",
				strings.Repeat("a", 65) + "@example.com",
				strings.Repeat("a", 59) + "@" + longDomain, // 255
				"ada@" + label + "a.com", "ada@" + strings.Repeat("ü", 60) + ".example",
				"ada@" + strings.Repeat("ü.", 200) + "example", "ada@" + strings.Repeat("ü", 10_000) + ".example",
			},
		},
		"uuid": {
			accepted: []string{
				"019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77", "019324D2-3A5E-7C10-8F4E-2B6D1A9C0E77",
				"6ba7b810-9dad-11d1-80b4-00c04fd430c8",
				"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
				"f47ac10b-58cc-4372-a567-0e02b2c3d479",
			},
			refused: []string{
				"", "019324d23a5e7c108f4e2b6d1a9c0e77", "{019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77}",
				"urn:uuid:019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
				"019324d2-3a5e-7c10-8f4e-2b6d1a9c0e7", "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e777",
				"019324d2-3a5e-7c10-8f4e-2b6d1a9c0e7g",
				"019324d2+3a5e-7c10-8f4e-2b6d1a9c0e77", "019324d23-a5e-7c10-8f4e-2b6d1a9c0e77",
				"019324d2-3a5e-7c10-8f4e-2b6d1a9c0e7\n",
				"019324d2-3a5e-7c10-8f4e-2b6d1a9c0eé", " 19324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
				"019324d2-3a5e-7c10-8f4e--b6d1a9c0e77",
			},
		},
		"date-time": {
			accepted: []string{
				"2026-11-23T09:30:00Z", "2026-11-23T09:30:00.123456789Z", "2026-11-23T09:30:00+05:30", "2026-11-23T09:30:00-00:00",
				"2024-02-29T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
				"2026-11-23T09:30:00.123456+00:00", "2026-11-23T09:30:00.1234567Z", "2026-11-23T09:30:00.1234567+00:00",
				"2026-11-23T09:30:00." + strings.Repeat("1", 40) + "-12:00",
				"2026-11-23t09:30:00z", "2026-11-23t09:30:00Z", "2026-11-23T09:30:00z", "2026-11-23t09:30:00+05:30",
				"2016-12-31T23:59:60Z", "2016-12-31t23:59:60.5z", "2015-06-30T23:59:60Z", "1990-12-31T15:59:60-08:00",
				"2017-01-01T05:29:60+05:30",
			},
			refused: []string{
				"", "2026-11-23", "2026-11-23T09:30Z", "2026-11-23T09:30:00", "2026-11-23 09:30:00Z",
				"2026-11-23T9:30:00Z", "2026-11-23T09:30:00,5Z", "2026-11-23T09:30:00.Z", "2026-11-23T24:00:00Z",
				"2026-11-23T09:60:00Z",
				"2026-11-23T09:30:60Z", "2026-11-30T23:59:60Z", "2016-12-31T23:58:60Z", "2016-12-31T23:59:61Z",
				"2016-12-31T23:59:60+01:00", "2016-12-30T23:59:60Z",
				"9999-12-31T23:59:60Z", "2016-12-31T23:59:60", "2016-12-31T23:59:60,5Z", "2016-12-31T23:59:6Z",
				"2016-12-31T23:59:600Z", "2026-11-23T09:30:00zz",
				"2026-11-23tT09:30:00Z", "2026-11-23T09:30:00+24:00", "2026-11-23T09:30:00+05:60", "2026-11-23T09:30:00+0530",
				"2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-1-23T09:30:00Z", "26-11-23T09:30:00Z",
				"02026-11-23T09:30:00Z",
				"+2026-11-23T09:30:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
				"2026-11-23T09:30:00Z ", " 2026-11-23T09:30:00Z", "2026-11-23T09:30:00Z\n", "２026-11-23T09:30:00Z", "1732354200",
			},
		},
		"date": {
			accepted: []string{"2026-11-23", "2024-02-29", "0001-01-01", "9999-12-31"},
			refused: []string{
				"", "2026-11-23T00:00:00Z", "2026-1-23", "2026-11-3", "26-11-23", "20261123", "2026/11/23", "2026-02-29",
				"2026-13-01",
				"2026-00-01", "2026-01-00", "2026-04-31", "0000-01-01", "10000-01-01", "2026-11-23 ", "-026-11-23", "2026-11-23\n",
			},
		},
		"uri-reference": {
			accepted: []string{
				"", "#", "?", "/", "//", "#/email", "/api/v1/users", "api/v1", "./a:b", "a/b:c", "../x?y=z#w", "?q=a/b?c",
				"//example.com/a",
				"https://example.com", "https://user:pw@example.com:8080/a;b=1,2?c=d&e=%20#f", "mailto:ada@example.com",
				"urn:problem:email_taken",
				"about:blank", "http://[2001:db8::1]:80/", "http://[::1]", "http://192.0.2.1/", "tag:example.com,2026:a",
				"a+b-c.1:x", "file:///etc",
				"http://a:/", "http://exa%20mple.com/", "//@host", "http://user@[::1]:8/",
			},
			refused: []string{
				" ", "a b", "/é", "/a\x00", "/a\n", "/a\x7f", "%", "%2", "%zz", "/a%2", "#a#b", "1a:b", ":a", "a_b:c", "<a>", `"`,
				"\\", "^", "`", "{id}", "|",
				"http://[::1", "http://::1]/", "http://[::1]x/", "http://[192.0.2.1]/", "http://[fe80::1%25eth0]/",
				"http://[v1.a]/",
				"http://example.com:80a/", "http://a@b@c/", "http://a[b]@c/", "http://a%2@c/", "http://a:b:c/", "/[a]", "?[a]",
				"#[a]", "http://[]/", "http://[",
			},
		},
		"https-url": {
			accepted: []string{
				"https://example.com", "https://example.com/", "https://images.example.com/ada.png", "HTTPS://Example.com/A?b=c#d",
				"https://localhost",
				"https://example.com:8443/a", "https://192.0.2.1/a", "https://[2001:db8::1]/a", "https://xn--bcher-kva.example/",
				"https://example.com?a",
				"https://example.com/%20", "https://example.com/a@b:c", "https://example.com:/", "https://a-b.example#x",
			},
			refused: []string{
				"", "/a", "//example.com/a", "example.com", "http://example.com", "ftp://example.com", "javascript:alert(1)",
				"data:text/html,x",
				"https:", "https:/", "https://", "https:///a", "https:a", "https:/example.com", "https://:443/", "https://?a",
				"https://#a",
				"https://user@example.com", "https://user:pw@example.com", "https://@example.com", "https://example.com:0/",
				"https://example.com:65536/",
				"https://example.com:x/", "https://exa mple.com", "https://example.com/a b", "https://example.com/\n",
				"https://example.com/\x00",
				"https://example.com/\x7f", "https://example.com/é", "https://bücher.example/", "https://exa%6dple.com/",
				"https://example.com\\@evil.example/",
				"https://.example.com", "https://example.com./", "https://-a.example", "https://a_b.example", "https://a..b",
				"https://999.0.2.1/",
				"https://1.2.3/", "https://[::1", "https://[fe80::1%25eth0]/", " https://example.com", "https://example.com ",
				"https://a.example%",
			},
		},
		"phone": {
			accepted: []string{"+4930123456", "+447911123456", "+12125550100", "+33612345678", "+81312345678", "+390612345678",
				"+80012345678", "+61491570156"},
			refused: []string{
				"", "+", "+1", "4930123456", "004930123456", "030123456", "+49 30 123456", "+49-30-123456", "+49(30)123456",
				"+49301234567890123",
				"+0123456789", "+999123456789", "+11", "+120", "+1212555010", "+121255501000", "+1555", "tel:+4930123456",
				"+4930123456;ext=1", "+49301x3456",
				"＋4930123456", "+４９30123456", "+4930123456 ", " +4930123456", "+1000000000", "+10000000000", "+44791112345",
				"+1FLOWERS", "+12125550100\n",
				"+4903012345678", "+441514960000000",
			},
		},
		"cursor": {
			accepted: []string{paging.Encode(paging.Newest()), paging.Encode(paging.Position{Time: time.Unix(0, 0)})},
			refused: []string{"", "next", "2", strings.Repeat("A", len(paging.Encode(paging.Newest()))),
				paging.Encode(paging.Newest()) + "="},
		},
	} {
		check := All()[name]
		for _, value := range c.accepted {
			t.Run(name+" accepts "+value, func(t *testing.T) {
				t.Parallel()
				require.NoError(t, check.Validate(value))
			})
		}
		for _, value := range c.refused {
			t.Run(name+" refuses "+value, func(t *testing.T) {
				t.Parallel()
				require.Error(t, check.Validate(value))
			})
		}
	}
}

// Clients may come to show these messages, or to translate them.
var sentences = map[string][]string{
	"email": {
		"must be an e-mail address such as name@example.com",
		"must be an e-mail address with ASCII characters only before the @",
	},
	"uuid": {"must be a UUID of 36 characters"},
	"date-time": {
		"must be a date and time of the years 0001 to 9999 such as 2026-11-23T09:30:00Z",
		"must be a date and time such as 2026-11-23T09:30:00+01:00; in a query + is a space: write %2B",
	},
	"date":          {"must be a date of the years 0001 to 9999 such as 2026-11-23"},
	"uri-reference": {"must be a URI or a relative reference without spaces"},
	"https-url":     {"must be an https address such as https://example.com/picture.png"},
	"phone":         {"must be a phone number that exists, in E.164 form such as +4930123456"},
	"line": {
		"must be one line that neither begins nor ends with a space",
		"must not contain invisible characters or characters that reverse the direction of text",
	},
	"currency":      {"must be the code of a currency that is in use, such as EUR (ISO 4217)"},
	"email-start":   {},
	"search":        {},
	"time-code":     {"must be six digits"},
	"recovery-code": {"must be 16 letters and digits such as MFZW-I3LP-OBQX-E2LK"},
	"cursor":        {"must be the cursor that an earlier page gave"},
	"password": {
		"must have at least 8 characters",
		"must have at most 128 characters",
		"must have 15 characters or more, or an upper-case letter, a lower-case letter, a digit and another character",
		"must not be a password that is commonly used or easy to guess",
		"must be valid Unicode text",
	},
}

// Every format answers with its own messages, whatever the input.
func TestErrorsAreStable(t *testing.T) {
	t.Parallel()
	formats := All()
	require.Len(t, formats, len(sentences))
	for name, known := range sentences {
		require.Contains(t, formats, name)
		for _, sentence := range known {
			require.LessOrEqual(t, len(sentence), 120)
			require.True(t, strings.HasPrefix(sentence, "must "), sentence)
		}
	}
	rapid.Check(t, func(t *rapid.T) { sayOnlyTheirSentences(t, formats, anything.Draw(t, "value")) })
}

func sayOnlyTheirSentences(t require.TestingT, formats map[string]openapi3.StringFormatValidator, value string) {
	for name, check := range formats {
		if err := check.Validate(value); err != nil {
			require.Contains(t, sentences[name], err.Error())
		}
	}
}

// anything generates text in the alphabets of the formats, bytes that are no text, and valid fragments.
var anything = rapid.OneOf(
	rapid.String(),
	rapid.StringOf(rapid.SampledFrom([]rune("aA1é@.:-/?#[]%+_ TZ\n\x00"))),
	rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	rapid.Map(rapid.SliceOf(rapid.SampledFrom([]string{
		"https:", "//", "example", ".", "com", "@", "[::1]", ":", "443", "/", "%20", "?", "#", "2026-11-23", "T09:30:00", "Z",
		"2016-12-31", "t23:59:60", "z", ".1234567", "+01:00", "+49", "30123456",
		"password", "P@ss", "w0rd", "123", "!", "qwerty", "ö", "o\u0308", "ß", "\u00ad", "\u200d", "١", "．", "İ",
	})), func(parts []string) string { return strings.Join(parts, "") }),
)

// An offset that is written into a query unescaped arrives with a space.
func TestAPlusThatIsASpace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"2026-11-23T09:30:00 00:00":       errTimeSpace,
		"2026-11-23T09:30:00.123 05:30":   errTimeSpace,
		"2026-11-23T09:30:00 24:00":       errDateTime,
		"2026-11-23 09:30:00":             errDateTime,
		"0000-11-23T09:30:00 00:00":       errDateTime,
		"10000-01-01T00:00:00Z":           errDateTime,
		"9999-12-31T23:59:59-01:00":       errDateTime,
		" 00:00":                          errDateTime,
		"2026-11-23T09:30:00 00:00 00:00": errDateTime,
	} {
		require.ErrorIs(t, All()["date-time"].Validate(text), want, text)
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-11-23T09:30:00Z":                    "2026-11-23T09:30:00Z",
		"2026-11-23t09:30:00.1234567z":            "2026-11-23T09:30:00.1234567Z",
		"2026-11-23T09:30:00.123456+05:30":        "2026-11-23T09:30:00.123456+05:30",
		"2026-11-23T09:30:00.123456789123456789Z": "2026-11-23T09:30:00.123456789Z",
		"2016-12-31T23:59:60Z":                    "2017-01-01T00:00:00Z",
		"2016-12-31T23:59:60.25Z":                 "2017-01-01T00:00:00.25Z",
		"1990-12-31T15:59:60-08:00":               "1990-12-31T16:00:00-08:00",
	} {
		at, err := ParseTime(text)
		require.NoError(t, err, text)
		require.Equal(t, want, at.Format(time.RFC3339Nano), text)
	}
}

// The parsers that read a value afterwards accept everything that its format accepts.
func TestAcceptedValuesCanBeRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { readable(t, anything.Draw(t, "value")) })
}

func readable(t require.TestingT, value string) {
	if email(value) == nil {
		plain := Plain("email", value)
		require.NoError(t, email(plain))
		address, err := mail.ParseAddress(plain)
		require.NoError(t, err)
		require.Equal(t, plain, address.Address)
		require.True(t, isASCII(plain))
	}
	if uuid(value) == nil {
		_, err := googleuuid.Parse(value)
		require.NoError(t, err)
	}
	if at, err := ParseTime(value); err == nil {
		text, err := json.Marshal(at)
		require.NoError(t, err)
		var again time.Time
		require.NoError(t, json.Unmarshal(text, &again))
		require.True(t, at.Equal(again))
		_, err = json.Marshal(at.UTC())
		require.NoError(t, err)
	}
	if uriReference(value) == nil && httpsURL(value) == nil {
		u, err := url.Parse(value)
		require.NoError(t, err)
		require.Equal(t, "https", u.Scheme)
		require.NotEmpty(t, u.Hostname())
		require.Nil(t, u.User)
	}
	if httpsURL(value) == nil {
		require.NoError(t, uriReference(value))
	}
}

func FuzzFormats(f *testing.F) {
	for _, seed := range []string{
		"", "ada@example.com", "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77", "2026-11-23T09:30:00Z", "2026-11-23",
		"https://user@[::1]:443/a?b#c%20",
		"https://example.com:443/", "+4930123456", "AQAGYO484PhAAZMk0jpefBCPTittGpwOdw", "P@ssw0rd2026!",
		"correct horse battery", "passwordpassword",
	} {
		f.Add(seed)
	}
	formats := All()
	f.Fuzz(func(t *testing.T, value string) {
		sayOnlyTheirSentences(t, formats, value)
		readable(t, value)
		PasswordContains(value, value)
	})
}

// The checks work in kin-openapi's validator, which lacks some of the formats and quotes the value in its own messages.
func TestFormatsServeTheValidator(t *testing.T) {
	t.Parallel()
	option := openapi3.WithStringFormatValidators(All())
	for format, wrong := range map[string]string{
		"email": "ada@example", "uuid": "1", "date": "2026-02-30", "date-time": "2026-02-30T00:00:00Z",
		"uri-reference": "{id}",
		"https-url":     "http://example.com", "currency": "AAA", "time-code": "1", "recovery-code": "1", "phone": "+1",
		"cursor": "2", "password": "Password123!",
	} {
		schema := openapi3.NewStringSchema().WithFormat(format)
		err := schema.VisitJSON(wrong, option)
		require.Error(t, err, format)
		var broken *openapi3.SchemaError
		require.ErrorAs(t, err, &broken)
		require.Equal(t, "format", broken.SchemaField)
	}
}

func BenchmarkFormats(b *testing.B) {
	formats := All()
	for name, value := range map[string]string{
		"email": "ada.lovelace@example.com", "uuid": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
		"date-time": "2026-11-23T09:30:00Z", "date": "2026-11-23",
		"uri-reference": "/api/v1/users/1?a=b", "https-url": "https://images.example.com/ada.png", "phone": "+4930123456",
		"cursor": "AQAGYO484PhAAZMk0jpefBCPTittGpwOdw", "password": "correct horse battery", "line": "Amélie O’Brien",
	} {
		check := formats[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := check.Validate(value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPasswordCheck(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newPasswordCheck()
	}
}
