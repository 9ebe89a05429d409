package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// bar shows progress: on a terminal in one line that is written over, elsewhere in a line for every ten per cent.
type bar struct {
	out      *os.File
	what     string
	all      int
	began    time.Time
	terminal bool
	told     int // tenths
}

func newBar(out *os.File, what string, all int) *bar {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &bar{out: out, what: what, all: all, began: time.Now(), terminal: terminal}
}

// show tells that so many are done.
func (b *bar) show(done int) {
	tenths := 10 * done / b.all
	if !b.terminal && tenths == b.told {
		return
	}
	b.told = tenths
	took := time.Since(b.began)
	rate := float64(done) / took.Seconds()
	left := time.Duration(float64(b.all-done) / rate * float64(time.Second)).Round(time.Second)
	line := fmt.Sprintf("%s [%-20s] %3d %%, %d of %d, %.0f per second, %s left",
		b.what, strings.Repeat("=", 20*done/b.all), 100*done/b.all, done, b.all, rate, left)
	if b.terminal {
		fmt.Fprintf(b.out, "\r%-100s", line)
	} else {
		fmt.Fprintln(b.out, line)
	}
}

// end leaves the line.
func (b *bar) end() {
	if b.terminal {
		fmt.Fprintln(b.out)
	}
}
