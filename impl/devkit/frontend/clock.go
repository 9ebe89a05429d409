package frontend

import (
	"context"
	"sync"
	"time"

	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/impl/platform/httpapi"
)

// Clock is the one that every service tells the time by. It runs with the system's until it is told otherwise, and is
// never behind that.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration // of the system's
	fixed time.Time     // zero: it runs
}

// Now tells the time.
func (c *Clock) Now() time.Time {
	now, _ := c.read()
	return now
}

func (c *Clock) read() (now time.Time, fixed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.fixed.IsZero() {
		return c.fixed, true
	}
	return time.Now().Add(c.ahead), false
}

// fix stops the clock.
func (c *Clock) fix(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fixed = at
}

// advance moves the clock on, whether it stands or runs.
func (c *Clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fixed.IsZero() {
		c.ahead += by
	} else {
		c.fixed = c.fixed.Add(by)
	}
}

// release lets the clock tell the real time.
func (c *Clock) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead, c.fixed = 0, time.Time{}
}

func (c *Clock) show() devapi.Clock {
	now, fixed := c.read()
	return devapi.Clock{Now: now.UTC().Truncate(time.Millisecond), Fixed: fixed}
}

// GetClock tells what time it is for the services.
func (s *Service) GetClock(context.Context, devapi.GetClockRequestObject) (devapi.GetClockResponseObject, error) {
	return devapi.GetClock200JSONResponse(s.clock.show()), nil
}

// latest is the last year that every format of a time can hold, after a clock has been advanced from it as far as it
// goes.
const latest = 9900

// SetClock stops the clock. Before the real time there are neither keys to sign tokens with nor what was seeded.
func (s *Service) SetClock(_ context.Context, req devapi.SetClockRequestObject) (devapi.SetClockResponseObject, error) {
	switch at := req.Body.Now; {
	case at.Before(time.Now()):
		return nil, httpapi.Violated("#/now", "minimum", "The clock is not set back before the real time")
	case at.Year() > latest:
		return nil, httpapi.Violated("#/now", "maximum", "There is no such year here")
	default:
		s.clock.fix(at)
	}
	return devapi.SetClock200JSONResponse(s.clock.show()), nil
}

// ResetClock lets the clock tell the real time.
func (s *Service) ResetClock(context.Context, devapi.ResetClockRequestObject) (devapi.ResetClockResponseObject, error) {
	s.clock.release()
	return devapi.ResetClock200JSONResponse(s.clock.show()), nil
}

// AdjustClock moves the clock on.
func (s *Service) AdjustClock(
	_ context.Context, req devapi.AdjustClockRequestObject,
) (devapi.AdjustClockResponseObject, error) {
	by := time.Duration(req.Body.Seconds) * time.Second
	if s.clock.Now().Add(by).Year() > latest {
		return nil, httpapi.Violated("#/seconds", "maximum", "There is no such year here")
	}
	s.clock.advance(by)
	return devapi.AdjustClock200JSONResponse(s.clock.show()), nil
}
