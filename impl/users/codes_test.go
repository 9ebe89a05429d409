package users

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"
)

func TestCodesAreThoseOfRFC6238(t *testing.T) {
	t.Parallel()
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{ // appendix B; six of its eight digits
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
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
	for _, email := range []string{"a@b.example", ada, strings.Repeat("a", 64) + "@" + strings.Repeat("a.", 92) + "example"} {
		key, err := newAppKey(email)
		require.NoError(t, err)
		picture, err := pictureOf(key.URL())
		require.NoError(t, err)
		require.Equal(t, key.URL(), scanned(t, picture))
		require.Less(t, len(picture), 16384, "as the document says")
	}
}
