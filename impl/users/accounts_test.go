package users

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
)

func TestCreateUserV2(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	got, err := ada.GetUserV2WithResponse(t.Context(), ada.user.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
	require.Equal(t, "ada@example.com", got.JSON200.Email)

	again, err := s.CreateUserV2WithResponse(t.Context(), usersapi.CreateUserV2Request{Email: "ADA@example.com", Name: "Ada", Password: goodPassword})
	require.NoError(t, err)
	require.Equal(t, http.StatusConflict, again.StatusCode())
	require.Equal(t, usersapi.ProblemCodeEmailTaken, codeIn(t, again.Body))
}
