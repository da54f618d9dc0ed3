import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { lucideIcons } from './lucide-icons.ts'

const root = import.meta.dirname

/** The API while developing with `vite`: a Freshet that runs beside it. */
const api = 'http://localhost:3000'

export default defineConfig({
  root,
  plugins: [lucideIcons(), svelte({ configFile: join(root, 'svelte.config.js') })],
  build: {
    outDir: join(root, '../dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy allows files of our own only: nothing inline, no data: addresses.
    assetsInlineLimit: 0,
    // One sheet of 8 kB (gzip): less than what naming each page's own sheet costs in script and requests.
    cssCodeSplit: false,
    modulePreload: { polyfill: false }
  },
  server: { proxy: { '/api': api, '/media': api, '/originals': api, '/store': api } }
})
