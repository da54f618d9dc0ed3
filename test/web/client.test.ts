import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { Track } from '../../src/catalog/schemas.ts'
import { type DroppedEntry, type DroppedItem, droppedFiles, type FileEntry, type FolderEntry } from '../../web/admin/dropped-files.ts'
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

/** File system entries and a drop as browsers give them, as far as they are read here. */
const fileEntry = (name: string): FileEntry => ({ name, isFile: true, isDirectory: false, file: (take) => { take(new File([], name)) } })
function folderEntry (name: string, children: readonly DroppedEntry[]): FolderEntry {
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader () {
      let at = 0
      // As Chromium does: a hundred at a time, and an empty list once all are given.
      return { readEntries: (take) => { queueMicrotask(() => { take(children.slice(at, at += 100)) }) } }
    }
  }
}
function dropOf (entries: readonly DroppedEntry[]): { items: DroppedItem[] } {
  return { items: entries.map((entry) => ({ webkitGetAsEntry: () => entry, getAsFile: () => null })) }
}

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
  t.equal(playing(shuffled), 'c')
  t.equal(playing(unshuffleQueue({ ...shuffled, at: 7 })), order(shuffled)[7], 'what plays by then plays on, at its own place')
  t.same([queue, shuffled, unshuffleQueue(shuffled)].map((each) => each.shuffled), [false, true, false], 'and it is known which of the two is on')
})

t.test('with shuffle on, the chosen track comes first and all the others follow mixed', async (t) => {
  const started = startQueue({ ...emptyQueue, shuffled: true }, tracks('abcdefghij'), 4, seeded())
  t.equal(playing(started), 'e')
  t.equal(started.at, 0, 'nothing is skipped')
  t.equal([...order(started)].toSorted().join(''), 'abcdefghij')
  t.not(order(started).slice(1), 'abcdfghij')
  t.ok(started.shuffled, 'shuffle stays on')
  t.equal(order(unshuffleQueue(started)), 'abcdefghij')
})

t.test('every order is as likely as every other', async (t) => {
  const random = seeded()
  const queue = queueOf('abcd')
  const times = new Map<string, number>()
  for (let i = 0; i < 12_000; i++) {
    const shuffled = order(shuffleQueue(queue, random))
    times.set(shuffled, (times.get(shuffled) ?? 0) + 1)
  }
  t.equal(times.size, 6)
  for (const [shuffled, count] of times) t.ok(Math.abs(count - 2_000) < 130, `${shuffled} came ${count} times of 12,000`)
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

t.test('a dropped folder gives every file below it with its path, however many and however deep', async (t) => {
  const many = Array.from({ length: 230 }, (_, i) => fileEntry(`${i}.flac`))
  const music = folderEntry('Music', [folderEntry('Long', many), folderEntry('Riverbank', [folderEntry('Disc 2', [fileEntry('1.flac')]), fileEntry('cover.jpg')]), folderEntry('Empty', [])])
  const paths = (await droppedFiles(dropOf([music, fileEntry('single.mp3')]))).map(({ path, file }) => [path, file.name])
  t.equal(paths.length, 230 + 3)
  t.same(paths.slice(0, 230), many.map(({ name }) => [`Music/Long/${name}`, name]))
  t.same(paths.slice(230), [['Music/Riverbank/Disc 2/1.flac', '1.flac'], ['Music/Riverbank/cover.jpg', 'cover.jpg'], ['single.mp3', 'single.mp3']])
})

t.test('a drop is read before the browser empties it; what is text is left out, and a file without an entry is taken as it is', async (t) => {
  const drop = dropOf([fileEntry('first.flac'), folderEntry('Folder', [fileEntry('1.flac')]), fileEntry('last.flac')])
  drop.items.push({ webkitGetAsEntry: () => null, getAsFile: () => null }, { webkitGetAsEntry: () => null, getAsFile: () => new File([], 'plain.ogg') })
  const found = droppedFiles(drop)
  drop.items.length = 0
  t.same((await found).map(({ path }) => path), ['first.flac', 'Folder/1.flac', 'last.flac', 'plain.ogg'])
})

t.test('a folder that can’t be read fails the drop, rather than leaving music out unsaid', async (t) => {
  const broken: FolderEntry = { ...folderEntry('Broken', []), createReader: () => ({ readEntries: (_take, refuse) => { refuse(new Error('not readable')) } }) }
  await t.rejects(droppedFiles(dropOf([folderEntry('Music', [broken])])), { message: 'not readable' })
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
