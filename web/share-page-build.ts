import { join } from 'node:path'
import { build, type Plugin } from 'vite'

/** Builds the page of shared links too, after the client, which empties the folder. */
export function sharePageBuild (): Plugin {
  return {
    name: 'share-page',
    apply: 'build',
    async closeBundle () { await build({ configFile: join(import.meta.dirname, 'share/vite.config.ts'), logLevel: 'warn' }) }
  }
}
