import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'svelte/compiler'
import t, { type Test } from 'tap'
import type { Message, Messages } from '../../web/messages/translation.ts'

const web = join(import.meta.dirname, '../../web')
const languages = ['de', 'pt-BR'] as const

/** Said the same in another language: names, units, and words that were borrowed. */
const sameInOther: ReadonlySet<string> = new Set([
  'de nav.playlists', 'de nav.studio', 'de playlists.title', 'de playlists.name', 'de search.playlists', 'de genre.lead', 'de library.genres',
  'de album.label', 'de player.label', 'de role.admin', 'de stage.artwork', 'de users.display-name', 'de album.fact-label', 'de album.fact-genres', 'de kept.kind-album',
  'de kept.kind-playlist', 'de playlist.order-album', 'de tag.albumTitle', 'de tag.label', 'de tag.genres', 'de edit.replace-in', 'de health.workers', 'de health.ms', 'pt-BR health.ms',
  'pt-BR kept.kind-playlist',
  'de credits.album', 'de credits.genres', 'de credits.isrc', 'de credits.file-value', 'de speed.value', 'pt-BR credits.isrc', 'pt-BR credits.file-value', 'pt-BR speed.value',
  'pt-BR nav.playlists', 'pt-BR playlists.title', 'pt-BR search.playlists', 'pt-BR player.label', 'pt-BR player.volume', 'pt-BR health.workers'
])

async function readMessages (language: string): Promise<Map<string, Messages>> {
  const folder = join(web, 'messages', language)
  const areas = readdirSync(folder).map((file) => file.replace(/\.ts$/, ''))
  const read = await Promise.all(areas.map(async (area) => {
    const exported: Record<string, Messages> = await import(join(folder, `${area}.ts`))
    const [messages] = Object.values(exported)
    if (messages === undefined) throw new Error(`${language}/${area}.ts exports no messages`)
    return [area, messages] as const
  }))
  return new Map(read)
}

const formsOf = (message: Message): readonly string[] => (typeof message === 'string' ? [message] : Object.values(message))
const holesOf = (text: string): readonly string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
const flat = (areas: Map<string, Messages>): ReadonlyArray<readonly [string, Message]> => [...areas.values()].flatMap((area) => Object.entries(area))

/** Every source file of the client but the messages. */
function sources (): ReadonlyArray<{ readonly file: string, readonly text: string }> {
  return readdirSync(web, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|svelte)$/.test(file) && !file.startsWith('messages/'))
    .map((file) => ({ file, text: readFileSync(join(web, file), 'utf8') }))
}

t.test('every language says everything, in its own words', async (t) => {
  const english = new Map(flat(await readMessages('en')))
  for (const language of languages) {
    const areas = await readMessages(language)
    const translated = new Map(flat(areas))
    t.same([...translated.keys()].toSorted(), [...english.keys()].toSorted(), `${language}: the same messages as in English`)
    const spoken = Object.entries((await import(join(web, 'messages', `${language.toLowerCase()}.ts`)) as { texts: Messages }).texts)
    t.equal(spoken.length, translated.size, `${language}: all areas are in the file that is fetched`)
    const same = [...translated].filter(([key, message]) => typeof message === 'string' && /\p{L}{2}/u.test(message.replace(/\{\w+\}/g, '')) && message === english.get(key) && !isUnit(message))
    t.same(same.map(([key]) => `${language} ${key}`).filter((name) => !sameInOther.has(name)), [], `${language}: nothing is left in English; a word that is the same goes into the list above`)
    for (const [key, message] of translated) checkForms(t, { language, key, message, english: english.get(key) })
  }
})

const isUnit = (text: string): boolean => /^[\W\d]*(\{\w+\} ?(s|min|h|LUFS)? ?)+$/.test(text)

function checkForms (t: Test, { language, key, message, english }: { language: string, key: string, message: Message, english: Message | undefined }): void {
  if (english === undefined) return
  const known = new Set(formsOf(english).flatMap(holesOf))
  const holes = new Set(formsOf(message).flatMap(holesOf))
  const wrong = [...holes].filter((name) => !known.has(name))
  // A hole that English fills is needed in the last form at least: "one" may say "one" in words.
  const lost = [...new Set(holesOf(formsOf(english).at(-1) ?? ''))].filter((name) => !holes.has(name))
  if (wrong.length > 0 || lost.length > 0) t.fail(`${language} ${key}: holes ${wrong.join(', ')} are unknown, ${lost.join(', ')} are missing`)
  if (typeof message === 'string') return
  const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories
  t.same(Object.keys(message).toSorted(), forms.toSorted(), `${language} ${key}: the plural forms of the language`)
}

t.test('of a single thing nobody says “all 1”', async (t) => {
  for (const language of ['en', ...languages]) {
    const slips = flat(await readMessages(language)).filter(([, message]) => typeof message !== 'string' && /^(all|alles?|tod[oa]s?)\b[^.]*\{count\}/i.test(message.one ?? ''))
    t.same(slips.map(([key]) => `${language} ${key}`), [])
  }
})

t.test('a name stands for one message, whichever file it is in', async (t) => {
  const names = flat(await readMessages('en')).map(([key]) => key)
  t.same(names.filter((name, i) => names.indexOf(name) !== i), [], 'a translation is looked up by the name alone')
})

t.test('every message is used', async (t) => {
  const text = sources().map((source) => source.text).join('\n')
  const patterns = [...text.matchAll(/`([\w.-]*)\$\{[^`}]*\}([\w.-]*)`/g)].filter(([, start = '']) => start.includes('.'))
    .map(([, start = '', end = '']) => ({ start, end }))
  const unused = flat(await readMessages('en')).map(([key]) => key)
    .filter((key) => !text.includes(`'${key}'`) && !patterns.some(({ start, end }) => key.startsWith(start) && key.endsWith(end)))
  t.same(unused, [])
})

t.test('typography is that of the language', async (t) => {
  for (const language of ['en', ...languages]) {
    const slips = flat(await readMessages(language)).filter(([, message]) => formsOf(message).some((text) => /['"]|\.\.\.|\s$|^\s| {2}/.test(text)))
    t.same(slips.map(([key]) => `${language} ${key}`), [], `${language}: typographic quotes and ellipses, no stray blanks`)
  }
  const formal = flat(await readMessages('de')).filter(([, message]) => formsOf(message).some((text) => /”|\b(Ihre?n?|Ihnen)\b|[a-zäöüß,] Sie\b/.test(text.replace(/„[^“]*“/g, ''))))
  t.same(formal.map(([key]) => key), [], 'German says du, and quotes „so“')
})

t.test('no page has words of its own: they would stay English', async (t) => {
  const read = sources().filter(({ file }) => file.endsWith('.svelte'))
  t.ok(read.length > 40)
  t.same(read.flatMap(({ file, text }) => rawTexts(text).map((raw) => `${file}: ${raw}`)), [])
})

const spokenAttributes: ReadonlySet<string> = new Set(['alt', 'aria-description', 'aria-label', 'aria-roledescription', 'aria-valuetext', 'label', 'placeholder', 'title'])

interface Node { readonly type?: string, readonly name?: string, readonly data?: string, readonly value?: unknown }

/** Words that stand in the markup itself. The name of Freshet is the same everywhere. */
function rawTexts (source: string): string[] {
  const found: string[] = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (value === null || typeof value !== 'object') return
    const node = value as Node
    if (isUnspoken(node)) return
    const text = node.type === 'Text' ? node.data?.trim() ?? '' : ''
    if (/\p{L}{2}/u.test(text) && text !== 'Freshet') found.push(text)
    Object.values(node).forEach(visit)
  }
  visit(parse(source, { modern: true }).fragment)
  return found
}

/** What is printed on a key is the same for everybody. */
const isUnspoken = ({ type, name }: Node): boolean => type === 'StyleDirective' || (type === 'RegularElement' && name === 'kbd') || (type === 'Attribute' && !spokenAttributes.has(name ?? ''))
