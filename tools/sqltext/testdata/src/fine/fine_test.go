package fine

import (
	"context"
	"testing"
)

func TestStatements(t *testing.T) {
	_, _ = wrapper{}.Exec(context.Background(), "SELECT "+t.Name())
}
