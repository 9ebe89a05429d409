package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// hearingLimit is how long a notification may take from one connection to the other; it takes milliseconds.
const hearingLimit = 5 * time.Second

// sessionsLimit bounds CheckSessions; each server of a URL may be silent for seconds before one answers.
const sessionsLimit = 30 * time.Second

// The time-outs without which a statement may take for ever.
var bounds = []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"}

// CheckSessions checks that every connection to a database has a session of PostgreSQL of its own, with the time-outs
// that a pool sets. LISTEN and advisory locks need the former: behind a pooler in transaction mode both succeed and
// hold nothing. A pooler may also drop the time-outs silently. CheckSessions takes at most half a minute. An error is
// one sentence that names host, port and database, never the password.
func CheckSessions(ctx context.Context, cfg Config) error {
	poolConfig, err := cfg.pool()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sessionsLimit)
	defer cancel()
	config := poolConfig.ConnConfig
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // Every pooler supports it.
	var pair [2]*pgx.Conn
	for i := range pair {
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return explainConnect(&config.Config, err)
		}
		defer func() {
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = conn.Close(closing) // The lock and LISTEN end with the session.
		}()
		pair[i] = conn
	}
	// A pooler may not report the encoding.
	if encoding := pair[0].PgConn().ParameterStatus("server_encoding"); encoding != "" && encoding != "UTF8" {
		return fmt.Errorf("%s has the encoding %s: create it with ENCODING 'UTF8'", place(&config.Config), encoding)
	}
	whole, err := holdsSession(ctx, pair[0], pair[1])
	if err != nil {
		return fmt.Errorf("try the sessions of %s: %w", place(&config.Config), err)
	}
	if !whole {
		return errors.New(place(&config.Config) + " is reached through a pooler that gives each transaction another" +
			" session, so that LISTEN and advisory locks hold nothing: set its pool_mode to session, or connect to " +
			"PostgreSQL itself")
	}
	dropped, err := droppedBounds(ctx, pair[0], config.RuntimeParams)
	if err != nil {
		return fmt.Errorf("try the sessions of %s: %w", place(&config.Config), err)
	}
	if len(dropped) > 0 {
		return fmt.Errorf(
			"%s has no %s, which this program sets and a pooler drops: set it for the role, as in ALTER ROLE %s SET %s = '%sms'",
			place(&config.Config), strings.Join(dropped, ", no "), pgx.Identifier{config.User}.Sanitize(), dropped[0],
			config.RuntimeParams[dropped[0]],
		)
	}
	return nil
}

// holdsSession lets one connection listen and hold a lock, and checks both from the other.
func holdsSession(ctx context.Context, holder, other *pgx.Conn) (bool, error) {
	name := "session_" + strings.ToLower(rand.Text())
	const lock = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
	var locked, lockedTwice, unlocked bool
	if err := holder.QueryRow(ctx, lock, name).Scan(&locked); err != nil {
		return false, err
	}
	//sqltext:allow the name of a channel cannot be an argument; it is random letters
	if _, err := holder.Exec(ctx, "LISTEN "+name); err != nil {
		return false, err
	}
	if err := other.QueryRow(ctx, lock, name).Scan(&lockedTwice); err != nil {
		return false, err
	}
	if _, err := other.Exec(ctx, "SELECT pg_notify($1, '')", name); err != nil {
		return false, err
	}
	if !locked || lockedTwice {
		return false, nil
	}
	hearing, cancel := context.WithTimeout(ctx, hearingLimit)
	defer cancel()
	if _, err := holder.WaitForNotification(hearing); err != nil {
		if hearing.Err() != nil && ctx.Err() == nil {
			return false, nil
		}
		return false, err
	}
	err := holder.QueryRow(ctx, "SELECT pg_advisory_unlock(hashtextextended($1, 0))", name).Scan(&unlocked)
	return unlocked, err
}

// droppedBounds gives the time-outs that were set for a session and are not in force in it.
func droppedBounds(ctx context.Context, conn *pgx.Conn, set map[string]string) (dropped []string, err error) {
	for _, name := range bounds {
		var value string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return nil, err
		}
		if value == "0" && set[name] != "0" {
			dropped = append(dropped, name)
		}
	}
	return dropped, nil
}
