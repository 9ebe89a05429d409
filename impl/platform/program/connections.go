package program

import (
	"errors"

	"example.com/plumbline/impl/platform/httpapi"
)

// Connections holds the settings of the connections of callers. Serving embeds it.
type Connections struct {
	MaxConnections int `koanf:"max_connections" unit:"connections" usage:"open connections of callers at most, and no more than the limit of open files allows; idle and slow ones make room for new ones, and one network has a quarter unless it is among trusted_proxies"`
}

// DefaultConnections returns the defaults of Connections.
func DefaultConnections() Connections {
	return Connections{MaxConnections: httpapi.DefaultMaxConnections}
}

const fewestConnections, mostConnections = 16, 1_000_000

// Validate refuses settings that cannot work.
func (c *Connections) Validate() error {
	if c.MaxConnections < fewestConnections || c.MaxConnections > mostConnections {
		return errors.New("max_connections is between 16 and 1000000")
	}
	return nil
}
