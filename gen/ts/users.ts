// Made by `make gen` from openapi/; not to be edited.
export interface paths {
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open an account
         * @deprecated
         * @description Opens an account with the role `customer`. Anybody may call it. E-mail addresses are compared without regard to case; a second
         *     account for an address is refused with `email_taken`.
         */
        post: operations["createUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        /**
         * Read an account
         * @deprecated
         * @description Reads one's own account; support and administrators read anybody's. Another caller's account is answered like a missing one.
         */
        get: operations["getUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open an account
         * @description Opens an account with the role `customer`. Anybody may call it. E-mail addresses are compared without regard to case; a second
         *     account for an address is refused with `email_taken`. A password is accepted if it has 15 characters or more, or 8 or more with
         *     an upper-case letter, a lower-case letter, a digit and another character. Common passwords, and passwords that contain the part
         *     of the e-mail address before the @, are refused.
         */
        post: operations["createUserV2"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/users/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        /**
         * Read an account
         * @description Reads one's own account; support and administrators read anybody's. Another caller's account is answered like a missing one.
         */
        get: operations["getUserV2"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/users/{userId}/profile": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        /**
         * Read an account's profile
         * @description Reads one's own profile; support and administrators read anybody's, without the number of the identity card. Another caller's
         *     profile is answered like a missing one.
         */
        get: operations["getUserProfile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/email-verification/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Verify an e-mail address
         * @description Uses the token of a verification mail. The account's address becomes verified, and nothing else of the account changes; its
         *     password stays that of the person who opened it. A token is valid for one use within a day of the last request for it, for the
         *     account and the address that it was sent for. Any other token is refused with `invalid_mail_token`.
         */
        post: operations["confirmEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/email-change/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change an e-mail address
         * @description Uses the token of a mail to a new address. The address becomes the account's and is verified. Sessions go on; the old address is
         *     notified by mail. A token is valid for one use within a day of the last request for it, until another address is requested, the
         *     change is withdrawn or the password is changed. Any other token is refused with `invalid_mail_token`. If another account has
         *     taken the address in the meantime, the answer is `email_taken`, and the change stays pending.
         */
        post: operations["confirmEmailChange"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/password-reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request a password reset
         * @description Sends a mail to the owner of the active account with the address, if there is one, with a link to choose a new password within
         *     half an hour from now. Neither the answer nor its timing reveals whether there is such an account. While a link is valid no
         *     other replaces it: asking again sends the same link, after 1, 5, 15, 60 and 180 minutes at the soonest, and no seventh time
         *     until 24 hours after the first; the next mail replaces a link that is a day old. In between no mail is sent, and the link of the
         *     last one is valid for another half hour. Mails that could not be handed over do not count. An account receives at most ten such
         *     mails at once and another every two hours and 24 minutes. A service that is configured without mails refuses with `mail_off`,
         *     whatever the address.
         */
        post: operations["requestPasswordReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/password-reset/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset the password
         * @description Uses the token of a mail to set a new password. Every session of the account ends, and its owner is notified by mail. The reset
         *     verifies the address. If the address was not verified before, another person may have opened the account: its second factor, its
         *     profile, a requested deletion and a requested change of address are deleted, and its name becomes the part of the address before
         *     the @. A pending change of address becomes void in any case. A token is valid for one use within half an hour of the last
         *     request for it; if the address is verified, only until the password is changed. Any other token is refused with
         *     `invalid_mail_token`. The rules for passwords are those of `createUserV2`.
         */
        post: operations["resetPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign in
         * @description Starts a session. A wrong password and an unknown address get the same answer, in the same time, and count alike: after too many
         *     failed tries this network gets 429, while other networks, and the networks from which the account was used recently, can still
         *     log in. With `"cookie": true` the refresh token is set as an HttpOnly, Secure, SameSite=Strict cookie for `/api/v1/refresh` and
         *     is absent from the answer; such a request must come from the origin of the service or from a trusted one. An account with a
         *     second factor gets 202 and a challenge instead of a session: `answerChallenge` starts the session, in the form that was
         *     requested here.
         */
        post: operations["startSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/login/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign in with a second factor
         * @description Starts the session for which `startSession` issued the challenge, and answers in the same form. Send either `totp` or
         *     `recovery_code`. A challenge is valid for five minutes, for one session and for five tries, until the account's password is
         *     changed, the account is disabled or its second factor is disabled. Any other challenge is refused with `invalid_challenge`, and
         *     a new login gets another. A code is valid for half a minute before and after its own, and for one use. Any other code is refused
         *     with `invalid_code`.
         */
        post: operations["answerChallenge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchange a refresh token
         * @description Exchanges a refresh token for the next access and refresh token. The token is sent in the body, or in the cookie if the body is
         *     `{}`; a browser's request must come from the origin of the service or from a trusted one. Repeating an exchange within ten
         *     seconds, because its answer was lost, gives the same successor. A later use of a spent token ends the session.
         */
        post: operations["refreshSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign out
         * @description Ends the caller's session. This service refuses its access and refresh tokens from the next request on, other services refuse
         *     its access token once they have received the event. The cookie is removed.
         */
        post: operations["endSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List own sessions
         * @description Lists the caller's live sessions, newest first.
         */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/revoke-others": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End all other own sessions
         * @description Ends every session of the caller except the current one.
         */
        post: operations["revokeOtherSessions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/{sessionId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End one own session
         * @description Ends one session of the caller, which may be the current one. Another account's session is answered like a missing one.
         */
        delete: operations["revokeSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read own profile
         * @description Reads the caller's own profile.
         */
        get: operations["getProfile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change own profile
         * @description Changes the members that are sent and leaves the others as they are (RFC 7396). `null` removes the avatar, the biography, the
         *     phone number or the number of the identity card. Two accounts cannot have the same identity card: the second is refused with
         *     `id_card_number_taken`.
         */
        patch: operations["updateProfile"];
        trace?: never;
    };
    "/api/v1/profile/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change own password
         * @description Replaces the caller's password and ends every other session. The current password is required. A pending change of address
         *     becomes void, and so does the link of a password reset if the address is verified. If it is not, the reader of the mail may be
         *     the rightful owner of the account, and the link stays valid. The rules for passwords are those of `createUserV2`.
         */
        put: operations["changePassword"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/profile/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read own second factor
         * @description Shows whether the caller's logins need a second factor, since when, and how many recovery codes are left.
         */
        get: operations["getSecondFactor"];
        put?: never;
        /**
         * Enrol an authenticator app
         * @description Creates a secret for an authenticator app (TOTP, RFC 6238: SHA-1, six digits, 30 seconds), as text, as an address and as a
         *     picture to scan. Logins need a second factor once `confirmSecondFactor` has received a code; until then another call creates
         *     another secret. If a second factor is enabled, the answer is `second_factor_enabled`: disable it first. If the address is not
         *     verified, the answer is `email_unverified`: the caller may not be its owner, and would lock the owner out.
         */
        post: operations["enrolSecondFactor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/profile/second-factor/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enable a second factor
         * @description Proves by a code that the app has the secret of `enrolSecondFactor`. From now on logins need a second factor; the owner is
         *     notified by mail. The answer has ten recovery codes, shown only once; each is valid for one use in place of a code. If the
         *     answer is lost, `replaceRecoveryCodes` creates others. Existing sessions go on.
         */
        post: operations["confirmSecondFactor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/profile/second-factor/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Disable own second factor
         * @description Lets logins succeed with the password alone, and makes the recovery codes void. The password is required, with either `totp` or
         *     `recovery_code`. The owner is notified by mail.
         */
        post: operations["disableSecondFactor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/profile/second-factor/recovery-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace own recovery codes
         * @description Creates ten recovery codes, shown only once, and makes all earlier ones void. The owner is notified by mail. The password and a
         *     code are required; if the answer is lost, the next code creates others.
         */
        post: operations["replaceRecoveryCodes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/profile/email-verification": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request another verification mail
         * @description Sends a mail with a link that proves that the caller reads mail to the account's address. The first mail is sent when the
         *     account is opened. Asking again sends the same link, after 1, 5, 15, 60 and 180 minutes at the soonest, and no seventh time
         *     until 24 hours after the first; the answer says when the last mail was sent and when the next can be. The link is valid for a
         *     day from now in any case. If the address is verified, no mail is sent and `verified` is true. Mails that could not be
         *     delivered do not count for these pauses; more than ten mails are refused with `rate_limited`, until another may be sent. A service that is configured
         *     without mails refuses with `mail_off`.
         */
        post: operations["requestEmailVerification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/profile/email-change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read own pending change of address
         * @description Shows the address of a pending change that `requestEmailChange` has started, until when its link is valid, and when another mail
         *     can be sent. If no change is pending, the answer is `email_change_not_found`.
         */
        get: operations["getEmailChange"];
        put?: never;
        /**
         * Request a change of own e-mail address
         * @description Sends a mail to the new address with a link that makes it the account's. Nothing changes until the link is followed. The
         *     caller's password is required. The answer does not reveal whether another account has the address: the mail does. One change is
         *     pending at a time: requesting another address makes the earlier link void and sends a mail at once. Requesting the same address
         *     again, in any letter case, sends the same link, after 1, 5, 15, 60 and 180 minutes at the soonest, and no seventh time until 24
         *     hours after the first; the link is valid for a day from now in any case. The answer says when the last mail was sent and when
         *     the next can be. An account sends ten such mails at once, and one more every two hours and 24 minutes, and an address receives
         *     as many from all accounts together; a request beyond that is refused with `rate_limited` and changes nothing. A service that is
         *     configured without mails refuses with `mail_off`.
         */
        post: operations["requestEmailChange"];
        /**
         * Withdraw own change of address
         * @description Makes the link of a pending change of address void. If no change is pending, because none was requested, it has expired or its
         *     link was just followed, the answer is `email_change_not_found`: `getProfile` shows the address of the account.
         */
        delete: operations["cancelEmailChange"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/profile/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List own activity
         * @description Lists the entries of the audit log about the caller's account, newest first, a page at a time: the caller's own actions, and
         *     actions of others on the account, without who they are and where they were.
         */
        get: operations["listActivity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/profile/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Export own data
         * @description Returns everything that this service stores about the caller, except the secrets that open the account. If `activity` has a
         *     `next_cursor`, `listActivity` continues from there. The caller's password is required. The orders service stores and lists
         *     orders.
         */
        post: operations["exportOwnData"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/profile/deletion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request the deletion of own account
         * @description Schedules the deletion of the caller's account, with everything that is stored about it, after a grace period. Until then the
         *     account works, and `cancelDeletion` keeps it. Every other session ends, and the owner is notified by mail. Asking again keeps
         *     the day of the first answer, ends the other sessions and sends no other mail. After ten such mails, and one more every two hours
         *     and 24 minutes, a new request is refused with `rate_limited` and changes nothing: no account is deleted without a mail. An
         *     administrator's account must first lose the role, by another administrator.
         */
        post: operations["requestDeletion"];
        /**
         * Cancel the deletion of own account
         * @description Keeps an account whose deletion was requested. It has no effect on any other account.
         */
        delete: operations["cancelDeletion"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search and list accounts
         * @description Lists accounts, newest first, a page at a time. An account is listed if it matches all filters: `email` and `name` match
         *     prefixes without regard to case (in names ß equals ss, final ς equals σ, and dotted and dotless i are equal), `phone`, `status`
         *     and `role` match exactly.
         */
        get: operations["listUsers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete an account
         * @description Deletes the account, everything stored with it and its sessions. An administrator cannot delete their own account here.
         */
        delete: operations["deleteUser"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{userId}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Disable an account
         * @description Ends every session of the account and refuses its logins until it is enabled. Disabling a disabled account changes nothing. An
         *     administrator cannot disable their own account.
         */
        post: operations["disableUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{userId}/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove an account's second factor
         * @description Lets an owner who has lost both the app and the recovery codes log in with the password alone; the owner is notified by mail.
         *     Verify who asks first. Administrators disable their own second factor with `disableSecondFactor`.
         */
        delete: operations["removeSecondFactor"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{userId}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enable an account
         * @description Accepts logins of the account again. Enabling an active account changes nothing.
         */
        post: operations["enableUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{userId}/roles": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Set an account's roles
         * @description Replaces the roles of the account. A removed role takes effect here on the account's next request, in other services once they
         *     have received the event. When the account gets a role that it did not have, its sessions end, and its owner has to log in again.
         *     The owner is notified of a change by mail. Roles other than `customer` need a verified address, otherwise the answer is
         *     `email_unverified`. Administrators cannot change their own roles.
         */
        put: operations["setUserRoles"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{userId}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        /**
         * List an account's sessions
         * @description Lists the live sessions of an account, newest first.
         */
        get: operations["listUserSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{userId}/sessions/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End an account's sessions
         * @description Ends every session of an account; its user has to log in again.
         */
        post: operations["revokeUserSessions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{userId}/sessions/{sessionId}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End one of an account's sessions
         * @description Ends one session of an account.
         */
        delete: operations["revokeUserSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/audit-entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the audit log
         * @description Lists who did what to whom in this service, from where and with what outcome, newest first, a page at a time. An entry is listed
         *     if it matches all filters. Entries are never changed.
         */
        get: operations["listAuditEntries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the public keys
         * @description The public keys that verify access tokens (RFC 7517), including the next one. Cache them for as long as `Cache-Control` says.
         */
        get: operations["getKeySet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        CreateUserRequest: {
            email: components["schemas"]["Email"];
            name: components["schemas"]["PersonName"];
            /**
             * Format: password
             * @description A password that meets the rules of `createUserV2`, with at least eight characters.
             */
            password: string;
        };
        CreateUserV2Request: {
            email: components["schemas"]["Email"];
            name: components["schemas"]["PersonName"];
            password: components["schemas"]["NewPassword"];
            avatar?: components["schemas"]["Avatar"];
        };
        StartSessionRequest: {
            email: components["schemas"]["Email"];
            password: components["schemas"]["Password"];
            /**
             * @description Whether the refresh token is set as a cookie instead of being part of the answer.
             * @default false
             */
            cookie?: boolean;
        };
        AnswerChallengeRequest: {
            challenge: components["schemas"]["Challenge"];
            totp?: components["schemas"]["TimeCode"];
            recovery_code?: components["schemas"]["RecoveryCode"];
        };
        EnrolSecondFactorRequest: {
            current_password: components["schemas"]["Password"];
        };
        ConfirmSecondFactorRequest: {
            totp: components["schemas"]["TimeCode"];
        };
        DisableSecondFactorRequest: {
            current_password: components["schemas"]["Password"];
            totp?: components["schemas"]["TimeCode"];
            recovery_code?: components["schemas"]["RecoveryCode"];
        };
        ReplaceRecoveryCodesRequest: {
            current_password: components["schemas"]["Password"];
            totp: components["schemas"]["TimeCode"];
        };
        RefreshSessionRequest: {
            refresh_token?: components["schemas"]["RefreshToken"];
        };
        UpdateProfileRequest: {
            name?: components["schemas"]["PersonName"];
            /**
             * Format: https-url
             * @description The address of a picture; null removes it.
             */
            avatar?: string | null;
            /**
             * Format: phone
             * @description The phone number in E.164 form; null removes it.
             */
            phone?: string | null;
            /**
             * @description The number of the identity card, in capital letters and digits; null removes it. Hyphens are ignored in comparisons.
             * @example X1234567-8
             */
            id_card_number?: string | null;
            /**
             * @description What the owner says about themselves, in HTML; null removes it. Answers keep the elements p, br, b, i, em, strong, ul, ol, li and a with an
             *     absolute https href.
             * @example <p>I wrote the <b>first</b> program.</p>
             */
            biography?: string | null;
        };
        ChangePasswordRequest: {
            current_password: components["schemas"]["Password"];
            new_password: components["schemas"]["NewPassword"];
        };
        ConfirmEmailRequest: {
            token: components["schemas"]["MailToken"];
        };
        RequestEmailChangeRequest: {
            email: components["schemas"]["Email"];
            current_password: components["schemas"]["Password"];
        };
        EmailChange: {
            email: components["schemas"]["Email"];
            /**
             * Format: date-time
             * @description When the link to the address expires.
             */
            expires_at: string;
            /**
             * Format: date-time
             * @description When the last mail with the link was sent.
             */
            mailed_at: string;
            /**
             * Format: date-time
             * @description When asking again next sends a mail to the same address.
             */
            next_mail_at: string;
        };
        EmailVerification: {
            email: components["schemas"]["Email"];
            /** @description Whether the address is verified; no mail is sent then. */
            verified: boolean;
            /**
             * Format: date-time
             * @description When the link expires.
             */
            expires_at?: string;
            /**
             * Format: date-time
             * @description When the last mail with the link was sent.
             */
            mailed_at?: string;
            /**
             * Format: date-time
             * @description When asking again next sends a mail.
             */
            next_mail_at?: string;
        };
        ConfirmEmailChangeRequest: {
            token: components["schemas"]["MailToken"];
        };
        RequestPasswordResetRequest: {
            email: components["schemas"]["Email"];
        };
        ResetPasswordRequest: {
            token: components["schemas"]["MailToken"];
            new_password: components["schemas"]["NewPassword"];
        };
        ExportOwnDataRequest: {
            current_password: components["schemas"]["Password"];
        };
        RequestDeletionRequest: {
            current_password: components["schemas"]["Password"];
        };
        SetUserRolesRequest: {
            roles: components["schemas"]["Role"][];
        };
        /**
         * Format: email
         * @description An e-mail address (RFC 5321) with ASCII characters before the @, compared without regard to case. A domain beyond ASCII equals its
         *     A-labels (`xn--`), which answers use.
         */
        Email: string;
        /**
         * Format: line
         * @description The name of the person; one line without invisible characters that neither begins nor ends with a space.
         */
        PersonName: string;
        /**
         * Format: password
         * @description A password that meets the rules of `createUserV2`.
         */
        NewPassword: string;
        /** @description A password, compared character by character; canonically equal texts are the same password. */
        Password: string;
        /** @description A refresh token: 32 bytes in base64url. */
        RefreshToken: string;
        /** @description The token in the link of a mail, after `#token=`. */
        MailToken: string;
        /** @description The challenge of a login: 256 bits in base64url. */
        Challenge: string;
        /**
         * Format: time-code
         * @description The six digits that the authenticator app shows, in the digits of any script; white space and dashes between them are ignored.
         * @example 287082
         */
        TimeCode: string;
        /**
         * Format: recovery-code
         * @description A recovery code: 80 bits in base32. Letter case, white space and dashes are ignored, and 0, 1 and 8, which base32 does not use, are read as
         *     O, I and B.
         * @example MFZW-I3LP-OBQX-E2LK
         */
        RecoveryCode: string;
        /**
         * Format: https-url
         * @description The address of a picture, https only.
         */
        Avatar: string;
        /**
         * @description What an account may do. Later versions may add values.
         * @enum {string}
         */
        Role: "customer" | "support" | "staff" | "payments" | "admin";
        /**
         * @description The state of an account. Later versions may add values.
         * @enum {string}
         */
        UserStatus: "active" | "disabled";
        UserV1: {
            /** Format: uuid */
            id: string;
            name: string;
            email: components["schemas"]["Email"];
        };
        UserV2: {
            /** Format: uuid */
            id: string;
            name: string;
            email: components["schemas"]["Email"];
            avatar?: components["schemas"]["Avatar"];
            /** Format: date-time */
            created_at: string;
        };
        Profile: {
            /** Format: uuid */
            id: string;
            name: string;
            email: components["schemas"]["Email"];
            /** @description Whether the owner has proven that they read mail to the address. */
            email_verified: boolean;
            avatar?: components["schemas"]["Avatar"];
            /** Format: phone */
            phone?: string;
            /** @description The number of the identity card; only its owner sees it. */
            id_card_number?: string;
            /**
             * @description HTML that is safe to show, in an element of its own: the elements that `updateProfile` names, with no attributes other than
             *     href, rel and target of links. Text is escaped, so it may be longer than what was sent.
             * @example <p>I wrote the <b>first</b> program.</p>
             */
            biography?: string;
            roles: components["schemas"]["Role"][];
            /**
             * Format: date-time
             * @description When the account will be deleted; until then its owner can cancel the deletion.
             */
            deletes_at?: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        AdminUser: {
            /** Format: uuid */
            id: string;
            name: string;
            email: components["schemas"]["Email"];
            /** @description Whether the owner has proven that they read mail to the address. */
            email_verified: boolean;
            /** @description Whether logins need a second factor. */
            second_factor: boolean;
            avatar?: components["schemas"]["Avatar"];
            status: components["schemas"]["UserStatus"];
            roles: components["schemas"]["Role"][];
            /**
             * Format: date-time
             * @description When the account will be deleted; until then its owner can cancel the deletion.
             */
            deletes_at?: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        AdminUserList: {
            items: components["schemas"]["AdminUser"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        Session: {
            /** Format: uuid */
            id: string;
            /** @description Whether this is the session of the request. */
            current: boolean;
            /** @description The network address that started the session. */
            address: string;
            /** @description The `User-Agent` of the program that started the session. */
            user_agent: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_used_at: string;
            /** Format: date-time */
            expires_at: string;
        };
        SessionList: {
            items: components["schemas"]["Session"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        Deletion: {
            /** Format: date-time */
            deletes_at: string;
        };
        /** @description What this service stores about an account. */
        OwnData: {
            /** Format: date-time */
            exported_at: string;
            profile: components["schemas"]["Profile"];
            status: components["schemas"]["UserStatus"];
            /**
             * Format: date-time
             * @description When the owner proved that they read mail to the address.
             */
            email_verified_at?: string;
            second_factor: components["schemas"]["SecondFactor"];
            /** @description The newest sessions that have not been purged, including ended ones. */
            sessions: components["schemas"]["OwnSession"][];
            /** @description Links that were sent by mail in the last days and have not been followed, including expired ones. */
            mails: components["schemas"]["OwnMail"][];
            activity: components["schemas"]["ActivityList"];
        };
        OwnSession: {
            /** Format: uuid */
            id: string;
            /** @description Whether its refresh token is a cookie. */
            cookie: boolean;
            /** @description The network address that started the session. */
            address: string;
            /** @description The `User-Agent` of the program that started the session. */
            user_agent: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_used_at: string;
            /** Format: date-time */
            expires_at: string;
            /**
             * Format: date-time
             * @description When the session was ended before it expired.
             */
            revoked_at?: string;
        };
        OwnMail: {
            /** @description What the link of the mail is for. */
            purpose: string;
            email: components["schemas"]["Email"];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            /**
             * Format: int32
             * @description How many such mails were sent since `counted_from`.
             */
            mails?: number;
            /**
             * Format: date-time
             * @description When the last of them was sent.
             */
            mailed_at?: string;
            /** Format: date-time */
            counted_from?: string;
        };
        ActivityEntry: {
            /** Format: uuid */
            id: string;
            action: components["schemas"]["AuditAction"];
            /** @description `success`, or the code of the problem. */
            outcome: string;
            /**
             * @description Whose session acted: the account's own, another account's, or none, as in a failed login.
             * @enum {string}
             */
            by: "owner" | "other" | "nobody";
            /** @description The network address of the caller, unless another account acted. */
            address?: string;
            /** @description The id of the request. */
            request_id: string;
            /** Format: date-time */
            occurred_at: string;
        };
        ActivityList: {
            items: components["schemas"]["ActivityEntry"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        AuditAction: string;
        AuditEntry: {
            /** Format: uuid */
            id: string;
            action: components["schemas"]["AuditAction"];
            /** @description `success`, or the code of the problem. */
            outcome: string;
            /**
             * Format: uuid
             * @description The account that acted; absent if the caller was anonymous.
             */
            actor?: string;
            /**
             * Format: uuid
             * @description The account or resource that was acted on; absent if it is unknown.
             */
            target?: string;
            /** @description The network address of the caller. */
            address: string;
            /** @description The id of the request, as in the log of the service. */
            request_id: string;
            /** Format: date-time */
            occurred_at: string;
        };
        AuditEntryList: {
            items: components["schemas"]["AuditEntry"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        /** @description The `cursor` of the next page, null on the last one. */
        NextCursor: string | null;
        RevokedSessions: {
            /** Format: int64 */
            revoked: number;
        };
        TokenSet: {
            /** @description The token for the `Authorization` header (RFC 9068). */
            access_token: string;
            /** @enum {string} */
            token_type: "Bearer";
            /**
             * Format: int32
             * @description Seconds until the access token expires.
             */
            expires_in: number;
            refresh_token?: components["schemas"]["RefreshToken"];
        };
        LoginChallenge: {
            challenge: components["schemas"]["Challenge"];
            /**
             * Format: int32
             * @description Seconds until the challenge expires.
             */
            expires_in: number;
            methods: components["schemas"]["ChallengeMethod"][];
        };
        /**
         * @description A member that answers a challenge: a code of the authenticator app, or a recovery code. Later versions may add values.
         * @enum {string}
         */
        ChallengeMethod: "totp" | "recovery_code";
        SecondFactor: {
            /** @description Whether logins need a second factor. */
            enabled: boolean;
            /**
             * Format: date-time
             * @description Since when logins need it.
             */
            confirmed_at?: string;
            /**
             * Format: int32
             * @description How many recovery codes have not been used.
             */
            recovery_codes_left: number;
        };
        SecondFactorSecret: {
            /** @description The secret to type in: 160 bits in base32 (RFC 4648). */
            secret: string;
            /**
             * Format: uri-reference
             * @description The secret as an address (`otpauth`) that authenticator apps open.
             */
            uri: string;
            /** @description The address as a picture to scan, a `data:` URL of a PNG. */
            qr_code: string;
        };
        RecoveryCodes: {
            recovery_codes: components["schemas"]["RecoveryCode"][];
        };
        KeySet: {
            keys: components["schemas"]["Key"][];
        };
        /** @description A public key (RFC 8037). */
        Key: {
            kty: string;
            crv: string;
            use: string;
            alg: string;
            kid: string;
            x: string;
        };
        /**
         * @description A failure (RFC 9457).
         * @example {
         *       "type": "/problems/invalid_request",
         *       "title": "Unprocessable Entity",
         *       "status": 422,
         *       "detail": "Some of what was sent is not valid; errors names each place.",
         *       "instance": "/api/v2/users",
         *       "code": "invalid_request",
         *       "request_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
         *       "timestamp": "2026-11-23T09:30:00Z",
         *       "errors": [
         *         {
         *           "pointer": "#/email",
         *           "keyword": "format",
         *           "params": {
         *             "format": "email"
         *           },
         *           "detail": "Must be an e-mail address such as name@example.com."
         *         }
         *       ]
         *     }
         */
        Problem: {
            /**
             * Format: uri-reference
             * @description The page that explains the code.
             */
            type: string;
            /** @description The status in words. */
            title: string;
            /** Format: int32 */
            status: number;
            /** @description What happened and what to do about it. */
            detail: string;
            /**
             * Format: uri-reference
             * @description The path of the request.
             */
            instance: string;
            code: components["schemas"]["ProblemCode"];
            request_id: string;
            /** Format: date-time */
            timestamp: string;
            errors?: components["schemas"]["Violation"][];
        };
        /** @description One place of the request that breaks this document. */
        Violation: {
            /** @description The place: a JSON pointer into the body such as `#/email`, or `#/query/limit`, `#/header/…`, `#/path/…`, `#/cookie/…`. */
            pointer: string;
            /** @description The rule that is broken, such as `maxLength` or `format`. */
            keyword: string;
            /** @description The values of the rule, such as `{"maxLength": 100}`. */
            params?: {
                [key: string]: unknown;
            };
            detail: string;
        };
        /**
         * @description The code of the failure, for programs. Later versions may add values.
         * @enum {string}
         */
        ProblemCode: "malformed_request" | "unauthenticated" | "forbidden" | "cross_origin_refused" | "not_found" | "method_not_allowed" | "body_too_large" | "unsupported_media_type" | "invalid_request" | "rate_limited" | "internal" | "overloaded" | "timeout" | "unavailable" | "email_taken" | "user_not_found" | "session_not_found" | "invalid_credentials" | "invalid_refresh_token" | "account_disabled" | "wrong_password" | "self_administration" | "invalid_mail_token" | "invalid_challenge" | "invalid_code" | "second_factor_enabled" | "second_factor_not_enabled" | "id_card_number_taken" | "email_unverified" | "mail_off" | "email_change_not_found";
    };
    responses: {
        /** @description The request cannot be read, for example because the body is not JSON (`malformed_request`). */
        Malformed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no valid access token (`unauthenticated`). */
        Unauthenticated: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWWAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The e-mail address or the password is wrong (`invalid_credentials`). */
        CredentialsRefused: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWWAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The refresh token is missing or no longer valid (`invalid_refresh_token`). */
        RefreshRefused: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWWAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The caller may not do this (`forbidden`). */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account is disabled (`account_disabled`), or the request comes from a page of an untrusted origin (`cross_origin_refused`). */
        LoginForbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request comes from a page of an untrusted origin (`cross_origin_refused`). */
        CrossOrigin: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The challenge is used up, expired or unknown (`invalid_challenge`). */
        ChallengeRefused: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWWAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The code is wrong or was used (`invalid_code`), or the request comes from a page of an untrusted origin (`cross_origin_refused`). */
        CodeForbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The code is wrong or was used (`invalid_code`). */
        InvalidCode: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The current password is wrong (`wrong_password`), or the code is wrong or was used (`invalid_code`). */
        ProofRefused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account has a second factor (`second_factor_enabled`), or its address is not verified (`email_unverified`). */
        EnrolmentRefused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account has no second factor (`second_factor_not_enabled`). */
        SecondFactorNotEnabled: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account has a second factor (`second_factor_enabled`), or none is enrolled (`second_factor_not_enabled`), or its address is not verified (`email_unverified`). */
        SecondFactorConflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account has no second factor (`second_factor_not_enabled`), or is the administrator's own (`self_administration`). */
        SecondFactorKept: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The token of the mail was used, has expired or is unknown (`invalid_mail_token`). */
        InvalidMailToken: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The service is configured to send no mails (`mail_off`). */
        MailOff: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No change of address is pending (`email_change_not_found`). */
        EmailChangeNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The current password is wrong (`wrong_password`). */
        WrongPassword: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such account, or none that the caller may see (`user_not_found`). */
        UserNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such session of the account (`session_not_found`). */
        SessionNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is already an account with this e-mail address (`email_taken`). */
        EmailTaken: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is already an account with this identity card (`id_card_number_taken`). */
        IDCardNumberTaken: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Administrators cannot do this to their own account (`self_administration`), or the account's address is not verified (`email_unverified`). */
        RolesRefused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Administrators cannot do this to their own account (`self_administration`). */
        SelfAdministration: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is larger than the operation allows (`body_too_large`). */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The operation does not accept the media type of the body (`unsupported_media_type`). */
        UnsupportedMediaType: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request breaks this document at the places that `errors` names (`invalid_request`). */
        Invalid: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests (`rate_limited`). */
        RateLimited: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The service cannot answer now; try again after `Retry-After` seconds (`overloaded`, `timeout`, `unavailable`). */
        Unavailable: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The service cannot answer now; try again after `Retry-After` seconds (`timeout`, `unavailable`). */
        Unanswered: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Any other failure. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description The account.
         * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
         */
        UserId: string;
        /** @description The largest number of items on a page. */
        Limit: number;
        /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
        Cursor: string;
    };
    requestBodies: never;
    headers: {
        /** @description The path of the new resource. */
        Location: string;
        /** @description The next page (`rel="next"`) or the successor of this operation (`rel="successor-version"`), RFC 8288. */
        Link: string;
        /** @description Since when the operation is deprecated, RFC 9745. */
        Deprecation: string;
        /** @description When the operation stops working, RFC 8594. */
        Sunset: string;
        /** @description What is left of each limit after this request, and the seconds until it has recovered, as in `"default";r=29;t=60`. The limits `network`, `account` (of this network for this account) and `unfamiliar` count failed tries over all replicas; a successful try is refunded. */
        RateLimit: string;
        /** @description Each limit and its window in seconds, as in `"default";q=30;w=60`. */
        RateLimitPolicy: string;
        /** @description Seconds to wait before trying again. */
        RetryAfter: number;
        /** @description How to authenticate, RFC 6750. */
        WWWAuthenticate: string;
        /** @description The refresh cookie of a browser's session, set or removed. */
        SetCookie: string;
        /** @description The name of the file to save the answer in, RFC 6266. */
        ContentDisposition: string;
        /** @description For how long the answer may be cached, RFC 9111. */
        CacheControl: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    createUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com",
                 *       "name": "Ada Lovelace",
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["CreateUserRequest"];
            };
        };
        responses: {
            /** @description The account, open. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    Link: components["headers"]["Link"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com"
                     *     }
                     */
                    "application/json": components["schemas"]["UserV1"];
                };
            };
            400: components["responses"]["Malformed"];
            409: components["responses"]["EmailTaken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com"
                     *     }
                     */
                    "application/json": components["schemas"]["UserV1"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    createUserV2: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com",
                 *       "name": "Ada Lovelace",
                 *       "password": "correct horse battery",
                 *       "avatar": "https://images.example.com/ada.png"
                 *     }
                 */
                "application/json": components["schemas"]["CreateUserV2Request"];
            };
        };
        responses: {
            /** @description The account, open. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "created_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["UserV2"];
                };
            };
            400: components["responses"]["Malformed"];
            409: components["responses"]["EmailTaken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getUserV2: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "created_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["UserV2"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getUserProfile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profile. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "phone": "+442079460000",
                     *       "id_card_number": "X1234567-8",
                     *       "biography": "<p>I wrote the <b>first</b> program.</p>",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Profile"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    confirmEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                 *     }
                 */
                "application/json": components["schemas"]["ConfirmEmailRequest"];
            };
        };
        responses: {
            /** @description The address is verified. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["InvalidMailToken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    confirmEmailChange: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                 *     }
                 */
                "application/json": components["schemas"]["ConfirmEmailChangeRequest"];
            };
        };
        responses: {
            /** @description The account has the new address. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["InvalidMailToken"];
            409: components["responses"]["EmailTaken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    requestPasswordReset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com"
                 *     }
                 */
                "application/json": components["schemas"]["RequestPasswordResetRequest"];
            };
        };
        responses: {
            /** @description If there is such an account, a mail with a valid link is on its way, or was sent before and the next is not due yet. */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            409: components["responses"]["MailOff"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    resetPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ",
                 *       "new_password": "staple wrong donkey"
                 *     }
                 */
                "application/json": components["schemas"]["ResetPasswordRequest"];
            };
        };
        responses: {
            /** @description The password is changed. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["InvalidMailToken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    startSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com",
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["StartSessionRequest"];
            };
        };
        responses: {
            /** @description Signed in. */
            200: {
                headers: {
                    "Set-Cookie": components["headers"]["SetCookie"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
                     *       "token_type": "Bearer",
                     *       "expires_in": 300,
                     *       "refresh_token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenSet"];
                };
            };
            /** @description The password is right, and a code is required. */
            202: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "challenge": "dGhlIG5pZ2h0IGlzIGxvbmcgYW5kIHRoZSBkYXkgc2g",
                     *       "expires_in": 300,
                     *       "methods": [
                     *         "totp",
                     *         "recovery_code"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["LoginChallenge"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["CredentialsRefused"];
            403: components["responses"]["LoginForbidden"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    answerChallenge: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "challenge": "dGhlIG5pZ2h0IGlzIGxvbmcgYW5kIHRoZSBkYXkgc2g",
                 *       "totp": "287082"
                 *     }
                 */
                "application/json": components["schemas"]["AnswerChallengeRequest"];
            };
        };
        responses: {
            /** @description Signed in. */
            200: {
                headers: {
                    "Set-Cookie": components["headers"]["SetCookie"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
                     *       "token_type": "Bearer",
                     *       "expires_in": 300,
                     *       "refresh_token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenSet"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["ChallengeRefused"];
            403: components["responses"]["CodeForbidden"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    refreshSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: {
                /** @description The refresh token of a browser's session. */
                "__Secure-plumbline_refresh"?: string;
            };
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh_token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                 *     }
                 */
                "application/json": components["schemas"]["RefreshSessionRequest"];
            };
        };
        responses: {
            /** @description The session goes on. */
            200: {
                headers: {
                    "Set-Cookie": components["headers"]["SetCookie"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
                     *       "token_type": "Bearer",
                     *       "expires_in": 300,
                     *       "refresh_token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenSet"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["RefreshRefused"];
            403: components["responses"]["CrossOrigin"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out. */
            204: {
                headers: {
                    "Set-Cookie": components["headers"]["SetCookie"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["CrossOrigin"];
            503: components["responses"]["Unanswered"];
            default: components["responses"]["Problem"];
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of sessions. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d3-0c2b-7d41-b0a5-6f2e9d1c4b88",
                     *           "current": true,
                     *           "address": "203.0.113.7",
                     *           "user_agent": "Mozilla/5.0",
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "last_used_at": "2026-11-23T09:35:00Z",
                     *           "expires_at": "2026-12-23T09:35:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    revokeOtherSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many sessions were ended. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revoked": 2
                     *     }
                     */
                    "application/json": components["schemas"]["RevokedSessions"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    revokeSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The session.
                 * @example 019324d3-90bb-7a41-b0de-9c64c1f3d5aa
                 */
                sessionId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["SessionNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getProfile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profile. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "phone": "+442079460000",
                     *       "id_card_number": "X1234567-8",
                     *       "biography": "<p>I wrote the <b>first</b> program.</p>",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Profile"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    updateProfile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Ada King",
                 *       "phone": "+442079460000",
                 *       "avatar": null
                 *     }
                 */
                "application/json": components["schemas"]["UpdateProfileRequest"];
            };
        };
        responses: {
            /** @description The profile as it now is. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "phone": "+442079460000",
                     *       "id_card_number": "X1234567-8",
                     *       "biography": "<p>I wrote the <b>first</b> program.</p>",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Profile"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            409: components["responses"]["IDCardNumberTaken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current_password": "correct horse battery",
                 *       "new_password": "staple wrong donkey"
                 *     }
                 */
                "application/json": components["schemas"]["ChangePasswordRequest"];
            };
        };
        responses: {
            /** @description The password is changed. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WrongPassword"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The second factor. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "enabled": true,
                     *       "confirmed_at": "2026-11-23T09:30:00Z",
                     *       "recovery_codes_left": 10
                     *     }
                     */
                    "application/json": components["schemas"]["SecondFactor"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    enrolSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current_password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["EnrolSecondFactorRequest"];
            };
        };
        responses: {
            /** @description The secret, shown only once. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                     *       "uri": "otpauth://totp/Plumbline:ada@example.com?algorithm=SHA1&digits=6&issuer=Plumbline&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                     *       "qr_code": "data:image/png;base64,iVBORw0KGgo="
                     *     }
                     */
                    "application/json": components["schemas"]["SecondFactorSecret"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WrongPassword"];
            409: components["responses"]["EnrolmentRefused"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    confirmSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "totp": "287082"
                 *     }
                 */
                "application/json": components["schemas"]["ConfirmSecondFactorRequest"];
            };
        };
        responses: {
            /** @description The second factor is enabled, with its recovery codes. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "recovery_codes": [
                     *         "MFZW-I3LP-OBQX-E2LK",
                     *         "KRUG-KIDO-NFTW-Q5BA"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["InvalidCode"];
            409: components["responses"]["SecondFactorConflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    disableSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current_password": "correct horse battery",
                 *       "totp": "287082"
                 *     }
                 */
                "application/json": components["schemas"]["DisableSecondFactorRequest"];
            };
        };
        responses: {
            /** @description The second factor is disabled. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ProofRefused"];
            409: components["responses"]["SecondFactorNotEnabled"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    replaceRecoveryCodes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current_password": "correct horse battery",
                 *       "totp": "287082"
                 *     }
                 */
                "application/json": components["schemas"]["ReplaceRecoveryCodesRequest"];
            };
        };
        responses: {
            /** @description The codes. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "recovery_codes": [
                     *         "MFZW-I3LP-OBQX-E2LK",
                     *         "KRUG-KIDO-NFTW-Q5BA"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ProofRefused"];
            409: components["responses"]["SecondFactorNotEnabled"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    requestEmailVerification: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether the address is verified, and if not, when a mail was sent. */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "email": "ada@example.com",
                     *       "verified": false,
                     *       "expires_at": "2026-11-24T09:30:00Z",
                     *       "mailed_at": "2026-11-23T09:30:00Z",
                     *       "next_mail_at": "2026-11-23T09:31:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["EmailVerification"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            409: components["responses"]["MailOff"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getEmailChange: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The pending change. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "email": "ada.king@example.com",
                     *       "expires_at": "2026-11-24T09:30:00Z",
                     *       "mailed_at": "2026-11-23T09:30:00Z",
                     *       "next_mail_at": "2026-11-23T09:31:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["EmailChange"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["EmailChangeNotFound"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    requestEmailChange: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada.king@example.com",
                 *       "current_password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["RequestEmailChangeRequest"];
            };
        };
        responses: {
            /** @description The pending change, and when a mail was sent to the new address. */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "email": "ada.king@example.com",
                     *       "expires_at": "2026-11-24T09:30:00Z",
                     *       "mailed_at": "2026-11-23T09:30:00Z",
                     *       "next_mail_at": "2026-11-23T09:31:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["EmailChange"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WrongPassword"];
            409: components["responses"]["MailOff"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    cancelEmailChange: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The link is void. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["EmailChangeNotFound"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listActivity: {
        parameters: {
            query?: {
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of activity. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *           "action": "session.start",
                     *           "outcome": "success",
                     *           "by": "owner",
                     *           "address": "192.0.2.1",
                     *           "request_id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b11",
                     *           "occurred_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["ActivityList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    exportOwnData: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current_password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["ExportOwnDataRequest"];
            };
        };
        responses: {
            /** @description Everything, to be saved as a file. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    "Content-Disposition": components["headers"]["ContentDisposition"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "exported_at": "2026-11-23T09:30:00Z",
                     *       "profile": {
                     *         "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *         "name": "Ada Lovelace",
                     *         "email": "ada@example.com",
                     *         "email_verified": true,
                     *         "avatar": "https://images.example.com/ada.png",
                     *         "phone": "+442079460000",
                     *         "id_card_number": "X1234567-8",
                     *         "biography": "<p>I wrote the <b>first</b> program.</p>",
                     *         "roles": [
                     *           "customer"
                     *         ],
                     *         "created_at": "2026-11-23T09:30:00Z",
                     *         "updated_at": "2026-11-23T09:30:00Z"
                     *       },
                     *       "status": "active",
                     *       "email_verified_at": "2026-11-23T09:31:00Z",
                     *       "second_factor": {
                     *         "enabled": false,
                     *         "recovery_codes_left": 0
                     *       },
                     *       "sessions": [
                     *         {
                     *           "id": "019324d3-0c2b-7d41-b0a5-6f2e9d1c4b88",
                     *           "cookie": true,
                     *           "address": "203.0.113.7",
                     *           "user_agent": "Mozilla/5.0",
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "last_used_at": "2026-11-23T09:35:00Z",
                     *           "expires_at": "2026-12-23T09:35:00Z"
                     *         }
                     *       ],
                     *       "mails": [
                     *         {
                     *           "purpose": "verify",
                     *           "email": "ada@example.com",
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "expires_at": "2026-11-24T09:30:00Z",
                     *           "mails": 1,
                     *           "mailed_at": "2026-11-23T09:30:00Z",
                     *           "counted_from": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "activity": {
                     *         "items": [
                     *           {
                     *             "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *             "action": "session.start",
                     *             "outcome": "success",
                     *             "by": "owner",
                     *             "address": "192.0.2.1",
                     *             "request_id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b11",
                     *             "occurred_at": "2026-11-23T09:30:00Z"
                     *           }
                     *         ],
                     *         "next_cursor": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["OwnData"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WrongPassword"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    requestDeletion: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current_password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["RequestDeletionRequest"];
            };
        };
        responses: {
            /** @description When the account will be deleted. */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deletes_at": "2026-12-07T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Deletion"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WrongPassword"];
            409: components["responses"]["SelfAdministration"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    cancelDeletion: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account stays. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description The beginning of the e-mail address; a domain beyond ASCII is found by the whole domain, or by its A-labels. */
                email?: string;
                /** @description The beginning of the name. */
                name?: string;
                /** @description The whole phone number, in E.164 form. */
                phone?: string;
                /** @description The state of the account. */
                status?: components["schemas"]["UserStatus"];
                /** @description A role that the account has. */
                role?: components["schemas"]["Role"];
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of accounts. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "name": "Ada Lovelace",
                     *           "email": "ada@example.com",
                     *           "email_verified": true,
                     *           "second_factor": false,
                     *           "avatar": "https://images.example.com/ada.png",
                     *           "status": "active",
                     *           "roles": [
                     *             "customer"
                     *           ],
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "updated_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": "AQAGYO484PhAAZMk0jpefBCPTittGpwOdw"
                     *     }
                     */
                    "application/json": components["schemas"]["AdminUserList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    deleteUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account is deleted. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            409: components["responses"]["SelfAdministration"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    disableUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account, disabled. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "second_factor": false,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "status": "active",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["AdminUser"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            409: components["responses"]["SelfAdministration"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    removeSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The second factor is disabled. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            409: components["responses"]["SecondFactorKept"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    enableUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account, active. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "second_factor": false,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "status": "active",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["AdminUser"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    setUserRoles: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "roles": [
                 *         "customer",
                 *         "support"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["SetUserRolesRequest"];
            };
        };
        responses: {
            /** @description The account with its roles. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "second_factor": false,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "status": "active",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["AdminUser"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            409: components["responses"]["RolesRefused"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listUserSessions: {
        parameters: {
            query?: {
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of sessions. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d3-0c2b-7d41-b0a5-6f2e9d1c4b88",
                     *           "current": false,
                     *           "address": "203.0.113.7",
                     *           "user_agent": "Mozilla/5.0",
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "last_used_at": "2026-11-23T09:35:00Z",
                     *           "expires_at": "2026-12-23T09:35:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    revokeUserSessions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many sessions were ended. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revoked": 2
                     *     }
                     */
                    "application/json": components["schemas"]["RevokedSessions"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    revokeUserSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
                /**
                 * @description The session.
                 * @example 019324d3-90bb-7a41-b0de-9c64c1f3d5aa
                 */
                sessionId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["SessionNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listAuditEntries: {
        parameters: {
            query?: {
                /** @description The account that acted. */
                actor?: string;
                /** @description The account or resource that was acted on. */
                target?: string;
                /** @description The action, as in `user.disable`. */
                action?: components["schemas"]["AuditAction"];
                /** @description The earliest time. */
                occurred_from?: string;
                /** @description The time before which entries are listed. */
                occurred_before?: string;
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the log. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *           "action": "user.disable",
                     *           "outcome": "success",
                     *           "actor": "019324d2-1111-7c10-8f4e-2b6d1a9c0e77",
                     *           "target": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "address": "192.0.2.1",
                     *           "request_id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b11",
                     *           "occurred_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["AuditEntryList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getKeySet: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key set. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "kty": "OKP",
                     *           "crv": "Ed25519",
                     *           "use": "sig",
                     *           "alg": "EdDSA",
                     *           "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                     *           "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["KeySet"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
}
