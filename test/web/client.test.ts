import t from 'tap'
import type { Track } from '../../src/catalog/schemas.ts'
import { type DroppedEntry, type DroppedItem, droppedFiles, type FileEntry, type FolderEntry } from '../../web/admin/dropped-files.ts'
import { createRateMeter } from '../../web/admin/rate-meter.ts'
import { matchRanges } from '../../web/elements/match-ranges.ts'
import { applyChange, type Change, emptyDocument, type QueueDocument } from '../../src/playlists/queue-operations.ts'
import { fairShuffle } from '../../web/player/fair-shuffle.ts'
import { currentEntry, following, preceding, type Queue, queueOf as shownQueue } from '../../web/player/queue.ts'
import { inPieces, inverseOfAll, replaceBy } from '../../web/player/queue-changes.ts'
import { foldPeaks } from '../../web/player/waveform.ts'

const track = (title: string): Track => ({
  id: title, title, artists: [], artistCredit: '', album: { id: 'a', title: 'a', artwork: null, year: null }, discNo: 1, trackNo: 1, durationMs: 1000, year: null, genres: [], favourite: false, rating: null, playCount: 0
})
const book = new Map([...'abcdefghij'].map((title) => [title, title === 'j' ? null : track(title)]))
const documentOf = (titles: string, at = 0): QueueDocument => ({ ...emptyDocument, current: titles[at] ?? null, entries: [...titles].map((key, ordinal) => ({ key, trackId: key, ordinal })) })
const queueOf = (titles: string, at = 0): Queue => shownQueue(documentOf(titles, at), book)
const order = ({ entries }: QueueDocument): string => entries.map(({ key }) => key).join('')

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

t.test('whatever is done to the queue can be taken back', async (t) => {
  const before = documentOf('abcdef', 2)
  const changes: Change[] = [
    { kind: 'insert', after: 'c', entries: [{ key: 'x', trackId: 'x' }, { key: 'y', trackId: 'y' }] },
    { kind: 'remove', keys: ['a', 'b', 'c', 'f'] },
    { kind: 'move', key: 'a', after: 'd' },
    { kind: 'move', key: 'f', after: 'start' },
    { kind: 'shuffle', seed: 1, keys: [...'cfeabd'] },
    { kind: 'replace', entries: [{ key: 'n', trackId: 'n', ordinal: 0 }], current: 'n', seed: null }
  ]
  for (const change of changes) {
    const changed = applyChange(before, change)
    t.not(order(changed), order(before))
    const back = inverseOfAll(before, [change]).reduce<QueueDocument>(applyChange, changed)
    t.same([order(back), back.current, back.seed], ['abcdef', 'c', null], change.kind)
  }
  const shuffled = applyChange(before, { kind: 'shuffle', seed: 7, keys: [...'cfeabd'] })
  const replaced = replaceBy(shuffled).reduce<QueueDocument>(applyChange, emptyDocument)
  t.same([order(replaced), order(applyChange(replaced, { kind: 'unshuffle' }))], ['cfeabd', 'abcdef'], 'a shuffled queue comes back shuffled, with its order')
  const many = inPieces(Array.from({ length: 1_201 }, (_, i) => ({ key: `k${i}`, trackId: 'a' })), 'start').reduce<QueueDocument>(applyChange, emptyDocument)
  t.equal(many.entries.map(({ key }) => key).join(), Array.from({ length: 1_201 }, (_, i) => `k${i}`).join(), 'and what goes in pieces keeps its order')
})

t.test('a shuffle is the same for a seed, and bunches nobody', async (t) => {
  const entries = Array.from({ length: 200 }, (_, i) => ({ key: `k${i}`, artist: `artist ${i % 10}`, album: `album ${i % 4}` }))
  const shuffled = fairShuffle(entries, 5)
  t.same(fairShuffle(entries, 5), shuffled)
  t.notSame(fairShuffle(entries, 6), shuffled)
  t.same(shuffled.toSorted(), entries.map(({ key }) => key).toSorted(), 'nothing is lost or doubled')
  let neighbours = 0
  const firsts = new Set<string | undefined>()
  for (let seed = 0; seed < 100; seed++) {
    const artists = fairShuffle(entries, seed).map((key) => `artist ${Number(key.slice(1)) % 10}`)
    neighbours += artists.filter((artist, i) => artist === artists[i - 1]).length
    firsts.add(artists[0])
  }
  t.ok(neighbours < 100, `in 100 shuffles an artist followed itself ${neighbours} times; by pure chance it would be 1,900`)
  t.equal(firsts.size, 10, 'and each artist comes first at times')
})

t.test('what is gone is passed over, and what isn’t known yet is awaited', async (t) => {
  const queue = queueOf('aj?b')
  t.same(queue.entries.map(({ state }) => state), ['known', 'gone', 'awaited', 'known'])
  t.equal(currentEntry(queue)?.track.title, 'a')
  t.equal(following(queue), 2)
  t.equal(following(queueOf('aj')), -1)
  t.equal(preceding(queueOf('ajb', 2)), 0)
})

t.test('the queue ends at its ends, unless it repeats', async (t) => {
  const last = queueOf('ab', 1)
  t.equal(following(last), -1)
  t.equal(following({ ...last, repeat: 'all' }), 0)
  t.equal(preceding(queueOf('ab')), -1)
  t.equal(preceding({ ...queueOf('ab'), repeat: 'all' }), 1)
})

t.test('a queue of 10,000 tracks changes at once', async (t) => {
  const keys = Array.from({ length: 10_000 }, (_, i) => `k${i}`)
  const queue: QueueDocument = { ...emptyDocument, current: 'k5000', entries: keys.map((key, ordinal) => ({ key, trackId: 'a', ordinal })) }
  const changes: Change[] = [
    { kind: 'insert', after: 'k5000', entries: [{ key: 'x', trackId: 'a' }] }, { kind: 'remove', keys: ['k3'] }, { kind: 'move', key: 'k9000', after: 'start' },
    { kind: 'current', key: 'k7000' }, { kind: 'shuffle', seed: 1, keys: fairShuffle(keys.map((key, i) => ({ key, artist: `${i % 300}`, album: `${i % 900}` })), 1) }, { kind: 'unshuffle' }
  ]
  for (const change of changes) {
    const times = Array.from({ length: 5 }, () => {
      const startedAt = performance.now()
      shownQueue(applyChange(queue, change), book)
      return performance.now() - startedAt
    })
    const ms = Math.min(...times)
    t.ok(ms < 150, `${change.kind}: ${ms.toFixed(1)} ms at best, with room for a busy machine`)
  }
})

t.test('matches are marked at the start of words, whatever their accents and case', async (t) => {
  const marked = (text: string, query: string): string => matchRanges(text, query).map((part) => (part.match ? `[${part.text}]` : part.text)).join('')
  t.equal(marked('Rivière de Mai', 'riv mai'), '[Riv]ière de [Mai]')
  t.equal(marked('Björk', 'bjor'), '[Björ]k')
  t.equal(marked('The Other', 'the'), '[The ]Other', 'not within a word')
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
