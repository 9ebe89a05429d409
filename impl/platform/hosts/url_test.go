package hosts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/hosts"
)

func TestCheckHTTP(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"http://users:8080", "https://shop.example.com/base", "http://[::1]:8080"} {
		require.NoError(t, hosts.CheckHTTP(good), good)
	}
	for _, bad := range []string{
		"", "users:8080", "//users", "ftp://users", "http://", "https:/users", "http://me@users", "http://users?a=b",
		"http://users#a", "http://users:port", "%",
	} {
		require.EqualError(t, hosts.CheckHTTP(bad), "is no http or https address without user, query and fragment", bad)
	}
}
