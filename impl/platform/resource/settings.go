package resource

import (
	"errors"
	"net/url"

	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/program"
)

// Settings are those of a resource server. A service's own settings embed them.
type Settings struct {
	program.Serving

	UsersURL string `koanf:"users_url" required:"true" usage:"where the users service is, as in http://users:8080"`
	Issuer   string `koanf:"issuer" usage:"the iss of access tokens"`
}

// DefaultSettings gives the settings that nobody has to make, with listeners on these ports of 127.0.0.1.
func DefaultSettings(addr, opsAddr string) Settings {
	s := Settings{Serving: program.DefaultServing(), Issuer: "plumbline"}
	s.Addr, s.OpsAddr = addr, opsAddr
	return s
}

// Validate finds settings that cannot work, before anything is touched. A service with settings of its own calls it in
// its own Validate.
func (s *Settings) Validate() error {
	errs := []error{s.Serving.Validate(), program.Refuse(s.Findings())}
	u, err := url.Parse(s.UsersURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		errs = append(errs, errors.New("users_url is no http or https address without user, query and fragment"))
	}
	return errors.Join(errs...)
}

// Findings adds what is to be said of whom the service believes.
func (s *Settings) Findings() []program.Finding {
	found := s.Serving.Findings()
	for i := range found {
		if found[i].Setting == "nats_url" && s.NATSURL.Reveal() == "" {
			found[i].Follows += "; a disabled account or an ended session goes on until its token expires"
		}
	}
	if u, err := url.Parse(s.UsersURL); err == nil && u.Scheme == "http" && !hosts.IsInside(u.Host) {
		found = append(found, program.Finding{
			Setting: "users_url",
			Follows: "whoever is between the services can give this one other keys, and so sign in as anybody",
			Instead: "an https address, or one within your own network",
		})
	}
	return found
}

// resource gives the settings that every resource server has.
func (s *Settings) resource() *Settings { return s }

// ServeSettings are the settings of a resource server, which embed Settings.
type ServeSettings interface {
	program.ServeSettings
	resource() *Settings
}
