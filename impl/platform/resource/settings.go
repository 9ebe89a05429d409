package resource

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/program"
)

// longestKeysWithin bounds keys_within: what does not need a caller to log in is served without keys as well.
const longestKeysWithin = 10 * time.Minute

// Settings are those of a resource server. A service's own settings embed them.
type Settings struct {
	program.Serving

	UsersURL   string        `koanf:"users_url" required:"true" usage:"where the users service is, as in http://users:8080; its keys and accounts are asked for there"`
	Issuer     string        `koanf:"issuer" usage:"the iss of access tokens"`
	KeysWithin time.Duration `koanf:"keys_within" usage:"how long a replica waits for the keys of the users service before it is ready without them"`
}

// DefaultSettings returns the defaults of Settings, with listeners on these addresses.
func DefaultSettings(addr, opsAddr string) Settings {
	s := Settings{Serving: program.DefaultServing(), Issuer: "plumbline", KeysWithin: 10 * time.Second}
	s.Addr, s.OpsAddr = addr, opsAddr
	return s
}

// Validate refuses settings that cannot work, before anything is touched. A type that embeds Settings and has a
// Validate of its own calls it there.
func (s *Settings) Validate() error {
	errs := []error{s.Serving.Validate()}
	if err := hosts.CheckHTTP(s.UsersURL); err != nil {
		errs = append(errs, fmt.Errorf("users_url %w", err))
	}
	if s.KeysWithin < 0 || s.KeysWithin > longestKeysWithin {
		errs = append(errs, fmt.Errorf("keys_within is between 0s and %s", longestKeysWithin))
	}
	return errors.Join(errs...)
}

// Findings adds the findings of the users service.
func (s *Settings) Findings() program.Findings {
	found := s.Serving.Findings()
	for i := range found {
		if found[i].Setting == "nats_url" && s.NATSURL.Reveal() == "" {
			found[i].Follows += "; a disabled account or an ended session goes on until its token expires"
		}
	}
	if u, err := url.Parse(s.UsersURL); err == nil {
		found.Add(
			u.Scheme == "http" && !hosts.IsInside(u.Host), "users_url",
			"whoever is between the services can give this one other keys, and so sign in as anybody",
			"an https address, or one within your own network",
		)
	}
	return found
}

// resource returns the settings that every resource server has.
func (s *Settings) resource() *Settings { return s }

// ServeSettings are the settings of a resource server, which embed Settings.
type ServeSettings interface {
	program.ServeSettings
	resource() *Settings
}
