package frontend

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
)

// Persona is an account to log in as; SecondFactor says whether its logins require one.
type Persona struct {
	Email, Role  string
	SecondFactor bool
}

// Codes answer a second factor: the next code of the app, usable after UsableIn until ExpiresIn, and unused recovery
// codes.
type Codes struct {
	TOTP                string
	UsableIn, ExpiresIn time.Duration
	Recovery            []string
}

// name returns the local part of the address.
func (p Persona) name() string {
	name, _, _ := strings.Cut(p.Email, "@")
	return name
}

// GetPersonas lists the personas.
func (s *Service) GetPersonas(
	context.Context, devapi.GetPersonasRequestObject,
) (devapi.GetPersonasResponseObject, error) {
	answer := devapi.GetPersonas200JSONResponse{Personas: []devapi.Persona{}}
	for _, p := range s.personas {
		answer.Personas = append(answer.Personas, devapi.Persona{Name: p.name(), Email: p.Email, Role: p.Role})
	}
	return answer, nil
}

// StartPersonaSession logs in as a persona through the same operation as everybody, on behalf of the caller.
func (s *Service) StartPersonaSession(
	ctx context.Context, req devapi.StartPersonaSessionRequestObject,
) (devapi.StartPersonaSessionResponseObject, error) {
	email, err := s.emailOf(req.Persona)
	if err != nil {
		return nil, err
	}
	body := usersapi.StartSessionRequest{Email: email, Password: s.password}
	if req.Body != nil {
		body.Cookie = req.Body.Cookie
	}
	address, agent := httpapi.Client(ctx)
	inTheirName := func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-Forwarded-For", address.String())
		r.Header.Set("User-Agent", agent)
		return nil
	}
	started, err := s.users.StartSessionWithResponse(ctx, body, inTheirName)
	if err != nil {
		return nil, contract.ErrUnavailable.Because(err)
	}
	set, response := started.JSON200, started.HTTPResponse
	if started.JSON202 != nil {
		codes, err := s.codes(ctx, email)
		if err != nil {
			return nil, contract.ErrUnavailable.Because(err)
		}
		if codes.UsableIn > 0 {
			return nil, contract.ErrRateLimited.After(max(codes.UsableIn, time.Second))
		}
		answered, err := s.users.AnswerChallengeWithResponse(ctx,
			usersapi.AnswerChallengeRequest{Challenge: started.JSON202.Challenge, Totp: &codes.TOTP}, inTheirName)
		if err != nil {
			return nil, contract.ErrUnavailable.Because(err)
		}
		if p := answered.ApplicationProblemJSON403; p != nil && p.Code == usersapi.ProblemCodeInvalidCode {
			return nil, contract.ErrRateLimited.After(time.Second) // Another login has used the code.
		}
		set, response = answered.JSON200, answered.HTTPResponse
	}
	switch h := response.Header; response.StatusCode {
	case http.StatusOK:
		tokens := devapi.TokenSet{
			AccessToken: set.AccessToken, TokenType: devapi.TokenSetTokenType(set.TokenType), ExpiresIn: set.ExpiresIn,
			RefreshToken: set.RefreshToken,
		}
		headers := devapi.StartPersonaSession200ResponseHeaders{CacheControl: h.Get("Cache-Control")}
		if cookie := h.Get("Set-Cookie"); cookie != "" {
			headers.SetCookie = &cookie
		}
		return devapi.StartPersonaSession200JSONResponse{Body: tokens, Headers: headers}, nil
	case http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(h.Get("Retry-After")) // It is 0 where the field is missing.
		return nil, contract.ErrRateLimited.After(max(time.Duration(seconds)*time.Second, time.Second))
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, errPersonaDisabled
	default:
		return nil, contract.ErrUnavailable.Because(errors.New("the users service answered " + response.Status))
	}
}

// emailOf returns the address of a persona.
func (s *Service) emailOf(name string) (string, error) {
	i := slices.IndexFunc(s.personas, func(p Persona) bool { return p.name() == name })
	if i < 0 {
		return "", errPersonaNotFound
	}
	return s.personas[i].Email, nil
}

// GetPersonaSecondFactor returns the codes of a persona.
func (s *Service) GetPersonaSecondFactor(
	ctx context.Context, req devapi.GetPersonaSecondFactorRequestObject,
) (devapi.GetPersonaSecondFactorResponseObject, error) {
	email, err := s.emailOf(req.Persona)
	if err != nil {
		return nil, err
	}
	codes, err := s.codes(ctx, email)
	if err != nil {
		return nil, contract.ErrUnavailable.Because(err)
	}
	if codes.TOTP == "" {
		return nil, errPersonaNotFound
	}
	return devapi.GetPersonaSecondFactor200JSONResponse{
		Totp: codes.TOTP, UsableIn: wholeSeconds(codes.UsableIn), ExpiresIn: wholeSeconds(codes.ExpiresIn),
		RecoveryCodes: codes.Recovery,
	}, nil
}

// wholeSeconds rounds a duration of less than a day up to whole seconds.
func wholeSeconds(d time.Duration) int32 { return int32(math.Ceil(d.Seconds())) }
