import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { heardSoFar, type Moment, putOnEars, soundsFor, soundsNow } from '../../test/support/ear.ts'
import type { Line } from './line.ts'
import type { Service } from './service.ts'

export interface Scene {
  readonly browser: Browser
  readonly line: Line
  readonly service: Service
  /** An album of two tracks. */
  readonly trackIds: readonly string[]
}

export interface Drill {
  readonly name: string
  /** It destroys the files of what it plays. */
  readonly destroys?: boolean
  /** Enough is in hand: nothing of it may be heard. */
  readonly unheard?: boolean
  /** Where nothing can sound any more: it must say why. */
  readonly mayEndSilent?: boolean
  /** The silence is long enough that the player must have said something. */
  readonly mustSay?: boolean
  /** So long it plays first; by itself half a second. */
  readonly playedMs?: number
  /** While the first track plays. */
  act (page: Page, scene: Scene): Promise<void>
}

const isMedia = (path: string): boolean => path.startsWith('/media/')
const isApi = (path: string): boolean => path.startsWith('/api/')
/** An open file is served until the store looks for it again, after a second. */
const stillServedMs = 1_500
const longCutMs = 20_000
const cutMs = 6_000
/** So long it must sound again without a break, and so long may pass until it does. */
const soundAgainMs = 3_000
const afterwardsMs = 40_000
const patience = { timeout: 60_000 }

interface Cut { readonly which: (path: string) => boolean, readonly ms: number, meanwhile? (): Promise<void> }

/** Breaks what is under way and all that comes, for so long. */
async function cut (line: Line, { which, ms, meanwhile }: Cut): Promise<void> {
  line.decide((path) => (which(path) ? 'break' : 'pass'))
  line.breakOpen(which)
  await meanwhile?.()
  await delay(ms)
  line.decide(() => 'pass')
}

async function removeObjects ({ service }: Scene, which: (path: string) => boolean): Promise<void> {
  const folder = join(service.dataDir, 'objects')
  const files = (await readdir(folder, { recursive: true })).filter(which)
  if (files.length === 0) throw new Error('there is nothing to delete')
  for (const path of files) await rm(join(folder, path), { recursive: true, force: true })
  await delay(stillServedMs)
}

/** All that could be played of the first track: its renditions and what was uploaded. */
async function removeTrack (scene: Scene): Promise<void> {
  const { service, trackIds: [first = ''] } = scene
  const original = basename(new URL((await service.stream(first, 'format=original')).url).pathname)
  await removeObjects(scene, (path) => path.includes(first) || path.includes(original))
}

/** Presses the key that skips to nine tenths: what is there isn't fetched yet. */
const skipAhead = async (page: Page): Promise<void> => { await page.keyboard.press('9') }

export const drills: readonly Drill[] = [
  { name: 'line-cut', unheard: true, playedMs: 6_000, async act (_page, { line }) { await cut(line, { which: () => true, ms: longCutMs }) } },
  { name: 'line-cut-early', async act (_page, { line }) { await cut(line, { which: () => true, ms: longCutMs }) } },
  { name: 'line-cut-seek', mustSay: true, async act (page, { line }) { await cut(line, { which: () => true, ms: cutMs, meanwhile: async () => { await skipAhead(page) } }) } },
  {
    name: 'address-expired',
    async act (page, { line }) {
      const asked = Promise.withResolvers<undefined>()
      let [renewed, refused] = [false, 0]
      line.decide((path) => {
        if (isApi(path) && /\/(stream|start)(\?|$)/.test(path)) {
          renewed = true
          asked.resolve(undefined)
        }
        if (!isMedia(path) || renewed) return 'pass'
        refused += 1
        return { status: 403 }
      })
      line.breakOpen(isMedia)
      await skipAhead(page)
      await Promise.race([asked.promise, delay(afterwardsMs, undefined, { ref: false }).then(() => { throw new Error('nobody asked for a fresh address') })])
      if (refused === 0) throw new Error('no address was refused')
    }
  },
  {
    name: 'rendition-missing',
    destroys: true,
    async act (page, scene) {
      const [first = ''] = scene.trackIds
      await removeObjects(scene, (path) => path.includes(first) && /aac-(256|160)/.test(path))
      scene.line.breakOpen(isMedia)
      await skipAhead(page)
    }
  },
  { name: 'track-missing', destroys: true, mayEndSilent: true, mustSay: true, async act (page, scene) { await removeTrack(scene); scene.line.breakOpen(isMedia); await skipAhead(page) } },
  { name: 'server-restarted', async act (page, { service }) { await service.kill(); await skipAhead(page); await delay(3_000); await service.start() } },
  { name: 'api-down', mustSay: true, async act (page, { line }) { await cut(line, { which: isApi, ms: cutMs, meanwhile: async () => { await page.keyboard.press('k') } }) } },
  { name: 'media-down', mustSay: true, async act (page, { line }) { await cut(line, { which: isMedia, ms: cutMs, meanwhile: async () => { await skipAhead(page) } }) } },
  {
    name: 'decoder-fault',
    async act (page) {
      await page.evaluate('if (typeof AudioDecoder === "function") AudioDecoder.prototype.decode = () => { throw new DOMException("drill", "EncodingError") }')
      await skipAhead(page)
    }
  }
]

/** @returns what was heard and read, ten times a second */
export async function playDrill (drill: Drill, scene: Scene): Promise<Moment[]> {
  const { browser, line, service: { credentials, client }, trackIds: [first = ''] } = scene
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', locale: 'en-GB' })
  try {
    const page = await context.newPage()
    await putOnEars(page)
    await page.goto(line.url)
    await page.getByLabel('Username').fill(credentials.username)
    await page.getByLabel('Password', { exact: true }).fill(credentials.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('navigation', { name: 'Main' }).first().waitFor(patience)
    const { body: { album } } = await client.get<{ album: { id: string } }>(`/api/tracks/${first}`)
    await page.goto(`${line.url}/albums/${album.id}`)
    await engineThere(page)
    await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click(patience)
    await soundsNow(page)
    await delay(drill.playedMs ?? 0)
    await drill.act(page, scene)
    await soundsAgain(page)
    return await heardSoFar(page)
  } finally {
    line.decide(() => 'pass')
    await context.close()
  }
}

/** The faults that are asked for are the engine's, not those of what plays before it came. */
async function engineThere (page: Page): Promise<void> {
  const deadline = performance.now() + patience.timeout
  while (await page.evaluate('!performance.getEntriesByType("resource").some(({ name }) => name.includes("engine-sound"))') === true) {
    if (performance.now() > deadline) throw new Error('the engine was not fetched')
    await delay(100)
  }
}

/** Waits until it sounds without a break, or has had time enough to. */
async function soundsAgain (page: Page): Promise<void> {
  const deadline = performance.now() + afterwardsMs
  await delay(soundAgainMs)
  while (performance.now() < deadline && !soundsFor(await heardSoFar(page), soundAgainMs)) await delay(250)
}
