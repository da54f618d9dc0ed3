import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import t from 'tap'
import { type Client, createClient } from '../acceptance/client.ts'
import { uploadFile } from '../acceptance/upload-file.ts'
import { complaintsOf, testBrowser } from '../support/chromium.ts'
import { heardSoFar, judge, putOnEars } from '../support/ear.ts'
import { ffmpeg, makeSound } from '../support/media.ts'
import { startFreshet } from '../support/process.ts'
import { startSlowLine } from '../support/slow-line.ts'
import { adapts, changesRate, engineThere, eventually, fades, fallsBack, heldKeys, hertz, isPlaying, pausesAtAChange, playsOwnFlac, savesData, seeks, sleeps, speeds, waitsForPress } from './heard-changes.ts'

const credentials = { username: 'admin', password: 'an entirely fine passphrase' }
const patience = { timeout: 60_000 }
/** Those that the server was told to have sounded. */
const countStarts = async (client: Client) => Number(/freshet_plays_started_total (\d+)/.exec((await client.get('/metrics')).bytes.toString())?.[1])
const countPlays = async (client: Client) => (await client.get<{ items: unknown[] }>('/api/plays')).body.items.length

/**
 * Two long songs, of another album and another sampling rate two short ones, a tone, and one with a silence within, and a
 * long tone in one channel.
 */
async function publish (client: Client, folder: string): Promise<void> {
  const paths = ['Otter', 'Heron'].map((title, at) => makeSound(join(folder, `${title}.flac`), { seconds: 60 + at, tags: { title, artist: 'Riverbank', album: 'Water', track: String(at + 1) } }))
  for (const [at, { title, tone, seconds, rate }] of [{ title: 'Tern', tone: '0.3*sin(660*2*PI*t)', seconds: 5, rate: 44_100 }, { title: 'Snipe', tone: '0.3*sin(880*2*PI*t)*(lt(t,3)+gt(t,6))', seconds: 7.5, rate: 48_000 }].entries()) {
    const path = join(folder, `${title}.flac`)
    paths.push(ffmpeg('-f', 'lavfi', '-i', `aevalsrc='${tone}':s=${rate}:d=${seconds}`, ...[`title=${title}`, 'artist=Riverbank', 'album=Wind', `track=${at + 1}`].flatMap((tag) => ['-metadata', tag]), path).then(() => path))
  }
  paths.push(ffmpeg('-f', 'lavfi', '-i', "aevalsrc='0.5*sin(220*2*PI*t)':s=44100:d=80", ...['title=Swan', 'artist=Riverbank', 'album=Ice'].flatMap((tag) => ['-metadata', tag]), join(folder, 'Swan.flac')).then(() => join(folder, 'Swan.flac')))
  const files = await Promise.all(paths)
  await Promise.all(files.map(async (path) => uploadFile(client, { relativePath: basename(path), bytes: await readFile(path) }, 120_000)))
}

t.setTimeout(400_000)

t.test('what is playing, in one tab, over a lost line, until the timer ends it', { timeout: 390_000 }, async (t) => {
  const browser = await testBrowser(t)
  if (browser === undefined) return
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-playback-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))
  const freshet = await startFreshet(t, dataDir)
  t.teardown(async () => { await freshet.interrupt() })
  const stranger = createClient({ address: freshet.url })
  await stranger.request('POST', '/api/setup', { body: { token: freshet.setupToken(), ...credentials } })
  const { body: { accessToken } } = await stranger.request<{ accessToken: string }>('POST', '/api/session', { body: credentials })
  const client = stranger.as(accessToken)
  await publish(client, dataDir)

  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
  t.teardown(() => context.close())
  const open = async (within: BrowserContext = context) => {
    const page = await within.newPage()
    await putOnEars(page, hertz)
    await page.goto(`${freshet.url}/library/albums`)
    return page
  }
  const first = await open()
  const complaints = complaintsOf(first)
  const signIn = async (page: Page) => {
    await page.getByLabel('Username').fill(credentials.username)
    await page.getByLabel('Password', { exact: true }).fill(credentials.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await signIn(first)
  const play = async (page: Page) => {
    await page.locator('article .title', { hasText: 'Water' }).click()
    await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click()
    await isPlaying(page)
  }

  await t.test('a play counts once, when it sounds, and not when somebody rests on the button', async (t) => {
    await first.locator('article .title', { hasText: 'Water' }).click()
    await engineThere(first)
    const ahead = first.waitForRequest((request) => request.url().includes('/start?'))
    await first.getByRole('main').getByRole('button', { name: 'Play', exact: true }).hover()
    await ahead
    await first.waitForTimeout(500)
    t.equal(await countStarts(client), 0)
    await first.goBack()
    await play(first)
    await eventually(t, async () => await countStarts(client) === 1, 'it is told at its first sound')
  })

  await t.test('a second tab that plays silences the first, which says where the music is and can take it back', async (t) => {
    const second = await open()
    await second.getByRole('region', { name: 'Player' }).getByText('Plays in another tab: Otter by Riverbank').waitFor(patience)
    await play(second)
    await first.locator('.bar .transport .play[aria-label=Play]').waitFor(patience)
    await first.getByRole('region', { name: 'Player' }).getByText('Plays in another tab: Otter by Riverbank').waitFor(patience)
    await first.getByRole('button', { name: 'Play here' }).click()
    await isPlaying(first)
    await second.locator('.bar .transport .play[aria-label=Play]').waitFor(patience)
    await second.close()
    t.equal(await first.getByRole('region', { name: 'Player' }).getByText('Plays in another tab').count(), 0)
  })

  await t.test('a key that is held switches once, and moves on and on', async (t) => { await heldKeys(t, first) })

  await t.test('the end of one track is the start of the next, and the play counts though the server was out of reach', async (t) => {
    const from = (await heardSoFar(first)).length
    await context.route('**/api/plays', (route) => route.abort())
    const known = await countPlays(client)
    const started = await countStarts(client)
    await first.keyboard.press('9')
    await first.locator('.bar .names .title', { hasText: 'Heron' }).waitFor(patience)
    await isPlaying(first)
    const { silentStops, silentSeconds } = judge((await heardSoFar(first)).slice(from))
    t.equal(silentStops, 0)
    t.comment(`silent for ${silentSeconds.toFixed(1)} s while skipping and joining`)
    await first.keyboard.press('6')
    await isPlaying(first)
    await context.unroute('**/api/plays')
    await first.evaluate(() => { dispatchEvent(new Event('online')) })
    let plays = known
    for (let tries = 0; plays === known && tries < 50; tries++) {
      await first.waitForTimeout(200)
      plays = await countPlays(client)
    }
    t.ok(plays > known, 'what was kept is sent when the line is back')
    await eventually(t, async () => await countStarts(client) === started + 1, 'what followed by itself is a play too')
  })

  await t.test('a pause that is taken back at once is none', async (t) => {
    const from = (await heardSoFar(first)).length
    await first.locator('.bar .transport .play').evaluate((button: HTMLElement) => {
      button.click()
      button.click()
    })
    await first.waitForTimeout(2_000)
    await isPlaying(first)
    t.ok(judge((await heardSoFar(first)).slice(from)).silentSeconds < 1)
  })

  await t.test('the speed and the sleep timer are set in words, seen in the bar, and taken back', async (t) => {
    await first.getByRole('button', { name: 'Speed and sleep timer' }).click()
    const dialog = first.getByRole('dialog', { name: 'Speed and sleep timer' })
    await dialog.getByLabel('Speed', { exact: true }).fill('1.5')
    await speeds(t, first)
    await dialog.getByLabel('In 15 minutes').check()
    await dialog.getByText('Ends in 15 minutes').waitFor()
    await first.keyboard.press('Escape')
    await first.getByRole('button', { name: 'Speed and sleep timer: 1.5×, Ends in 15 minutes' }).click()
    await dialog.getByLabel('Off').check()
    await dialog.getByLabel('Speed', { exact: true }).fill('1')
    await first.keyboard.press('Escape')
    await first.getByRole('button', { name: 'Speed and sleep timer', exact: true }).waitFor()
  })

  await t.test('the sleep timer fades the music out, says so, and leaves the volume as it was', async (t) => {
    await first.goto(`${freshet.url}/library/albums`)
    await engineThere(first)
    await play(first)
    await sleeps(t, first)
  })

  await t.test('a place that was fetched is reached without a request, any other with one', async (t) => {
    await first.goto(`${freshet.url}/library/albums`)
    await engineThere(first)
    await seeks(t, first, () => play(first))
  })

  await t.test('where the engine fails the browser’s own sound goes on from the same place', async (t) => { await fallsBack(t, first) })

  await t.test('who pauses while another quality is on its way has paused', async (t) => {
    await first.goto(`${freshet.url}/library/albums`)
    await engineThere(first)
    await play(first)
    await pausesAtAChange(t, first, async () => { await client.request('PATCH', '/api/me/preferences', { body: { quality: 'saving' } }) })
    await client.request('PATCH', '/api/me/preferences', { body: { quality: 'auto' } })
  })

  await t.test('a slow line brings a smaller version in mid-song, a fast one the best again', async (t) => {
    const line = await startSlowLine(t, (path) => path.startsWith('/media/'))
    const slow = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', serviceWorkers: 'block', proxy: { server: line.proxy, bypass: '<-loopback>' } })
    t.teardown(() => slow.close())
    const page = await open(slow)
    await signIn(page)
    await adapts(t, page, line)
  })

  await t.test('songs fade into each other, silences are cut, and each rate gets an output of its own', async (t) => {
    t.equal((await client.request('PATCH', '/api/me/preferences', { body: { crossfadeSeconds: 2, skipSilence: true } })).status, 200)
    await first.goto(`${freshet.url}/library/albums`)
    await engineThere(first)
    await first.locator('article .title', { hasText: 'Wind' }).click()
    await fades(t, first)
    await changesRate(t, first)
  })

  await t.test('FLAC is played where the browser’s element doesn’t', async (t) => { await playsOwnFlac(t, context, `${freshet.url}/library/albums`) })
  await t.test('who saves data gets the smallest version, and nothing ahead', async (t) => { await savesData(t, context, `${freshet.url}/library/albums`) })
  await t.test('where the browser wants a press first the page says so, nothing runs on, and the press plays', async (t) => { await waitsForPress(t, context, `${freshet.url}/library/albums`) })
  t.same(complaints.filter((text) => !text.includes('ERR_FAILED')), [])
})
