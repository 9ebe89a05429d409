package users

import (
	"context"

	"example.com/plumbline/impl/platform/program"
)

// The types of the events that triggers of the database write; see docs/events.md.
const (
	eventUserDisabled     = "user.disabled"
	eventUserEnabled      = "user.enabled"
	eventUserRolesChanged = "user.roles_changed"
	eventUserDeleted      = "user.deleted"
	eventSessionRevoked   = "session.revoked"
)

// eventTypes lists the types of the events that this service publishes.
func eventTypes() []string {
	return []string{eventUserDisabled, eventUserEnabled, eventUserRolesChanged, eventUserDeleted, eventSessionRevoked}
}

// startEvents publishes the events of this service. Without NATS they wait in the database.
func (*Service) startEvents(ctx context.Context, process *program.Process) error {
	_, err := process.Publish(ctx, eventTypes())
	return err
}
