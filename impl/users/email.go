package users

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
)

// RequestEmailVerification sends the caller another verification mail.
func (s *Service) RequestEmailVerification(ctx context.Context, _ usersapi.RequestEmailVerificationRequestObject) (usersapi.RequestEmailVerificationResponseObject, error) {
	err := postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		user, err := usersdb.New(tx).GetUser(ctx, httpapi.Caller(ctx).Subject)
		if err != nil || user.EmailVerifiedAt != nil {
			return err
		}
		return s.mailToken(ctx, tx, user, mailVerify, verifyLifetime)
	})
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.RequestEmailVerification202Response{}, nil
}

// ConfirmEmail verifies the address that a token was sent to.
func (s *Service) ConfirmEmail(ctx context.Context, req usersapi.ConfirmEmailRequestObject) (usersapi.ConfirmEmailResponseObject, error) {
	now := s.clock()
	err := s.inTx(ctx, func(q usersdb.Querier) error {
		token, err := q.UseEmailToken(ctx, usersdb.UseEmailTokenParams{Hash: hashOf(req.Body.Token), Purpose: mailVerify, Now: now})
		if postgres.IsNoRows(err) {
			return errInvalidMailToken
		}
		if err != nil {
			return err
		}
		httpapi.Identify(ctx, token.UserID)
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
	hash := hashOf(req.Body.Token)
	// What is refused costs no hashing of a password.
	found, err := s.queries.FindEmailToken(ctx, usersdb.FindEmailTokenParams{Hash: hash, Purpose: mailReset, Now: now})
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
		q := usersdb.New(tx)
		token, err := q.UseEmailToken(ctx, usersdb.UseEmailTokenParams{Hash: hash, Purpose: mailReset, Now: now})
		if postgres.IsNoRows(err) {
			return errInvalidMailToken // Another request came first.
		}
		if err != nil {
			return err
		}
		httpapi.Identify(ctx, token.UserID)
		reset, err := q.ResetPassword(ctx, usersdb.ResetPasswordParams{ID: token.UserID, Email: token.Email, PasswordHash: password, Now: now})
		if err == nil && reset == 0 {
			err = errInvalidMailToken // The account has another address now.
		}
		if err != nil {
			return err
		}
		if revoked, err = q.RevokeSessions(ctx, usersdb.RevokeSessionsParams{UserID: token.UserID, Kept: uuid.Nil, Now: now}); err != nil {
			return err
		}
		if err := q.DeleteEmailToken(ctx, usersdb.DeleteEmailTokenParams{UserID: token.UserID, Purpose: mailChange}); err != nil {
			return err
		}
		if err := s.throttle.forget(ctx, q, token.Email, token.UserID); err != nil {
			return err
		}
		return s.jobs.Insert(ctx, tx, sendMail{Mail: mailChanged, UserID: token.UserID}, nil)
	})
	s.guard.Forget(revoked...)
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.ResetPassword204Response{}, nil
}

// RequestEmailChange sends a mail to the address that the caller wants. The job that sends it sees whether it is another's.
func (s *Service) RequestEmailChange(ctx context.Context, req usersapi.RequestEmailChangeRequestObject) (usersapi.RequestEmailChangeResponseObject, error) {
	user, err := s.reauthenticate(ctx, req.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	err = postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		wanted, err := usersdb.New(tx).LockUserWithPassword(ctx, usersdb.LockUserWithPasswordParams{ID: user.ID, PasswordHash: user.PasswordHash})
		if postgres.IsNoRows(err) {
			return errWrongPassword // It has been changed since.
		}
		if err != nil {
			return err
		}
		wanted.Email = req.Body.Email
		return s.mailToken(ctx, tx, wanted, mailChange, changeLifetime)
	})
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.RequestEmailChange202Response{}, nil
}

// ConfirmEmailChange makes the address that a token was sent to the account's, and tells the old one.
func (s *Service) ConfirmEmailChange(ctx context.Context, req usersapi.ConfirmEmailChangeRequestObject) (usersapi.ConfirmEmailChangeResponseObject, error) {
	now := s.clock()
	err := postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		q := usersdb.New(tx)
		token, err := q.UseEmailToken(ctx, usersdb.UseEmailTokenParams{Hash: hashOf(req.Body.Token), Purpose: mailChange, Now: now})
		if postgres.IsNoRows(err) {
			return errInvalidMailToken
		}
		if err != nil {
			return err
		}
		httpapi.Identify(ctx, token.UserID)
		old, err := q.ChangeEmail(ctx, usersdb.ChangeEmailParams{ID: token.UserID, Email: token.Email, Now: now})
		if postgres.IsNoRows(err) {
			return errInvalidMailToken // The account has been disabled.
		}
		if err != nil {
			return err
		}
		return s.jobs.Insert(ctx, tx, sendMail{Mail: mailMoved, UserID: token.UserID, To: s.addresses.Seal([]byte(old), sealedTo(token.UserID))}, nil)
	})
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.ConfirmEmailChange204Response{}, nil
}
