package program

import (
	"example.com/plumbline/impl/platform/ratelimit"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
)

// shareLimits makes the replicas of a service count calls together, if the settings name a Redis.
func (p *Process) shareLimits(masterKey telemetry.Secret) error {
	if p.Redis == nil {
		return nil
	}
	master, err := seal.NewMasterKey(p.name, masterKey)
	if err != nil {
		return err
	}
	p.Chain.SharedLimits, err = ratelimit.New(p.Redis, master)
	return err
}
