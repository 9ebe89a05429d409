import react from '@vitejs/plugin-react';
import {defineConfig} from 'vite';

// The services are behind the address of the page, so that the cookie of the session is its own.
const services = `http://${process.env['PLUMBLINE_ADDR'] || '127.0.0.1:8080'}`;

export default defineConfig({
  plugins: [react()],
  server: {host: '127.0.0.1', proxy: {'/api': services}, fs: {allow: ['.', '../../gen/ts/package']}},
});
