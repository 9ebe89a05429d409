package users

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/google/uuid"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"example.com/plumbline/impl/platform/format"
)

const (
	// codeStep is the time step of TOTP; codeSkew is how many steps the clock of an app may be off.
	codeStep = 30 * time.Second
	codeSkew = 1
	// secretBytes is the length of an app secret that RFC 4226, section 4, recommends.
	secretBytes = 20
	// recoveryCodes is the number of recovery codes of an account; recoveryBytes is the length of each: 80 bits.
	recoveryCodes = 10
	recoveryBytes = 10
)

// newAppKey makes the key of an authenticator app, with a new secret.
func newAppKey(email string) (*otp.Key, error) {
	return totp.Generate(totp.GenerateOpts{
		Issuer: "Plumbline", AccountName: email, Period: uint(codeStep.Seconds()), SecretSize: secretBytes,
		Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
}

// stepAt gives the time step of a time (RFC 6238, section 4).
func stepAt(t time.Time) int64 { return t.Unix() / int64(codeStep.Seconds()) }

// codeOf gives the code that an app with the secret, in base32, shows during a step.
func codeOf(secret string, step int64) (string, error) {
	counter := uint64(step) //nolint:gosec // No clock here is before 1970.
	return hotp.GenerateCodeCustom(secret, counter, hotp.ValidateOpts{
		Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
}

// stepOf finds the step that a code belongs to, within codeSkew of now. It takes constant time, whether or not the code
// matches.
func stepOf(secret, code string, now time.Time) (step int64, found bool, err error) {
	at := stepAt(now)
	for s := at - codeSkew; s <= at+codeSkew; s++ {
		want, err := codeOf(secret, s)
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, found = s, true
		}
	}
	return step, found, nil
}

const (
	// modulePixels is the width of a module of the QR code; quietModules is the width of its quiet zone (ISO/IEC 18004).
	modulePixels = 4
	quietModules = 4
)

// pictureOf draws a text as a QR code and gives the data URL of a PNG. The quiet zone is part of the picture, so that
// the code can be scanned from a dark page.
func pictureOf(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", err
	}
	modules := code.Bounds().Dx()
	side := (modules + 2*quietModules) * modulePixels
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			mx, my := x/modulePixels-quietModules, y/modulePixels-quietModules
			if mx < 0 || my < 0 || mx >= modules || my >= modules {
				continue
			}
			if level, _, _, _ := code.At(mx, my).RGBA(); level == 0 {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var file bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, picture); err != nil {
		return "", err
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(file.Bytes()), nil
}

var withoutPadding = base32.StdEncoding.WithPadding(base32.NoPadding)

// newRecoveryCodes makes random recovery codes, such as MFZW-I3LP-OBQX-E2LK.
func newRecoveryCodes() []string {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		secret := make([]byte, recoveryBytes)
		_, _ = rand.Read(secret) // Read never fails: crypto/rand ends the program instead.
		codes[i] = recoveryCodeOf(secret)
	}
	return codes
}

// recoveryCodeOf writes ten bytes as a recovery code, in base32.
func recoveryCodeOf(secret []byte) string {
	text := withoutPadding.EncodeToString(secret)
	return strings.Join([]string{text[0:4], text[4:8], text[8:12], text[12:16]}, "-")
}

// recoveryHash gives the HMAC under which a recovery code is stored. It ignores the spelling of the code, and includes
// the account so that equal codes of two accounts differ.
func (s *Service) recoveryHash(user uuid.UUID, code string) []byte {
	mac := hmac.New(sha256.New, s.recoveryKey)
	mac.Write(user[:])
	mac.Write([]byte(format.Plain("recovery-code", code)))
	return mac.Sum(nil)
}
