import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { firstPage, type ClientManifest } from './client-size/first-page.ts'

/** Sizes of the built client's first page against their limits, and its largest files. Fails when one is over. */
const dist = join(import.meta.dirname, '../dist/web')
const largest = 12

function gzipBytes (file: string): number {
  return gzipSync(readFileSync(join(dist, file)), { level: 9 }).length
}
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`.padStart(8)
const sum = (files: readonly string[], sizeOf: (file: string) => number): number => files.reduce((bytes, file) => bytes + sizeOf(file), 0)

if (!existsSync(join(dist, '.vite/manifest.json'))) throw new Error('the client is not built: npm run build')
const page = firstPage(JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8')) as ClientManifest)
const rows = [
  { name: 'initial JS: home can be shown and used', bytes: sum(page.initial, gzipBytes), limit: 45_000 },
  { name: 'JS with what home fetches behind it', bytes: sum([...page.initial, ...page.behind], gzipBytes), limit: null },
  { name: 'CSS', bytes: sum(page.styles, gzipBytes), limit: 15_000 },
  // As they are: woff2 is compressed.
  { name: 'fonts', bytes: sum(page.fonts, (file) => readFileSync(join(dist, file)).length), limit: 80_000 }
]
for (const { name, bytes, limit } of rows) console.log(`${name.padEnd(42)}${kilobytes(bytes)}${limit === null ? '' : `  (goal ≤ ${limit / 1000} kB)${bytes > limit ? '  OVER' : ''}`}`)

console.log('\nThe largest files of JS, gzip:')
const files = readdirSync(join(dist, 'assets')).filter((name) => name.endsWith('.js')).map((name) => `assets/${name}`).map((file) => ({ file, bytes: gzipBytes(file) }))
for (const { file, bytes } of files.toSorted((a, b) => b.bytes - a.bytes).slice(0, largest)) {
  console.log(`${kilobytes(bytes)}  ${file}${page.initial.includes(file) ? '  initial' : page.behind.includes(file) ? '  behind' : ''}`)
}
if (rows.some(({ bytes, limit }) => limit !== null && bytes > limit)) process.exitCode = 1
