package outbound

import (
	"context"
	"net"
)

// ConnectWith has the client connect by a function of the test's.
func (c *Client) ConnectWith(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	c.transport.DialContext = dial
}
