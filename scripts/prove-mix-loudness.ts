import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gainDb, type LoudnessMode } from '../web/player/loudness.ts'
import { build } from './build.ts'
import { withBrowser } from './player-proofs/browsers.ts'
import { type Level, measure, type MixedSource, mixedSources } from './player-proofs/mixed-sources.ts'
import { servePage } from './player-proofs/page-server.ts'
import { type Heard, perform } from './player-proofs/perform.ts'
import type { Service } from './player-proofs/service.ts'

// A playlist of mixed sources, played with its joins, recorded and measured by EBU R 128: npm run proof:loudness
const goalLu = 1
const sampleRate = 44_100
/** What the player promises, written down again: the proof must not ask the player's own rule. */
const promised = { lufs: -18, peakDbtp: -1, boostDb: 18, limitedDb: 8 }
/** What two meters of true peak may differ by: EBU Tech 3341's tolerance. */
const peakTolerance = 0.2
/** What the two ends of a track hold of the join's own, in seconds. */
const edgeSeconds = 0.25

async function main (): Promise<boolean> {
  build()
  const { startService } = await import('./player-proofs/service.ts')
  const folder = await mkdtemp(join(tmpdir(), 'freshet-loudness-'))
  const service = await startService()
  const page = await servePage(service.url)
  try {
    const sources = await mixedSources(folder)
    const expected = sources.map(({ level }) => expect(level))
    for (const [at, { name, level }] of sources.entries()) console.log(`${name.padEnd(26)} ${level.lufs.toFixed(1).padStart(6)} LUFS, peak ${level.peakDbtp.toFixed(1).padStart(5)} dBTP: ${expected[at]?.why ?? ''}`)
    const ids = await service.publish(sources.map(({ path }) => path))
    return await withBrowser('chromium', async (browser) => {
      const play = async (which: readonly MixedSource[], mode: LoudnessMode): Promise<Level[]> => {
        const tracks = await Promise.all(which.map(async (source) => await trackOf(service, ids[sources.indexOf(source)] ?? '', mode)))
        const heard = await perform(browser, page.url, { kind: 'engine', tracks, lastSeconds: 0, sampleRate })
        return await levelOfEach(heard, which, join(folder, mode))
      }
      const byTrack = reportTracks(sources, expected, await play(sources, 'track'))
      const album = sources.filter((source) => source.album === sources[0]?.album)
      return reportAlbum(album, await play(album, 'album')) && byTrack
    })
  } finally {
    await page.close()
    await service.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Expected { readonly lufs: number, readonly isTarget: boolean, readonly why: string }

/** How loud a track must be heard, and whether a limit keeps it from the target: known before anything plays. */
function expect ({ lufs, peakDbtp }: Level): Expected {
  const wanted = promised.lufs - lufs
  const room = Math.max(0, promised.peakDbtp + promised.limitedDb - peakDbtp)
  if (room < Math.min(wanted, promised.boostDb)) return { lufs: lufs + room, isTarget: promised.lufs - lufs - room <= goalLu, why: `held back by its peaks, at ${(lufs + room).toFixed(1)} LUFS` }
  if (wanted > promised.boostDb) return { lufs: lufs + promised.boostDb, isTarget: wanted - promised.boostDb <= goalLu, why: `raised by no more than ${promised.boostDb} dB, to ${(lufs + promised.boostDb).toFixed(1)} LUFS` }
  const over = wanted > 0 ? wanted + peakDbtp - promised.peakDbtp : 0
  return { lufs: promised.lufs, isTarget: true, why: over > 0 ? `reaches the target, its peaks held by up to ${over.toFixed(1)} dB` : 'reaches the target' }
}

async function trackOf (service: Service, trackId: string, mode: LoudnessMode) {
  const stream = { ...await service.stream(trackId, 'format=flac'), trackId }
  return { stream, gainDb: gainDb(stream.loudness, mode, mode === 'album') }
}

/** Cuts the recording where the tracks meet: they follow to the sample, so their lengths say where. */
async function levelOfEach ({ planes, sampleRate: rate, events }: Heard, sources: readonly MixedSource[], path: string): Promise<Level[]> {
  if (events.some((event) => /waiting|fault/.test(event)) || events.filter((event) => event.endsWith('joined')).length !== sources.length - 1) throw new Error(`not a playlist without a break: ${events.join(', ')}`)
  const [left = new Float32Array(), right = left] = planes
  let from = left.findIndex((sample) => sample !== 0)
  const measured: Level[] = []
  for (const [at, { seconds }] of sources.entries()) {
    const [first, last] = [from + Math.round(edgeSeconds * rate), from + Math.round((seconds - edgeSeconds) * rate)]
    await writeFile(`${path}-${at}.f32`, interleaved(left.subarray(first, last), right.subarray(first, last)))
    measured.push(await measure(`${path}-${at}.f32`, rate))
    from += Math.round(seconds * rate)
  }
  return measured
}

function reportTracks (sources: readonly MixedSource[], expected: readonly Expected[], heard: readonly Level[]): boolean {
  const rows = sources.map(({ name, level }, at) => ({ name, from: level, heard: heard[at] ?? { lufs: NaN, peakDbtp: NaN }, ...expected[at] ?? { lufs: NaN, isTarget: true } }))
  const missed = rows.filter((row) => !(Math.abs(row.heard.lufs - row.lufs) <= goalLu))
  // What isn't raised keeps the peaks that it has.
  const over = rows.filter((row) => !(row.heard.peakDbtp <= Math.max(promised.peakDbtp, row.from.peakDbtp + Math.min(0, row.lufs - row.from.lufs)) + peakTolerance))
  console.log('one playlist, by track')
  for (const row of rows) console.log(`  ${row.name.padEnd(26)} heard ${row.heard.lufs.toFixed(1).padStart(6)} LUFS, peak ${row.heard.peakDbtp.toFixed(1).padStart(5)} dBTP, ${row.isTarget ? 'target' : 'named before'} ${row.lufs.toFixed(1)}${missed.includes(row) ? ', MISSED' : ''}${over.includes(row) ? ', its peak is TOO HIGH' : ''}`)
  const free = rows.filter(({ isTarget }) => isTarget)
  console.log(`  ${free.length} of ${rows.length} tracks can reach ${promised.lufs} LUFS: at most ${Math.max(...free.map((row) => Math.abs(row.heard.lufs - promised.lufs))).toFixed(2)} LU away; goal ± ${goalLu} LU: ${missed.length === 0 ? 'met' : 'MISSED'}; peaks of what is raised at most ${promised.peakDbtp} dBTP: ${over.length === 0 ? 'met' : 'MISSED'}`)
  return missed.length === 0 && over.length === 0
}

function reportAlbum (album: readonly MixedSource[], heard: readonly Level[]): boolean {
  const errors = album.map(({ level }, at) => Math.abs((heard[at]?.lufs ?? NaN) - (heard[0]?.lufs ?? NaN) - (level.lufs - (album[0]?.level.lufs ?? NaN))))
  const worst = Math.max(...errors)
  const met = album.length > 1 && worst <= goalLu
  console.log(`by album: the differences of ${album.length} tracks are kept within ${worst.toFixed(2)} LU; goal ${goalLu}: ${met ? 'met' : 'MISSED'}`)
  return met
}

function interleaved (left: Float32Array, right: Float32Array): Uint8Array {
  const both = new Float32Array(left.length * 2)
  for (const [at, sample] of left.entries()) {
    both[2 * at] = sample
    both[2 * at + 1] = right[at] ?? sample
  }
  return new Uint8Array(both.buffer)
}

process.exitCode = await main() ? 0 : 1
