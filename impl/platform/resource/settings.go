package resource

import (
	"errors"
	"fmt"
	"net/url"

	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/program"
)

// Settings are those of a resource server. A service's own settings embed them.
type Settings struct {
	program.Serving

	UsersURL string `koanf:"users_url" required:"true" usage:"where the users service is, as in http://users:8080; its keys and accounts are asked for there"`
	Issuer   string `koanf:"issuer" usage:"the iss of access tokens"`
}

// DefaultSettings returns the defaults of Settings, with listeners on these addresses.
func DefaultSettings(addr, opsAddr string) Settings {
	s := Settings{Serving: program.DefaultServing(), Issuer: "plumbline"}
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
