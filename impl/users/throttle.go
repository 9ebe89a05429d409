package users

import (
	"context"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
)

// An account may have codesOfAccount wrong codes in codesWindow, over all challenges and networks. Beyond that, each
// network that is not one of its known networks may have codesUnfamiliar.
const (
	codesOfAccount  = 30
	codesUnfamiliar = 3
	codesWindow     = 24 * time.Hour
)

// spendCode counts a code as wrong before the code is checked. It does what x-throttle does elsewhere: x-throttle
// cannot count codes, because only the challenge tells whose they are.
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

// spendMail counts a mail of one kind that an account causes: its receiver may not have asked for it.
func (s *Service) spendMail(ctx context.Context, tx tx, about string, user uuid.UUID) error {
	return s.spendMails(ctx, tx, about+"\n"+httpapi.AccountOf(user))
}

// spendMailTo counts a mail against the address that an account wants, too: anybody can open many accounts.
func (s *Service) spendMailTo(ctx context.Context, tx tx, address string) error {
	return s.spendMails(ctx, tx, mailChange+"\n"+httpapi.AccountNamed("email", address))
}

// spendMails counts a mail against each name in of, or against none if one of them has reached its limit.
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

// rateLimited gives the refusal of a try, with the time until the next one is allowed.
func rateLimited(decision httpapi.Decision, now time.Time) error {
	wait := time.Second
	for _, c := range decision.Counts {
		wait = max(wait, c.TAT.Sub(now)+c.EmissionInterval()-c.Window)
	}
	return contract.ErrRateLimited.After(wait)
}

// forgetNetworks removes the known networks of an account: somebody else may have logged in from each of them.
func (s *Service) forgetNetworks(ctx context.Context, tx tx, email string, id uuid.UUID) error {
	return s.throttle.In(tx.db).Forget(ctx, httpapi.AccountNamed("email", email), httpapi.AccountOf(id))
}

// rememberNetwork makes the network of a login with a second factor a known network. For a login with a password alone
// the chain does so.
func (s *Service) rememberNetwork(ctx context.Context, tx tx, user usersdb.User) error {
	network := httpapi.ClientNetwork(ctx)
	return s.throttle.In(tx.db).RememberNetworks(ctx, s.clock(),
		httpapi.KnownNetwork{Account: httpapi.AccountNamed("email", user.Email), Network: network},
		httpapi.KnownNetwork{Account: httpapi.AccountOf(user.ID), Network: network})
}
