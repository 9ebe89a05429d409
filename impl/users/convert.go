package users

import (
	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/convert"
)

func toAPIUserV1(u usersdb.User) usersapi.UserV1 {
	return usersapi.UserV1{ID: u.ID, Name: u.Name, Email: u.Email}
}

func toAPIUserV2(u usersdb.User) usersapi.UserV2 {
	return usersapi.UserV2{ID: u.ID, Name: u.Name, Email: u.Email, Avatar: u.Avatar, CreatedAt: u.CreatedAt.UTC()}
}

func (s *Service) toAPIProfile(u usersdb.User, told confidential) usersapi.Profile {
	return usersapi.Profile{
		ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerifiedAt != nil, Avatar: u.Avatar,
		Phone: told.phone, IDCardNumber: told.idCardNumber, Biography: s.biography(u.Biography), Roles: toAPIRoles(u.Roles),
		DeletesAt: convert.UTC(u.DeletesAt), CreatedAt: u.CreatedAt.UTC(), UpdatedAt: u.UpdatedAt.UTC(),
	}
}

func toAPIAdminUser(u usersdb.User) usersapi.AdminUser {
	return usersapi.AdminUser{
		ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerifiedAt != nil,
		SecondFactor: u.SecondFactorAt != nil, Avatar: u.Avatar, Status: usersapi.UserStatus(u.Status),
		Roles: toAPIRoles(u.Roles), DeletesAt: convert.UTC(u.DeletesAt), CreatedAt: u.CreatedAt.UTC(),
		UpdatedAt: u.UpdatedAt.UTC(),
	}
}

func toAPIEmailChange(link usersdb.EmailToken) usersapi.EmailChange {
	return usersapi.EmailChange{
		Email: link.Email, ExpiresAt: link.ExpiresAt.UTC(), MailedAt: link.MailedAt.UTC(), NextMailAt: nextMailAt(link).UTC(),
	}
}

func toAPIRoles(roles []string) []usersapi.Role { return convert.All[usersapi.Role](roles) }

func toDBRoles(roles []usersapi.Role) []string { return convert.All[string](roles) }

func toAPISession(s usersdb.Session, current bool) usersapi.Session {
	return usersapi.Session{
		ID: s.ID, Current: current, Address: s.Address, UserAgent: s.UserAgent,
		CreatedAt: s.CreatedAt.UTC(), LastUsedAt: s.LastUsedAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
	}
}
