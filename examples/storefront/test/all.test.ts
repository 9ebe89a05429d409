// Every test, in one process: they share the services and the browser.
import './shop';
import './account';
import './staff';
import './pages';
