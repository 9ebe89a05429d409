package users

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/settings"
)

// Persona is an account of the development binary.
type Persona struct {
	ID          uuid.UUID
	Email, Name string
	Role        usersapi.Role
}

// personas are one account for every role, and a second customer.
func personas() []Persona {
	return []Persona{
		{Email: "customer@plumbline.test", Name: "Customer", Role: usersapi.RoleCustomer},
		{Email: "customer2@plumbline.test", Name: "Second customer", Role: usersapi.RoleCustomer},
		{Email: "support@plumbline.test", Name: "Support", Role: usersapi.RoleSupport},
		{Email: "staff@plumbline.test", Name: "Staff", Role: usersapi.RoleStaff},
		{Email: "payments@plumbline.test", Name: "Payments", Role: usersapi.RolePayments},
		{Email: "admin@plumbline.test", Name: "Administrator", Role: usersapi.RoleAdmin},
	}
}

// Seed opens the personas' accounts, or gives them the password if they are there, and tells who they are. Only the
// development binary calls it; environ is that of Run.
func Seed(ctx context.Context, environ []string, password string) ([]Persona, error) {
	return withPersonas(ctx, environ, password, false)
}

// Reset removes every account but the personas', makes these what they were on the first day and tells who they are. They
// keep their ids and their sessions. Only the development binary calls it; environ is that of Run.
func Reset(ctx context.Context, environ []string, password string) ([]Persona, error) {
	return withPersonas(ctx, environ, password, true)
}

// withPersonas brings all personas about in one transaction: as they are, or anew and alone.
func withPersonas(ctx context.Context, environ []string, password string, anew bool) ([]Persona, error) {
	users := newProgram(nil)
	c, err := settings.Load(users.Source(nil, environ), defaultServe())
	if err != nil {
		return nil, err
	}
	s, pool, err := offline(ctx, users, c.Database, c.keySettings)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	all := personas()
	var addresses []string
	for _, p := range all {
		addresses = append(addresses, p.Email)
	}
	return all, s.inTx(ctx, func(q usersdb.Querier) error {
		bring := s.seed
		if anew {
			bring = s.restore
			if err := q.DeleteUsersBut(ctx, addresses); err != nil {
				return err
			}
		}
		for i, p := range all {
			if all[i].ID, err = bring(ctx, q, p, hash); err != nil {
				return fmt.Errorf("persona %s: %w", p.Email, err)
			}
		}
		return nil
	})
}

func (s *Service) seed(ctx context.Context, q usersdb.Querier, p Persona, hash string) (uuid.UUID, error) {
	user, err := q.GetUserByEmail(ctx, p.Email)
	if postgres.IsNoRows(err) {
		return s.open(ctx, q, p, hash)
	}
	if err != nil {
		return uuid.Nil, err
	}
	_, err = q.ChangePassword(ctx, usersdb.ChangePasswordParams{
		ID: user.ID, PasswordHash: hash, PreviousHash: user.PasswordHash, UpdatedAt: s.clock(),
	})
	return user.ID, err
}

func (s *Service) restore(ctx context.Context, q usersdb.Querier, p Persona, hash string) (uuid.UUID, error) {
	user, err := q.RestoreUser(ctx, usersdb.RestoreUserParams{
		Email: p.Email, Name: p.Name, PasswordHash: hash, Roles: []string{string(p.Role)}, UpdatedAt: s.clock(),
	})
	if postgres.IsNoRows(err) {
		return s.open(ctx, q, p, hash)
	}
	return user.ID, err
}

func (s *Service) open(ctx context.Context, q usersdb.Querier, p Persona, hash string) (uuid.UUID, error) {
	now := s.clock()
	user, err := q.CreateUser(ctx, usersdb.CreateUserParams{
		ID: newID(), Email: p.Email, Name: p.Name, PasswordHash: hash, Roles: []string{string(p.Role)}, EmailVerifiedAt: &now, CreatedAt: now,
	})
	return user.ID, err
}
