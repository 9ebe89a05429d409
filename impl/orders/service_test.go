package orders

import (
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/tokentest"
	"example.com/plumbline/openapi"
)

func TestRepeatedRequests(t *testing.T) {
	t.Parallel()
	contracttest.RepeatedRequestsAreAnsweredOnce(t, underTest(t))
}

func TestContractForgedTokens(t *testing.T) {
	t.Parallel()
	s := start(t)
	now := s.Clock.Now()
	keys := make([]token.PrivateKey, 2)
	for i := range keys {
		var err error
		keys[i], err = token.NewPrivateKey(rand.Reader, now)
		require.NoError(t, err)
	}
	require.NoError(t, s.signer.SetKeys(keys))
	contracttest.ForgedTokensAreRefused(t, underTest(t), s.Server, tokentest.Options{
		Claims: token.Claims{
			Issuer: issuer, Audience: []string{serviceName}, Subject: uuid.New(), SessionID: uuid.New(),
			Roles: underTest(t).Roles, IssuedAt: now, ExpiresAt: now.Add(5 * time.Minute), ID: "forged",
		},
		Issuer: issuer, Audience: serviceName, Key: keys[1], OtherKey: keys[0], Now: now,
	})
}

// The chain commits the effect of a request with a key together with its stored answer. An effect that was committed by
// itself could happen again when the request is repeated.
func TestAnEffectWithAKeyIsNotCommittedByItself(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, attempt, err := s.service.Keeper.Begin(t.Context(),
		httpapi.KeyedRequest{Principal: uuid.New(), Operation: "createOrder", Key: "k"})
	require.NoError(t, err)
	defer attempt.End(t.Context())
	// Of another customer each time: the chain's transaction keeps its lock until the attempt ends.
	effect := func(tx tx) error { return tx.LockCustomer(t.Context(), uuid.NewString()) }
	require.ErrorContains(t, s.service.inTx(attempt.Context(t.Context()), effect), "put it in inKeyedTx")
	require.NoError(t, s.service.inKeyedTx(attempt.Context(t.Context()), effect))
	require.NoError(t, s.service.inTx(t.Context(), effect))
}

func TestDocumentIsServed(t *testing.T) {
	t.Parallel()
	s := start(t)
	answer, body := s.Do(t, contracttest.Request{Method: http.MethodGet, Target: "/openapi/orders.yaml"})
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, string(openapi.Document("orders")), body, "as it was written")
}

// The schema differs from that of a new resource server only in the numbers of what was made before there were parts.
func TestSchemaIsThatOfAResourceServer(t *testing.T) {
	t.Parallel()
	names := func(parts []postgres.Part) (names []string) {
		for _, part := range parts {
			names = append(names, part.Name())
		}
		return names
	}
	require.Equal(t, names(resource.Schema(schema.Migrations).Parts), names(schema.Parts))
}
