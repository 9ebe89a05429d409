package token

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

const (
	badForm      refusal = "it is not three parts of canonical base64url"
	badHeader    refusal = "its header is not a JSON object of unique names"
	badParameter refusal = "its header has a parameter other than alg, typ and kid"
	badAlgorithm refusal = "its algorithm is not EdDSA"
	badType      refusal = "its type is not at+jwt"
	badKID       refusal = "its key id is missing or not a plain name"
	badClaims    refusal = "its claims are not a JSON object of unique names"
	badIssuer    refusal = "its iss is not the expected issuer"
	badAudience  refusal = "its aud does not name this service"
	badSubject   refusal = "its sub is not a canonical UUID"
	badSession   refusal = "its sid is not a canonical UUID"
	badRoles     refusal = "its roles are not an array of plain names"
	badIssuedAt  refusal = "its iat is not a whole number of seconds"
	badExpiresAt refusal = "its exp is not a whole number of seconds"
	badNotBefore refusal = "its nbf is not a whole number of seconds"
	badID        refusal = "its jti is missing or not a plain name"
)

// A compact is a token split into its parts (RFC 7515, 7.1). Only its header has been checked.
type compact struct {
	kid       string
	signed    string // header and claims as they were sent: the input of the signature
	claims    []byte
	signature []byte
}

// splitCompact splits a token and checks its header by RFC 8725, 3. The header selects one of the known keys and
// nothing else.
func splitCompact(raw string) (compact, error) {
	header, rest, _ := strings.Cut(raw, ".")
	claims, signature, _ := strings.Cut(rest, ".")

	var parts [3][]byte
	for i, part := range []string{header, claims, signature} {
		decoded, ok := decode(part)
		if !ok || len(decoded) == 0 {
			return compact{}, badForm
		}
		parts[i] = decoded
	}
	kid, err := parseHeader(parts[0])
	if err != nil {
		return compact{}, err
	}
	return compact{
		kid:       kid,
		signed:    raw[:len(header)+1+len(claims)],
		claims:    parts[1],
		signature: parts[2],
	}, nil
}

func parseHeader(data []byte) (kid string, err error) {
	header, ok := parseObject(data)
	if !ok {
		return "", badHeader
	}
	for name := range header {
		if name != "alg" && name != "typ" && name != "kid" {
			return "", badParameter
		}
	}
	if alg, ok := header.text("alg"); !ok || alg != algorithm {
		return "", badAlgorithm
	}
	// Media types ignore case, and application/ may be left out (RFC 9068, 4).
	typ, ok := header.text("typ")
	if typ = strings.ToLower(typ); !ok || typ != tokenType && typ != "application/"+tokenType {
		return "", badType
	}
	kid, ok = header.text("kid")
	if !ok || !isName(kid) {
		return "", badKID
	}
	return kid, nil
}

// A payload is a token's parsed claims, before they are checked against the clock and the configuration.
type payload struct {
	Claims
	notBefore time.Time // nbf, zero when absent
}

// parseClaims parses the claims of a token. Each is required, in the one form that a Signer writes (aud may also be a
// single string, RFC 7519, 4.1.3). Claims of other names are ignored.
func parseClaims(data []byte) (payload, error) {
	var p payload
	claims, ok := parseObject(data)
	if !ok {
		return p, badClaims
	}
	if p.Issuer, ok = claims.text("iss"); !ok {
		return p, badIssuer
	}
	if p.Audience, ok = claims.audience(); !ok {
		return p, badAudience
	}
	if p.Subject, ok = claims.uuid("sub"); !ok {
		return p, badSubject
	}
	if p.SessionID, ok = claims.uuid("sid"); !ok {
		return p, badSession
	}
	if p.Roles, ok = claims.texts("roles"); !ok || !allNames(p.Roles) {
		return p, badRoles
	}
	if p.IssuedAt, ok = claims.seconds("iat"); !ok {
		return p, badIssuedAt
	}
	if p.ExpiresAt, ok = claims.seconds("exp"); !ok {
		return p, badExpiresAt
	}
	if _, present := claims["nbf"]; present {
		if p.notBefore, ok = claims.seconds("nbf"); !ok {
			return p, badNotBefore
		}
	}
	if p.ID, ok = claims.text("jti"); !ok || !isName(p.ID) {
		return p, badID
	}
	return p, nil
}

// An object is a JSON object whose values are not parsed yet.
type object map[string]json.RawMessage

// parseObject parses exactly one JSON object (RFC 8259) in UTF-8 with nothing after it. Unlike encoding/json it
// refuses a duplicate name: of two values for one name, one reader may check the first and another use the second (RFC
// 8725, 2.4; RFC 7519, 4).
func parseObject(data []byte) (object, bool) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, false
	}
	members := make(object)
	for decoder.More() {
		token, err := decoder.Token()
		name, isText := token.(string)
		if err != nil || !isText {
			return nil, false
		}
		if _, twice := members[name]; twice {
			return nil, false
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, false
		}
		members[name] = value
	}
	return members, true
}

// text parses a string; it reports false for null and an absent name.
func (o object) text(name string) (string, bool) {
	raw := o[name]
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var s string
	return s, json.Unmarshal(raw, &s) == nil
}

// texts parses an array of non-empty strings.
func (o object) texts(name string) ([]string, bool) {
	raw := o[name]
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	var list []string
	// encoding/json reads null as an empty string.
	if json.Unmarshal(raw, &list) != nil || slices.Contains(list, "") {
		return nil, false
	}
	// The list is clipped because all verifications of a token share its claims, and an append must not write into
	// them.
	return slices.Clip(list), true
}

func (o object) audience() ([]string, bool) {
	if single, ok := o.text("aud"); ok {
		return []string{single}, true
	}
	return o.texts("aud")
}

// uuid parses a UUID in the form of RFC 9562, 4: lower case with hyphens, and not the nil UUID.
func (o object) uuid(name string) (uuid.UUID, bool) {
	s, ok := o.text(name)
	if !ok {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(s)
	return id, err == nil && id != uuid.Nil && id.String() == s
}

// seconds parses a NumericDate (RFC 7519, 2) in whole seconds: at most eleven digits, which last until the year 5138.
func (o object) seconds(name string) (time.Time, bool) {
	raw := o[name]
	if len(raw) == 0 || len(raw) > 11 {
		return time.Time{}, false
	}
	for _, c := range raw {
		if c < '0' || c > '9' {
			return time.Time{}, false
		}
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return time.Unix(n, 0).UTC(), err == nil
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// decode parses base64url without padding (RFC 7515, 2) in its only canonical form: encoding/base64 ignores line
// breaks and, unless strict, bits that belong to no byte.
func decode(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return data, err == nil
}
