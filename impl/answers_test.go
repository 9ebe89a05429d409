package impl_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	// takenBody is a body of a generated answer that is looked into or copied without a look at the status.
	takenBody = regexp.MustCompile(
		`(?:\*[\w.()"]+\.(?:ApplicationProblem)?JSON\d{3}\b|\.(?:ApplicationProblem)?JSON\d{3}\.\w)`)
	// askedBody is the question whether it is there.
	askedBody = regexp.MustCompile(`JSON\d{3} [!=]= nil`)
)

// near is how many lines above may ask.
const near = 4

// TestAnswersAreAsserted shows that no test reads the body of an answer without a check of its status: the nil pointer
// of another answer would end the whole package and not show the problem. contracttest.Body shows it.
func TestAnswersAreAsserted(t *testing.T) {
	t.Parallel()
	read := 0
	for _, folder := range []string{".", "../cmd", "../test"} {
		require.NoError(t, filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "answers_test.go" {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			read++
			lines := strings.Split(string(text), "\n")
			for i, line := range lines {
				if takenBody.MatchString(line) && !askedBody.MatchString(strings.Join(lines[max(0, i-near):i+1], "\n")) {
					t.Errorf("%s:%d looks into an answer that may be another; "+
						"take contracttest.Body(t, answer, answer.JSON200): %s", path, i+1, strings.TrimSpace(line))
				}
			}
			return nil
		}))
	}
	require.Greater(t, read, 50, "the tests are found")
}
