import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { alarms } from '../../infra/alarms.ts'
import { settings } from '../../src/config.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const papers = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'SECURITY.md', ...markdownIn('docs'), ...markdownIn('docs/decisions')]

function markdownIn (folder: string): string[] {
  return readdirSync(join(root, folder)).filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`)
}

/** All that is between backticks, and every line of a block of code. */
function codeOf (text: string): string[] {
  const blocks = [...text.matchAll(/^( *)```\w*\n([\s\S]*?)^\1```/gm)].flatMap(([, , block = '']) => block.split('\n'))
  const inline = [...text.replace(/^( *)```[\s\S]*?^\1```/gm, '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replace(/\s+/g, ' '))
  return [...blocks, ...inline]
}

/** As GitHub makes anchors of headings. */
function anchorsOf (text: string): string[] {
  return [...text.replace(/^( *)```[\s\S]*?^\1```/gm, '').matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) =>
    heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-'))
}

/** `found` in each paper must be of `known`. */
function allKnown (t: Tap, found: (code: string) => string[], known: (name: string) => boolean): number {
  let seen = 0
  for (const paper of papers) {
    const unknown = codeOf(read(paper)).flatMap(found).filter((name) => { seen++; return !known(name) })
    t.same(unknown, [], paper)
  }
  return seen
}
type Tap = Pick<typeof t, 'same'>

const names = (pattern: RegExp) => (code: string) => [...code.matchAll(pattern)].map(([, name = '']) => name)

t.test('every npm script that the papers name exists', async (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const seen = allKnown(t, names(/\bnpm run ([a-z][\w:-]*)/g), (name) => Object.hasOwn(scripts, name))
  t.ok(seen > 20, `${seen} looked at`)
})

t.test('every command of freshet that the papers name exists', async (t) => {
  const help = spawnSync(process.execPath, ['src/cli/main.ts', 'help'], { cwd: root, encoding: 'utf8' }).stdout
  const commands = [...help.matchAll(/^ {2}([a-z-]+) {2}/gm)].map(([, name]) => name)
  t.ok(commands.includes('fsck'))
  const seen = allKnown(t, names(/\bnpx freshet ([a-z][a-z-]*)/g), (name) => name === 'help' || commands.includes(name))
  t.ok(seen > 10, `${seen} looked at`)
})

t.test('every setting that the papers name is a setting, or a name that some source uses', async (t) => {
  const sources = ['src', 'scripts', 'infra', 'ami', 'test/acceptance', 'test/support', 'web'].flatMap(sourcesIn).map(read)
  const words = new Set(sources.flatMap((text) => text.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? []))
  // Places for the reader to fill in.
  const placeholders = /^(OF_BEFORE|TRACK_ID|KEY_PAIR_ID)$/
  const seen = allKnown(t, names(/(?<![\w$-])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/g), (name) => Object.hasOwn(settings, name) || words.has(name) || placeholders.test(name))
  t.ok(seen > 60, `${seen} looked at`)
})

function sourcesIn (folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|svelte|service)$/.test(entry.name) && !/node_modules|generated|cdk\.out|dist/.test(entry.parentPath))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
}

t.test('every file that the papers name exists, or is made by a command', async (t) => {
  const made = /^infra\/cdk\.out$/
  const seen = allKnown(t, names(/(?<![\w/.-])((?:src|docs|infra|ami|scripts|test|web|prisma)\/[\w./-]*\w)(?![\w*<{…-])/g), (path) => made.test(path) || existsSync(join(root, path)))
  t.ok(seen > 20, `${seen} looked at`)
})

t.test('every link between the papers leads somewhere, to the heading it names', async (t) => {
  let seen = 0
  for (const paper of papers) {
    const text = read(paper)
    for (const [link, path = '', anchor] of text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
      seen++
      const target = path === '' ? paper : join(dirname(paper), path)
      const isThere = existsSync(join(root, target))
      t.ok(isThere, `${paper}: ${link}`)
      if (anchor !== undefined && isThere) t.ok(anchorsOf(read(target)).includes(anchor), `${paper}: heading of ${link}`)
    }
  }
  t.ok(seen > 30, `${seen} looked at`)
})

t.test('each alarm has its section, and it says what to do and when to wake somebody', async (t) => {
  const sections = new Map(read('docs/operations.md').split(/^### /m).slice(1).map((section) => [section.split('\n')[0] ?? '', section]))
  // These say that they are another one's.
  const elsewhere = ['latency-scale-out', 'edge-certificate-expiry']
  for (const id of Object.keys(alarms)) {
    const section = sections.get(id) ?? ''
    t.ok(section !== '', `### ${id}`)
    if (elsewhere.includes(id)) continue
    t.match(section, /\*\*Do\*\*/, `${id}: what to do`)
    t.match(section, /\*\*Wake somebody\*\*/, `${id}: when to wake somebody`)
  }
  t.same([...sections.keys()].filter((name) => /^[a-z-]+$/.test(name) && !Object.hasOwn(alarms, name)), [], 'no section is of an alarm that is gone')
})
