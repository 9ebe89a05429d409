package depot

import "example.com/plumbline/impl/platform/resource"

// serveSettings are the settings of serve. The service's own stand beside the embedded ones.
type serveSettings struct {
	resource.Settings
}

func defaultServe() serveSettings {
	return serveSettings{resource.DefaultSettings("127.0.0.1:8080", "127.0.0.1:9090")}
}
