package users

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/format"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/token"
)

// StartSession logs in. An unknown address takes as long as a wrong password; only the right password shows that there
// is a second factor.
func (s *Service) StartSession(
	ctx context.Context, req usersapi.StartSessionRequestObject,
) (usersapi.StartSessionResponseObject, error) {
	account, err := s.authenticate(ctx, req.Body.Email, req.Body.Password)
	if err != nil {
		return nil, explain(err, nil)
	}
	httpapi.SetCaller(ctx, account.ID)
	cookie := req.Body.Cookie != nil && *req.Body.Cookie
	challenge := newSecret()
	var opened openedSession
	var challenged int64
	err = s.inTx(ctx, func(tx tx) (err error) {
		opened, err = s.openSession(ctx, tx, account.ID, account.PasswordHash, cookie, false)
		if !postgres.IsNoRows(err) {
			return err
		}
		now := s.clock()
		challenged, err = tx.CreateChallenge(ctx, usersdb.CreateChallengeParams{
			Hash: hashOf(challenge), UserID: account.ID, PasswordHash: account.PasswordHash, Cookie: cookie, CreatedAt: now,
			ExpiresAt: now.Add(challengeLifetime),
		})
		if err == nil && challenged == 0 {
			err = refusalOf(ctx, tx, account)
		}
		return err
	})
	s.guard.Forget(opened.revoked...)
	if err != nil {
		return nil, explain(err, nil)
	}
	if challenged > 0 {
		return usersapi.StartSession202JSONResponse{
			Body: usersapi.LoginChallenge{
				Challenge: challenge, ExpiresIn: int32(challengeLifetime.Seconds()),
				Methods: []usersapi.ChallengeMethod{usersapi.ChallengeMethodTotp, usersapi.ChallengeMethodRecoveryCode},
			},
			Headers: usersapi.StartSession202ResponseHeaders{CacheControl: noStore},
		}, nil
	}
	tokens, setCookie, err := s.newTokenSet(opened.session, opened.roles, opened.refresh)
	if err != nil {
		return nil, err
	}
	return usersapi.StartSession200JSONResponse{
		Body:    tokens,
		Headers: usersapi.StartSession200ResponseHeaders{CacheControl: noStore, SetCookie: setCookie},
	}, nil
}

// AnswerChallenge logs in with a second factor, after the password has been given to StartSession. Each call spends a
// try before it checks the code.
func (s *Service) AnswerChallenge(
	ctx context.Context, req usersapi.AnswerChallengeRequestObject,
) (usersapi.AnswerChallengeResponseObject, error) {
	challenge, err := s.queries.TryChallenge(ctx, usersdb.TryChallengeParams{
		Hash: hashOf(req.Body.Challenge), Most: challengeTries, Now: s.clock(),
	})
	if postgres.IsNoRows(err) {
		return nil, errInvalidChallenge
	}
	if err != nil {
		return nil, explain(err, nil)
	}
	httpapi.SetCaller(ctx, challenge.UserID)
	var decision httpapi.Decision
	// A recovery code is too long to be guessed. It is not counted, so that it works after others have used up the count.
	if req.Body.Totp != nil {
		if decision, err = s.spendCode(ctx, challenge.UserID); err != nil {
			return nil, err
		}
	}
	var user usersdb.User
	var opened openedSession
	err = s.inTx(ctx, func(tx tx) (err error) {
		if user, err = tx.GetUser(ctx, challenge.UserID); err != nil {
			return err
		}
		opened, err = s.openSession(ctx, tx, user.ID, challenge.PasswordHash, challenge.Cookie, true)
		if err != nil {
			return err
		}
		if err := s.spendFactorCode(ctx, tx, user.ID, req.Body.Totp, req.Body.RecoveryCode); err != nil {
			return err
		}
		spent, err := tx.SpendChallenge(ctx, challenge.Hash)
		if err == nil && spent == 0 {
			err = errInvalidChallenge // Another answer spent it first.
		}
		if err != nil {
			return err
		}
		return s.rememberNetwork(ctx, tx, user)
	})
	s.guard.Forget(opened.revoked...)
	if !errors.Is(err, errInvalidCode) {
		err = errors.Join(err, s.throttle.Refund(context.WithoutCancel(ctx), decision))
	}
	if postgres.IsNoRows(err) || errors.Is(err, errSecondFactorNotEnabled) {
		return nil, errInvalidChallenge.Because(err) // The account has changed meanwhile; a new login shows how.
	}
	if err != nil {
		return nil, explain(err, nil)
	}
	tokens, setCookie, err := s.newTokenSet(opened.session, opened.roles, opened.refresh)
	if err != nil {
		return nil, err
	}
	return usersapi.AnswerChallenge200JSONResponse{
		Body:    tokens,
		Headers: usersapi.AnswerChallenge200ResponseHeaders{CacheControl: noStore, SetCookie: setCookie},
	}, nil
}

// openedSession is the result of a login.
type openedSession struct {
	session usersdb.Session
	refresh string
	// roles are those of the account when the session began: a concurrent change may have replaced those that were read
	// before.
	roles []string
	// revoked are the sessions that the login has ended.
	revoked []uuid.UUID
}

// openSession opens the session of a login, if the account still has the password that was checked and may log in;
// otherwise it gives pgx.ErrNoRows.
func (s *Service) openSession(
	ctx context.Context, q usersdb.Querier, user uuid.UUID, passwordHash string, cookie, secondFactor bool,
) (openedSession, error) {
	now := s.clock()
	address, agent := httpapi.Client(ctx)
	family := newFamily()
	session, err := q.StartSession(ctx, usersdb.StartSessionParams{
		ID: newID(), Family: family, UserID: user, Cookie: cookie, Address: address.String(),
		UserAgent: truncate(format.Seen(agent), 256), CreatedAt: now, ExpiresAt: now.Add(sessionLifetime),
		PasswordHash: passwordHash, SecondFactor: secondFactor,
	})
	if err != nil {
		return openedSession{}, err
	}
	account, err := q.GetUser(ctx, user) // StartSession has locked it.
	if err != nil {
		return openedSession{}, err
	}
	opened := openedSession{session: session, refresh: s.firstOf(family), roles: account.Roles}
	if opened.revoked, err = q.RevokeOldestSessions(ctx, usersdb.RevokeOldestSessionsParams{
		UserID: user, Most: mostSessions, Now: now,
	}); err != nil {
		return opened, err
	}
	return opened, q.CreateRefreshToken(ctx, usersdb.CreateRefreshTokenParams{
		Hash: hashOf(opened.refresh), SessionID: session.ID, CreatedAt: now,
	})
}

// authenticate gives the credentials of the account with an address and a password. It does the same work whether there
// is such an account or not.
func (s *Service) authenticate(ctx context.Context, email, password string) (usersdb.GetCredentialsRow, error) {
	found, err := s.queries.GetCredentials(ctx, usersdb.GetCredentialsParams{Email: email, Decoy: s.hasher.Decoy()})
	if err != nil {
		return found, err
	}
	ok, rehash, err := s.hasher.Verify(ctx, password, found.PasswordHash)
	switch {
	case err != nil:
		return found, err
	case !ok:
		httpapi.SetAuditTarget(ctx, found.ID) // uuid.Nil where there is none
		return found, errInvalidCredentials
	case rehash:
		return s.rehash(ctx, found, email, password)
	default:
		return found, nil
	}
}

// refusalOf gives the reason why an account with the right password gets no session: it is disabled, or its password
// has been changed since.
func refusalOf(ctx context.Context, q usersdb.Querier, checked usersdb.GetCredentialsRow) error {
	user, err := q.GetUser(ctx, checked.ID)
	switch {
	case postgres.IsNoRows(err):
		return errInvalidCredentials
	case err != nil:
		return err
	case user.PasswordHash != checked.PasswordHash:
		return errInvalidCredentials
	default:
		return errAccountDisabled
	}
}

// rehash hashes the password with the current parameters. When the hasher is busy it leaves that to a later login.
func (s *Service) rehash(
	ctx context.Context, found usersdb.GetCredentialsRow, email, password string,
) (usersdb.GetCredentialsRow, error) {
	hash, err := s.hasher.Hash(ctx, password)
	if errors.Is(err, hashing.ErrBusy) {
		return found, nil
	}
	if err != nil {
		return found, err
	}
	kept, err := s.queries.ChangePassword(ctx, usersdb.ChangePasswordParams{
		ID: found.ID, PasswordHash: hash, PreviousHash: found.PasswordHash, UpdatedAt: found.UpdatedAt,
	})
	if err == nil && kept == 0 {
		return s.authenticate(ctx, email, password) // A concurrent login has rehashed it, or the password has changed.
	}
	found.PasswordHash = hash
	return found, err
}

// RefreshSession exchanges a refresh token for the next one, which is computed from it: concurrent exchanges, and one
// that is repeated because its answer was lost, get the same token.
func (s *Service) RefreshSession(
	ctx context.Context, req usersapi.RefreshSessionRequestObject,
) (usersapi.RefreshSessionResponseObject, error) {
	presented := ""
	switch {
	case req.Body.RefreshToken != nil:
		presented = *req.Body.RefreshToken
	case req.Params.RefreshCookie != nil:
		presented = *req.Params.RefreshCookie
	default:
		return nil, errInvalidRefreshToken
	}
	now := s.clock()
	var session usersdb.ExtendSessionRow
	var successor string
	var replayed bool
	var spent usersdb.RefreshToken
	err := s.inTx(ctx, func(tx tx) error {
		var live bool
		var err error
		if spent, live, err = useRefreshToken(ctx, tx, presented, now); err != nil {
			return err
		}
		if replayed = !live; replayed {
			return errInvalidRefreshToken
		}
		session, err = tx.ExtendSession(ctx, usersdb.ExtendSessionParams{
			ID: spent.SessionID, UsedAt: now, ExpiresAt: now.Add(sessionLifetime), Longest: sessionLongest, Family: newFamily(),
		})
		if postgres.IsNoRows(err) {
			return errInvalidRefreshToken
		}
		if err != nil {
			return err
		}
		httpapi.SetCaller(ctx, session.UserID)
		successor = s.successorOf(presented, session.Family)
		if err := tx.ForgetSpentTokens(ctx, usersdb.ForgetSpentTokensParams{
			SessionID: session.ID, Latest: spent.Hash, UsedBefore: now.Add(-refreshGrace), Most: mostSpent,
		}); err != nil {
			return err
		}
		return tx.CreateRefreshToken(ctx, usersdb.CreateRefreshTokenParams{
			Hash: hashOf(successor), SessionID: session.ID, CreatedAt: now,
		})
	})
	if replayed { // This is outside the transaction, which the refusal has rolled back.
		err = errors.Join(err, s.endReplayed(ctx, spent.SessionID, presented, now))
	}
	if err != nil {
		return nil, explain(err, nil)
	}
	tokens, cookie, err := s.newTokenSet(usersdb.Session{
		ID: session.ID, UserID: session.UserID, Cookie: session.Cookie, ExpiresAt: session.ExpiresAt,
	}, session.Roles, successor)
	if err != nil {
		return nil, err
	}
	return usersapi.RefreshSession200JSONResponse{
		Body:    tokens,
		Headers: usersapi.RefreshSession200ResponseHeaders{CacheControl: noStore, SetCookie: cookie},
	}, nil
}

// endReplayed ends the session of a refresh token that was presented twice, which it finds by the token's row or, where
// that is gone, by the token's family. It does nothing for a session that has ended already.
func (s *Service) endReplayed(ctx context.Context, session uuid.UUID, presented string, now time.Time) error {
	var family []byte
	if session == uuid.Nil {
		var ours bool
		if family, ours = s.familyOf(presented); !ours {
			return nil
		}
	}
	ended, err := s.queries.EndReplayed(ctx, usersdb.EndReplayedParams{ID: session, Family: family, Now: now})
	if postgres.IsNoRows(err) {
		return nil
	}
	if err == nil {
		httpapi.SetAuditTarget(ctx, ended.UserID)
		s.guard.Forget(ended.ID)
	}
	return err
}

// useRefreshToken spends a token. live is false when the token was spent longer than refreshGrace ago: somebody else
// may have it. spent is empty when the token has no row any more.
func useRefreshToken(
	ctx context.Context, q usersdb.Querier, presented string, now time.Time,
) (spent usersdb.RefreshToken, live bool, err error) {
	hash := hashOf(presented)
	if _, err = q.LockSession(ctx, hash); postgres.IsNoRows(err) {
		return spent, false, nil
	}
	if err != nil {
		return spent, false, err
	}
	spent, err = q.UseRefreshToken(ctx, usersdb.UseRefreshTokenParams{Hash: hash, UsedAt: now})
	if !postgres.IsNoRows(err) {
		return spent, true, err
	}
	if spent, err = q.GetRefreshToken(ctx, hash); postgres.IsNoRows(err) {
		return spent, false, nil // It was purged while this waited.
	}
	if err != nil {
		return spent, false, err
	}
	return spent, spent.UsedAt != nil && isWithinGrace(*spent.UsedAt, now), nil
}

// EndSession logs out.
func (s *Service) EndSession(
	ctx context.Context, _ usersapi.EndSessionRequestObject,
) (usersapi.EndSessionResponseObject, error) {
	caller := httpapi.Caller(ctx)
	err := s.inTx(ctx, func(tx tx) error {
		return tx.EndSession(ctx, usersdb.EndSessionParams{ID: caller.SessionID, Now: s.clock()})
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	s.guard.Forget(caller.SessionID)
	return usersapi.EndSession204Response{Headers: usersapi.EndSession204ResponseHeaders{
		SetCookie: refreshCookie("", -1),
	}}, nil
}

// ListSessions lists the caller's live sessions.
func (s *Service) ListSessions(
	ctx context.Context, req usersapi.ListSessionsRequestObject,
) (usersapi.ListSessionsResponseObject, error) {
	items, next, err := s.listSessions(ctx, httpapi.Caller(ctx).Subject, req.Params.Limit, req.Params.Cursor)
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.ListSessions200JSONResponse{
		Body:    usersapi.SessionList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: usersapi.ListSessions200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// listSessions gives a page of a user's live sessions.
func (s *Service) listSessions(
	ctx context.Context, user uuid.UUID, atMost *usersapi.Limit, cursor *usersapi.Cursor,
) (items []usersapi.Session, next *string, err error) {
	limit, after := *atMost, paging.After(cursor)
	rows, err := s.queries.ListSessions(ctx, usersdb.ListSessionsParams{
		UserID: user, Now: s.clock(), BeforeTime: after.Time, BeforeID: after.ID, RowLimit: limit + 1,
	})
	if err != nil {
		return nil, nil, err
	}
	rows, next = paging.Page(rows, int(limit), func(r usersdb.Session) paging.Position {
		return paging.Position{Time: r.CreatedAt, ID: r.ID}
	})
	items = make([]usersapi.Session, len(rows))
	for i, r := range rows {
		items[i] = toAPISession(r, r.ID == httpapi.Caller(ctx).SessionID)
	}
	return items, next, nil
}

// RevokeOtherSessions ends every session of the caller but the current one.
func (s *Service) RevokeOtherSessions(
	ctx context.Context, _ usersapi.RevokeOtherSessionsRequestObject,
) (usersapi.RevokeOtherSessionsResponseObject, error) {
	caller := httpapi.Caller(ctx)
	var revoked []uuid.UUID
	err := s.inTx(ctx, func(tx tx) (err error) {
		revoked, err = tx.RevokeSessions(ctx, usersdb.RevokeSessionsParams{
			UserID: caller.Subject, Kept: caller.SessionID, Now: s.clock(),
		})
		return err
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	s.guard.Forget(revoked...)
	return usersapi.RevokeOtherSessions200JSONResponse{Body: usersapi.RevokedSessions{Revoked: int64(len(revoked))}}, nil
}

// RevokeSession ends one of the caller's sessions.
func (s *Service) RevokeSession(
	ctx context.Context, req usersapi.RevokeSessionRequestObject,
) (usersapi.RevokeSessionResponseObject, error) {
	if err := s.revokeSession(ctx, httpapi.Caller(ctx).Subject, req.SessionID); err != nil {
		return nil, err
	}
	return usersapi.RevokeSession204Response{}, nil
}

// revokeSession ends a live session of a user.
func (s *Service) revokeSession(ctx context.Context, user, session uuid.UUID) error {
	err := s.inTx(ctx, func(tx tx) error {
		revoked, err := tx.RevokeSession(ctx, usersdb.RevokeSessionParams{ID: session, UserID: user, Now: s.clock()})
		if err == nil && revoked == 0 {
			return errSessionNotFound
		}
		return err
	})
	if err != nil {
		return explain(err, nil)
	}
	s.guard.Forget(session)
	return nil
}

const noStore = "no-store"

// newTokenSet makes the answer to a login or an exchange, with the refresh token in the body or in a cookie.
func (s *Service) newTokenSet(
	session usersdb.Session, roles []string, refresh string,
) (usersapi.TokenSet, *string, error) {
	now := s.clock()
	access, err := s.signer.Sign(token.Claims{
		Issuer: s.issuer, Audience: s.audience, Subject: session.UserID, SessionID: session.ID, Roles: roles,
		IssuedAt: now, ExpiresAt: now.Add(accessLifetime), ID: newID().String(),
	})
	if err != nil {
		return usersapi.TokenSet{}, nil, err
	}
	set := usersapi.TokenSet{
		AccessToken: access, TokenType: usersapi.TokenSetTokenTypeBearer, ExpiresIn: int32(accessLifetime.Seconds()),
	}
	if session.Cookie {
		return set, refreshCookie(refresh, int(session.ExpiresAt.Sub(now).Seconds())), nil
	}
	set.RefreshToken = &refresh
	return set, nil, nil
}

// refreshCookie makes the cookie of a refresh token: browsers send it only to the exchange and only from pages of this
// site, and no script can read it.
func refreshCookie(value string, maxAge int) *string {
	cookie := (&http.Cookie{
		Name: "__Secure-plumbline_refresh", Value: value, Path: "/api/v1/refresh", MaxAge: maxAge,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	}).String()
	return &cookie
}

// newSecret makes 256 random bits in base64url.
func newSecret() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // Read never fails: crypto/rand ends the program instead.
	return base64.RawURLEncoding.EncodeToString(secret)
}

// hashOf gives the SHA-256 under which a secret is stored. A secret of 256 random bits needs no slow hash.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
