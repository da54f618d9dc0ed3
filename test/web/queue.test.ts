import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { complaintsOf, pageWithoutWorker, testBrowser } from '../support/chromium.ts'
import { until } from '../support/pipeline.ts'
import { startFreshet } from '../support/process.ts'
import { showBy } from './show-by.ts'

const person = { username: 'ada', password: 'an entirely fine passphrase' }
/** A job may wait for a worker that is busy with another test. */
const patience = { timeout: 60_000 }

interface Api { get<T>(path: string): Promise<T>, post<T>(path: string, body: object): Promise<T> }
interface Seat { readonly context: BrowserContext, readonly page: Page, readonly complaints: string[] }

/** A service with an album in it, made by its first admin. */
async function startWithMusic (t: Test): Promise<{ url: string, api: Api, tracks: Array<{ id: string, title: string, album: { id: string } }> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-queue-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))
  const freshet = await startFreshet(t, dataDir)
  t.teardown(async () => { await freshet.interrupt() })
  let token = ''
  const send = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const headers = { 'content-type': 'application/json', origin: freshet.url, ...token !== '' && { authorization: `Bearer ${token}` } }
    const response = await fetch(`${freshet.url}/api${path}`, { method, headers, ...body !== undefined && { body: JSON.stringify(body) } })
    // A busy machine turns some away; whoever is comes again when told to, as the client does.
    if (response.status === 503) {
      await delay(Number(response.headers.get('retry-after') ?? 1) * 1_000)
      return await send(method, path, body)
    }
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
    return await response.json() as T
  }
  token = (await send<{ accessToken: string }>('POST', '/setup', { token: freshet.setupToken() ?? '', ...person, displayName: 'Ada' })).accessToken
  const api: Api = { get: (path) => send('GET', path), post: (path, body) => send('POST', path, body) }
  await api.post('/demo-album', {})
  for (;;) {
    const { items } = await api.get<{ items: Array<{ id: string, title: string, album: { id: string } }> }>('/tracks')
    if (items.length >= 3) return { url: freshet.url, api, tracks: items }
    await delay(300)
  }
}

/** A browser of its own, signed in. */
async function seat (browser: Browser, url: string): Promise<Seat> {
  const page = await pageWithoutWorker(browser, { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
  const complaints = complaintsOf(page)
  await page.goto(url)
  await page.getByLabel('Username').fill(person.username)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
  return { context: page.context(), page, complaints }
}

const bar = (page: Page) => page.getByRole('contentinfo').or(page.getByRole('region', { name: 'Player' })).first()
const panel = (page: Page) => page.getByRole('complementary', { name: 'Queue' })
const plays = async (page: Page) => { await bar(page).getByRole('button', { name: 'Pause', exact: true }).waitFor(patience) }
const rests = async (page: Page) => { await bar(page).getByRole('button', { name: 'Play', exact: true }).waitFor(patience) }
const titlesIn = async (page: Page) => await panel(page).locator('.text > .cut:first-child').allInnerTexts()
const placeOf = async (page: Page) => Number(await page.getByRole('slider', { name: 'Place in the track' }).first().inputValue())
/** Without a goodbye. */
const crash = async (page: Page) => { (await page.context().newCDPSession(page)).send('Page.crash').catch(() => undefined) }
const openQueue = async (page: Page) => {
  // After a reload it may be open, and its code still on the way: a press would close it.
  const button = bar(page).getByRole('button', { name: 'Queue', exact: true })
  if (await button.getAttribute('aria-pressed', patience) === 'false') await button.click()
  await panel(page).waitFor(patience)
}

/** In the page: what it keeps of the queue, after these operations were put among those that the server doesn't know yet. */
async function keptQueue (operations: Array<{ id: string }> | null): Promise<{ version: number, waiting: number }> {
  const settled = async <T>(request: IDBRequest<T>): Promise<T> => await new Promise((resolve, reject) => {
    request.onsuccess = () => { resolve(request.result) }
    request.onerror = () => { reject(request.error ?? new Error('no database')) }
  })
  const database = await settled(indexedDB.open('freshet-queue'))
  const transaction = database.transaction(['queue', 'operations'], 'readwrite')
  const [queues, waiting] = [transaction.objectStore('queue'), transaction.objectStore('operations')]
  const userId = (await settled(queues.getAllKeys())).find((key) => typeof key === 'string') ?? ''
  const { version } = await settled<{ version: number }>(queues.get(userId))
  for (const [at, operation] of (operations ?? []).entries()) await settled(waiting.put({ userId, at, operation }, operation.id))
  const count = await settled(waiting.count())
  database.close()
  return { version, waiting: count }
}

async function eventually (t: Test, check: () => Promise<boolean>, message: string): Promise<void> {
  const until = performance.now() + 20_000
  while (performance.now() < until) {
    if (await check()) { t.pass(message); return }
    await delay(100)
  }
  t.fail(message)
}

t.setTimeout(400_000)

t.test('a queue on two devices', { timeout: 390_000 }, async (t) => {
  const browser = await testBrowser(t)
  if (browser === undefined) return
  const { url, api, tracks } = await startWithMusic(t)
  const album = tracks[0]?.album.id ?? ''
  const [one, two] = [await seat(browser, url), await seat(browser, url)]

  await t.test('a place that is chosen while the sound is still asked for is where it begins', async (t) => {
    await one.page.goto(`${url}/albums/${album}`)
    const start = /\/api\/tracks\/[^/]+\/(start|stream)/
    const gate = Promise.withResolvers<undefined>()
    await one.page.route(start, async (route) => { await gate.promise; await route.continue() })
    const asked = one.page.waitForRequest(start)
    await one.page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).first().click(patience)
    await asked
    await plays(one.page)
    await one.page.keyboard.press('5')
    const chosen = await placeOf(one.page)
    t.ok(chosen > 20)
    gate.resolve(undefined)
    await until(async () => await placeOf(one.page) !== chosen)
    const heard = await placeOf(one.page)
    t.ok(heard > chosen, `it was put at ${chosen} s, and plays at ${heard} s`)
    await one.page.unroute(start)
    await bar(one.page).getByRole('button', { name: 'Pause', exact: true }).click()
    await rests(one.page)
  })

  await t.test('what one plays the other shows, and takes over at its place', async (t) => {
    await one.page.goto(`${url}/albums/${album}`)
    await one.page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).first().click()
    await plays(one.page)
    await one.page.waitForFunction(() => Number(document.querySelector<HTMLInputElement>('input[type=range][aria-label="Place in the track"]')?.value ?? 0) > 2, undefined, patience)
    await openQueue(one.page)
    await openQueue(two.page)
    await eventually(t, async () => (await titlesIn(two.page)).join() === (await titlesIn(one.page)).join() && (await titlesIn(two.page)).length >= 3, 'the same queue on both')
    await panel(two.page).getByRole('button', { name: 'Plays on' }).click()
    await panel(two.page).getByRole('button', { name: 'Play here' }).waitFor(patience)
    const before = await placeOf(one.page)
    const pressed = performance.now()
    await panel(two.page).getByRole('button', { name: 'Play here' }).click()
    await plays(two.page)
    t.comment(`took over in ${Math.round(performance.now() - pressed)} ms, as two browsers on this busy machine show it`)
    await rests(one.page)
    await eventually(t, async () => await placeOf(two.page) >= before, 'at its place')
    t.match(await one.page.locator('body').innerText(), /plays on another device now/, 'the one that fell silent says why')
    await panel(one.page).getByRole('button', { name: 'Plays on' }).click()
    await panel(one.page).getByRole('button', { name: /^Pause on Chrome/ }).click()
    await rests(two.page)
    t.pass('and pauses the other from afar')
    t.same((await new AxeBuilder({ page: two.page }).include('aside').analyze()).violations.map(({ id }) => id), [])
  })

  await t.test('what is done off-line arrives later, beside what the other did meanwhile', async (t) => {
    const before = await titlesIn(one.page)
    await one.context.setOffline(true)
    await panel(one.page).getByRole('button', { name: /^Remove .* from the queue/ }).nth(1).click()
    await panel(one.page).getByText('Off-line: what you change here').waitFor()
    await panel(two.page).getByRole('listitem').last().getByRole('button').first().focus()
    await two.page.keyboard.press('Alt+ArrowUp')
    const moved = before.with(-1, before.at(-2) ?? '').with(-2, before.at(-1) ?? '')
    await eventually(t, async () => (await titlesIn(two.page)).join() === moved.join(), 'Alt and an arrow move an entry')
    await one.context.setOffline(false)
    const merged = moved.filter((title) => title !== before[1])
    for (const { page } of [one, two]) await eventually(t, async () => (await titlesIn(page)).join() === merged.join(), 'both changes hold on both')
    await panel(one.page).getByRole('button', { name: 'Undo' }).click()
    for (const { page } of [one, two]) await eventually(t, async () => (await titlesIn(page)).length === before.length, 'and the removal is taken back')
  })

  await t.test('a reload at once loses nothing', async (t) => {
    const before = await titlesIn(one.page)
    const reloaded = one.page.waitForEvent('load')
    // In one task: nothing that takes its time comes in between.
    await panel(one.page).getByRole('button', { name: /^Remove .* from the queue/ }).last().evaluate((button: HTMLElement) => {
      button.click()
      location.reload()
    })
    await reloaded
    await openQueue(one.page)
    await eventually(t, async () => (await titlesIn(one.page)).join() === before.slice(0, -1).join(), 'the change of the last moment is there')
    await one.page.keyboard.press('Control+z')
    t.ok(await bar(one.page).isVisible())
  })

  await t.test('what a page that went had sent already is not done again', async (t) => {
    const sent = one.page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/queue/operations'))
    await one.page.goto(`${url}/albums/${album}`)
    await one.page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).first().click()
    const { operations } = (await sent).postDataJSON() as { operations: Array<{ id: string }> }
    await plays(one.page)
    const kept = async (): Promise<{ version: number, waiting: number }> => await one.page.evaluate(keptQueue, null)
    const version = async () => (await api.get<{ version: number }>('/queue?after=-1')).version
    await eventually(t, async () => { const { version: known, waiting } = await kept(); return waiting === 0 && known === await version() }, 'it is written down that the server has it')
    await one.page.evaluate(keptQueue, operations)
    await api.post('/queue/operations', { operations: [{ id: randomUUID(), kind: 'replace', entries: tracks.slice(0, 2).map(({ id }, ordinal) => ({ key: `later${ordinal}`, trackId: id, ordinal })), current: 'later0', seed: null }] })
    let sendings = 0
    one.page.on('request', (request) => { if (request.url().endsWith('/api/queue/operations')) sendings++ })
    await one.page.reload()
    await openQueue(one.page)
    await eventually(t, async () => (await titlesIn(one.page)).length === 2 && (await kept()).waiting === 0, 'what was done later elsewhere stands')
    t.ok(sendings <= 3, `sent ${sendings} times`)
    await one.page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).first().click()
    await eventually(t, async () => (await titlesIn(one.page)).length >= 3, 'a new queue stays')
    await eventually(t, async () => (await kept()).waiting === 0, 'and is the server’s')
    t.ok((await titlesIn(one.page)).length >= 3)
  })

  await t.test('a browser that was killed leaves its music to another one, at its place', async (t) => {
    const three = await seat(browser, url)
    await bar(three.page).getByRole('button', { name: 'Play', exact: true }).click(patience)
    await plays(three.page)
    await three.page.keyboard.press('5')
    await three.page.waitForFunction(() => Number(document.querySelector<HTMLInputElement>('.bar .wave input')?.value) > 5, undefined, patience)
    await bar(one.page).getByRole('button', { name: /^Plays on Chrome/ }).click(patience)
    const dialog = one.page.getByRole('dialog', { name: 'Plays on' })
    await dialog.getByRole('button', { name: /^Pause on Chrome/ }).waitFor(patience)
    for (const colorScheme of ['light', 'dark'] as const) {
      await showBy(one.page, colorScheme)
      const { violations } = await new AxeBuilder({ page: one.page }).include('dialog').analyze()
      t.same(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`), [], colorScheme)
    }
    // The needle's new place is told within a second or so.
    await delay(1_500)
    const at = await placeOf(three.page)
    await crash(three.page)
    await dialog.getByRole('button', { name: 'Play here' }).click()
    await plays(one.page)
    const place = await placeOf(one.page)
    t.ok(place >= at - 1 && place < at + 10, `it was at ${at} s, and goes on at ${place} s`)
    await dialog.getByRole('button', { name: 'Play here' }).waitFor({ state: 'detached' })
    await one.page.keyboard.press('Escape')
  })

  await t.test('of two tabs one plays; one that ends without a word leaves the music to the other, at its place', async (t) => {
    const tab = await one.context.newPage()
    await tab.goto(url)
    const note = (page: Page) => page.getByRole('region', { name: 'Player' }).getByText(/^Plays in another tab: /)
    await note(tab).waitFor(patience)
    const third = await one.context.newPage()
    await third.goto(url)
    await note(third).waitFor(patience)
    await tab.getByRole('button', { name: 'Play here' }).click()
    await plays(tab)
    await rests(one.page)
    await note(one.page).waitFor(patience)
    t.equal(await note(tab).count(), 0)
    await bar(third).getByRole('button', { name: 'Play', exact: true }).click()
    await plays(third)
    await rests(tab)
    const began = await placeOf(third)
    await until(async () => await placeOf(third) > began)
    await note(one.page).waitFor(patience)
    t.pass('a third one still knows who plays')
    await bar(tab).getByRole('button', { name: 'Play', exact: true }).click()
    await plays(tab)
    await rests(third)
    await tab.keyboard.press('6')
    await delay(1_000)
    const at = await placeOf(tab)
    await crash(tab)
    await note(one.page).waitFor({ state: 'detached', ...patience })
    await eventually(t, async () => Math.abs(await placeOf(one.page) - at) < 6, `the needle stands where the other one stood, at ${at} s`)
    await bar(one.page).getByRole('button', { name: 'Play', exact: true }).click()
    await plays(one.page)
    await eventually(t, async () => await placeOf(one.page) >= at - 5, 'and goes on from there')
    await bar(one.page).getByRole('button', { name: 'Pause', exact: true }).click()
    await third.close()
  })

  await t.test('10,000 entries without a hitch', async (t) => {
    await fill(api, tracks.map(({ id }) => id))
    await eventually(t, async () => /99[0-9][0-9] tracks|10,000/.test(await panel(one.page).innerText().catch(() => '')) || (await panel(one.page).getByRole('listitem').first().getAttribute('aria-setsize')) === '10000', 'they arrive on the other device')
    await delay(3_000)
    const cdp = await one.context.newCDPSession(one.page)
    // By what the page’s own thread computes: a machine that is busy elsewhere makes every task long by the clock.
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
    const computedMs = async () => 1_000 * ((await cdp.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN)
    const timed: Record<string, number> = {}
    const time = async (name: string, act: () => Promise<unknown>) => {
      const from = await computedMs()
      await act()
      await delay(300)
      timed[name] = Math.round(await computedMs() - from)
    }
    await time('remove', () => panel(one.page).getByRole('button', { name: /^Remove .* from the queue/ }).nth(2).click())
    await time('undo', () => panel(one.page).getByRole('button', { name: 'Undo' }).click())
    await time('shuffle', () => one.page.getByRole('button', { name: 'Shuffle', exact: true }).last().click())
    await time('move', async () => {
      await panel(one.page).getByRole('listitem').nth(3).getByRole('button').first().focus()
      await one.page.keyboard.press('Alt+ArrowUp')
    })
    await time('afterwards', () => delay(2_000))
    t.comment(`ms that each took: ${JSON.stringify(timed)}`)
    await eventually(t, async () => await panel(one.page).getByRole('listitem').first().getAttribute('aria-setsize') === '10000', 'all are there')
    t.ok(await panel(one.page).getByRole('listitem').count() < 100, 'only what is in sight is drawn')
    t.same(Object.entries(timed).filter(([, ms]) => !(ms < 1_000)), [], 'and nothing stands still')
  })

  await t.test('10,000 entries are kept in the browser, with what was done last', async (t) => {
    const before = await titlesIn(one.page)
    await one.page.route('**/api/queue?*', async (route) => { await route.abort('connectionfailed') })
    await one.page.reload()
    await openQueue(one.page)
    const first = panel(one.page).getByRole('listitem').first()
    await eventually(t, async () => await first.isVisible() && await first.getAttribute('aria-setsize') === '10000', 'all are there before the server was asked')
    await eventually(t, async () => (await titlesIn(one.page)).slice(0, 5).join() === before.slice(0, 5).join(), 'in the same order')
    await one.page.unroute('**/api/queue?*')
  })
  // A busy machine turns some away (503), and they come again.
  t.same([...one.complaints, ...two.complaints].filter((text) => !/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_FAILED|Failed to fetch|503/.test(text)), [])
})

async function fill (api: Api, trackIds: readonly string[]): Promise<void> {
  for (let from = 0; from < 10_000; from += 1_000) {
    const entries = Array.from({ length: 1_000 }, (_, i) => ({ key: `t${from + i}`, trackId: trackIds[(from + i) % trackIds.length] }))
    const operation = from === 0
      ? { kind: 'replace', current: 't0', seed: null, entries: entries.map((entry, ordinal) => ({ ...entry, ordinal })) }
      : { kind: 'insert', after: 'end', entries }
    await api.post('/queue/operations', { operations: [{ id: randomUUID(), ...operation }] })
  }
}
