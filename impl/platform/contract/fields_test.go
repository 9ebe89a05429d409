package contract

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEntityTags(t *testing.T) {
	t.Parallel()
	strong := func(opaque ...string) (tags []entityTag) {
		for _, o := range opaque {
			tags = append(tags, entityTag{opaque: o})
		}
		return tags
	}
	for text, want := range map[string][]entityTag{
		`"1"`: strong(`"1"`), `*`: strong("*"), ` * `: strong("*"), `"1","2"`: strong(`"1"`, `"2"`),
		`"1" , "2"`: strong(`"1"`, `"2"`), "\t\"1\",\t\"2\"": strong(`"1"`, `"2"`),
		`,, "1",, "2",`: strong(`"1"`, `"2"`), `""`: strong(`""`), `"a,b"`: strong(`"a,b"`), `"\"`: strong(`"\"`),
		`"*"`: strong(`"*"`), `"é"`: strong(`"é"`),
		`W/"1"`: {{`"1"`, true}}, `W/"1", "1"`: {{`"1"`, true}, {`"1"`, false}},
	} {
		got, ok := entityTags([]string{text})
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	got, ok := entityTags([]string{`"1"`, `W/"2", "3"`})
	require.True(t, ok, "in several lines")
	require.Len(t, got, 3)
	for _, bad := range []string{"", " ", ",", "1", `"1`, `1"`, `"1""2"`, `"1" "2"`, `"1";"2"`, `w/"1"`, `W/ "1"`,
		`W/1`, `*, "1"`, `"1", *`, `**`, `"a b"`, `'1'`} {
		_, ok := entityTags([]string{bad})
		require.False(t, ok, bad)
	}
	tags, anyTag := ParseIfMatch(`"1", W/"2", "3"`)
	require.Equal(t, []string{`"1"`, `"3"`}, tags, "a weak tag is no version")
	require.False(t, anyTag)
	_, anyTag = ParseIfMatch("*")
	require.True(t, anyTag)
}
