package program

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/settings"
)

// Service is what the development binary knows of a service. gen/services lists them all.
type Service struct {
	Program Program
	// Described loads its document, with the faults that are its own.
	Described func() (contract.Contract, error)
	// Seed fills its database.
	Seed Seed
}

// Seed fills the database of a service with what is there on the first day of development. It changes nothing where
// something is there already, unless anew removes that first, in the same transaction. The service that has the
// accounts comes first and adds the personas to the cast; the others read who there is. environ is that of Run.
type Seed func(ctx context.Context, environ []string, cast *Cast, anew bool) error

// Cast is who there is in development.
type Cast struct {
	// Password is that of every persona.
	Password string
	Personas []Persona
}

// Persona is an account of the development binary.
type Persona struct {
	ID                uuid.UUID
	Email, Name, Role string
	// SecondFactor is whether its logins take a second factor.
	SecondFactor bool
}

// Customers are the personas that buy: those of the role customer whose logins take no second factor.
func (c *Cast) Customers() []uuid.UUID {
	var ids []uuid.UUID
	for _, p := range c.Personas {
		if p.Role == "customer" && !p.SecondFactor {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// Fill opens the database with the settings of environ and fills it in one transaction.
func (p Program) Fill(ctx context.Context, environ []string, fill func(pgx.Tx) error) error {
	c, err := settings.Load(p.Source(nil, environ), Keyed{Database: DefaultDatabase()})
	if err != nil {
		return err
	}
	pool, err := p.Open(ctx, c, 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	return postgres.InTx(ctx, pool, fill)
}

// Takes says whether a command of the program has a setting of this name, such as users_url.
func (p Program) Takes(setting string) bool {
	return slices.ContainsFunc(p.Commands, func(c Command) bool { return slices.Contains(c.settings, setting) })
}
