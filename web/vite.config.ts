import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { clientOnlySvelte } from './client-only-svelte.ts'
import { firstChunk } from './first-chunks.ts'
import { formerFiles } from './former-files.ts'
import { lucideIcons } from './lucide-icons.ts'
import { serviceWorkerBuild } from './service-worker-build.ts'
import { sharePageBuild } from './share-page-build.ts'

const root = import.meta.dirname

/** The API while developing with `vite`: a Freshet that runs beside it. */
const api = 'http://localhost:3000'

export default defineConfig({
  root,
  plugins: [clientOnlySvelte(), lucideIcons(), svelte({ configFile: join(root, 'svelte.config.js') }), sharePageBuild(), serviceWorkerBuild(), formerFiles()],
  build: {
    outDir: join(root, '../dist/web'),
    // Pages that are open still ask for parts of the build before: formerFiles removes them later.
    emptyOutDir: false,
    target: 'es2022',
    // The content security policy allows files of our own only: nothing inline, no data: addresses.
    assetsInlineLimit: 0,
    // One sheet of 8 kB (gzip): less than what naming each page's own sheet costs in script and requests.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    // Names of chunks by source, for what reads the built client.
    manifest: true,
    rolldownOptions: { output: { codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: firstChunk, debugName: 'first' }] } } }
  },
  server: { proxy: { '/api': api, '/media': api, '/originals': api, '/store': api } }
})
