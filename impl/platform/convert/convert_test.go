package convert_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/oapi-codegen/nullable"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/convert"
)

type role string

func TestAll(t *testing.T) {
	t.Parallel()
	require.Equal(t, []role{"staff", "admin"}, convert.All[role]([]string{"staff", "admin"}))
	none, err := json.Marshal(convert.All[role]([]string(nil)))
	require.NoError(t, err)
	require.Equal(t, "[]", string(none))
}

func TestUTC(t *testing.T) {
	t.Parallel()
	require.Nil(t, convert.UTC(nil))
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	require.Equal(t, "2026-03-01T11:00:00Z", convert.UTC(&at).Format(time.RFC3339))
	require.Equal(t, "CET", at.Location().String(), "the time that is given stays as it is")
}

func TestNull(t *testing.T) {
	t.Parallel()
	text := "here"
	require.Equal(t, &text, convert.OrNil(convert.OrNull(&text)))
	require.True(t, convert.OrNull[string](nil).IsNull())
	require.Nil(t, convert.OrNil(convert.OrNull[string](nil)))
	require.Nil(t, convert.OrNil(nullable.Nullable[string]{}), "what was not sent")
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for ifMatch, want := range map[string][]int64{
		`"1"`: {1}, `"1", "22"`: {1, 22}, `W/"1"`: nil, `"01", "+1", "x", ""`: nil,
		convert.ETag(9007199254740991): {9007199254740991},
	} {
		versions, anyVersion := convert.Versions(ifMatch)
		require.Equal(t, want, versions, ifMatch)
		require.False(t, anyVersion, ifMatch)
	}
	_, anyVersion := convert.Versions("*")
	require.True(t, anyVersion)
}
