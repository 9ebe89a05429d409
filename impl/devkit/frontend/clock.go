package frontend

import (
	"context"
	"sync"
	"time"

	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/impl/platform/contract"
)

// Clock is the common clock of all services. It follows the system's until it is changed, and is never behind that.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration // ahead of the system's
	fixed time.Time     // zero: it runs
}

// Now returns the time.
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

// fix stops the clock at a time.
func (c *Clock) fix(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fixed = at
}

// advance moves the clock forward, whether it is stopped or running.
func (c *Clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fixed.IsZero() {
		c.ahead += by
	} else {
		c.fixed = c.fixed.Add(by)
	}
}

// release returns the clock to the system's time.
func (c *Clock) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead, c.fixed = 0, time.Time{}
}

func (c *Clock) show() devapi.Clock {
	now, fixed := c.read()
	return devapi.Clock{Now: now.UTC().Truncate(time.Millisecond), Fixed: fixed}
}

// GetClock returns the services' time.
func (s *Service) GetClock(context.Context, devapi.GetClockRequestObject) (devapi.GetClockResponseObject, error) {
	return devapi.GetClock200JSONResponse(s.clock.show()), nil
}

// latest is the last year from which a clock can still be advanced by the maximum without leaving the range of every
// time format.
const latest = 9900

// SetClock stops the clock. It refuses a time before the real one, for which there are neither signing keys nor seeded
// data.
func (s *Service) SetClock(_ context.Context, req devapi.SetClockRequestObject) (devapi.SetClockResponseObject, error) {
	switch at := req.Body.Now; {
	case at.Before(time.Now()):
		return nil, contract.Violated("#/now", "minimum", "The clock is not set back before the real time")
	case at.Year() > latest:
		return nil, contract.Violated("#/now", "maximum", "There is no such year here")
	default:
		s.clock.fix(at)
	}
	return devapi.SetClock200JSONResponse(s.clock.show()), nil
}

// ResetClock returns the clock to the real time.
func (s *Service) ResetClock(context.Context, devapi.ResetClockRequestObject) (devapi.ResetClockResponseObject, error) {
	s.clock.release()
	return devapi.ResetClock200JSONResponse(s.clock.show()), nil
}

// AdjustClock moves the clock forward.
func (s *Service) AdjustClock(
	_ context.Context, req devapi.AdjustClockRequestObject,
) (devapi.AdjustClockResponseObject, error) {
	by := time.Duration(req.Body.Seconds) * time.Second
	if s.clock.Now().Add(by).Year() > latest {
		return nil, contract.Violated("#/seconds", "maximum", "There is no such year here")
	}
	s.clock.advance(by)
	return devapi.AdjustClock200JSONResponse(s.clock.show()), nil
}
