package users

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
)

// RequestEmailVerification sends the caller another verification mail.
func (s *Service) RequestEmailVerification(ctx context.Context, _ usersapi.RequestEmailVerificationRequestObject) (usersapi.RequestEmailVerificationResponseObject, error) {
	if s.noMails {
		return nil, errMailOff
	}
	var asked usersapi.EmailVerification
	err := postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		user, err := usersdb.New(tx).LockUser(ctx, httpapi.Caller(ctx).Subject)
		if err != nil {
			return err
		}
		asked = usersapi.EmailVerification{Email: user.Email, Verified: user.EmailVerifiedAt != nil}
		if asked.Verified {
			return nil
		}
		link, _, err := s.mailToken(ctx, tx, user, mailVerify)
		if err != nil {
			return err
		}
		next := nextMailAt(link)
		asked.ExpiresAt, asked.MailedAt, asked.NextMailAt = orNone(&link.ExpiresAt), orNone(&link.MailedAt), orNone(&next)
		return nil
	})
	if err != nil {
		return nil, explainOwn(err)
	}
	return usersapi.RequestEmailVerification202JSONResponse{Body: asked}, nil
}

// ConfirmEmail verifies the address that a token was sent to.
func (s *Service) ConfirmEmail(ctx context.Context, req usersapi.ConfirmEmailRequestObject) (usersapi.ConfirmEmailResponseObject, error) {
	now := s.clock()
	err := s.inTx(ctx, func(q usersdb.Querier) error {
		token, _, err := spendEmailToken(ctx, q, req.Body.Token, mailVerify, now)
		if err != nil {
			return err
		}
		verified, err := q.VerifyEmail(ctx, usersdb.VerifyEmailParams{ID: token.UserID, Email: token.Email, Now: now})
		if err == nil && verified == 0 {
			err = errInvalidMailToken // The account has another address now.
		}
		return err
	})
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.ConfirmEmail204Response{}, nil
}

// RequestPasswordReset has the address looked up by a job, so that the request does the same whether there is an account.
func (s *Service) RequestPasswordReset(ctx context.Context, req usersapi.RequestPasswordResetRequestObject) (usersapi.RequestPasswordResetResponseObject, error) {
	if s.noMails {
		return nil, errMailOff
	}
	err := postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		return s.jobs.Insert(ctx, tx, startReset{Email: s.addresses.Seal([]byte(req.Body.Email), sealedEmail)}, nil)
	})
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.RequestPasswordReset202Response{}, nil
}

// ResetPassword sets a new password for whoever has the token of a mail, ends every session and tells the owner.
func (s *Service) ResetPassword(ctx context.Context, req usersapi.ResetPasswordRequestObject) (usersapi.ResetPasswordResponseObject, error) {
	now := s.clock()
	// What is refused costs no hashing of a password.
	found, err := s.queries.FindEmailToken(ctx, usersdb.FindEmailTokenParams{Hash: hashOf(req.Body.Token), Purpose: mailReset, Now: now})
	if postgres.IsNoRows(err) {
		return nil, errInvalidMailToken
	}
	if err != nil {
		return nil, explain(err)
	}
	if f := mayUsePassword(req.Body.NewPassword, found.Email, "#/new_password"); f != nil {
		return nil, f
	}
	password, err := s.hasher.Hash(ctx, req.Body.NewPassword)
	if err != nil {
		return nil, explain(err)
	}
	var revoked []uuid.UUID
	err = postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		token, user, err := spendEmailToken(ctx, usersdb.New(tx), req.Body.Token, mailReset, now)
		if err != nil {
			return err
		}
		revoked, err = s.renewPassword(ctx, tx, user, token.Email, password)
		return err
	})
	s.guard.Forget(revoked...)
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.ResetPassword204Response{}, nil
}

// spendEmailToken spends a token for a purpose and locks the account that it is of. The account is locked first, as who changes it
// does before making its tokens void.
func spendEmailToken(ctx context.Context, q usersdb.Querier, token, purpose string, now time.Time) (spent usersdb.EmailToken, user usersdb.User, err error) {
	hash := hashOf(token)
	if spent, err = q.FindEmailToken(ctx, usersdb.FindEmailTokenParams{Hash: hash, Purpose: purpose, Now: now}); err == nil {
		user, err = q.LockUser(ctx, spent.UserID)
	}
	if err == nil {
		spent, err = q.UseEmailToken(ctx, usersdb.UseEmailTokenParams{Hash: hash, Purpose: purpose, Now: now})
	}
	if postgres.IsNoRows(err) {
		return spent, user, errInvalidMailToken // It never was, or another request came first.
	}
	if err == nil {
		httpapi.Identify(ctx, user.ID)
	}
	return spent, user, err
}

// renewPassword gives an account that is locked another password, from whoever answers for its address, which is verified by that. What
// was begun with the old one ends. Where the address was not verified before, whoever opened the account may not be its owner: what
// they left there goes, too.
func (s *Service) renewPassword(ctx context.Context, tx pgx.Tx, user usersdb.User, email, passwordHash string) (revoked []uuid.UUID, err error) {
	q, now := usersdb.New(tx), s.clock()
	reset, err := q.ResetPassword(ctx, usersdb.ResetPasswordParams{ID: user.ID, Email: email, PasswordHash: passwordHash, Now: now})
	if err == nil && reset == 0 {
		err = errInvalidMailToken // The account has another address now.
	}
	if err != nil {
		return nil, err
	}
	if user.EmailVerifiedAt == nil {
		if err := q.ClearProfile(ctx, user.ID); err != nil {
			return nil, err
		}
		if err := q.DeleteSecondFactor(ctx, user.ID); err != nil {
			return nil, err
		}
		if err := q.DeleteEmailTokens(ctx, user.ID); err != nil {
			return nil, err
		}
	}
	if revoked, err = q.RevokeSessions(ctx, usersdb.RevokeSessionsParams{UserID: user.ID, Kept: uuid.Nil, Now: now}); err != nil {
		return nil, err
	}
	if err := q.DeleteEmailToken(ctx, usersdb.DeleteEmailTokenParams{UserID: user.ID, Purpose: mailChange}); err != nil {
		return nil, err
	}
	if err := s.forgetNetworks(ctx, tx, email, user.ID); err != nil {
		return nil, err
	}
	return revoked, s.mail(ctx, tx, sendMail{Mail: mailChanged, UserID: user.ID})
}

// RequestEmailChange sends a mail to the address that the caller wants. The job that sends it sees whether it is another's.
func (s *Service) RequestEmailChange(ctx context.Context, req usersapi.RequestEmailChangeRequestObject) (usersapi.RequestEmailChangeResponseObject, error) {
	if s.noMails {
		return nil, errMailOff
	}
	user, err := s.reauthenticate(ctx, req.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	var change usersdb.EmailToken
	err = postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		q := usersdb.New(tx)
		wanted, err := q.LockUserWithPassword(ctx, usersdb.LockUserWithPasswordParams{ID: user.ID, PasswordHash: user.PasswordHash})
		if postgres.IsNoRows(err) {
			return errWrongPassword // It has been changed since.
		}
		if err != nil {
			return err
		}
		wanted.Email = req.Body.Email
		var mailed bool
		if change, mailed, err = s.mailToken(ctx, tx, wanted, mailChange); err != nil || !mailed {
			return err
		}
		return s.spendMailTo(ctx, tx, wanted.Email, user.ID)
	})
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.RequestEmailChange202JSONResponse{Body: toAPIEmailChange(change)}, nil
}

// GetEmailChange tells which address waits to be the caller's.
func (s *Service) GetEmailChange(ctx context.Context, _ usersapi.GetEmailChangeRequestObject) (usersapi.GetEmailChangeResponseObject, error) {
	change, err := s.queries.GetEmailTokenFor(ctx, usersdb.GetEmailTokenForParams{UserID: httpapi.Caller(ctx).Subject, Purpose: mailChange})
	if postgres.IsNoRows(err) || err == nil && !change.ExpiresAt.After(s.clock()) {
		return nil, errEmailChangeNotFound
	}
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.GetEmailChange200JSONResponse(toAPIEmailChange(change)), nil
}

// CancelEmailChange makes the link void that would make another address the caller's.
func (s *Service) CancelEmailChange(ctx context.Context, _ usersapi.CancelEmailChangeRequestObject) (usersapi.CancelEmailChangeResponseObject, error) {
	err := s.inTx(ctx, func(q usersdb.Querier) error {
		withdrawn, err := q.WithdrawEmailToken(ctx, usersdb.WithdrawEmailTokenParams{UserID: httpapi.Caller(ctx).Subject, Purpose: mailChange, Now: s.clock()})
		if err == nil && withdrawn == 0 {
			err = errEmailChangeNotFound // It may have been followed just now.
		}
		return err
	})
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.CancelEmailChange204Response{}, nil
}

// ConfirmEmailChange makes the address that a token was sent to the account's, and tells the old one.
func (s *Service) ConfirmEmailChange(ctx context.Context, req usersapi.ConfirmEmailChangeRequestObject) (usersapi.ConfirmEmailChangeResponseObject, error) {
	now := s.clock()
	err := postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		q := usersdb.New(tx)
		token, _, err := spendEmailToken(ctx, q, req.Body.Token, mailChange, now)
		if err != nil {
			return err
		}
		old, err := q.ChangeEmail(ctx, usersdb.ChangeEmailParams{ID: token.UserID, Email: token.Email, Now: now})
		if postgres.IsNoRows(err) {
			return errInvalidMailToken // The account has been disabled.
		}
		if err != nil {
			return err
		}
		if err := s.throttle.In(tx).Forget(ctx, httpapi.AccountNamed("email", old)); err != nil {
			return err // Somebody else may have the address next.
		}
		return s.mail(ctx, tx, sendMail{Mail: mailMoved, UserID: token.UserID, To: s.addresses.Seal([]byte(old), sealedTo(token.UserID))})
	})
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.ConfirmEmailChange204Response{}, nil
}
