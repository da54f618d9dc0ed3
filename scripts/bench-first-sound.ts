import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { findChromium, launchChromium } from '../test/support/chromium.ts'
import { ffmpeg } from '../test/support/media.ts'
import { earWorklet, placeEars } from './player-bench/ear.ts'
import { openShapedLine, type ShapedLine } from './player-bench/shaped-line.ts'
import { placeSteps } from './player-bench/steps.ts'
import { type Service, startService } from './player-proofs/service.ts'

/**
 * How long a listener waits for the sound: from the click to the first sample, and from the key to the first sample of
 * another place, in the real client on lines of three kinds. `npm run bench:first-sound -- [--rounds 5] [--only engine] [--steps]`
 */
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, only: { type: 'string', default: '' }, steps: { type: 'boolean', default: false } } })
const rounds = Number(values.rounds)
const lines = [
  { name: '20 ms, 20 Mb/s', delayMs: 20, bitsPerSecond: 20e6, goals: { click: 40, seek: null } },
  { name: '80 ms, 5 Mb/s', delayMs: 80, bitsPerSecond: 5e6, goals: { click: 110, seek: 220 } },
  { name: '150 ms, 1 Mb/s', delayMs: 150, bitsPerSecond: 1e6, goals: { click: 250, seek: null } }
] as const
const patienceMs = 15_000
/** Left only until here, right only from here on: so a place is known by its channel. */
const turnsSeconds = 120
const seconds = 240
/** Between pressing a button and letting go of it. */
const pressMs = 70
/** Of one click, with --steps. */
const mostSteps = 24
/** How long somebody rests on a button before pressing it. */
const restMs = 250

const kinds = ['base', 'engine'] as const
type Kind = typeof kinds[number]
interface Heard { readonly cold: number[], readonly intent: number[], readonly seek: number[] }

async function main (): Promise<void> {
  const chromium = findChromium()
  if (chromium === undefined) throw new Error('no Chromium: install it, or set CHROMIUM_PATH')
  const folder = await mkdtemp(join(tmpdir(), 'freshet-first-sound-'))
  const line = await openShapedLine({ '/ear.js': earWorklet })
  process.env['PUBLIC_URL'] = line.url
  const service = await startService()
  line.service = service.url
  const browser = await launchChromium(chromium)
  try {
    await service.publish([await makeTrack(folder)])
    console.log(`Medians of ${rounds}, ms; in brackets the lowest and the highest`)
    for (const kind of kinds.filter((each) => each.includes(values.only))) await measure(browser, { kind, line, service })
  } finally {
    await browser.close()
    await line.close()
    await service.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Noise from the first sample on, at first on the left, then on the right. */
async function makeTrack (folder: string): Promise<string> {
  const path = join(folder, 'attack.flac')
  const noise = (seed: number, when: string): string => `if(${when},0.4*(2*random(${seed})-1),0)`
  const source = `aevalsrc='${noise(0, `lt(t,${turnsSeconds})`)}|${noise(1, `gte(t,${turnsSeconds})`)}':s=44100:d=${seconds}`
  await ffmpeg('-f', 'lavfi', '-i', source, '-metadata', 'title=Attack', '-metadata', 'artist=Line', '-metadata', 'album=First sound', path)
  return path
}

async function measure (browser: Browser, { kind, line, service }: { readonly kind: Kind, readonly line: ShapedLine, readonly service: Service }): Promise<void> {
  line.shape = { delayMs: 0, bitsPerSecond: 0 }
  const page = await openAlbum(browser, kind, line.url, service)
  await heardAfter(page, 0, 'click')
  for (const shape of lines) {
    const heard: Heard = { cold: [], intent: [], seek: [] }
    for (let i = 0; i < rounds; i++) {
      line.shape = shape
      await silence(page)
      heard.cold.push(await heardAfter(page, 0, 'click'))
      await page.waitForTimeout(1_000)
      await forget(page)
      heard.seek.push(await heardAfter(page, 1, 'seek'))
      await silence(page)
      heard.intent.push(await heardAfter(page, 0, 'press'))
    }
    console.log(`${kind.padEnd(7)}${shape.name.padEnd(16)} click ${summary(heard.cold)}${verdict(heard.cold, shape.goals.click, kind)}   with intent ${summary(heard.intent)}${verdict(heard.intent, shape.goals.click, kind)}   seek ${summary(heard.seek)}${verdict(heard.seek, shape.goals.seek, kind)}`)
  }
  await page.context().close()
}

async function openAlbum (browser: Browser, kind: Kind, url: string, { credentials }: Service): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: 'block' })
  const page = await context.newPage()
  // The base is what plays where there is no WebCodecs.
  if (kind === 'base') await page.addInitScript('delete window.AudioDecoder')
  await page.addInitScript(placeEars)
  if (values.steps) await page.addInitScript(placeSteps)
  await page.goto(url)
  await page.getByLabel('Username').fill(credentials.username)
  await page.getByLabel('Password', { exact: true }).fill(credentials.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'First sound' }).first().click()
  await playButton(page).waitFor()
  // Warm: the player and its engine are there.
  await page.waitForTimeout(4_000)
  return page
}

async function forget (page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.clearBrowserCache')
  await session.detach()
}

const playButton = (page: Page) => page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).first()

async function silence (page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Pause', exact: true }).first().dispatchEvent('click')
  await page.mouse.move(5, 5)
  await page.evaluate('document.activeElement?.blur()')
  // What was under way when it stopped has left the line, and what was fetched is fetched again.
  await page.waitForTimeout(1_500)
  await forget(page)
}

/** ms from the event in the page to the sound on that channel. */
async function heardAfter (page: Page, channel: number, how: 'click' | 'press' | 'seek'): Promise<number> {
  const button = playButton(page)
  const waiting = page.evaluate<number>(`ears.waited(${channel}, '${how === 'seek' ? 'keydown' : 'click'}', ${patienceMs})`)
  await page.waitForTimeout(50)
  if (values.steps) await page.evaluate('window.clickedAt = new Promise((resolve) => { addEventListener("click", ({ timeStamp }) => { resolve(timeStamp) }, { capture: true, once: true }) }); steps.begin()')
  if (how === 'seek') await page.keyboard.press('6')
  else if (how === 'click') await button.dispatchEvent('click')
  else {
    await button.hover()
    await page.waitForTimeout(restMs)
    await page.mouse.down()
    await page.waitForTimeout(pressMs)
    await page.mouse.up()
  }
  const heard = await waiting
  if (values.steps && how === 'click') {
    await page.waitForTimeout(300)
    console.log(`${heard.toFixed(1)}: ${(await page.evaluate<string[]>(`clickedAt.then((ms) => steps.since(ms, ${mostSteps}))`)).join(', ')}`)
  }
  return heard
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

function summary (values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  return `${Math.round(median(values))} (${Math.round(sorted[0] ?? NaN)}–${Math.round(sorted.at(-1) ?? NaN)})`
}

/** Only the engine has goals. */
function verdict (values: readonly number[], goal: number | null, kind: Kind): string {
  if (goal === null || kind === 'base') return ''
  return `, goal ${goal}: ${median(values) <= goal ? 'met' : 'MISSED'}`
}

await main()
