import type { Plugin } from 'vite'

/** What stands in Svelte's runtime, and what it becomes where no page was ever rendered by a server. */
const replacements = [
  ['export let hydrating = false;', 'export const hydrating = false;'],
  ['\thydrating = value;\n', '']
] as const

/**
 * Leaves out how Svelte takes over pages that a server rendered: here none are. The runtime guards all of it by one
 * variable; as a constant it lets the minifier drop what it guards, 1.5 kB (gzip) of the first page.
 */
export function clientOnlySvelte (): Plugin {
  return {
    name: 'client-only-svelte',
    apply: 'build',
    transform (code, id) {
      if (!id.endsWith('svelte/src/internal/client/dom/hydration.js')) return null
      return replacements.reduce((text, [from, to]) => {
        if (!text.includes(from)) this.error(`Svelte's runtime has changed: ${from} is not in ${id}`)
        return text.replace(from, to)
      }, code)
    }
  }
}
