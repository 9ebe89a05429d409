package users

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
)

const (
	// familiarFor is how long a network stays one that the owner of an account uses, after a login from there.
	familiarFor = 30 * 24 * time.Hour
	// mostFamiliar is how many of them an account has at most: those that were used last.
	mostFamiliar = 16
	// codesOfAccount is how many wrong codes an account takes in codesWindow, over all challenges and networks; from then on
	// each network that its owner does not use has codesUnfamiliar.
	codesOfAccount  = 30
	codesUnfamiliar = 3
	codesWindow     = 24 * time.Hour
)

// throttle keeps the counts of x-throttle in the database, for every replica.
type throttle struct {
	queries usersdb.Querier
	key     []byte
}

var _ httpapi.Throttle = (*throttle)(nil)

// keyOf is what the database knows of what is counted: nobody can try out addresses on it without the service's key.
func (t *throttle) keyOf(text string) []byte {
	mac := hmac.New(sha256.New, t.key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func (t *throttle) familiarKey(f httpapi.Familiar) []byte {
	return t.keyOf("familiar\n" + f.Account + "\n" + f.Network)
}

func (t *throttle) accountKey(account string) []byte { return t.keyOf("familiar to\n" + account) }

// Take implements httpapi.Throttle.
func (t *throttle) Take(ctx context.Context, try httpapi.Try) (httpapi.Taken, error) {
	own := slices.Clone(try.Own)
	slices.SortFunc(own, func(a, b httpapi.Count) int { return bytes.Compare(t.keyOf(a.Of), t.keyOf(b.Of)) })
	p := usersdb.TakeTryParams{Now: try.Now, Keys: [][]byte{}, Spans: []time.Duration{}, Eaches: []time.Duration{}}
	for _, c := range own {
		p.Keys, p.Spans, p.Eaches = append(p.Keys, t.keyOf(c.Of)), append(p.Spans, c.Window), append(p.Eaches, c.Each())
	}
	counts := own
	if try.Account != nil {
		p.OfAccount, p.Familiar = true, t.familiarKey(try.Familiar)
		p.Account, p.AccountSpan, p.AccountEach = t.keyOf(try.Account.Of), try.Account.Window, try.Account.Each()
		p.Unfamiliar, p.UnfamiliarSpan, p.UnfamiliarEach = t.keyOf(try.Unfamiliar.Of), try.Unfamiliar.Window, try.Unfamiliar.Each()
		counts = append(counts, *try.Account, *try.Unfamiliar)
	}
	rows, err := t.queries.TakeTry(ctx, p)
	if err != nil {
		return httpapi.Taken{}, explain(err, nil)
	}
	whole := map[string]time.Time{}
	for _, r := range rows {
		whole[string(r.Key)] = r.WholeAt
	}
	var taken httpapi.Taken
	var used []httpapi.Count
	for i, c := range counts {
		at, counted := whole[string(t.keyOf(c.Of))]
		switch {
		case counted:
			taken.Counts = append(taken.Counts, httpapi.Standing{Count: c, Whole: at})
		case i < len(own):
			used = append(used, c)
		}
	}
	_, taken.Familiar = whole[string(p.Familiar)]
	if len(used) == 0 && try.Account != nil && !taken.Familiar && len(taken.Counts) == len(own) {
		used = append(used, *try.Unfamiliar) // Both the account's and the network's own are used up.
	}
	if len(used) == 0 {
		return taken, nil
	}
	return t.refuse(ctx, try, taken, used)
}

// refuse uncounts what has been counted of a try that is not made, and says how what refused it stands.
func (t *throttle) refuse(ctx context.Context, try httpapi.Try, taken httpapi.Taken, used []httpapi.Count) (httpapi.Taken, error) {
	if err := t.GiveBack(ctx, taken); err != nil {
		return httpapi.Taken{}, err
	}
	for i := range taken.Counts {
		taken.Counts[i].Whole = taken.Counts[i].Whole.Add(-taken.Counts[i].Each())
	}
	var keys [][]byte
	for _, c := range used {
		keys = append(keys, t.keyOf(c.Of))
	}
	rows, err := t.queries.ListThrottles(ctx, keys)
	if err != nil {
		return httpapi.Taken{}, explain(err, nil)
	}
	taken.Refused = true
	for i, c := range used {
		s := httpapi.Standing{Count: c, Whole: try.Now, UsedUp: true}
		for _, r := range rows {
			if bytes.Equal(r.Key, keys[i]) {
				s.Whole = r.WholeAt
			}
		}
		taken.Counts = append(taken.Counts, s)
	}
	return taken, nil
}

// takeCode counts a code as wrong before it is looked at. It counts as x-throttle would, which cannot tell whose code it is: only the
// challenge does.
func (t *throttle) takeCode(ctx context.Context, now time.Time, user uuid.UUID) (httpapi.Taken, error) {
	now = now.Truncate(time.Microsecond)
	account := httpapi.AccountOf(user)
	of := func(limit string, failures int, of string) *httpapi.Count {
		return &httpapi.Count{Limit: limit, Failures: failures, Window: codesWindow, Of: "codes\n" + of}
	}
	taken, err := t.Take(ctx, httpapi.Try{
		Now: now, Account: of("account", codesOfAccount, account), Unfamiliar: of("unfamiliar", codesUnfamiliar, account+"\n"+httpapi.Site(ctx)),
		Familiar: httpapi.Familiar{Account: account, Network: httpapi.Network(ctx)},
	})
	if err != nil || !taken.Refused {
		return taken, err
	}
	return taken, rateLimited(taken, now)
}

// takeMail counts a mail about something that an account causes, within the transaction of q: whoever reads it may have asked for none.
func (t *throttle) takeMail(ctx context.Context, q usersdb.Querier, now time.Time, about string, user uuid.UUID) error {
	return t.takeMails(ctx, q, now, about+"\n"+httpapi.AccountOf(user))
}

// takeMailTo counts a mail to an address that an account wants for the address, too: accounts are free.
func (t *throttle) takeMailTo(ctx context.Context, q usersdb.Querier, now time.Time, address string) error {
	return t.takeMails(ctx, q, now, mailChange+"\n"+httpapi.AccountNamed("email", address))
}

// takeMails counts a mail for each of some things, unless it is too many for one of them.
func (t *throttle) takeMails(ctx context.Context, q usersdb.Querier, now time.Time, of ...string) error {
	now = now.Truncate(time.Microsecond)
	try := httpapi.Try{Now: now}
	for _, thing := range of {
		try.Own = append(try.Own, httpapi.Count{Limit: "account", Failures: mostMails, Window: mailsCounted, Of: "mails\n" + thing})
	}
	taken, err := (&throttle{queries: q, key: t.key}).Take(ctx, try)
	if err != nil || !taken.Refused {
		return err
	}
	return rateLimited(taken, now)
}

// rateLimited is the refusal of a try, with when the next one may be made.
func rateLimited(taken httpapi.Taken, now time.Time) error {
	wait := time.Second
	for _, c := range taken.Counts {
		wait = max(wait, c.Whole.Sub(now)+c.Each()-c.Window)
	}
	return httpapi.ErrRateLimited.After(wait)
}

// GiveBack implements httpapi.Throttle.
func (t *throttle) GiveBack(ctx context.Context, taken httpapi.Taken) error {
	p := usersdb.GiveBackTryParams{Keys: [][]byte{}, Eaches: []time.Duration{}, Places: []int32{}}
	for i, c := range taken.Counts {
		p.Keys, p.Eaches, p.Places = append(p.Keys, t.keyOf(c.Of)), append(p.Eaches, c.Each()), append(p.Places, int32(i))
	}
	if len(p.Keys) == 0 {
		return nil
	}
	return explain(t.queries.GiveBackTry(ctx, p), nil)
}

// Welcome implements httpapi.Throttle.
func (t *throttle) Welcome(ctx context.Context, now time.Time, familiar ...httpapi.Familiar) error {
	for _, f := range familiar {
		account := t.accountKey(f.Account)
		if err := t.queries.WelcomeNetwork(ctx, usersdb.WelcomeNetworkParams{Key: t.familiarKey(f), Account: account, ExpiresAt: now.Add(familiarFor)}); err != nil {
			return explain(err, nil)
		}
		if err := t.queries.ForgetNetworks(ctx, usersdb.ForgetNetworksParams{Account: account, Most: mostFamiliar}); err != nil {
			return explain(err, nil)
		}
	}
	return nil
}

// forget makes every network one that the owner of an account is not known to use: somebody else may have been in it.
func (t *throttle) forget(ctx context.Context, q usersdb.Querier, email string, id uuid.UUID) error {
	return t.forgetAll(ctx, q, httpapi.AccountNamed("email", email), httpapi.AccountOf(id))
}

// forgetAll forgets every network of some accounts, by what a Familiar calls them.
func (t *throttle) forgetAll(ctx context.Context, q usersdb.Querier, accounts ...string) error {
	for _, account := range accounts {
		if err := q.ForgetNetworks(ctx, usersdb.ForgetNetworksParams{Account: t.accountKey(account), Most: 0}); err != nil {
			return err
		}
	}
	return nil
}

// welcome remembers the network of a login that was not over with the password, as the chain does of one that was.
func (t *throttle) welcome(ctx context.Context, q usersdb.Querier, now time.Time, user usersdb.User) error {
	network := httpapi.Network(ctx)
	return (&throttle{queries: q, key: t.key}).Welcome(ctx, now,
		httpapi.Familiar{Account: httpapi.AccountNamed("email", user.Email), Network: network}, httpapi.Familiar{Account: httpapi.AccountOf(user.ID), Network: network})
}
