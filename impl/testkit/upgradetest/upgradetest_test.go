package upgradetest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Databases have recorded the versions of an earlier release, whatever a file is called now.
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
