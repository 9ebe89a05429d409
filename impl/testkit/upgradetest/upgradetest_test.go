package upgradetest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A version that an earlier release has given away is one that its databases have recorded, whatever the file is called.
func TestVersionsThatAreNeverApplied(t *testing.T) {
	t.Parallel()
	earlier := []string{"00001_create_users.sql", "00004_create_outbox.sql", "00027_create_proof.sql"}
	names := []string{
		"00001_create_users.sql", "00004_fill_something.sql", "00005_between.sql", "00027_prove.sql", "00027_more.sql",
		"00028_new.sql",
	}
	require.Equal(t, []string{"00004_fill_something.sql", "00005_between.sql", "00027_more.sql"},
		neverApplied(earlier, names, "00027_prove.sql"))
}
