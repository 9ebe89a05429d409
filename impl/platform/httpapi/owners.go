package httpapi

import (
	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/telemetry"
)

// ownedThing is what a path parameter names.
type ownedThing struct {
	parameter string
	id        uuid.UUID
}

// rememberedOwners is the number of things whose owner the chain remembers. The owner of a thing never changes.
const rememberedOwners = 100_000

// owners is the memory of who owns what.
type owners struct {
	*otter.Cache[ownedThing, uuid.UUID]

	counts telemetry.CacheCounts
}

func newOwners() *owners {
	o := &owners{}
	o.Cache = otter.Must(&otter.Options[ownedThing, uuid.UUID]{
		MaximumSize: rememberedOwners,
		OnDeletion: func(e otter.DeletionEvent[ownedThing, uuid.UUID]) {
			if e.WasEvicted() {
				o.counts.Evicted()
			}
		},
	})
	return o
}

func (o *owners) get(thing ownedThing) (uuid.UUID, bool) {
	owner, known := o.GetIfPresent(thing)
	o.counts.LookedUp(known)
	return owner, known
}

// OwnersCollector exports the cache of owners.
func (c *Chain) OwnersCollector() prometheus.Collector {
	return telemetry.NewCacheCollector("owners", func() telemetry.CacheStats {
		return c.owners.counts.Stats(c.owners.EstimatedSize())
	})
}
