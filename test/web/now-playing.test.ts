import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { CreatedShare } from '../../src/sharing/schemas.ts'
import { lineAt, parseLrc } from '../../web/lyrics/lrc.ts'
import { testPassword } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'
import { complaintsOf, pageWithoutWorker } from '../support/chromium.ts'
import { holdKey } from '../support/hold-key.ts'
import { makeSound } from '../support/media.ts'
import { webServer } from '../support/web-server.ts'
import { showBy } from './show-by.ts'

/** The machine may be busy. */
const patience = { timeout: 30_000 }
const seconds = 60
const lines = Array.from({ length: 12 }, (_, i) => ({ atMs: i * 5_000, text: i === 3 ? '' : `Line ${i}` }))

t.setTimeout(400_000)

t.test('lyrics with stamps are read as their writers meant them', async (t) => {
  t.equal(parseLrc('just words\nand more'), null)
  t.same(parseLrc('[ti:Song]\r\n[offset:+500]\r\n[00:12.50]First\r\n[00:20]\n[01:02.5][00:30.123]Twice  said\nno stamp\n[00:01.00]<00:01.00> word <00:01.50> by'), [
    { atMs: 500, text: 'word by' }, { atMs: 12_000, text: 'First' }, { atMs: 19_500, text: '' }, { atMs: 29_623, text: 'Twice said' }, { atMs: 62_000, text: 'Twice said' }
  ])
  t.same(parseLrc('[offset:-250]\n[00:00.00] [notes] stay'), [{ atMs: 250, text: '[notes] stay' }])
  t.same([-1, 0, 4_999, 5_000, 99_000].map((at) => lineAt(lines, at)), [-1, 0, 0, 1, 11])
})

/** The real app, a track that sounds with lyrics that follow, and a listener who has signed in. */
async function stage (t: Test) {
  const server = await webServer(t, 's/share.html')
  if (server === undefined) return undefined
  const { url, browser } = server
  const { albumId, trackIds } = await seedAlbum(server.db, { title: 'Riverbank', artist: 'Otter & Heron', year: 2021, tracks: [{ title: 'With words', durationMs: seconds * 1000 }, { title: 'Without words', durationMs: seconds * 1000 }] })
  const [trackId = ''] = trackIds
  await server.db.prisma.lyrics.create({ data: { trackId, text: lines.map(({ text }) => text).join('\n'), synced: lines } })
  const folder = await mkdtemp(join(tmpdir(), 'freshet-now-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const sound = await makeSound(join(folder, 'sound.mp4'), { seconds, encoder: ['-c:a', 'aac', '-b:a', '96k', '-movflags', '+faststart'] })
  for (const id of trackIds) await server.store.putFile(`media/${id}/1/aac-160.mp4`, sound, { contentType: 'audio/mp4' })
  const lis = await server.user('listener', 'lis')
  const page = await pageWithoutWorker(browser, { viewport: { width: 1440, height: 900 } })
  const complaints = complaintsOf(page)
  await page.goto(url)
  await page.getByLabel('Username').fill('lis')
  await page.getByLabel('Password', { exact: true }).fill(testPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
  return { ...server, browser, url, page, complaints, albumId, trackIds, lis }
}

async function violations (page: Page, part: string): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).include(part).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' | ')}`)
}

async function cleanInBothThemes (t: Test, page: Page, what: string, part = 'body'): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await showBy(page, colorScheme)
    t.same(await violations(page, part), [], `${what}, ${colorScheme}`)
  }
  await showBy(page, 'light')
}

/** The needle of what plays: it moves at each frame, by transforms alone. */
async function glides (t: Test, page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const layouts = async (): Promise<number> => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'LayoutCount')?.value ?? 0
  const before = await layouts()
  const { places, frames, seconds } = await page.evaluate(async () => {
    const places = new Set<string>()
    const startedAt = performance.now()
    let frames = 0
    for (; frames < 60 || performance.now() < startedAt + 1_000; frames++) {
      places.add(document.querySelector<HTMLElement>('.needle')?.style.transform ?? '')
      await new Promise((resolve) => { requestAnimationFrame(resolve) })
    }
    return { places: places.size, frames, seconds: (performance.now() - startedAt) / 1_000 }
  })
  const laid = await layouts() - before
  t.ok(places > frames / 4, `${places} places in ${frames} frames`)
  t.ok(laid <= 12 * Math.ceil(seconds), `${laid} layouts in ${seconds.toFixed(1)} s: no more than the clock needs`)
}

/** On the page of a link, while its first track plays. */
async function staysPaused (t: Test, page: Page): Promise<void> {
  const plays = async (): Promise<boolean> => await page.evaluate(() => [...document.querySelectorAll('audio')].some((audio) => !audio.paused))
  const place = page.getByRole('slider', { name: 'Place in the track' })
  await place.fill('40')
  await page.waitForFunction(() => [...document.querySelectorAll('audio')].some((audio) => audio.currentTime > 40), undefined, patience)
  for (const held of [/\/stream$/, /\/aac-160\.mp4/]) {
    const gate = Promise.withResolvers<undefined>()
    await page.route(held, async (route) => { await gate.promise; await route.continue() })
    const asked = page.waitForRequest(held)
    await page.getByRole('button', { name: /^Without words/ }).click()
    await asked
    await page.getByRole('button', { name: 'Pause' }).click()
    const answered = page.waitForResponse(held)
    gate.resolve(undefined)
    await answered
    await page.waitForTimeout(700)
    t.equal(await plays(), false, `silent, though the answer to ${held} came`)
    t.equal(await place.inputValue(), '0', 'and at the start of what was to play')
    await page.unroute(held)
  }
  await page.getByRole('button', { name: 'Play' }).click()
  await page.waitForFunction(() => [...document.querySelectorAll('audio')].some((audio) => !audio.paused && audio.currentTime > 0.1 && audio.currentTime < 30), undefined, patience)
  t.pass('the next press plays')
  await page.evaluate(() => { if (document.activeElement instanceof HTMLElement) document.activeElement.blur() })
  await holdKey(page, 'Space', 2)
  await page.getByRole('button', { name: 'Play' }).waitFor()
  t.equal(await plays(), false, 'a held key switches once')
  await page.getByRole('button', { name: /^With words/ }).click()
  await page.locator('li.now').getByText('With words').waitFor(patience)
}

t.test('what plays, its words, and what is shared of it', { timeout: 390_000 }, async (t) => {
  const s = await stage(t)
  if (s === undefined) return
  const { page, url, albumId, complaints } = s
  const dialog = page.getByRole('dialog', { name: 'Now playing' })
  const current = dialog.locator('.lines [aria-current]')

  await t.test('lyrics follow the place, jump at a press, and rest while somebody reads elsewhere', async (t) => {
    await page.goto(`${url}/albums/${albumId}`)
    await page.getByRole('button', { name: /^More about/ }).click(patience)
    await page.getByRole('menuitem', { name: 'Add to queue' }).click()
    await page.getByRole('button', { name: /^Open the player/ }).click(patience)
    await dialog.getByRole('button', { name: 'Lyrics', exact: true }).click()
    await dialog.getByText('Line 11').waitFor(patience)
    await page.keyboard.press('5')
    await current.getByText('Line 6', { exact: true }).waitFor(patience)
    const middle = async (): Promise<number> => await dialog.locator('.lines').evaluate((box) => {
      const line = box.querySelector('[aria-current]')?.getBoundingClientRect()
      const frame = box.getBoundingClientRect()
      return line === undefined ? NaN : Math.abs((line.top + line.bottom) / 2 - (frame.top + frame.bottom) / 2)
    })
    const comesToMiddle = async (): Promise<void> => {
      for (const until = Date.now() + patience.timeout; await middle() >= 30;) {
        if (Date.now() > until) throw new Error(`the line stands ${await middle()} pixels from the middle`)
        await page.waitForTimeout(100)
      }
    }
    await comesToMiddle()
    t.equal(await dialog.locator('[aria-live], [role=log]').filter({ hasText: 'Line' }).count(), 0, 'and is not read out line by line')
    await dialog.locator('.lines').hover()
    await page.mouse.wheel(0, -400)
    await dialog.getByRole('button', { name: 'Follow again' }).waitFor()
    await page.keyboard.press('9')
    await current.getByText('Line 10', { exact: true }).waitFor()
    t.ok(await middle() > 100, 'it stays where the reader is')
    await dialog.getByRole('button', { name: 'Follow again' }).click()
    await comesToMiddle()
    await dialog.getByRole('button', { name: 'Line 2', exact: true }).click()
    await current.getByText('Line 2', { exact: true }).waitFor()
    t.equal(await dialog.getByRole('slider', { name: 'Place in the track' }).getAttribute('aria-valuetext'), '10 seconds of 1 minute')
    await cleanInBothThemes(t, page, 'lyrics', 'dialog')
    await dialog.getByRole('button', { name: 'Credits', exact: true }).click()
    await dialog.getByText('2021').waitFor()
    await page.keyboard.press('k')
    await dialog.getByRole('heading', { name: 'Without words' }).waitFor(patience)
    await dialog.getByRole('button', { name: 'Lyrics', exact: true }).click()
    await dialog.getByText('This track has no lyrics.').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })

  await t.test('single keys work the player, not while typing, and not when switched off', async (t) => {
    await page.locator('h1').focus()
    const place = async (): Promise<number> => Number(await page.getByRole('slider', { name: 'Place in the track' }).inputValue())
    // The track before may still be on its way out, which takes the needle back.
    for (const until = Date.now() + patience.timeout; await place() !== 5;) {
      if (Date.now() > until) throw new Error(`the needle stands at ${await place()}`)
      await page.keyboard.press('0')
      await page.keyboard.press('ArrowRight')
      await page.waitForTimeout(300)
    }
    const player = page.getByRole('region', { name: 'Player' })
    for (const [key, name] of [['m', 'Turn the sound on'], ['r', /^Repeat: Repeats the queue/]] as const) {
      await page.keyboard.press(key)
      await player.getByRole('button', { name }).waitFor(patience)
    }
    await page.keyboard.press('m')
    await page.keyboard.press('?')
    const list = page.getByRole('dialog', { name: 'Keys' })
    await list.getByText('Jump to a tenth of the track').waitFor(patience)
    await list.getByRole('checkbox').uncheck()
    await page.keyboard.press('Escape')
    await list.waitFor({ state: 'detached' })
    await page.locator('h1').focus()
    await page.keyboard.press('9')
    await page.waitForTimeout(200)
    t.ok(await place() <= 5, 'off is off')
  })

  await t.test('a link is made, opened by somebody without an account, and ended', async (t) => {
    await page.goto(`${url}/albums/${albumId}`)
    await page.getByRole('button', { name: /^More about/ }).click(patience)
    await page.getByRole('menuitem', { name: 'Share a link' }).click()
    await page.getByLabel('A few words for the page').fill('For Sunday')
    await page.getByRole('button', { name: 'Make the link' }).click()
    const link = await page.getByLabel('Your link').inputValue(patience)
    await cleanInBothThemes(t, page, 'the dialog', 'dialog')
    const stranger = await (await s.browser.newContext({ viewport: { width: 390, height: 844 } })).newPage()
    const theirs = complaintsOf(stranger)
    await stranger.goto(link)
    await stranger.getByRole('heading', { name: 'Riverbank', level: 1 }).waitFor(patience)
    t.match(await stranger.locator('main').innerText(), /For Sunday\s+Shared by lis/)
    await stranger.getByRole('button', { name: /^With words/ }).click()
    await stranger.waitForFunction(() => [...document.querySelectorAll('audio')].some((audio) => audio.currentTime > 0.3), undefined, patience)
    await t.test('the needle glides without layout', async (t) => { await glides(t, stranger) })
    await t.test('a pause holds, whatever was still on its way', async (t) => { await staysPaused(t, stranger) })
    await stranger.getByRole('button', { name: 'Next track' }).click()
    await stranger.locator('li.now').getByText('Without words').waitFor(patience)
    t.same(await stranger.context().cookies(), [], 'without cookies')
    t.ok(await stranger.evaluate(() => document.documentElement.scrollWidth <= 390))
    await cleanInBothThemes(t, stranger, 'the page')
    const { body } = await s.as(s.lis, { url: '/api/shares' })
    const [share] = (body as { items: CreatedShare[] }).items
    await s.as(s.lis, { method: 'DELETE', url: `/api/shares/${share?.id}` })
    await stranger.reload()
    await stranger.getByRole('heading', { name: 'This link has ended' }).waitFor(patience)
    await cleanInBothThemes(t, stranger, 'the end')
    t.same(theirs, [])
    await stranger.context().close()
  })

  await t.test('what an empty search misses is asked for', async (t) => {
    await page.goto(`${url}/search?q=zzqqxx`)
    await page.getByRole('link', { name: 'Ask for it' }).click(patience)
    t.equal(await page.getByLabel('Song', { exact: true }).inputValue(), 'zzqqxx')
    await page.getByRole('button', { name: 'Ask for it' }).click()
    await page.locator('li[data-state=open]').getByText('zzqqxx').waitFor(patience)
    await cleanInBothThemes(t, page, 'missing songs', 'main')
  })
  t.same(complaints, [])
})
