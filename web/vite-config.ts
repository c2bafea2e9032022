import { preact } from '@preact/preset-vite';
import { defineConfig } from 'vite';

/** Where `vite --config web/vite-config.ts` (development) finds the API: a running Tocsin, or the made-up one in `dev/`. */
const api = process.env['TOCSIN_API'] ?? 'http://127.0.0.1:8000';

// oxlint-disable-next-line import/no-default-export -- Vite takes it from there
export default defineConfig({
  root: import.meta.dirname,
  // Relative: the page works below any path of a proxy.
  base: './',
  plugins: [preact()],
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: true },
  server: { proxy: { '/api': api } },
});
