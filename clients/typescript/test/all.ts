// All tests, in one process: they share the running services.
import {after} from 'node:test';
import {stop} from './program.js';
import './calls.js';
import './versions.js';
import './factor.js';
import './session.js';
import './lists.js';
import './streams.js';
import './between.js';
import './inputs.js';
import './nginx.js';
import './pages.js';
import './package.js';

after(stop);
