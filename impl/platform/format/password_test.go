package format

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPassword(t *testing.T) {
	t.Parallel()
	// 128 characters without a pattern.
	long := func(n int) string { return randomLetters(1, n) }
	check := newPasswordCheck()
	for want, passwords := range map[error][]string{
		nil: {
			"correct horse battery", "Tr0ub4dor&3", "xkq vbz mwt pfj", "xkqvbzmwtpfjhrd", "XKQVBZMWTPFJHRD", "83920174650192847",
			"j7#Kw2!p", "Zürich-4f",
			"purple elephant dances", "the monkey stole my password", "my dragon is 12 years old", "mein Hund frisst gern Wurst",
			"лошадь скобка батарея",
			"パスワードはひみつにしてください", "pass the word along please", long(15), long(128),
			"d~&}'{>0:G",   // the letters of a word, far apart
			"Kw7!Kw7!xB2#", // a repetition only at first sight
			"xk2fqp8zxk2fqp8z",
			"e\u0301Bq7!zwP", // 8 in form C
			strings.Repeat("e\u0301", 64) + long(64),
			"ag#5Xqzw\x00",
			"Xk#v12345678", // a walk and four others
		},
		errPasswordShort: {"", "a", "Aa1!xyz", "Aé1!xyz", "🔑🔑🔑🔑🔑🔑🔑", "Aa1!xe\u0301z"},
		errPasswordLong:  {long(129), strings.Repeat("🔑x", 64) + "y", strings.Repeat("\u0300", 100_000), long(100_000)},
		errPasswordVaried: {
			"xkqvbzmwtpfjhr", "xkqvbzmwtpfj7!", "XKQVBZMWTPFJ7!", "xkqVBZmwtpfj7x", "xkqVBZmwtpf!!x",
			"73920174650192", "🔑🔑🔑🔑🔑🔑🔑🔑",
			"パスワードはひみつに", "password", "12345678", "correct horse",
		},
		errPasswordCommon: {
			// one word, decorated
			"Password123!", "P@ssw0rd2026!", "p@55W0RD!!", "Pa$$w0rd", "Pa$$$word1", "PASSWORD-passw0rd1", "!!Password1",
			"2026Password!", "P.a.s.s.w.o.r.d.1", "Pass word 1!", "thisismypassword",
			"Welcome1!", "Welcome2026!", "Summer2026!", "Winter2025#", "Admin123!", "@Dm1nistr@tor1", "Adm1n157r470r!",
			"L3tm31n!!", "Ch@ng3m3!", "M0nk3y!2020",
			"Dr4g0n!!77", "Trustno1!", "Michael1985!", "Liverp00l!", "I l0ve You2!", "ILoveYou2!", "Bo$$2020!",
			"passwordpassword", "PasswordPassword1!", "password1password1", "Monkey monkey MONKEY", "adminadminadminadmin",
			"password12345678901234567890",
			"Contraseña1!", "Contrasena1!", "pässwörd2026!PASSWÖRD2026!", "Passwort123!", "Schatz2020!", "Motdepasse1!",
			"Пароль2026!",
			"Ｐａｓｓｗｏｒｄ１！", "Mama1234!", "MamaMama1!", "AbuelaAbuela1!", "Abc123!!A", "MonkeyAbc123!", "qwertyMonkey1!",
			"Password!Password!",
			// walks
			"Qwerty12345!", "Qwertyuiop1!", "qwertyuiopasdfgh", "1qaz@WSX", "!QAZ2wsx", "Zaq12wsx!", "1q2w3e4r5t6y7u8i",
			"q1w2e3r4T5!", "Q1w2e3r4!", "123456789012345",
			"987654321098765", "abcdefghijklmnop", "zyxwvutsrqponmlk", "Abcd1234!", "Qwe123!@#", "!@#$%^&*()12345",
			"Azertyuiop1!", "Qwertz123!", "aabbccddeeffgghh",
			"qwertyuiop1234567890", "asdfghjkl;asdfghjkl;", "йцукенгшщзхъйцук", "147258369147258", "112233445566778899",
			// repetitions
			"aaaaaaaaaaaaaaa", "abcabcabcabcabc", "AaAaAaAaAaAaAaA", "Xkqvb7!Xkqvb7!", "Xk#12345678", "Aa1!Aa1!",
			"xkqxkqxkqxkqxkqx", "zk7!ZK7!zk7!", "               ", "🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑", "aaaaaaaaaaaaaab",
			"hahahahahahahaha", "202620262026202620",
		},
		errPasswordText: {"Aa1!xyzzy\xff", "correct horse batter\xc3"},
	} {
		for _, password := range passwords {
			t.Run(password[:min(len(password), 40)], func(t *testing.T) {
				t.Parallel()
				require.Equal(t, want, check(password))
			})
		}
	}
}

// Passwords of a generator are strong, so none of them may count as common.
func TestRandomPasswordsAreAccepted(t *testing.T) {
	t.Parallel()
	check := newPasswordCheck()
	rapid.Check(t, func(t *rapid.T) {
		password := randomLetters(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(longPassword, maxPassword).Draw(t, "length"))
		require.NoError(t, check(password))
	})
}

func randomLetters(seed uint64, n int) string {
	random := rand.New(rand.NewPCG(seed, 0))
	letters := make([]byte, n)
	for i := range letters {
		letters[i] = "abcdefghijklmnopqrstuvwxyz"[random.IntN(26)]
	}
	return string(letters)
}

// Capital letters never make a long password worse, nor a short one that keeps a small letter.
func TestCapitalsAreNeverWorse(t *testing.T) {
	t.Parallel()
	check := newPasswordCheck()
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.OneOf(
			rapid.StringOfN(rapid.RuneFrom(nil, unicode.ASCII_Hex_Digit), 8, 140, -1),
			rapid.StringOfN(rapid.SampledFrom([]rune("abcxyzåж17!@ ")), 8, 140, -1),
			anything,
		).Draw(t, "password")
		capitals := []rune(password)
		for i := range capitals {
			keepsSmall := slices.ContainsFunc(capitals[i+1:], unicode.IsLower) ||
				slices.ContainsFunc(capitals[:i], unicode.IsLower)
			if keepsSmall && simpleCase(capitals[i]) && rapid.Bool().Draw(t, "capital") {
				capitals[i] = unicode.ToUpper(capitals[i])
			}
		}
		if check(password) == nil {
			require.NoError(t, check(string(capitals)))
		}
	})
}

// simpleCase excludes the few letters that share their capital with another letter.
func simpleCase(r rune) bool {
	return unicode.IsLower(r) && unicode.ToLower(unicode.ToUpper(r)) == r
}

func TestPasswordNeverPanics(t *testing.T) {
	t.Parallel()
	check := newPasswordCheck()
	rapid.Check(t, func(t *rapid.T) {
		first, second := anything.Draw(t, "first"), anything.Draw(t, "second")
		_ = check(first + second)
		PasswordContains(first, second)
	})
}

func TestCommonWords(t *testing.T) {
	t.Parallel()
	words := strings.Fields(commonWords)
	require.Greater(t, len(words), 1000)
	require.True(t, slices.IsSorted(words))
	require.Equal(t, strings.Join(words, "\n")+"\n", commonWords, "one word per line")
	common := newCommonPasswords()
	require.Len(t, common.words, len(words), "no two words count as the same")
	for _, word := range words {
		require.Equal(t, strings.ToLower(word), word)
		require.GreaterOrEqual(t, len(slices.Compact(plain(word))), 3, word)
		for _, decorated := range []string{word, word + "2026!", "1" + strings.ToUpper(word), "#" + word + word + "99"} {
			require.True(t, common.has(decorated), decorated)
		}
	}
}

func TestEveryWalkHasItsBits(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, len(keyboardWalks), 32)
	common := newCommonPasswords()
	for _, walk := range keyboardWalks {
		keys := []rune(walk)
		twice := append(slices.Clone(keys), keys...)
		require.Equal(t, len(twice), common.walk(twice), walk)
		slices.Reverse(twice)
		require.Equal(t, len(twice), common.walk(twice), walk)
	}
}

func TestRepeated(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "a": "a", "ab": "ab", "aa": "a", "aba": "aba", "abab": "ab", "ababa": "ab", "abcab": "abcab", "abcabc": "abc",
		"abcabca": "abc", "aaaa": "a", "aabaab": "aab",
	} {
		require.Equal(t, want, string(repeated([]rune(text))), text)
	}
}

func TestPasswordContains(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		chosen, email string
		want          bool
	}{
		"within":               {chosen: "correct ada battery", email: "ada@example.com", want: true},
		"in another case":      {chosen: "xxLOVELACExx", email: "Lovelace@example.com", want: true},
		"all of it":            {chosen: "lovelace", email: "lovelace@example.com", want: true},
		"the whole address":    {chosen: "ada@example.com", email: "ada@example.com", want: true},
		"not within":           {chosen: "correct horse battery", email: "ada@example.com"},
		"its domain only":      {chosen: "example.com rules", email: "ada@example.com"},
		"two characters":       {chosen: "ab cd ef gh ij kl", email: "ab@example.com"},
		"two characters, long": {chosen: "äö cd ef gh ij kl", email: "äö@example.com"},
		"composed otherwise":   {chosen: "xx zoe\u0308 xx", email: "zo\u00eb@example.com", want: true},
		"no name":              {chosen: "correct horse battery", email: "@example.com"},
		"no address":           {chosen: "lovelace", email: "lovelace"},
		"nothing":              {chosen: "", email: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, PasswordContains(c.chosen, c.email))
		})
	}
}

func BenchmarkPassword(b *testing.B) {
	check := newPasswordCheck()
	for name, password := range map[string]string{
		"phrase": "correct horse battery", "common": "P@ssw0rd2026!", "longest": randomLetters(1, maxPassword),
		"digits":    "83920174650192847",
		"not ASCII": "лошадь скобка батарея",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = check(password)
			}
		})
	}
}
