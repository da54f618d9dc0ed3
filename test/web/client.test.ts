import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { Track } from '../../src/catalog/schemas.ts'
import { createRateMeter } from '../../web/admin/rate-meter.ts'
import { matchRanges } from '../../web/elements/match-ranges.ts'
import { clearOthers, currentEntry, emptyQueue, following, insertLast, insertNext, moveEntry, preceding, type Queue, removeEntry, shuffleQueue, startQueue, unshuffleQueue } from '../../web/player/queue.ts'
import { foldPeaks } from '../../web/player/waveform.ts'

const track = (title: string): Track => ({
  id: title, title, artists: [], artistCredit: '', album: { id: 'a', title: 'a', artwork: null, year: null }, discNo: 1, trackNo: 1, durationMs: 1000, year: null, genres: [], favourite: false, rating: null, playCount: 0
})
const tracks = (titles: string): Track[] => [...titles].map(track)
const order = (queue: Queue): string => queue.entries.map((entry) => entry.track.title).join('')
const playing = (queue: Queue): string | undefined => currentEntry(queue)?.track.title
/** The same numbers every time. */
function seeded (): () => number {
  let state = 42
  return () => { state = state * 48271 % 2147483647; return state / 2147483647 }
}
const queueOf = (titles: string, at = 0): Queue => startQueue(emptyQueue, tracks(titles), at, seeded())

t.test('what is queued next plays next and what is queued last plays last', async (t) => {
  const queue = insertLast(insertNext(queueOf('abc', 1), tracks('xy')), tracks('z'))
  t.equal(order(queue), 'abxycz')
  t.equal(playing(queue), 'b', 'and what plays goes on')
  t.equal(new Set(queue.entries.map((entry) => entry.key)).size, 6, 'every entry can be told from every other')
  t.equal(playing(insertNext(emptyQueue, tracks('a'))), 'a', 'the first of an empty queue is current')
})

t.test('removing and moving never changes what plays, unless it is what is removed', async (t) => {
  const queue = queueOf('abcd', 2)
  t.equal(playing(removeEntry(queue, 0)), 'c')
  t.equal(playing(removeEntry(queue, 2)), 'd', 'the next takes its place')
  t.equal(playing(removeEntry(queueOf('ab', 1), 1)), 'a', 'at the end the one before does')
  t.equal(removeEntry(queueOf('a'), 0).at, -1)
  t.equal(order(moveEntry(queue, 3, 0)), 'dabc')
  t.equal(playing(moveEntry(queue, 3, 0)), 'c')
  t.equal(playing(moveEntry(queue, 2, 0)), 'c')
  t.equal(order(clearOthers(queue)), 'c')
})

t.test('shuffle mixes what follows, and off again everything stands as it was given', async (t) => {
  const queue = queueOf('abcdefghij', 2)
  const shuffled = shuffleQueue(queue, seeded())
  t.equal(order(shuffled).slice(0, 3), 'abc', 'what was played stays where it is')
  t.not(order(shuffled), order(queue))
  t.equal([...order(shuffled)].toSorted().join(''), 'abcdefghij', 'nothing is lost or doubled')
  t.equal(order(unshuffleQueue(shuffled)), order(queue))
  t.equal(order(unshuffleQueue(insertNext(shuffled, tracks('X')))), 'abcXdefghij', 'a newcomer stays behind the track it was queued after')
  t.equal(playing(startQueue({ ...emptyQueue, shuffled: true }, tracks('abc'), 1, seeded())), 'b', 'with shuffle on, the chosen track still comes first')
})

t.test('the queue ends at its ends, unless it repeats', async (t) => {
  const last = queueOf('ab', 1)
  t.equal(following(last), -1)
  t.equal(following({ ...last, repeat: 'all' }), 0)
  t.equal(preceding(queueOf('ab')), -1)
  t.equal(preceding({ ...queueOf('ab'), repeat: 'all' }), 1)
})

t.test('a queue of 10,000 tracks changes within a frame', async (t) => {
  const queue = queueOf('')
  const many = Array.from({ length: 10_000 }, (_, i) => track(String(i)))
  const startedAt = performance.now()
  const changed = removeEntry(insertNext(startQueue(queue, many, 5_000, seeded()), tracks('x')), 3)
  t.equal(changed.entries.length, 10_000)
  t.ok(performance.now() - startedAt < 200, 'with room for a busy machine')
})

t.test('matches are marked at the start of words, whatever their accents and case', async (t) => {
  const marked = (text: string, query: string): string => matchRanges(text, query).map((part) => (part.match ? `[${part.text}]` : part.text)).join('')
  t.equal(marked('Rivière de Mai', 'riv mai'), '[Riv]ière de [Mai]')
  t.equal(marked('Björk', 'bjor'), '[Björ]k')
  t.equal(marked('The Other', 'the'), '[The] Other', 'not within a word')
  t.equal(marked('Anything', ''), 'Anything')
  t.equal(marked('<b>loud</b>', 'loud'), '<b>[loud]</b>', 'and it stays text')
})

t.test('peaks are folded by the greatest of each share', async (t) => {
  t.same([...foldPeaks(Uint8Array.of(0, 255, 51, 0), 2)].map((value) => Number(value.toFixed(2))), [1, 0.2])
  t.same([...foldPeaks(new Uint8Array(), 3)], [0, 0, 0])
})

t.test('the rate is that of the last seconds', async (t) => {
  const meter = createRateMeter()
  t.equal(meter.add(0, 0), 0)
  t.equal(meter.add(1_000, 1_000), 1_000)
  meter.add(5_000, 5_000)
  t.equal(meter.add(21_000, 9_000), 20_000 / 8, 'what is older is forgotten')
  t.equal(meter.add(0, 10_000), 0, 'and a new run starts anew')
})

t.test('the first page is small, and nothing in the built client is inline', async (t) => {
  const dist = join(import.meta.dirname, '../../dist/web')
  if (!existsSync(dist)) { t.pass('the client is not built', { skip: 'npm run build first' }); return }
  const index = readFileSync(join(dist, 'index.html'), 'utf8')
  t.notMatch(index, /<script(?![^>]*src=)|<style|style="|\son\w+="|data:/, 'as the content security policy asks')
  const assets = readdirSync(join(dist, 'assets'))
  const loaded = new Set<string>()
  const follow = (name: string): void => {
    if (loaded.has(name)) return
    loaded.add(name)
    const source = readFileSync(join(dist, 'assets', name), 'utf8')
    for (const [, next] of source.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) if (next !== undefined) follow(next)
  }
  // The frame and home are what a listener's first page needs beyond the entry.
  for (const name of assets) if (/^(index|frame)-.*\.js$/.test(name)) follow(name)
  const kilobytes = (names: Iterable<string>): number => [...names].reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, 'assets', name)), { level: 9 }).length, 0) / 1000
  const sizes = { js: kilobytes(loaded), css: kilobytes(assets.filter((name) => name.endsWith('.css'))), fonts: assets.filter((name) => name.endsWith('.woff2')).reduce((sum, name) => sum + readFileSync(join(dist, 'assets', name)).length, 0) / 1000 }
  t.comment(`first page: ${sizes.js.toFixed(1)} kB of JS, ${sizes.css.toFixed(1)} kB of CSS, ${sizes.fonts.toFixed(1)} kB of fonts`)
  t.ok(sizes.js <= 45, `JS ${sizes.js} kB`)
  t.ok(sizes.css <= 15, `CSS ${sizes.css} kB`)
  t.ok(sizes.fonts <= 80, `fonts ${sizes.fonts} kB`)
})
