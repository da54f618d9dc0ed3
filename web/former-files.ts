import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'vite'

/** So long the files of earlier builds stay, ms: a page that was opened before may still ask for its parts. */
const keptMs = 86_400_000

/** Removes what earlier builds left behind, late enough that no open page misses it. Names hold the hash of the content. */
export function formerFiles (): Plugin {
  let assets = ''
  return {
    name: 'former-files',
    apply: 'build',
    configResolved (config) { assets = join(config.build.outDir, config.build.assetsDir) },
    async writeBundle (_options, bundle) {
      const current = new Set(Object.keys(bundle).map((file) => join(assets, '..', file)))
      for (const file of (await readdir(assets)).map((name) => join(assets, name))) {
        if (!current.has(file) && Date.now() - (await stat(file)).mtimeMs > keptMs) await rm(file)
      }
    }
  }
}
