package users

import (
	"context"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
)

// An account takes codesOfAccount wrong codes in codesWindow, over all challenges and networks; from then on each
// network that is none of its known ones has codesUnfamiliar.
const (
	codesOfAccount  = 30
	codesUnfamiliar = 3
	codesWindow     = 24 * time.Hour
)

// spendCode counts a code as wrong before it is looked at. It counts as x-throttle would, which cannot tell whose code
// it is: only the challenge does.
func (s *Service) spendCode(ctx context.Context, user uuid.UUID) (httpapi.Decision, error) {
	now := s.clock().Truncate(time.Microsecond)
	account := httpapi.AccountOf(user)
	of := func(limit string, failures int, of string) *httpapi.Count {
		return &httpapi.Count{Limit: limit, Failures: failures, Window: codesWindow, Of: "codes\n" + of}
	}
	decision, err := s.throttle.Spend(ctx, httpapi.Try{
		Now: now, Account: of("account", codesOfAccount, account),
		Unfamiliar: of("unfamiliar", codesUnfamiliar, account+"\n"+httpapi.ClientSite(ctx)),
		Network:    httpapi.KnownNetwork{Account: account, Network: httpapi.ClientNetwork(ctx)},
	})
	if err != nil || !decision.Refused {
		return decision, err
	}
	return decision, rateLimited(decision, now)
}

// spendMail counts a mail about something that an account causes: whoever reads it may have asked for none.
func (s *Service) spendMail(ctx context.Context, tx tx, about string, user uuid.UUID) error {
	return s.spendMails(ctx, tx, about+"\n"+httpapi.AccountOf(user))
}

// spendMailTo counts a mail to an address that an account wants for the address as well, because accounts are free.
func (s *Service) spendMailTo(ctx context.Context, tx tx, address string) error {
	return s.spendMails(ctx, tx, mailChange+"\n"+httpapi.AccountNamed("email", address))
}

// spendMails counts a mail for each of some things, unless it is too many for one of them.
func (s *Service) spendMails(ctx context.Context, tx tx, of ...string) error {
	try := httpapi.Try{Now: s.clock().Truncate(time.Microsecond)}
	for _, thing := range of {
		try.Own = append(try.Own,
			httpapi.Count{Limit: "account", Failures: mostMails, Window: mailsCounted, Of: "mails\n" + thing})
	}
	decision, err := s.throttle.In(tx.db).Spend(ctx, try)
	if err != nil || !decision.Refused {
		return err
	}
	return rateLimited(decision, try.Now)
}

// rateLimited is the refusal of a try, with when the next one may be made.
func rateLimited(decision httpapi.Decision, now time.Time) error {
	wait := time.Second
	for _, c := range decision.Counts {
		wait = max(wait, c.TAT.Sub(now)+c.EmissionInterval()-c.Window)
	}
	return contract.ErrRateLimited.After(wait)
}

// forgetNetworks leaves an account no known network: somebody else may have been in each of them.
func (s *Service) forgetNetworks(ctx context.Context, tx tx, email string, id uuid.UUID) error {
	return s.throttle.In(tx.db).Forget(ctx, httpapi.AccountNamed("email", email), httpapi.AccountOf(id))
}

// rememberNetwork makes the network of a login that was not over with the password a known one, as the chain does of
// one that was.
func (s *Service) rememberNetwork(ctx context.Context, tx tx, user usersdb.User) error {
	network := httpapi.ClientNetwork(ctx)
	return s.throttle.In(tx.db).Welcome(ctx, s.clock(),
		httpapi.KnownNetwork{Account: httpapi.AccountNamed("email", user.Email), Network: network},
		httpapi.KnownNetwork{Account: httpapi.AccountOf(user.ID), Network: network})
}
