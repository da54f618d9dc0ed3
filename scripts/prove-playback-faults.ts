import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findChromium, launchChromium } from '../test/support/chromium.ts'
import { type Hearing, judge } from '../test/support/ear.ts'
import { build } from './build.ts'
import { openLine } from './player-proofs/line.ts'
import { type Drill, drills, playDrill } from './player-proofs/fault-drills.ts'
import { seededNoise, writeFlac } from './player-proofs/noise.ts'

// What a listener hears and reads while lines, files and servers fail: npm run proof:playback-faults -- [--drill NAME]
const { values } = parseArgs({ options: { drill: { type: 'string', multiple: true } } })

const sampleRate = 44_100
/** A skip to nine tenths of the first lies beyond the 95 seconds that may be fetched. */
const trackSeconds = [120, 60]
/** What an ear at every tenth of a second may take for silence. */
const unheardSeconds = 0.3

async function main (): Promise<boolean> {
  build()
  const { startService } = await import('./player-proofs/service.ts')
  const chromium = findChromium()
  if (chromium === undefined) throw new Error('no Chromium: install it, or set CHROMIUM_PATH')
  const folder = await mkdtemp(join(tmpdir(), 'freshet-faults-'))
  const line = await openLine()
  const service = await startService(line.url)
  line.target = service.url
  const browser = await launchChromium(chromium)
  // The same sound twice would be one track.
  let seed = 0
  try {
    const wanted = drills.filter(({ name }) => values.drill?.includes(name) ?? true)
    let proved = true
    const publish = async (album: string) => await service.publish(await Promise.all(trackSeconds.map(async (seconds, at) => await writeFlac(seededNoise(seconds * sampleRate, ++seed), { folder, title: `${album} ${at + 1}`, trackNo: at + 1, sampleRate, album }))))
    const shared = wanted.some(({ destroys }) => destroys !== true) ? await publish('All drills') : []
    for (const drill of wanted) {
      const trackIds = drill.destroys === true ? await publish(drill.name) : shared
      const hearing = judge(await playDrill(drill, { browser, line, service, trackIds }))
      const ok = isProved(drill, hearing)
      proved &&= ok
      console.log(`${drill.name.padEnd(18)} ${ok ? 'ok    ' : 'FAILED'} ${hearing.seconds.toFixed(0).padStart(3)} s, silent ${hearing.silentSeconds.toFixed(1).padStart(5)} s (longest ${hearing.longestSilenceSeconds.toFixed(1)} s), silent stops ${hearing.silentStops}, ${hearing.soundAtEnd ? 'sounds' : 'is silent'} at the end`)
      for (const words of hearing.words) console.log(`  “${words}”`)
    }
    return proved
  } finally {
    await browser.close()
    await line.close()
    await service.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function isProved ({ unheard, mayEndSilent, mustSay }: Drill, hearing: Hearing): boolean {
  const said = hearing.words.length > 0
  return hearing.seconds > 3 && hearing.silentStops === 0 && (hearing.soundAtEnd || (mayEndSilent === true && said)) &&
    (mustSay !== true || said) && (unheard !== true || hearing.longestSilenceSeconds <= unheardSeconds)
}

const proved = await main()
console.log(proved ? 'proved: the song goes on or says why' : 'NOT proved')
process.exitCode = proved ? 0 : 1
