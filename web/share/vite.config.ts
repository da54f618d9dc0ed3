import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { clientOnlySvelte } from '../client-only-svelte.ts'
import { lucideIcons } from '../lucide-icons.ts'

const root = import.meta.dirname

/** The page behind a share link: a build of its own, so that it is small and the client’s first page stays as it is. */
export default defineConfig({
  root,
  base: '/s/',
  plugins: [clientOnlySvelte(), lucideIcons(), svelte({ configFile: join(root, '../svelte.config.js') })],
  build: {
    outDir: join(root, '../../dist/web/s'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: join(root, 'share.html') }
  }
})
