import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { Role } from '../../src/accounts/actor.ts'
import { testApp, testPassword, type TestApp, type TestUser } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'
import { complaintsOf, testBrowser } from '../support/chromium.ts'
import { freePort } from '../support/process.ts'

const webRoot = join(import.meta.dirname, '../../dist/web')
const many = 450
const longName = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(2)

interface Visit extends TestApp { readonly url: string, readonly lis: TestUser, readonly page: Page, readonly complaints: string[] }

/** The real app and the built client, and a browser in which somebody has signed in. Undefined where either is missing. */
async function visit (t: Test, role: Role = 'listener'): Promise<Visit | undefined> {
  if (!existsSync(webRoot)) { t.pass('the client is not built', { skip: 'npm run build first' }); return undefined }
  const browser = await testBrowser(t)
  if (browser === undefined) return undefined
  const port = await freePort()
  const url = `http://localhost:${port}`
  const server = await testApp(t, { webRoot, env: { PORT: String(port), PUBLIC_URL: url, ORGANISATION: 'Commonplace' } })
  await server.app.listen({ host: 'localhost', port })
  const lis = await server.user(role, 'lis')
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  await page.goto(url)
  await signIn(page)
  return { ...server, url, lis, page, complaints }
}

async function signIn (page: Page): Promise<void> {
  await page.getByLabel('Username').fill('lis')
  await page.getByLabel('Password', { exact: true }).fill(testPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
}

const numbered = (count: number): Array<{ title: string }> => Array.from({ length: count }, (_, i) => ({ title: `Piece ${String(i).padStart(4, '0')}` }))

t.setTimeout(200_000)

t.test('in every state the page says what is the matter and how to go on', { timeout: 190_000 }, async (t) => {
  const v = await visit(t)
  if (v === undefined) return
  const { page, url, db, complaints } = v
  await seedAlbum(db, { title: longName, artist: longName, tracks: [{ title: longName }, { title: '<img src=x onerror=alert(1)>' }] })
  const { albumId, artistId, trackIds } = await seedAlbum(db, { title: 'Many', artist: 'Many', tracks: numbered(many) })

  await t.test('a long list is read page by page while it is scrolled, and only what is seen is in the document', async (t) => {
    let asked = 0
    page.on('request', (request) => { if (request.url().includes('/api/tracks?')) asked += 1 })
    await page.goto(`${url}/library/tracks`)
    await page.getByText('Piece 0000', { exact: true }).waitFor()
    t.equal(asked, 1, 'at first one page is asked for, once')
    for (let i = 0; i < 40 && await page.getByText(`${many + 2} entries in all`).count() === 0; i++) {
      await page.mouse.wheel(0, 4_000)
      await page.waitForTimeout(60)
    }
    await page.getByText(`${many + 2} entries in all`).waitFor()
    t.equal(asked, Math.ceil((many + 2) / 100), 'each page once')
    t.ok(await page.locator('main li').count() < 80, 'rows out of sight are not in the document')
    await page.evaluate(() => { scrollTo(0, document.documentElement.scrollHeight) })
    await page.getByText(`Piece 0${many - 1}`, { exact: true }).waitFor()
    t.equal(await page.locator('main li').last().getAttribute('aria-setsize'), String(many + 2), 'a screen reader hears of all of them')
  })

  await t.test('search asks once for what was typed, and not for every key', async (t) => {
    let asked = 0
    page.on('request', (request) => { if (request.url().includes('/api/search?')) asked += 1 })
    await page.keyboard.press('Control+k')
    await page.keyboard.type('piece 0007', { delay: 20 })
    await page.getByRole('heading', { name: 'Tracks' }).waitFor()
    await page.locator('.tracks').getByText('Piece 0007').waitFor()
    await page.waitForTimeout(500)
    t.ok(asked <= 4, `asked ${asked} times`)
    t.equal(await page.locator('.tracks li').first().locator('b').first().innerText(), 'Piece', 'the match is bold')
    t.ok(await page.evaluate(() => document.activeElement?.getAttribute('type') === 'search'), 'the field keeps the focus')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('zzqqxx')
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

  await t.test('off-line it says so, and when the line is back a press reads again', async (t) => {
    await page.goto(`${url}/library/genres`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.goto(`${url}/library/albums`)
    await page.locator('article').first().waitFor()
    await page.context().setOffline(true)
    await page.getByText('You are off-line. What is loaded still works').waitFor()
    await page.locator('article .title').last().click()
    await page.getByRole('alert').getByText('You are off-line.').waitFor()
    t.same((await new AxeBuilder({ page }).analyze()).violations, [])
    await page.context().setOffline(false)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { level: 1, name: longName.slice(0, 30) }).or(page.getByRole('heading', { level: 1, name: 'Many' })).waitFor()
  })

  await t.test('a track without its sound says so in words, and the queue stays', async (t) => {
    await page.goto(`${url}/search?q=piece`)
    await page.locator('.tracks .main').first().click()
    const player = page.getByRole('region', { name: 'Player' })
    await player.getByRole('status').getByText('The line dropped. Reconnecting…', { exact: true }).waitFor({ timeout: 20_000 })
    t.match(await player.innerText(), /Piece/, 'beside the title')
    await page.context().setOffline(true)
    await player.getByRole('status').getByText('You are off-line. The music goes on when the line is back.').waitFor({ timeout: 20_000 })
    await page.context().setOffline(false)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Pause' }).click()
    t.equal(await player.getByRole('status').count(), 0, 'paused there is nothing to wait for')
    await page.getByRole('button', { name: 'Queue', exact: true }).click()
    t.match(await page.getByRole('complementary', { name: 'Queue' }).innerText(), /Piece/)
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
      await page.locator('main .bones').waitFor()
      await page.waitForTimeout(300)
      t.ok(await page.locator('main .bones').evaluate((bones) => getComputedStyle(bones).opacity === '1' && bones.getBoundingClientRect().height > 200), `${api} is drawn`)
      t.match(await page.locator('main').getByRole('status').first().innerText(), 'Loading', 'and said')
      for (const release of held.splice(0)) release()
      await page.locator('main').getByText(arrived, { exact: true }).first().waitFor()
      t.equal(await page.locator('main .bones').count(), 0)
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
    t.equal(await meBy(token), 401)
  })

  await t.test('a session that ended leads to sign-in, and back to the same page', async (t) => {
    await page.goto(`${url}/library/artists`)
    await page.locator('.artist').first().waitFor()
    await db.prisma.session.deleteMany()
    await db.prisma.user.updateMany({ data: { sessionEpoch: { increment: 1 } } })
    await page.getByRole('link', { name: 'Albums', exact: true }).click()
    await page.getByText('Your session has ended').waitFor({ timeout: 20_000 })
    await signIn(page)
    await page.getByRole('heading', { level: 1, name: 'Albums' }).waitFor()
    t.match(page.url(), /\/library\/albums$/)
  })

  await t.test('signing out forgets everything of the person', async (t) => {
    await page.getByRole('button', { name: /^Account of/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    t.match(await page.locator('main').innerText(), /Commonplace/, 'the door names the organisation')
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })
  t.same(complaints.filter((complaint) => !/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_FAILED/.test(complaint)), [])
})

t.test('an upload that was cut off goes on from the parts that had arrived, when the same file is dropped again', { timeout: 100_000 }, async (t) => {
  const v = await visit(t, 'curator')
  if (v === undefined) return
  const { page, url } = v
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
  await drop()
  await page.locator('[data-state=waiting-for-line]').waitFor({ timeout: 30_000 })
  t.match(await page.locator('[data-state]').innerText(), /Waiting for the line/, 'it says what it waits for')
  await page.getByRole('button', { name: 'Pause long.wav' }).click()
  await page.locator('[data-state=paused]').waitFor()
  await page.unroute('**/store/**')
  const after: string[] = []
  page.on('request', (request) => { if (request.method() === 'PUT') after.push(request.url()) })
  await drop()
  await page.locator('[data-state=received]').waitFor({ timeout: 60_000 })
  t.equal(sent.length, 2)
  t.equal(after.length, Math.ceil(34 / 8) - 2, 'only what was missing is sent')
})
