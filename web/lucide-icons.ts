import { readFile } from 'node:fs/promises'
import type { Plugin } from 'vite'

/** Attributes that every icon of Lucide has. */
const drawing = 'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'

/**
 * Writes each imported icon out as a fixed drawing. Lucide's own component builds it from data at run time with spread
 * attributes and dynamic elements, which would bring 5 KB (gzip) of Svelte's runtime into the first page.
 */
export function lucideIcons (): Plugin {
  return {
    name: 'lucide-icons',
    enforce: 'pre',
    async load (id) {
      const name = /@lucide\/svelte\/dist\/icons\/([\w-]+)\.svelte$/.exec(id)?.[1]
      if (name === undefined) return null
      const source = await readFile(id, 'utf8')
      const data = /const iconData = (\{.*\});/.exec(source)?.[1]
      if (data === undefined) this.error(`the drawing of the icon ${name} was not found in ${id}`)
      return component((JSON.parse(data) as { readonly node: readonly Shape[] }).node)
    }
  }
}

type Shape = readonly [tag: string, attributes: Readonly<Record<string, string>>]

function component (node: readonly Shape[]): string {
  const shapes = node.map(([tag, attributes]) => `<${tag} ${Object.entries(attributes).filter(([name]) => name !== 'key').map(([name, value]) => `${name}="${value}"`).join(' ')} />`)
  return `<script>let { size = 24, fill = 'none', strokeWidth = 2 } = $props()</script>
<svg ${drawing} width={size} height={size} {fill} stroke-width={strokeWidth} aria-hidden="true">${shapes.join('')}</svg>`
}
