package users

import (
	"context"
	"fmt"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/settings"
)

// Persona is an account of the development binary.
type Persona struct {
	Email, Name string
	Roles       []usersapi.Role
}

// Personas are one account for every role, and a second customer.
func Personas() []Persona {
	return []Persona{
		{"customer@plumbline.test", "Customer", []usersapi.Role{usersapi.RoleCustomer}},
		{"customer2@plumbline.test", "Second customer", []usersapi.Role{usersapi.RoleCustomer}},
		{"support@plumbline.test", "Support", []usersapi.Role{usersapi.RoleSupport}},
		{"staff@plumbline.test", "Staff", []usersapi.Role{usersapi.RoleStaff}},
		{"payments@plumbline.test", "Payments", []usersapi.Role{usersapi.RolePayments}},
		{"admin@plumbline.test", "Administrator", []usersapi.Role{usersapi.RoleAdmin}},
	}
}

// Seed opens the personas' accounts, or gives them the password if they are there. Only the development binary calls
// it; environ is that of Run.
func Seed(ctx context.Context, environ []string, password string) error {
	c, err := settings.Load(settings.Source{Prefix: settingsPrefix, Environ: environ, Getenv: getenv(environ), Others: everySetting()}, defaultServe())
	if err != nil {
		return err
	}
	service, pool, err := offline(ctx, c.databaseSettings, c.keySettings)
	if err != nil {
		return err
	}
	defer pool.Close()
	hash, err := service.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	for _, p := range Personas() {
		if err := service.seed(ctx, p, hash); err != nil {
			return fmt.Errorf("persona %s: %w", p.Email, err)
		}
	}
	return nil
}

func (s *Service) seed(ctx context.Context, p Persona, hash string) error {
	user, err := s.queries.GetUserByEmail(ctx, p.Email)
	if postgres.IsNoRows(err) {
		_, err := s.queries.CreateUser(ctx, usersdb.CreateUserParams{
			ID: newID(), Email: p.Email, Name: p.Name, PasswordHash: hash, Roles: toDBRoles(p.Roles), CreatedAt: s.clock(),
		})
		return err
	}
	if err != nil {
		return err
	}
	_, err = s.queries.ChangePassword(ctx, usersdb.ChangePasswordParams{
		ID: user.ID, PasswordHash: hash, PreviousHash: user.PasswordHash, UpdatedAt: s.clock(),
	})
	return err
}
