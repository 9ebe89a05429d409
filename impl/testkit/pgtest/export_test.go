package pgtest

import "context"

// What the tests see besides the exported API.

func Sweep(ctx context.Context, base string, account int) { sweep(ctx, base, account) }

func OwnerOf(dir string) int { return ownerOf(dir) }
