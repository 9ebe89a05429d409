package users

import (
	"context"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
)

// RequestEmailVerification sends the caller another verification mail.
func (s *Service) RequestEmailVerification(
	ctx context.Context, _ usersapi.RequestEmailVerificationRequestObject,
) (usersapi.RequestEmailVerificationResponseObject, error) {
	if s.tuning.Load().NoMails {
		return nil, errMailOff
	}
	var asked usersapi.EmailVerification
	err := s.inTx(ctx, func(tx tx) error {
		user, err := tx.LockUser(ctx, httpapi.Caller(ctx).Subject)
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
		asked.ExpiresAt, asked.MailedAt = convert.UTC(&link.ExpiresAt), convert.UTC(&link.MailedAt)
		asked.NextMailAt = convert.UTC(&next)
		return nil
	})
	if err != nil {
		return nil, explain(err, contract.ErrUnauthenticated)
	}
	return usersapi.RequestEmailVerification202JSONResponse{Body: asked}, nil
}

// ConfirmEmail verifies the address that a token was sent to.
func (s *Service) ConfirmEmail(
	ctx context.Context, req usersapi.ConfirmEmailRequestObject,
) (usersapi.ConfirmEmailResponseObject, error) {
	now := s.clock()
	err := s.inTx(ctx, func(tx tx) error {
		token, _, err := spendEmailToken(ctx, tx, req.Body.Token, mailVerify, now)
		if err != nil {
			return err
		}
		verified, err := tx.VerifyEmail(ctx, usersdb.VerifyEmailParams{ID: token.UserID, Email: token.Email, Now: now})
		if err == nil && verified == 0 {
			err = errInvalidMailToken // The account has another address now.
		}
		return err
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.ConfirmEmail204Response{}, nil
}

// RequestPasswordReset queues a job that looks up the address, so that the request does the same work whether or not
// there is an account.
func (s *Service) RequestPasswordReset(
	ctx context.Context, req usersapi.RequestPasswordResetRequestObject,
) (usersapi.RequestPasswordResetResponseObject, error) {
	if s.tuning.Load().NoMails {
		return nil, errMailOff
	}
	err := s.inTx(ctx, func(tx tx) error {
		return tx.insert(ctx, startReset{Email: s.addresses.Seal([]byte(req.Body.Email), sealedEmail)}, nil)
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.RequestPasswordReset202Response{}, nil
}

// ResetPassword sets a new password for the holder of a mailed token, ends every session and tells the owner.
func (s *Service) ResetPassword(
	ctx context.Context, req usersapi.ResetPasswordRequestObject,
) (usersapi.ResetPasswordResponseObject, error) {
	now := s.clock()
	// A refused request hashes no password.
	found, err := s.queries.FindEmailToken(ctx, usersdb.FindEmailTokenParams{
		Hash: hashOf(req.Body.Token), Purpose: mailReset, Now: now,
	})
	if postgres.IsNoRows(err) {
		return nil, errInvalidMailToken
	}
	if err != nil {
		return nil, explain(err, nil)
	}
	if f := mayUsePassword(req.Body.NewPassword, found.Email, "#/new_password"); f != nil {
		return nil, f
	}
	password, err := s.hasher.Hash(ctx, req.Body.NewPassword)
	if err != nil {
		return nil, explain(err, nil)
	}
	var revoked []uuid.UUID
	err = s.inTx(ctx, func(tx tx) error {
		token, user, err := spendEmailToken(ctx, tx, req.Body.Token, mailReset, now)
		if err != nil {
			return err
		}
		revoked, err = s.renewPassword(ctx, tx, user, token.Email, password)
		return err
	})
	s.guard.Forget(revoked...)
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.ResetPassword204Response{}, nil
}

// spendEmailToken spends a mailed token for a purpose and locks its account. It locks the account before the token, in
// the same order as a change of the account that voids its tokens.
func spendEmailToken(
	ctx context.Context, q usersdb.Querier, token, purpose string, now time.Time,
) (spent usersdb.EmailToken, user usersdb.User, err error) {
	hash := hashOf(token)
	if spent, err = q.FindEmailToken(ctx, usersdb.FindEmailTokenParams{
		Hash: hash, Purpose: purpose, Now: now,
	}); err == nil {
		user, err = q.LockUser(ctx, spent.UserID)
	}
	if err == nil {
		spent, err = q.UseEmailToken(ctx, usersdb.UseEmailTokenParams{Hash: hash, Purpose: purpose, Now: now})
	}
	if postgres.IsNoRows(err) {
		return spent, user, errInvalidMailToken // There is no such token, or another request spent it first.
	}
	if err == nil {
		httpapi.SetCaller(ctx, user.ID)
	}
	return spent, user, err
}

// renewPassword gives a locked account another password, on behalf of someone who has shown to control its address,
// which counts as verified from then on. It ends every session and pending change. If the address was not verified
// before, the account may have been opened by somebody else, so what they stored in it is removed too.
func (s *Service) renewPassword(
	ctx context.Context, tx tx, user usersdb.User, email, passwordHash string,
) (revoked []uuid.UUID, err error) {
	now := s.clock()
	reset, err := tx.ResetPassword(ctx, usersdb.ResetPasswordParams{
		ID: user.ID, Email: email, PasswordHash: passwordHash, Now: now,
	})
	if err == nil && reset == 0 {
		err = errInvalidMailToken // The account has another address now.
	}
	if err != nil {
		return nil, err
	}
	if user.EmailVerifiedAt == nil {
		if err := tx.ClearProfile(ctx, user.ID); err != nil {
			return nil, err
		}
		if err := tx.DeleteSecondFactor(ctx, user.ID); err != nil {
			return nil, err
		}
		if err := tx.DeleteEmailTokens(ctx, user.ID); err != nil {
			return nil, err
		}
	}
	if revoked, err = tx.RevokeSessions(ctx, usersdb.RevokeSessionsParams{
		UserID: user.ID, Kept: uuid.Nil, Now: now,
	}); err != nil {
		return nil, err
	}
	if err := tx.DeleteEmailToken(ctx, usersdb.DeleteEmailTokenParams{UserID: user.ID, Purpose: mailChange}); err != nil {
		return nil, err
	}
	if err := s.forgetNetworks(ctx, tx, email, user.ID); err != nil {
		return nil, err
	}
	return revoked, s.queueMail(ctx, tx, sendMail{Mail: mailChanged, UserID: user.ID})
}

// RequestEmailChange sends a mail to the address that the caller wants. The job that sends it checks whether the
// address belongs to another account.
func (s *Service) RequestEmailChange(
	ctx context.Context, req usersapi.RequestEmailChangeRequestObject,
) (usersapi.RequestEmailChangeResponseObject, error) {
	if s.tuning.Load().NoMails {
		return nil, errMailOff
	}
	user, err := s.reauthenticate(ctx, req.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	var change usersdb.EmailToken
	err = s.inTx(ctx, func(tx tx) error {
		wanted, err := tx.LockUserWithPassword(ctx, usersdb.LockUserWithPasswordParams{
			ID: user.ID, PasswordHash: user.PasswordHash,
		})
		if postgres.IsNoRows(err) {
			return errWrongPassword // The password has been changed since.
		}
		if err != nil {
			return err
		}
		wanted.Email = req.Body.Email
		var mailed bool
		if change, mailed, err = s.mailToken(ctx, tx, wanted, mailChange); err != nil || !mailed {
			return err
		}
		return s.spendMailTo(ctx, tx, wanted.Email)
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.RequestEmailChange202JSONResponse{Body: toAPIEmailChange(change)}, nil
}

// GetEmailChange gives the address that waits to be confirmed.
func (s *Service) GetEmailChange(
	ctx context.Context, _ usersapi.GetEmailChangeRequestObject,
) (usersapi.GetEmailChangeResponseObject, error) {
	change, err := s.queries.GetEmailTokenFor(ctx, usersdb.GetEmailTokenForParams{
		UserID: httpapi.Caller(ctx).Subject, Purpose: mailChange,
	})
	if postgres.IsNoRows(err) || err == nil && !change.ExpiresAt.After(s.clock()) {
		return nil, errEmailChangeNotFound
	}
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.GetEmailChange200JSONResponse(toAPIEmailChange(change)), nil
}

// CancelEmailChange voids the link that would confirm the new address.
func (s *Service) CancelEmailChange(
	ctx context.Context, _ usersapi.CancelEmailChangeRequestObject,
) (usersapi.CancelEmailChangeResponseObject, error) {
	err := s.inTx(ctx, func(tx tx) error {
		withdrawn, err := tx.WithdrawEmailToken(ctx, usersdb.WithdrawEmailTokenParams{
			UserID: httpapi.Caller(ctx).Subject, Purpose: mailChange, Now: s.clock(),
		})
		if err == nil && withdrawn == 0 {
			err = errEmailChangeNotFound // The link may have been followed just now.
		}
		return err
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.CancelEmailChange204Response{}, nil
}

// ConfirmEmailChange gives the account the address that the token was sent to, and tells the old address.
func (s *Service) ConfirmEmailChange(
	ctx context.Context, req usersapi.ConfirmEmailChangeRequestObject,
) (usersapi.ConfirmEmailChangeResponseObject, error) {
	now := s.clock()
	err := s.inTx(ctx, func(tx tx) error {
		token, _, err := spendEmailToken(ctx, tx, req.Body.Token, mailChange, now)
		if err != nil {
			return err
		}
		old, err := tx.ChangeEmail(ctx, usersdb.ChangeEmailParams{ID: token.UserID, Email: token.Email, Now: now})
		if postgres.IsNoRows(err) {
			return errInvalidMailToken // The account has been disabled.
		}
		if err != nil {
			return err
		}
		if err := s.throttle.In(tx.db).Forget(ctx, httpapi.AccountNamed("email", old)); err != nil {
			return err // Somebody else may have the address next.
		}
		return s.queueMail(ctx, tx, sendMail{
			Mail: mailMoved, UserID: token.UserID, To: s.addresses.Seal([]byte(old), sealedTo(token.UserID)),
		})
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.ConfirmEmailChange204Response{}, nil
}
