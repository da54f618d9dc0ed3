import type { BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import { heardSoFar, judge, type Moment, putOnEars, soundsNow } from '../support/ear.ts'
import { holdKey } from '../support/hold-key.ts'
import type { SlowLine } from '../support/slow-line.ts'

/** What is listened for: the left and right voice of the long songs, and what each of the two short ones is. */
export const hertz = [220, 440, 660, 880]
const [tern, snipe] = [2, 3]
/** So weak is a tone that isn't there. */
const faint = 0.01
/** What an ear at every tenth of a second may take for silence on a busy machine; what goes wrong here is silent for a second and more. */
const unheardSeconds = 0.8

const patience = { timeout: 60_000 }

/** Whoever plays before it came hears the browser's own sound. */
export const engineThere = (page: Page) => page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('engine-sound')), undefined, patience)

export async function isPlaying (page: Page): Promise<void> {
  await page.locator('.bar .transport .play[aria-label=Pause]').waitFor(patience)
  await soundsNow(page)
}

export async function eventually (t: Test, check: () => Promise<boolean>, message: string): Promise<void> {
  const until = performance.now() + 20_000
  while (!await check()) {
    if (performance.now() > until) { t.fail(message); return }
    await new Promise((resolve) => { setTimeout(resolve, 100) })
  }
  t.pass(message)
}

/** The versions of which the page fetches pieces, in order. */
function versionsAsked (page: Page): string[] {
  const asked: string[] = []
  page.on('request', (request) => {
    const name = /\/media\/.*\/(aac-\d+|flac)\./.exec(request.url())?.[1]
    if (name !== undefined) asked.push(name)
  })
  return asked
}

/** What doesn't come says what there is instead. */
async function comes (page: Page, what: string, wait: Promise<unknown>): Promise<void> {
  try {
    await wait
  } catch (error) {
    const heard = (await since(page, -3)).map(({ ms, peak, tones }) => `${ms} ms: ${peak} (${tones.join(' ')})`)
    const place = await page.getByRole('slider', { name: 'Place in the track' }).inputValue()
    const button = await page.locator('.bar .transport .play').getAttribute('aria-label')
    throw new Error(`no ${what}, but ${heard.join(', ')}, at ${place} s, where the button says ${button}; the page: ${await page.locator('body').innerText()}`, { cause: error })
  }
}
const soundsAt = (page: Page, tone: number): Promise<void> => comes(page, `${hertz[tone]} Hz`, page.waitForFunction(
  ([tone, faint]) => (window as unknown as { moments: Moment[] }).moments.slice(-3).every(({ tones }) => (tones[tone ?? 0] ?? 0) > (faint ?? 0)), [tone, faint], { timeout: 20_000 }))
const now = async (page: Page) => (await heardSoFar(page)).length
const since = async (page: Page, from: number) => (await heardSoFar(page)).slice(from)
/** By the clock: a busy page hears less often. */
const secondsOf = (moments: readonly Moment[], which: (moment: Moment) => boolean) => moments.reduce((sum, moment, at) => which(moment) ? sum + (moment.ms - (moments[at - 1]?.ms ?? moment.ms)) / 1_000 : sum, 0)
const total = (moments: readonly Moment[], tone: number) => moments.reduce((sum, { tones }) => sum + (tones[tone] ?? 0), 0)

/** While it plays at a speed of 1.5. */
export async function speeds (t: Test, page: Page): Promise<void> {
  await soundsAt(page, 1)
  const speeding = await now(page)
  const rate = await page.evaluate(async () => {
    const seconds = () => [...document.querySelectorAll('audio')].find((audio) => audio.src.includes('/media/') && !audio.paused)?.currentTime ?? NaN
    const [from, at] = [seconds(), performance.now()]
    await new Promise((resolve) => { setTimeout(resolve, 3_000) })
    return (seconds() - from) / (performance.now() - at) * 1_000
  })
  // A machine that is busy elsewhere may hold it up.
  t.ok(rate > 1.2 && rate < 1.6, `the place moves ${rate.toFixed(2)} times as fast`)
  const heard = await since(page, speeding)
  t.ok(total(heard, 1) > 5 * total(heard, 2), `and the pitch stays: ${total(heard, 1)} of it, ${total(heard, 2)} of one and a half times as high`)
}

export async function sleeps (t: Test, page: Page): Promise<void> {
  const options = async (choice: string): Promise<void> => {
    await page.getByRole('button', { name: /^Speed and sleep timer/ }).click()
    await page.getByRole('dialog').getByLabel(choice).check()
    await page.keyboard.press('Escape')
  }
  await options('In 15 minutes')
  const before = Math.max(...(await since(page, -10)).map(({ peak }) => peak))
  // The clock is three seconds before the end, from this moment on.
  const from = await page.evaluate(() => {
    const realNow = Date.now
    Date.now = () => realNow() + (15 * 60 - 3) * 1_000
    Object.assign(window, { resetClock: () => { Date.now = realNow } })
    return (window as unknown as { moments: Moment[] }).moments.length
  })
  await page.locator('.bar .message', { hasText: 'The sleep timer has ended the music' }).waitFor(patience)
  await page.evaluate('resetClock()')
  await page.waitForTimeout(800)
  const fading = (await since(page, from)).map(({ peak }) => peak)
  // By then the timer has looked at the clock, however seldom this page gets to hear.
  const loudest = Math.max(...fading.slice(6))
  t.ok(loudest > 0 && loudest < before * 0.15, `it fades: ${loudest.toFixed(4)} of ${before.toFixed(3)}`)
  const silentFrom = fading.findIndex((peak, at) => at > 6 && peak < 0.0005)
  t.ok(silentFrom > 0 && fading.slice(silentFrom).every((peak) => peak < 0.0005), `and ends without a last loud moment: ${fading.slice(silentFrom).map((peak) => peak.toFixed(4)).join(' ')}`)
  await page.locator('.bar .transport .play[aria-label=Play]').click()
  await page.waitForFunction((least) => (window as unknown as { moments: Moment[] }).moments.slice(-5).some(({ peak }) => peak > least), before * 0.6, patience)
  t.pass('at the next play it is as loud as before')
  await options('At the end of the track')
  await page.getByRole('slider', { name: 'Place in the track' }).fill('58')
  await comes(page, 'Heron', page.locator('.bar .names .title', { hasText: 'Heron' }).waitFor({ timeout: 30_000 }))
  await page.getByText('The sleep timer has ended the music. Good night.').first().waitFor(patience)
  await page.waitForTimeout(1_000)
  t.ok((await since(page, -8)).every(({ peak }) => peak < 0.001), 'the next track stands ready, and is silent')
}

/** At the albums, with a song that its versions code in half of what they are named for: so the line may be slow, and the music is there. */
export async function adapts (t: Test, page: Page, line: SlowLine): Promise<void> {
  const asked = versionsAsked(page)
  await engineThere(page)
  await page.locator('article .title', { hasText: 'Ice' }).click()
  // Less than 256 with a fifth to spare; 160 has it.
  line.carry(250)
  await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click(patience)
  await isPlaying(page)
  const from = await now(page)
  await eventually(t, async () => asked.includes('aac-160'), 'a smaller version')
  t.equal(asked[0], 'aac-256', 'after the best')
  line.carry(Infinity)
  await eventually(t, async () => asked.at(-1) === 'aac-256', 'and the best again')
  // Where one version follows the other is heard after eight seconds.
  await page.waitForFunction(() => Number(document.querySelector<HTMLInputElement>('.bar .wave input')?.value) > 10, undefined, patience)
  const heard = await since(page, from)
  const { longestSilenceSeconds, words } = judge(heard)
  t.ok(longestSilenceSeconds <= unheardSeconds, `nobody hears it: at most ${longestSilenceSeconds} s silent`)
  t.same(words, [])
  const strengths = heard.map(({ tones: [low = 0] }) => low).sort((a, b) => a - b)
  const [soft, loud] = [strengths[Math.floor(strengths.length * 0.1)] ?? 0, strengths[Math.floor(strengths.length * 0.9)] ?? 0]
  t.ok(soft > 0.8 * loud, `the tone stays as loud as it is: ${soft} to ${loud}`)
  t.comment(asked.join(' '))
}

/** While a long song plays whose end isn't decoded. */
export async function fallsBack (t: Test, page: Page): Promise<void> {
  const place = async () => Number(await page.getByRole('slider', { name: 'Place in the track' }).inputValue())
  const elementPlays = () => [...document.querySelectorAll('audio')].some((audio) => audio.src.includes('/media/') && !audio.paused && audio.currentTime > 0)
  await page.getByRole('slider', { name: 'Place in the track' }).fill('15')
  // Until more than the next seconds is decoded.
  await page.waitForFunction(() => Number(document.querySelector<HTMLInputElement>('.bar .wave input')?.value) > 17, undefined, patience)
  await soundsNow(page)
  t.notOk(await page.evaluate(elementPlays), 'the engine plays')
  const [from, before, at] = [await now(page), await place(), performance.now()]
  // The browser's decoder, and what stands in for it; and an element takes three seconds to play, as on a slow line.
  await page.evaluate(`{
    const [{ decode }, { decodeAudioData }, { play }] = [AudioDecoder.prototype, BaseAudioContext.prototype, HTMLMediaElement.prototype]
    const fail = () => { throw new DOMException('test', 'EncodingError') }
    AudioDecoder.prototype.decode = BaseAudioContext.prototype.decodeAudioData = fail
    HTMLMediaElement.prototype.play = async function () { await new Promise((resolve) => { setTimeout(resolve, 3_000) }); await play.call(this) }
    window.mend = () => { AudioDecoder.prototype.decode = decode; HTMLMediaElement.prototype.play = play; BaseAudioContext.prototype.decodeAudioData = decodeAudioData }
  }`)
  await page.waitForFunction(elementPlays, undefined, patience)
  await page.waitForTimeout(1_000)
  const passed = (performance.now() - at) / 1_000
  const moved = await place() - before
  await page.evaluate('mend()')
  t.ok(moved > passed - 5 && moved < passed + 1, `the element plays where the engine was: ${moved.toFixed(1)} s further after ${passed.toFixed(1)} s`)
  const { longestSilenceSeconds } = judge(await since(page, from))
  t.ok(longestSilenceSeconds < 1.5, `what was decoded fills the three seconds: ${longestSilenceSeconds} s of silence`)
  t.equal(await page.locator('.bar .message').count(), 0)
}

/** Who has only FLAC of our own, as WebKit on Linux without its package for AAC. */
export async function playsOwnFlac (t: Test, context: BrowserContext, url: string): Promise<void> {
  const page = await context.newPage()
  await page.addInitScript("HTMLMediaElement.prototype.canPlayType = () => ''")
  await putOnEars(page, hertz)
  const asked = versionsAsked(page)
  await page.goto(url)
  await engineThere(page)
  await page.locator('article .title', { hasText: 'Ice' }).click()
  await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click()
  await isPlaying(page)
  await eventually(t, async () => asked.length > 0, 'it fetches')
  t.same([...new Set(asked)], ['flac'])
  t.equal(await page.evaluate(() => [...document.querySelectorAll('audio')].some(({ src }) => src.includes('/media/'))), false, 'and the engine plays it')
  await page.close()
}

export async function seeks (t: Test, page: Page, play: () => Promise<void>): Promise<void> {
  const asked = versionsAsked(page)
  await play()
  // Until all of the song is here.
  for (let known = -1; known !== asked.length;) {
    known = asked.length
    await page.waitForTimeout(1_500)
  }
  asked.length = 0
  const from = await now(page)
  await page.keyboard.press('5')
  await page.waitForFunction(() => Number(document.querySelector<HTMLInputElement>('.bar .wave input')?.value) > 30, undefined, patience)
  t.same(asked, [], 'forward')
  t.ok(judge(await since(page, from)).longestSilenceSeconds <= unheardSeconds, 'without a silence')
  await page.getByRole('slider', { name: 'Place in the track' }).fill('45')
  await page.waitForTimeout(1_000)
  await page.keyboard.press('0')
  await eventually(t, async () => asked.length > 0, 'what was dropped since is fetched again')
  await page.waitForFunction(() => { const place = Number(document.querySelector<HTMLInputElement>('.bar .wave input')?.value); return place > 0.5 && place < 20 }, undefined, patience)
  await soundsNow(page)
}

export async function fades (t: Test, page: Page): Promise<void> {
  await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click()
  await soundsAt(page, tern)
  const from = await now(page)
  await soundsAt(page, snipe)
  await page.getByText('That was the end of the queue').first().waitFor(patience)
  const heard = await since(page, from)
  const has = (tone: number) => ({ tones }: Moment) => (tones[tone] ?? 0) > faint
  const both = secondsOf(heard, (moment) => has(tern)(moment) && has(snipe)(moment))
  t.ok(both > 1 && both < 3, `${both} s of both`)
  const alone = [secondsOf(heard, (moment) => has(tern)(moment) && !has(snipe)(moment)), secondsOf(heard, (moment) => has(snipe)(moment) && !has(tern)(moment))]
  t.ok((alone[0] ?? 0) > 1.5 && (alone[1] ?? 0) > 1.5, `and ${alone.join(' and ')} s of each alone`)
  const { longestSilenceSeconds } = judge(heard.slice(0, heard.findLastIndex(has(snipe))))
  t.ok(longestSilenceSeconds > 0.1 && longestSilenceSeconds < 1.5, `of three seconds’ silence ${longestSilenceSeconds} s are left`)
  t.same([...new Set(heard.filter(has(snipe)).map(({ sampleRate }) => sampleRate))], [44_100], 'the second, of 48 kHz, comes out of the first one’s output at its own pitch')
}

export async function changesRate (t: Test, page: Page): Promise<void> {
  for (const [title, tone, rate] of [['Snipe', snipe, 48_000], ['Tern', tern, 44_100]] as const) {
    await page.getByRole('main').getByRole('button', { name: `Play ${title} by Riverbank` }).click()
    await soundsAt(page, tone)
    const moments = (await heardSoFar(page)).slice(-2)
    t.same(moments.map(({ sampleRate }) => sampleRate), [rate, rate], title)
  }
}

export async function savesData (t: Test, context: BrowserContext, url: string): Promise<void> {
  const page = await context.newPage()
  await page.addInitScript("Object.defineProperty(navigator, 'connection', { value: { saveData: true, effectiveType: '4g' } })")
  await putOnEars(page, hertz)
  const asked = versionsAsked(page)
  const starts: string[] = []
  page.on('request', (request) => { if (/\/(start|stream)\?/.test(request.url())) starts.push(request.url()) })
  await page.goto(url)
  await engineThere(page)
  await page.locator('article .title', { hasText: 'Water' }).click()
  const button = page.getByRole('main').getByRole('button', { name: 'Play', exact: true })
  await button.hover()
  await page.waitForTimeout(500)
  t.same(starts.filter((address) => address.includes('/start')), [])
  await button.click()
  await soundsNow(page)
  await eventually(t, async () => asked.length > 0, 'it fetches')
  t.same([...new Set(asked)], ['aac-96'])
  t.match(starts.find((address) => address.includes('/start')), /maxBitrateKbps=96/)
  await page.close()
}

/** As in a browser that wants a press before anything sounds, which it does of a page that was loaded anew and is steered from another device. */
export async function waitsForPress (t: Test, context: BrowserContext, url: string): Promise<void> {
  const page = await context.newPage()
  await page.addInitScript(`{
    const { play } = HTMLMediaElement.prototype
    HTMLMediaElement.prototype.play = async function () {
      if (!window.allowed) throw new DOMException('play() failed', 'NotAllowedError')
      await play.call(this)
    }
  }`)
  await putOnEars(page, hertz)
  await page.goto(url)
  await engineThere(page)
  await page.locator('article .title', { hasText: 'Ice' }).click()
  await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click()
  const message = page.locator('.bar .message', { hasText: 'The browser wants a click first. Press play.' })
  await message.waitFor(patience)
  // Everything is there to sound from now on.
  await page.waitForTimeout(2_000)
  t.ok((await heardSoFar(page)).every(({ peak }) => peak < 0.001), 'it is silent')
  t.equal(await page.getByRole('slider', { name: 'Place in the track' }).inputValue(), '0', 'the place stays')
  t.equal(await message.count(), 1, 'and what to do is said')
  await page.evaluate('window.allowed = true')
  await page.locator('.bar .transport .play[aria-label=Play]').click()
  await isPlaying(page)
  t.equal(await page.locator('.bar .message').count(), 0)
  await page.close()
}

/** While a song plays at the best quality, with another way to choose a lesser one. */
export async function pausesAtAChange (t: Test, page: Page, choose: () => Promise<void>): Promise<void> {
  let [asked, answer] = [() => {}, () => {}]
  const [isAsked, isHeld] = [new Promise<void>((resolve) => { asked = resolve }), new Promise<void>((resolve) => { answer = resolve })]
  await page.route(/\/stream\?/, async (route) => {
    asked()
    await isHeld
    // Whoever gave up asking takes no answer.
    await route.continue().catch(() => undefined)
  })
  await choose()
  await isAsked
  await page.locator('.bar .transport .play[aria-label=Pause]').click()
  await page.locator('.bar .transport .play[aria-label=Play]').waitFor(patience)
  answer()
  const versions = versionsAsked(page)
  await page.waitForTimeout(2_000)
  t.equal(await page.locator('.bar .transport .play').getAttribute('aria-label'), 'Play')
  t.ok((await since(page, -3)).every(({ peak }) => peak < 0.001), 'it stays silent')
  await page.unroute(/\/stream\?/)
  await page.locator('.bar .transport .play').click()
  await isPlaying(page)
  await eventually(t, async () => versions.includes('aac-96'), 'the version that was chosen plays')
}

/** While a long song plays. */
export async function heldKeys (t: Test, page: Page): Promise<void> {
  const button = page.locator('.bar .transport .play')
  await page.locator('h1').focus()
  await holdKey(page, 'Space', 2)
  await button.and(page.locator('[aria-label=Play]')).waitFor(patience)
  await page.keyboard.press('0')
  await holdKey(page, 'ArrowRight', 3)
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>('.bar .wave input')?.value === '15', undefined, patience)
  await button.focus()
  await page.keyboard.down('Enter')
  await isPlaying(page)
  await holdKey(page, 'Enter', 1)
  await page.waitForTimeout(300)
  await isPlaying(page)
  await page.evaluate(() => { for (let press = 0; press < 2; press++) document.querySelector('h1')?.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true })) })
  await page.waitForTimeout(300)
  await isPlaying(page)
  t.pass('three steps of five seconds, and each switched once; a pause that is taken back at once is none')
}
