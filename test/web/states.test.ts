import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page, Request } from 'playwright-core'
import t, { type Test } from 'tap'
import type { Role } from '../../src/accounts/actor.ts'
import { testPassword, type TestApp, type TestUser } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'
import { complaintsOf, pageWithoutWorker } from '../support/chromium.ts'
import { until } from '../support/pipeline.ts'
import { webServer } from '../support/web-server.ts'

const many = 450
const desktop = { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' } as const
const longName = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(2)

interface Visit extends TestApp { readonly url: string, readonly lis: TestUser, readonly page: Page, readonly complaints: string[], readonly browser: Browser }

/** The real app and the built client, and a browser in which somebody has signed in. Undefined where either is missing. */
async function visit (t: Test, role: Role = 'listener'): Promise<Visit | undefined> {
  const server = await webServer(t)
  if (server === undefined) return undefined
  const { url, browser } = server
  const lis = await server.user(role, 'lis')
  const page = await pageWithoutWorker(browser, desktop)
  const complaints = complaintsOf(page)
  await page.goto(url)
  await signIn(page)
  return { ...server, url, lis, page, complaints }
}

async function signIn (page: Page, username = 'lis'): Promise<void> {
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(testPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
}

const numbered = (count: number): Array<{ title: string }> => Array.from({ length: count }, (_, i) => ({ title: `Piece ${String(i).padStart(4, '0')}` }))

t.setTimeout(400_000)

t.test('in every state the page says what is the matter and how to go on', { timeout: 390_000 }, async (t) => {
  const v = await visit(t)
  if (v === undefined) return
  const { page, url, db, lis, complaints } = v
  await seedAlbum(db, { title: longName, artist: longName, tracks: [{ title: longName }, { title: '<img src=x onerror=alert(1)>' }] })
  const { albumId, artistId, trackIds } = await seedAlbum(db, { title: 'Many', artist: 'Many', tracks: numbered(many) })

  await t.test('a long list is read page by page while it is scrolled, and only what is seen is in the document', async (t) => {
    let asked = 0
    page.on('request', (request) => { if (request.url().includes('/api/tracks?')) asked += 1 })
    await page.goto(`${url}/library/tracks`)
    await page.getByText('Piece 0000', { exact: true }).waitFor()
    t.equal(asked, 1, 'at first one page is asked for, once')
    while (await page.getByText(`${many + 2} entries in all`).count() === 0) {
      await page.mouse.wheel(0, 4_000)
      await page.waitForTimeout(60)
    }
    t.equal(asked, 1 + Math.ceil((many + 2 - 100) / 200), 'each page once')
    t.ok(await page.locator('main li').count() < 80, 'rows out of sight are not in the document')
    await page.evaluate(() => { scrollTo(0, document.documentElement.scrollHeight) })
    await page.getByText(`Piece 0${many - 1}`, { exact: true }).waitFor()
    t.equal(await page.locator('main li').last().getAttribute('aria-setsize'), String(many + 2), 'a screen reader hears of all of them')
  })

  await t.test('selecting all says how far that goes, and goes on to the end', async (t) => {
    await page.goto(`${url}/library/tracks`)
    await page.locator('main .play').first().focus()
    await page.keyboard.press('Control+a')
    const bar = page.getByRole('group', { name: /selected/ })
    t.match(await bar.innerText(), /100 selected, and the list goes on/)
    t.same((await new AxeBuilder({ page }).analyze()).violations, [])
    await bar.getByRole('button', { name: 'Select the whole list' }).click()
    await bar.getByText(`${many + 2} selected`, { exact: true }).waitFor()
    t.equal(await bar.getByRole('button', { name: 'Select the whole list' }).count(), 0)
    await bar.getByRole('button', { name: 'End the selection' }).click()
  })

  await t.test('search asks once for what was typed, and not for every key', async (t) => {
    let asked = 0
    page.on('request', (request) => { if (request.url().includes('/api/search?')) asked += 1 })
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: 'Search and commands' })
    // Each key in a task of its own, and all within a moment: by the protocol a busy machine sends them apart.
    await palette.getByRole('combobox').evaluate(async (field: HTMLInputElement) => {
      for (const letter of 'piece 0007') {
        field.setRangeText(letter, field.value.length, field.value.length, 'end')
        field.dispatchEvent(new InputEvent('input', { bubbles: true }))
        await new Promise((resolve) => { setTimeout(resolve) })
      }
    })
    await palette.getByRole('option').first().locator('b').first().getByText('Piece 0007', { exact: true }).waitFor()
    await page.waitForTimeout(500)
    t.ok(asked < 8, `asked ${asked} times for ten keys, of which a machine that stands still sends some apart`)
    t.equal(await palette.getByRole('option').first().locator('b').first().innerText(), 'Piece 0007', 'the match is bold')
    t.ok(await page.evaluate(() => document.activeElement?.getAttribute('role') === 'combobox'), 'the field keeps the focus')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('zzqqxx')
    await palette.getByText('Nothing in the library matches').waitFor()
    t.same((await new AxeBuilder({ page }).analyze()).violations, [])
    await page.keyboard.press('Escape')
    await page.goto(`${url}/search?q=zzqqxx`)
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor()
    t.same((await new AxeBuilder({ page }).analyze()).violations, [])
    await page.getByRole('button', { name: 'Clear the search' }).click()
    await page.getByText('Spelling is forgiven').waitFor()
  })

  await t.test('very long names and names that look like markup are text, and break nothing at 320 pixels', async (t) => {
    await page.setViewportSize({ width: 320, height: 640 })
    for (const path of ['/', '/library/albums', '/library/artists', '/library/tracks', '/search?q=donau']) {
      await page.goto(url + path)
      await page.getByText(longName.slice(0, 30)).first().waitFor()
      t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320), path)
    }
    await page.goto(`${url}/library/albums`)
    await page.locator('article .title').first().click()
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor()
    t.equal(await page.locator('img[src=x]').count(), 0)
    await page.setViewportSize({ width: 1280, height: 800 })
  })

  for (const [kind, heading] of [['without', 'That didn’t load'], ['with', 'This page needs the line']] as const) {
    await t.test(`off-line ${kind} a service worker it says so, and when the line is back the page comes by itself`, async (t) => {
      const page = kind === 'without' ? v.page : await (await v.browser.newContext(desktop)).newPage()
      if (kind === 'with') {
        await page.goto(url)
        await signIn(page)
        await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
      }
      await page.goto(`${url}/library/albums`)
      await page.locator('article').first().waitFor()
      await page.context().setOffline(true)
      await page.getByText('You are off-line. What is loaded still works').first().waitFor()
      await page.locator('article .title').last().click()
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      t.same((await new AxeBuilder({ page }).analyze()).violations, [])
      await page.context().setOffline(false)
      await page.getByRole('heading', { level: 1, name: longName.slice(0, 30) }).or(page.getByRole('heading', { level: 1, name: 'Many' })).waitFor()
      if (kind === 'with') await page.context().close()
    })
  }

  await t.test('a track without its sound says so in words, and the queue stays', async (t) => {
    await page.goto(`${url}/search?q=piece`)
    const told = page.waitForRequest((request) => request.url().endsWith('/api/plays/errors'))
    await page.locator('.tracks .main').first().click()
    const player = page.getByRole('region', { name: 'Player' })
    await page.getByText('Its file is missing on the server.').first().waitFor({ timeout: 20_000 })
    t.match(await player.innerText(), /Piece/, 'beside the title')
    t.match((await told).postDataJSON(), { trackId: /^[0-9a-f-]{36}$/, reason: /^(interrupted|undecodable)$/ }, 'and the server is told')
    await page.getByRole('button', { name: 'Queue', exact: true }).click()
    await page.getByRole('complementary', { name: 'Queue' }).getByText(/^Piece/).first().waitFor()
  })

  await t.test('while its sound can’t be reached the player says what it waits for, and paused it waits for nothing', async (t) => {
    const player = page.getByRole('region', { name: 'Player' })
    const says = async (words: string): Promise<void> => {
      try {
        await player.locator('.message').getByText(words, { exact: true }).waitFor({ timeout: 20_000 })
      } catch (cause) {
        throw new Error(`“${words}” never came; the page said: ${await page.locator('body').innerText()}`, { cause })
      }
    }
    const refuse = async (pattern: string) => { await page.route(pattern, (route) => route.abort('connectionfailed')) }
    await page.goto(`${url}/search?q=piece`)
    await page.route('**/api/tracks/*/st*', () => undefined)
    await page.locator('.tracks .main').nth(2).click()
    await says('The line is slow. Waiting for the music…')
    await page.unrouteAll()
    await refuse('**/media/**')
    await page.locator('.tracks .main').first().click()
    await says('The line is slow. Waiting for the music…')
    await refuse('**/api/tracks/*/st*')
    const told = page.waitForRequest((request) => request.url().endsWith('/api/plays/errors'))
    await page.locator('.tracks .main').nth(1).click()
    await says('The line dropped. Reconnecting…')
    t.match((await told).postDataJSON(), { reason: 'interrupted' }, 'and the server is told')
    await page.context().setOffline(true)
    await says('You are off-line. The music goes on when the line is back.')
    await page.context().setOffline(false)
    await player.getByRole('button', { name: 'Pause' }).click()
    t.equal(await player.locator('.message').count(), 0, 'paused there is nothing to wait for')
    await page.unrouteAll()
  })

  await t.test('what is asked for before a slow server has renewed the session waits for it', async (t) => {
    const withoutToken: string[] = []
    page.on('request', (request) => { if (/\/api\/(albums|queue|devices|me)/.test(request.url()) && request.headers().authorization === undefined) withoutToken.push(request.url()) })
    const renewal = Promise.withResolvers<undefined>()
    await page.route('**/api/session/refresh', async (route) => { await renewal.promise; await route.continue() })
    await page.goto(`${url}/library/albums`)
    await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
    await page.waitForTimeout(1_500)
    renewal.resolve(undefined)
    await page.locator('article').first().waitFor()
    t.same(withoutToken, [])
    t.notMatch(await page.locator('body').innerText(), /session has ended/)
    await page.unrouteAll()
  })

  await t.test('while a slow server answers, the page shows its shape', async (t) => {
    const playlist = await v.as(v.lis, { method: 'POST', url: '/api/playlists', payload: { name: 'Slow', trackIds: trackIds.slice(0, 3) } })
    t.equal(playlist.status, 201)
    const { id } = playlist.body as { id: string }
    const held: Array<() => void> = []
    for (const [path, api, arrived] of [
      [`/playlists/${id}`, `**/api/playlists/${id}`, 'Slow'],
      [`/playlists/${id}`, `**/api/playlists/${id}/items*`, 'Piece 0002'],
      [`/albums/${albumId}`, `**/api/albums/${albumId}`, 'Piece 0002'],
      [`/artists/${artistId}`, `**/api/artists/${artistId}`, 'Many']
    ] as const) {
      await page.route(api, async (route) => { await new Promise<void>((resolve) => { held.push(resolve) }); await route.continue() })
      await page.goto(url + path)
      await page.waitForFunction(() => {
        const bones = document.querySelector('main .bones')
        return bones !== null && getComputedStyle(bones).opacity === '1' && bones.getBoundingClientRect().height > 200
      })
      t.match(await page.locator('main').getByRole('status').first().innerText(), 'Loading', 'and said')
      for (const release of held.splice(0)) release()
      await page.locator('main').getByText(arrived, { exact: true }).first().waitFor()
      await page.waitForFunction(() => document.querySelector('main .bones') === null)
      await page.unroute(api)
    }
  })

  await t.test('an API token is shown once, works as its owner, and is refused once it is revoked', async (t) => {
    const meBy = async (token: string): Promise<number> => (await fetch(`${url}/api/me`, { headers: { authorization: `Bearer ${token}` } })).status
    const tokens = page.getByRole('region', { name: 'API tokens' })
    const pattern = '**/api/me/tokens'
    await page.route(pattern, async (route) => { await route.abort('connectionfailed') })
    await page.goto(`${url}/account`)
    await tokens.getByRole('alert').getByText('The server can’t be reached just now.').waitFor()
    await page.unroute(pattern)
    await tokens.getByRole('button', { name: 'Try again' }).click()
    await tokens.getByText('You have no tokens.').waitFor()
    await tokens.getByLabel('Name of the new token').fill('studio playout')
    await page.keyboard.press('Enter')
    const field = tokens.getByLabel('The token “studio playout” is made')
    const token = await field.inputValue()
    t.match(token, /^fr_/)
    t.ok(await field.evaluate((input) => document.activeElement === input), 'the focus is on it')
    await tokens.getByText('Copy it now: it won’t be shown again.').waitFor()
    await tokens.getByText(/Never used\.$/).waitFor()
    t.same((await new AxeBuilder({ page }).analyze()).violations, [])
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await tokens.getByRole('button', { name: 'Copy' }).click()
    await page.getByText('The token is copied').first().waitFor()
    t.equal(await page.evaluate(async () => await navigator.clipboard.readText()), token)
    t.equal(await meBy(token), 200)
    await page.reload()
    await tokens.getByText(/Last used /).waitFor()
    t.notMatch(await page.content(), token, 'it can’t be seen again')
    await tokens.getByRole('button', { name: 'Revoke studio playout' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    t.equal(await meBy(token), 200, 'a confirmation is asked for')
    await tokens.getByRole('button', { name: 'Revoke studio playout' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click()
    await tokens.getByText('You have no tokens.').waitFor()
    // Those who remember it are told after the answer.
    await until(async () => await meBy(token) === 401)
  })

  await t.test('what the browser kept and nobody can read counts as never kept, and all else stays', async (t) => {
    const before = complaints.length
    let told = 0
    page.on('request', (request) => { if (request.url().endsWith('/me/preferences')) told += 1 })
    const palette = page.getByRole('dialog', { name: 'Search and commands' })
    const recent = async (): Promise<string[]> => await page.evaluate((id) => JSON.parse(localStorage.getItem(`freshet.searches.${id}`) ?? '[]') as string[], lis.userId)
    const volume = page.getByRole('slider', { name: 'Volume' })
    await page.goto(`${url}/albums/${albumId}`)
    await page.getByRole('button', { name: 'More about Many' }).click()
    await page.getByRole('menuitem', { name: 'Add to queue' }).click()
    await page.getByText('Added to the queue').first().waitFor()
    await volume.fill('35')
    const current = await page.locator('.bar .names .title').innerText()
    for (const broken of ['{"half of it', 'null', '[null, 5, {}]', '{"language": 7, "quality": "best"}']) {
      await page.evaluate(([id, text]) => {
        for (const name of ['identity', 'preferences', 'preferences.unsent', 'queue-unwritten', `searches.${id}`, `kept.${id}`]) localStorage.setItem(`freshet.${name}`, text ?? '')
      }, [lis.userId, broken])
      await page.reload()
      await page.getByRole('heading', { level: 1, name: 'Many' }).waitFor()
      await page.locator('.bar .names .title', { hasText: current }).waitFor()
      t.equal(await volume.inputValue(), '35', `nobody is signed out by ${broken}, queue and volume are there`)
      await page.waitForFunction((id) => localStorage.getItem('freshet.identity')?.includes(id), lis.userId)
      await page.keyboard.press('Control+k')
      await palette.getByRole('combobox').fill('piece 0007')
      await palette.getByRole('option', { name: /^Piece 0007/ }).waitFor()
      await page.keyboard.press('Control+Enter')
      await page.getByText('Added to the queue').first().waitFor()
      t.same(await recent(), ['piece 0007'], 'and what is done next is kept')
    }
    t.equal(told, 0, 'what nobody chose is not told the server')
    await page.evaluate((userId) => { localStorage.setItem('freshet.queue-unwritten', JSON.stringify([null, { userId, at: Date.now(), operation: { id: crypto.randomUUID(), kind: 'repeat', repeat: 'all' } }])) }, lis.userId)
    await page.goto(`${url}/account`)
    await page.getByRole('button', { name: /^Repeat: Repeats the queue/ }).waitFor()
    await page.getByLabel('Lossless').check()
    await page.getByRole('status').getByText('Saved', { exact: true }).waitFor()
    await page.reload()
    await page.getByLabel('Lossless').and(page.locator(':checked')).waitFor()
    t.same(complaints.slice(before), [])
  })

  await t.test('a session that ended leads to sign-in, and back to the same page', async (t) => {
    await page.goto(`${url}/library/albums`)
    await page.getByRole('heading', { level: 1, name: 'Albums' }).waitFor()
    await db.prisma.session.deleteMany()
    await db.prisma.user.updateMany({ data: { sessionEpoch: { increment: 1 } } })
    // Whatever asks the server next finds out; a link that is pressed in that moment would load the page anew.
    await page.evaluate(() => { dispatchEvent(new Event('online')) })
    await page.getByText('Your session has ended').waitFor()
    await signIn(page)
    await page.getByRole('heading', { level: 1, name: 'Albums' }).waitFor()
    t.match(page.url(), /\/library\/albums$/)
  })

  await t.test('an answer that breaks off is a fault that is said, and can be tried again', async (t) => {
    const pattern = `**/api/albums/${albumId}`
    await page.route(pattern, async (route) => { await route.fulfill({ status: 200, contentType: 'application/json', body: '{"id":"' }) })
    await page.goto(`${url}/albums/${albumId}`)
    await page.getByRole('alert').getByText('The server can’t be reached just now.').waitFor()
    await page.unroute(pattern)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { level: 1, name: 'Many' }).waitFor()
  })

  await t.test('signing out forgets everything of the person', async (t) => {
    await v.user('listener', 'bo')
    const heart = page.getByRole('button', { name: 'Favourite this album' })
    await heart.click()
    t.equal(await heart.getAttribute('aria-pressed'), 'true')
    await page.getByRole('button', { name: /^Account of/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    t.match(await page.locator('main').innerText(), /Commonplace/, 'the door names the organisation')
    t.equal((await page.context().request.post(`${url}/api/session/refresh`, { data: {}, headers: { origin: url } })).status(), 401, 'the server knows the session no more')
    await signIn(page, 'bo')
    await page.evaluate((path) => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')) }, `/albums/${albumId}`)
    await heart.waitFor()
    t.equal(await heart.getAttribute('aria-pressed'), 'false', 'who signs in next in the same tab sees nothing of it')
  })
  t.same(complaints.filter((complaint) => !/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_FAILED/.test(complaint)), [])
})

t.test('an upload that was cut off goes on from the parts that had arrived, when the same file is dropped again', { timeout: 300_000 }, async (t) => {
  const v = await visit(t, 'curator')
  if (v === undefined) return
  const { page, url, db, lis } = v
  await keepsItsPlace(t, v)
  await db.prisma.upload.deleteMany({ where: { userId: lis.userId } })
  const sent: string[] = []
  const drop = async (): Promise<void> => {
    await page.goto(`${url}/studio/upload`)
    await page.locator('.drop').waitFor()
    // Four parts and a rest, of bytes that differ from part to part.
    const transfer = await page.evaluateHandle((size) => {
      const data = new DataTransfer()
      data.items.add(new File([Uint8Array.from({ length: size }, (_, i) => i >> 16)], 'long.wav', { lastModified: 1_700_000_000_000 }))
      return data
    }, 34 * 2 ** 20)
    await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer })
  }
  // The line lets two parts through, then it is dead.
  await page.route('**/store/**', async (route) => {
    if (sent.length >= 2) { await route.abort('connectionfailed'); return }
    sent.push(route.request().url())
    await route.continue()
  })
  const isPart = (request: Request): boolean => request.method() === 'PUT' && request.url().includes('/store/')
  const arrived: string[] = []
  page.on('response', (response) => { if (isPart(response.request()) && response.ok()) arrived.push(response.url()) })
  await drop()
  // Pausing cuts off what is under way.
  while (arrived.length < 2) await page.waitForTimeout(50)
  // It tries again at times: then it is sending, for a moment.
  await page.locator('[data-state=waiting-for-line]', { hasText: 'Waiting for the line' }).waitFor({ timeout: 30_000 })
  await page.getByRole('button', { name: 'Pause long.wav' }).click()
  await page.locator('[data-state=paused]').waitFor()
  await page.unroute('**/store/**')
  const after: string[] = []
  page.on('request', (request) => { if (isPart(request)) after.push(request.url()) })
  await drop()
  await page.locator('[data-state=received]').waitFor({ timeout: 60_000 })
  t.equal(sent.length, 2)
  t.equal(after.length, Math.ceil(34 / 8) - 2, 'only what was missing is sent')
})

async function keepsItsPlace (t: Test, { page, url, db, lis }: Visit): Promise<void> {
  await t.test('news of earlier uploads change their rows and leave the list where it is', async (t) => {
    const [uploads, at] = [150, Date.now()]
    await db.prisma.upload.createMany({
      data: Array.from({ length: uploads }, (_, n) => ({ source: 'browser', userId: lis.userId, relativePath: `${n}.flac`, sizeBytes: 1, fingerprint: String(n), objectKey: String(n), partSizeBytes: 1, state: 'published', createdAt: new Date(at - n * 1_000) }))
    })
    await page.route('**/api/events', async (route) => { await route.abort('connectionrefused') })
    await page.goto(`${url}/studio/upload`)
    const row = page.locator('main li', { hasText: `${uploads - 1}.flac` })
    while (await row.count() === 0) {
      await page.mouse.wheel(0, 2_000)
      await page.waitForTimeout(60)
    }
    // A turn of the wheel may still be on its way; at the end it moves nothing.
    const top = await page.evaluate(() => { scrollTo(0, document.documentElement.scrollHeight); return scrollY })
    await row.evaluate((element) => { element.dataset.seen = 'yes' })
    await db.prisma.upload.updateMany({ where: { fingerprint: String(uploads - 1) }, data: { reason: 'seen since' } })
    await page.unroute('**/api/events')
    await page.evaluate(() => { dispatchEvent(new Event('online')) })
    await row.getByText('seen since').waitFor()
    t.equal(await row.getAttribute('data-seen'), 'yes', 'the same row')
    t.equal(await row.getAttribute('aria-setsize'), String(uploads))
    t.equal(await page.evaluate(() => scrollY), top)
  })
}
