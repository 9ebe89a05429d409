package dev

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/httpapi"
)

// Persona is an account to log in as.
type Persona struct{ Email, Role string }

// name is the first part of the address.
func (p Persona) name() string {
	name, _, _ := strings.Cut(p.Email, "@")
	return name
}

// GetPersonas tells who can be logged in as.
func (s *Service) GetPersonas(context.Context, devapi.GetPersonasRequestObject) (devapi.GetPersonasResponseObject, error) {
	answer := devapi.GetPersonas200JSONResponse{Personas: []devapi.Persona{}}
	for _, p := range s.personas {
		answer.Personas = append(answer.Personas, devapi.Persona{Name: p.name(), Email: p.Email, Role: p.Role})
	}
	return answer, nil
}

// StartPersonaSession logs in as a persona, through the operation that everybody logs in through, in the name of whoever asks.
func (s *Service) StartPersonaSession(ctx context.Context, req devapi.StartPersonaSessionRequestObject) (devapi.StartPersonaSessionResponseObject, error) {
	i := slices.IndexFunc(s.personas, func(p Persona) bool { return p.name() == req.Persona })
	if i < 0 {
		return nil, errPersonaNotFound
	}
	body := usersapi.StartSessionRequest{Email: s.personas[i].Email, Password: s.password}
	if req.Body != nil {
		body.Cookie = req.Body.Cookie
	}
	address, agent := httpapi.Client(ctx)
	answer, err := s.users.StartSessionWithResponse(ctx, body, func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-Forwarded-For", address.String())
		r.Header.Set("User-Agent", agent)
		return nil
	})
	if err != nil {
		return nil, httpapi.ErrUnavailable.Because(err)
	}
	switch h := answer.HTTPResponse.Header; answer.StatusCode() {
	case http.StatusOK:
		set := answer.JSON200
		tokens := devapi.TokenSet{
			AccessToken: set.AccessToken, TokenType: devapi.TokenSetTokenType(set.TokenType), ExpiresIn: set.ExpiresIn, RefreshToken: set.RefreshToken,
		}
		headers := devapi.StartPersonaSession200ResponseHeaders{CacheControl: h.Get("Cache-Control")}
		if cookie := h.Get("Set-Cookie"); cookie != "" {
			headers.SetCookie = &cookie
		}
		return devapi.StartPersonaSession200JSONResponse{Body: tokens, Headers: headers}, nil
	case http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(h.Get("Retry-After")) // Without a figure it is at least one second.
		return nil, httpapi.ErrRateLimited.After(max(time.Duration(seconds)*time.Second, time.Second))
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, errPersonaDisabled
	default:
		return nil, httpapi.ErrUnavailable.Because(errors.New("the users service answered " + answer.Status()))
	}
}
