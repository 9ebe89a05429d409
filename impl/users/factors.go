package users

import (
	"context"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
)

// GetSecondFactor tells whether the caller has enabled a second factor.
func (s *Service) GetSecondFactor(
	ctx context.Context, _ usersapi.GetSecondFactorRequestObject,
) (usersapi.GetSecondFactorResponseObject, error) {
	user, err := s.queries.GetUser(ctx, httpapi.Caller(ctx).Subject)
	if err != nil {
		return nil, explain(err, contract.ErrUnauthenticated)
	}
	shown, err := secondFactor(ctx, s.queries, user)
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.GetSecondFactor200JSONResponse(shown), nil
}

// secondFactor gives the state of an account's second factor, without secrets.
func secondFactor(ctx context.Context, q usersdb.Querier, user usersdb.User) (usersapi.SecondFactor, error) {
	left, err := q.CountRecoveryCodes(ctx, user.ID)
	return usersapi.SecondFactor{
		Enabled: user.SecondFactorAt != nil, ConfirmedAt: convert.UTC(user.SecondFactorAt),
		RecoveryCodesLeft: int32(left), //nolint:gosec // There are ten at most.
	}, err
}

// EnrolSecondFactor makes a secret, which ConfirmSecondFactor puts into force.
func (s *Service) EnrolSecondFactor(
	ctx context.Context, req usersapi.EnrolSecondFactorRequestObject,
) (usersapi.EnrolSecondFactorResponseObject, error) {
	user, err := s.reauthenticate(ctx, req.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	if user.EmailVerifiedAt == nil {
		return nil, errEmailUnverified
	}
	key, err := newAppKey(user.Email)
	if err != nil {
		return nil, err
	}
	picture, err := pictureOf(key.URL())
	if err != nil {
		return nil, err
	}
	err = s.inTx(ctx, func(tx tx) error {
		kept, err := tx.EnrolSecondFactor(ctx, usersdb.EnrolSecondFactorParams{
			UserID: user.ID, Secret: s.appSecrets.Seal([]byte(key.Secret()), appSecretOf(user.ID)), Now: s.clock(),
		})
		if err == nil && kept == 0 {
			err = errSecondFactorEnabled
		}
		return err
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.EnrolSecondFactor200JSONResponse{
		Body:    usersapi.SecondFactorSecret{Secret: key.Secret(), URI: key.URL(), QrCode: picture},
		Headers: usersapi.EnrolSecondFactor200ResponseHeaders{CacheControl: noStore},
	}, nil
}

// ConfirmSecondFactor enables the second factor of the caller.
func (s *Service) ConfirmSecondFactor(
	ctx context.Context, req usersapi.ConfirmSecondFactorRequestObject,
) (usersapi.ConfirmSecondFactorResponseObject, error) {
	user := httpapi.Caller(ctx).Subject
	codes := newRecoveryCodes()
	err := s.inTx(ctx, func(tx tx) error {
		account, err := tx.LockUser(ctx, user)
		if err == nil && account.EmailVerifiedAt == nil {
			err = errEmailUnverified // An earlier version let an unverified account enrol.
		}
		if err != nil {
			return err
		}
		enabled, err := tx.EnableSecondFactor(ctx, usersdb.EnableSecondFactorParams{ID: user, Now: s.clock()})
		if err == nil && enabled == 0 {
			err = errSecondFactorEnabled
		}
		if err != nil {
			return err
		}
		if err := s.spendFactorCode(ctx, tx, user, &req.Body.Totp, nil); err != nil {
			return err
		}
		if err := s.keepRecoveryCodes(ctx, tx, user, codes); err != nil {
			return err
		}
		return s.queueMail(ctx, tx, sendMail{Mail: mailFactorOn, UserID: user})
	})
	if err != nil {
		return nil, explain(err, contract.ErrUnauthenticated)
	}
	return usersapi.ConfirmSecondFactor200JSONResponse{
		Body:    usersapi.RecoveryCodes{RecoveryCodes: codes},
		Headers: usersapi.ConfirmSecondFactor200ResponseHeaders{CacheControl: noStore},
	}, nil
}

// DisableSecondFactor disables the second factor of the caller.
func (s *Service) DisableSecondFactor(
	ctx context.Context, req usersapi.DisableSecondFactorRequestObject,
) (usersapi.DisableSecondFactorResponseObject, error) {
	user, err := s.reauthenticate(ctx, req.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	err = s.inTx(ctx, func(tx tx) error {
		return s.removeFactor(ctx, tx, user.ID, func() error {
			return s.spendFactorCode(ctx, tx, user.ID, req.Body.Totp, req.Body.RecoveryCode)
		})
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.DisableSecondFactor204Response{}, nil
}

// ReplaceRecoveryCodes replaces the caller's recovery codes and tells the owner, who may have stored the old ones.
func (s *Service) ReplaceRecoveryCodes(
	ctx context.Context, req usersapi.ReplaceRecoveryCodesRequestObject,
) (usersapi.ReplaceRecoveryCodesResponseObject, error) {
	user, err := s.reauthenticate(ctx, req.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	if user.SecondFactorAt == nil { // A factor that is not confirmed is not enabled.
		return nil, errSecondFactorNotEnabled
	}
	codes := newRecoveryCodes()
	err = s.inTx(ctx, func(tx tx) error {
		if err := s.spendFactorCode(ctx, tx, user.ID, &req.Body.Totp, nil); err != nil {
			return err
		}
		if err := s.keepRecoveryCodes(ctx, tx, user.ID, codes); err != nil {
			return err
		}
		return s.queueMail(ctx, tx, sendMail{Mail: mailCodes, UserID: user.ID})
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.ReplaceRecoveryCodes200JSONResponse{
		Body:    usersapi.RecoveryCodes{RecoveryCodes: codes},
		Headers: usersapi.ReplaceRecoveryCodes200ResponseHeaders{CacheControl: noStore},
	}, nil
}

// removeFactor removes an account's second factor, if authorize returns nil, and tells the owner. It locks the account
// first, as a login does.
func (s *Service) removeFactor(ctx context.Context, tx tx, user uuid.UUID, authorize func() error) error {
	disabled, err := tx.DisableSecondFactor(ctx, usersdb.DisableSecondFactorParams{ID: user, Now: s.clock()})
	if err == nil && disabled == 0 {
		err = errSecondFactorNotEnabled
	}
	if err != nil {
		return err
	}
	if err := authorize(); err != nil {
		return err
	}
	if err := tx.DeleteSecondFactor(ctx, user); err != nil {
		return err
	}
	return s.queueMail(ctx, tx, sendMail{Mail: mailFactorOff, UserID: user})
}

// spendFactorCode spends a TOTP code or a recovery code of an account; one of the two is not nil. A TOTP code is
// refused once its step or a later one has been used.
func (s *Service) spendFactorCode(ctx context.Context, tx tx, user uuid.UUID, code, recoveryCode *string) error {
	factor, err := tx.LockSecondFactor(ctx, user)
	if postgres.IsNoRows(err) {
		return errSecondFactorNotEnabled
	}
	if err != nil {
		return err
	}
	if code == nil {
		used, err := tx.UseRecoveryCode(ctx, usersdb.UseRecoveryCodeParams{
			Hash: s.recoveryHash(user, *recoveryCode), UserID: user,
		})
		if err != nil {
			return err
		}
		if used == 0 {
			return errInvalidCode
		}
		return s.queueMail(ctx, tx, sendMail{Mail: mailRecovery, UserID: user})
	}
	secret, err := s.appSecrets.Open(factor.Secret, appSecretOf(user))
	if err != nil {
		return err
	}
	step, found, err := stepOf(string(secret), *code, s.clock())
	if err != nil {
		return err
	}
	if !found {
		return errInvalidCode
	}
	used, err := tx.UseStep(ctx, usersdb.UseStepParams{UserID: user, Step: step})
	if err == nil && used == 0 {
		err = errInvalidCode
	}
	return err
}

// keepRecoveryCodes replaces the stored recovery codes of an account.
func (s *Service) keepRecoveryCodes(ctx context.Context, q usersdb.Querier, user uuid.UUID, codes []string) error {
	hashes := make([][]byte, len(codes))
	for i, code := range codes {
		hashes[i] = s.recoveryHash(user, code)
	}
	if err := q.DeleteRecoveryCodes(ctx, user); err != nil {
		return err
	}
	return q.CreateRecoveryCodes(ctx, usersdb.CreateRecoveryCodesParams{UserID: user, Hashes: hashes})
}

// appSecretOf is the name under which the secret of an account's authenticator app is sealed.
func appSecretOf(user uuid.UUID) string { return "second_factors/" + user.String() }
