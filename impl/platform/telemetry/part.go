package telemetry

import "time"

// Part is something that a request spends time in, besides its own computing.
type Part int

// The parts of a request.
const (
	PoolWait Part = iota // waiting for a connection to the database
	SQL                  // statements, from sending one to having read its rows
	Outbound             // calls of other services, with their retries
	HashWait             // waiting for a turn to hash a password
	Hash                 // hashing passwords
	parts
)

var partNames = [parts]string{"pool_wait", "sql", "outbound", "hash_wait", "hash"}

// String returns the name of a part in logs and metrics.
func (p Part) String() string { return partNames[p] }

// Parts are all parts in their order.
func Parts() []Part { return []Part{PoolWait, SQL, Outbound, HashWait, Hash} }

// Spend adds to the time that the request has spent in a part. What runs at the same time counts each for itself.
func (s *RequestScope) Spend(p Part, d time.Duration) {
	if s != nil {
		s.spent[p].Add(int64(d))
	}
}

// Spent returns the time that the request has spent in a part so far.
func (s *RequestScope) Spent(p Part) time.Duration {
	if s == nil {
		return 0
	}
	return time.Duration(s.spent[p].Load())
}
