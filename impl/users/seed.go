package users

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/settings"
)

// personas are an account for every role, a second customer, and a customer with a second factor.
func personas() []program.Persona {
	return []program.Persona{
		{Email: "customer@plumbline.test", Name: "Customer", Role: string(usersapi.RoleCustomer)},
		{Email: "customer2@plumbline.test", Name: "Second customer", Role: string(usersapi.RoleCustomer)},
		{Email: "support@plumbline.test", Name: "Support", Role: string(usersapi.RoleSupport)},
		{Email: "staff@plumbline.test", Name: "Staff", Role: string(usersapi.RoleStaff)},
		{Email: "payments@plumbline.test", Name: "Payments", Role: string(usersapi.RolePayments)},
		{Email: "admin@plumbline.test", Name: "Administrator", Role: string(usersapi.RoleAdmin)},
		{
			Email: "secure@plumbline.test", Name: "Customer with a second factor", Role: string(usersapi.RoleCustomer),
			SecondFactor: true,
		},
	}
}

// Seed opens the personas' accounts, or gives them the password of the cast if they are there, and adds them to the
// cast. With anew it removes every other account first and makes these what they were on the first day: they keep their
// ids and their sessions.
func Seed(ctx context.Context, environ []string, cast *program.Cast, anew bool) error {
	users := Program()
	c, err := settings.Load(users.Source(nil, environ), defaultServe())
	if err != nil {
		return err
	}
	s, pool, err := offline(ctx, users, c.Keyed, c.hashSettings)
	if err != nil {
		return err
	}
	defer pool.Close()
	hash, err := s.hasher.Hash(ctx, cast.Password)
	if err != nil {
		return err
	}
	all := personas()
	var addresses []string
	for _, p := range all {
		addresses = append(addresses, p.Email)
	}
	err = s.inTx(ctx, func(tx tx) error {
		seed := s.seedPersona
		if anew {
			seed = s.restorePersona
			if err := tx.DeleteUsersBut(ctx, addresses); err != nil {
				return err
			}
		}
		for i, p := range all {
			if all[i].ID, err = seed(ctx, tx, p, hash); err != nil {
				return fmt.Errorf("persona %s: %w", p.Email, err)
			}
			if err := s.setPersonaFactor(ctx, tx, all[i], anew); err != nil {
				return fmt.Errorf("second factor of persona %s: %w", p.Email, err)
			}
		}
		return nil
	})
	if err == nil {
		cast.Personas = all
	}
	return err
}

func (s *Service) seedPersona(
	ctx context.Context, q usersdb.Querier, p program.Persona, hash string,
) (uuid.UUID, error) {
	user, err := q.GetUserByEmail(ctx, p.Email)
	if postgres.IsNoRows(err) {
		return s.createPersona(ctx, q, p, hash)
	}
	if err != nil {
		return uuid.Nil, err
	}
	_, err = q.ChangePassword(ctx, usersdb.ChangePasswordParams{
		ID: user.ID, PasswordHash: hash, PreviousHash: user.PasswordHash, UpdatedAt: s.clock(),
	})
	return user.ID, err
}

func (s *Service) restorePersona(
	ctx context.Context, q usersdb.Querier, p program.Persona, hash string,
) (uuid.UUID, error) {
	user, err := q.RestoreUser(ctx, usersdb.RestoreUserParams{
		Email: p.Email, Name: p.Name, PasswordHash: hash, Roles: []string{p.Role}, UpdatedAt: s.clock(),
	})
	if postgres.IsNoRows(err) {
		return s.createPersona(ctx, q, p, hash)
	}
	return user.ID, err
}

func (s *Service) createPersona(
	ctx context.Context, q usersdb.Querier, p program.Persona, hash string,
) (uuid.UUID, error) {
	now := s.clock()
	user, err := q.CreateUser(ctx, usersdb.CreateUserParams{
		ID: newID(), Email: p.Email, Name: p.Name, PasswordHash: hash, Roles: []string{p.Role}, EmailVerifiedAt: &now,
		CreatedAt: now,
	})
	return user.ID, err
}

// setPersonaFactor gives a persona the second factor of the first day, or removes one that it has got since. Without
// anew it leaves an existing factor as it is.
func (s *Service) setPersonaFactor(ctx context.Context, q usersdb.Querier, p program.Persona, anew bool) error {
	user, err := q.GetUser(ctx, p.ID)
	if err != nil || !anew && (!p.SecondFactor || user.SecondFactorAt != nil) {
		return err
	}
	now := s.clock()
	if _, err := q.DisableSecondFactor(ctx, usersdb.DisableSecondFactorParams{ID: p.ID, Now: now}); err != nil {
		return err
	}
	if err := q.DeleteSecondFactor(ctx, p.ID); err != nil || !p.SecondFactor {
		return err
	}
	secret := withoutPadding.EncodeToString(s.personaSecret(p.Email, 0)[:secretBytes])
	if _, err := q.EnrolSecondFactor(ctx, usersdb.EnrolSecondFactorParams{
		UserID: p.ID, Secret: s.appSecrets.Seal([]byte(secret), appSecretOf(p.ID)), Now: now,
	}); err != nil {
		return err
	}
	if _, err := q.EnableSecondFactor(ctx, usersdb.EnableSecondFactorParams{ID: p.ID, Now: now}); err != nil {
		return err
	}
	return s.keepRecoveryCodes(ctx, q, p.ID, s.personaRecoveryCodes(p.Email))
}

// personaSecret computes a secret of a persona from the master key, so that an authenticator app still works after a
// reset.
func (s *Service) personaSecret(email string, number byte) []byte {
	mac := hmac.New(sha256.New, s.recoveryKey)
	mac.Write([]byte("persona " + email))
	mac.Write([]byte{number})
	return mac.Sum(nil)
}

func (s *Service) personaRecoveryCodes(email string) []string {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = recoveryCodeOf(s.personaSecret(email, byte(i+1))[:recoveryBytes])
	}
	return codes
}

// Codes are valid codes of an account's second factor.
type Codes struct {
	// TOTP is the next unused code; it is accepted after UsableIn and until ExpiresIn.
	TOTP                string
	UsableIn, ExpiresIn time.Duration
	// Recovery are the unused recovery codes of the first day.
	Recovery []string
}

// CodesOf gives the codes of a persona's second factor; TOTP is empty without one. Only the development binary calls
// it; environ is that of Run.
func CodesOf(ctx context.Context, environ []string, email string, now time.Time) (Codes, error) {
	users := Program()
	c, err := settings.Load(users.Source(nil, environ), defaultServe())
	if err != nil {
		return Codes{}, err
	}
	s, pool, err := offline(ctx, users, c.Keyed, c.hashSettings)
	if err != nil {
		return Codes{}, err
	}
	defer pool.Close()
	user, err := s.queries.GetUserByEmail(ctx, email)
	if postgres.IsNoRows(err) || err == nil && user.SecondFactorAt == nil {
		return Codes{}, nil
	}
	if err != nil {
		return Codes{}, err
	}
	var codes Codes
	err = s.inTx(ctx, func(tx tx) error {
		factor, err := tx.LockSecondFactor(ctx, user.ID)
		if err != nil {
			return err
		}
		secret, err := s.appSecrets.Open(factor.Secret, appSecretOf(user.ID))
		if err != nil {
			return err
		}
		step := max(factor.LastStep+1, stepAt(now))
		if codes.TOTP, err = codeOf(string(secret), step); err != nil {
			return err
		}
		begins := time.Unix(step*int64(codeStep.Seconds()), 0)
		codes.UsableIn = max(0, begins.Add(-codeSkew*codeStep).Sub(now))
		codes.ExpiresIn = begins.Add((codeSkew + 1) * codeStep).Sub(now)
		kept, err := tx.ListRecoveryCodes(ctx, user.ID)
		codes.Recovery = []string{}
		for _, code := range s.personaRecoveryCodes(email) {
			if slices.ContainsFunc(kept, func(hash []byte) bool { return bytes.Equal(hash, s.recoveryHash(user.ID, code)) }) {
				codes.Recovery = append(codes.Recovery, code)
			}
		}
		return err
	})
	return codes, err
}
