package users

import (
	"errors"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/dbfault"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/postgres"
)

// The faults of this service, besides those of the chain.
var (
	errEmailTaken = fault.New(fault.Conflict, usersapi.ProblemCodeEmailTaken,
		"There is already an account with this e-mail address.")
	errUserNotFound = fault.New(fault.NotFound, usersapi.ProblemCodeUserNotFound,
		"There is no account with that id.")
	errSessionNotFound = fault.New(fault.NotFound, usersapi.ProblemCodeSessionNotFound,
		"You have no session with that id.")
	errInvalidCredentials = fault.New(fault.Unauthenticated, usersapi.ProblemCodeInvalidCredentials,
		"The e-mail address or the password is wrong.")
	errInvalidRefreshToken = fault.New(fault.Unauthenticated, usersapi.ProblemCodeInvalidRefreshToken,
		"The refresh token is missing or no longer valid; log in again.")
	errAccountDisabled = fault.New(fault.Forbidden, usersapi.ProblemCodeAccountDisabled,
		"The account is disabled; ask an administrator.")
	errWrongPassword = fault.New(fault.Forbidden, usersapi.ProblemCodeWrongPassword,
		"The current password is wrong.")
	errInvalidMailToken = fault.New(fault.Forbidden, usersapi.ProblemCodeInvalidMailToken,
		"The link of the mail is no longer valid; ask for another mail.")
	errInvalidChallenge = fault.New(fault.Unauthenticated, usersapi.ProblemCodeInvalidChallenge,
		"The login took too long or had too many wrong codes; start it again.")
	errInvalidCode = fault.New(fault.Forbidden, usersapi.ProblemCodeInvalidCode,
		"The code is wrong or was used; the app shows another within half a minute.")
	errSecondFactorEnabled = fault.New(fault.Conflict, usersapi.ProblemCodeSecondFactorEnabled,
		"The account already has a second factor; disable it first.")
	errSecondFactorNotEnabled = fault.New(fault.Conflict, usersapi.ProblemCodeSecondFactorNotEnabled,
		"There is no second factor; enrol one first.")
	errSelfAdministration = fault.New(fault.Conflict, usersapi.ProblemCodeSelfAdministration,
		"Administrators cannot do this to their own account; another administrator can, and users create-admin makes one.")
	errEmailUnverified = fault.New(fault.Conflict, usersapi.ProblemCodeEmailUnverified,
		"The e-mail address of the account is not verified; its owner must first follow the link of a verification mail.")
	errMailOff = fault.New(fault.Conflict, usersapi.ProblemCodeMailOff,
		"This service is configured to send no mails; its operator can change that.")
	errEmailChangeNotFound = fault.New(fault.NotFound, usersapi.ProblemCodeEmailChangeNotFound,
		"No change of address is pending.")
	errIDCardNumberTaken = fault.New(fault.Conflict, usersapi.ProblemCodeIDCardNumberTaken,
		"There is already an account with this identity card.")
)

// faults lists them for the chain, for the problem pages, and for the test that compares them with the document.
func faults() []*fault.Error {
	return []*fault.Error{
		errEmailTaken, errUserNotFound, errSessionNotFound, errInvalidCredentials, errInvalidRefreshToken, errAccountDisabled,
		errWrongPassword, errSelfAdministration, errInvalidMailToken, errInvalidChallenge, errInvalidCode,
		errSecondFactorEnabled, errSecondFactorNotEnabled, errIDCardNumberTaken, errEmailUnverified, errMailOff,
		errEmailChangeNotFound,
	}
}

// explain turns the errors of the database and the hasher into faults; it is the only place that knows them. missing is
// the fault of a row that is not there; nil means that a missing row is a defect.
func explain(err error, missing *fault.Error) error {
	var f *fault.Error
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case postgres.Constraint(err) == "users_email_key":
		return errEmailTaken.Because(err)
	case postgres.Constraint(err) == "users_admin_stays":
		return errSelfAdministration.Because(err)
	case postgres.Constraint(err) == "users_id_card_number_mark_key":
		return errIDCardNumberTaken.Because(err)
	case postgres.Constraint(err) == "sessions_user_id_fkey":
		return errInvalidCredentials.Because(err) // The account was deleted while its owner logged in.
	case errors.Is(err, hashing.ErrBusy):
		return contract.ErrOverloaded.Because(err)
	default:
		return dbfault.Explain(err, missing)
	}
}
