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
	users := newProgram()
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
	for i, p := range all {
		if all[i].ID, err = s.seed(ctx, p, hash); err != nil {
			return nil, fmt.Errorf("persona %s: %w", p.Email, err)
		}
	}
	return all, nil
}

func (s *Service) seed(ctx context.Context, p Persona, hash string) (uuid.UUID, error) {
	user, err := s.queries.GetUserByEmail(ctx, p.Email)
	if postgres.IsNoRows(err) {
		user, err = s.queries.CreateUser(ctx, usersdb.CreateUserParams{
			ID: newID(), Email: p.Email, Name: p.Name, PasswordHash: hash, Roles: []string{string(p.Role)}, CreatedAt: s.clock(),
		})
		return user.ID, err
	}
	if err != nil {
		return uuid.Nil, err
	}
	_, err = s.queries.ChangePassword(ctx, usersdb.ChangePasswordParams{
		ID: user.ID, PasswordHash: hash, PreviousHash: user.PasswordHash, UpdatedAt: s.clock(),
	})
	return user.ID, err
}
