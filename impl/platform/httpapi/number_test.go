package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Numbers arrive as they were written, to the last digit that the type of the handler holds.
func TestNumbersArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for member, want := range map[string]string{
		`"count":1.0`:                        `"count":1`,
		`"count":1e3`:                        `"count":1000`,
		`"count":12345678901234.50e1`:        `"count":123456789012345`,
		`"count":9007199254740991.0`:         `"count":9007199254740991`,
		`"big":9223372036854775807`:          `"big":9223372036854775807`,
		`"big":922337203685477580.7e1`:       `"big":9223372036854775807`,
		`"big":-9223372036854775808.00`:      `"big":-9223372036854775808`,
		`"tenth":0.3`:                        `"tenth":0.3`,
		`"tenth":3e-1`:                       `"tenth":0.3`,
		`"ratio":10.500000000000000000000`:   `"ratio":10.5`,
		`"ratio":-0`:                         `"ratio":0`,
		`"level":1.0`:                        `"level":1`,
		`"tenth":` + strings.Repeat("1", 20): `"tenth":11111111111111110000`,
	} {
		w := s.send(t, http.MethodPost, "/echo", `{"name":"ab",`+member+`}`)
		require.Equal(t, http.StatusOK, w.Code, member+w.Body.String())
		var answer struct{ Said string }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		require.Contains(t, answer.Said, want, member)
	}
}
