import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type Plugin } from 'vite'

const source = join(import.meta.dirname, 'offline/service-worker.ts')
const name = 'service-worker.js'

/**
 * Builds the service worker once the client is written: one file that knows every file of exactly this build, under a
 * name made of their content. Another content is another worker, and that is how a browser learns of a new version.
 */
export function serviceWorkerBuild (): Plugin {
  let outDir = ''
  return {
    name: 'service-worker-build',
    apply: 'build',
    configResolved (config) { outDir = config.build.outDir },
    async writeBundle (_options, bundle) {
      const built = Object.keys(bundle).filter((file) => /^assets\/.*\.(js|css|woff2|svg)$/.test(file))
      const icons = (await readdir(join(outDir, 'icons'))).map((file) => `icons/${file}`)
      const files = [...built, ...icons].toSorted()
      const page = await readFile(join(outDir, 'index.html'))
      const worker = await readFile(source)
      const version = createHash('sha256').update(files.join('\n')).update(page).update(worker).digest('hex').slice(0, 16)
      await build({
        configFile: false,
        logLevel: 'warn',
        publicDir: false,
        define: { SHELL_FILES: JSON.stringify(files.map((file) => `/${file}`)), SHELL_VERSION: JSON.stringify(version) },
        build: {
          outDir,
          emptyOutDir: false,
          target: 'es2022',
          rolldownOptions: { input: source, output: { format: 'iife', entryFileNames: name } }
        }
      })
    }
  }
}
