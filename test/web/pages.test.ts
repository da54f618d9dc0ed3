import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { testPassword, type TestApp, type TestUser } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'
import { clientOf, type Client } from '../support/catalogue-client.ts'
import { complaintsOf, pageWithoutWorker } from '../support/chromium.ts'
import { holdKey } from '../support/hold-key.ts'
import { until } from '../support/pipeline.ts'
import { webServer } from '../support/web-server.ts'
import type { Page as ListPage, Playlist, Track } from '../../src/catalog/schemas.ts'
import type { PlaylistItem } from '../../src/playlists/schemas.ts'
import { showBy } from './show-by.ts'

interface Visit extends TestApp { readonly url: string, readonly lis: TestUser, readonly client: Client, readonly page: Page, readonly complaints: string[], readonly browser: Browser }

async function visit (t: Test): Promise<Visit | undefined> {
  const server = await webServer(t)
  if (server === undefined) return undefined
  const { url, browser } = server
  const lis = await server.user('listener', 'lis')
  const page = await pageWithoutWorker(browser, { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
  const complaints = complaintsOf(page)
  await page.goto(url)
  await page.getByLabel('Username').fill('lis')
  await page.getByLabel('Password', { exact: true }).fill(testPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
  return { ...server, url, lis, client: clientOf(server, lis), page, complaints }
}

/** Nothing to complain of; by night too where colours are used that no other page has. */
async function assertAccessible (t: Test, page: Page, name: string, themes: ReadonlyArray<'light' | 'dark'> = ['light']): Promise<void> {
  for (const colorScheme of themes) {
    await showBy(page, colorScheme)
    const { violations } = await new AxeBuilder({ page }).analyze()
    t.same(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], `${name}, ${colorScheme}`)
  }
}

const inFocus = async (page: Page): Promise<string | null> => await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim() ?? null)

t.setTimeout(400_000)

t.test('the pages of a listener', { timeout: 390_000 }, async (t) => {
  const v = await visit(t)
  if (v === undefined) return
  const { page, url, db, client, complaints } = v
  const songs = Array.from({ length: 12 }, (_, n) => ({ title: `Song ${n + 1}`, genres: n < 3 ? ['Jazz'] : [], discNo: n < 6 ? 1 : 2 }))
  const { albumId, artistId, trackIds } = await seedAlbum(db, { title: 'Weir', artist: 'The Weir Ensemble', year: 2020, artwork: true, tracks: songs })
  await seedAlbum(db, { title: 'ضوء', artist: 'The Weir Ensemble', tracks: [{ title: 'مساء' }] })
  for (const letter of 'bdfhk') await seedAlbum(db, { title: `${letter} side`, artist: `${letter} band`, tracks: [{ title: `${letter} tune` }] })
  const titlesOf = async (id: string): Promise<string[]> => (await client.get<ListPage<PlaylistItem>>(`/playlists/${id}/items?limit=200`)).body.items.map(({ track }) => track.title)
  const { body: { id: playlistId } } = await client.send<Playlist>('POST', '/playlists', { name: 'Morning', trackIds: trackIds.slice(0, 10) })

  await t.test('a move within the client names the document, starts the reader at the heading, and back returns to where they were', async (t) => {
    await page.goto(`${url}/artists/${artistId}`)
    await page.getByRole('heading', { level: 1, name: 'The Weir Ensemble' }).waitFor()
    await page.setViewportSize({ width: 1280, height: 400 })
    await page.mouse.wheel(0, 300)
    await page.waitForFunction(() => scrollY > 200)
    const scrolled = await page.evaluate(() => scrollY)
    await page.getByRole('link', { name: 'Weir', exact: true }).last().evaluate((link: HTMLElement) => { link.click() })
    await page.getByRole('heading', { level: 1, name: 'Weir' }).waitFor()
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1')
    t.equal(await page.title(), 'Weir · Commonplace')
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'The Weir Ensemble' }).waitFor()
    await page.waitForFunction((top) => Math.abs(scrollY - top) < 3, scrolled)
    await page.setViewportSize({ width: 1280, height: 800 })
  })

  await t.test('the palette takes what is typed before it is there, plays the top hit, and queues it with Ctrl', async (t) => {
    const palette = page.getByRole('dialog', { name: 'Search and commands' })
    await page.keyboard.press('/')
    await page.keyboard.type('song 7')
    const field = palette.getByRole('combobox')
    await palette.getByRole('option', { name: /^Song 7/ }).waitFor()
    t.equal(await field.inputValue(), 'song 7')
    t.equal(await field.getAttribute('aria-activedescendant'), await palette.getByRole('option', { selected: true }).getAttribute('id'), 'the chosen option is named to screen readers')
    await assertAccessible(t, page, 'palette with results', ['light', 'dark'])
    await page.keyboard.press('Enter')
    await palette.waitFor({ state: 'detached' })
    await page.getByRole('region', { name: 'Player' }).getByText('Song 7').waitFor()
    await page.keyboard.press('Control+k')
    await field.fill('song 9')
    await page.keyboard.press('Control+Enter')
    await page.getByText('Added to the queue').first().waitFor()
    await page.keyboard.press('Control+k')
    await palette.getByRole('option', { name: 'song 9' }).waitFor()
    t.ok(await palette.getByRole('option', { name: 'song 7' }).isVisible(), 'recent searches stand there')
    await field.fill('>go to up')
    t.equal(await palette.getByRole('option').count(), 0, 'a listener is offered no upload')
    await field.fill('>favourites')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Favourites' }).waitFor()
    await page.keyboard.press('Control+k')
    await field.fill('the wier')
    await palette.getByText('Showing results for “the weir”').waitFor()
    await page.route('**/api/search?*', async (route) => { await route.abort('connectionfailed') })
    await field.fill('the weirs')
    await palette.getByRole('alert').getByText('The server can’t be reached just now.').waitFor()
    await page.unroute('**/api/search?*')
    await palette.getByRole('button', { name: 'Try again' }).click()
    await palette.getByRole('option', { name: /Weir Ensemble/ }).first().waitFor()
    await page.keyboard.press('Escape')
    await palette.waitFor({ state: 'detached' })
  })

  await t.test('a row has its menu by pointer, key and long press, and the focus returns', async (t) => {
    await page.goto(`${url}/albums/${albumId}`)
    const row = page.locator('[data-row]').nth(1)
    const menu = page.getByRole('menu')
    await row.click({ button: 'right', position: { x: 200, y: 20 } })
    await menu.waitFor()
    t.equal(await inFocus(page), 'Play', 'the first action has the focus')
    await assertAccessible(t, page, 'menu')
    await page.keyboard.type('go')
    t.match(await inFocus(page), /^Go to/, 'a letter goes to the action that begins with it')
    await page.keyboard.press('Escape')
    t.equal(await inFocus(page), 'Actions for Song 2')
    await row.dispatchEvent('contextmenu')
    await menu.waitFor()
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Home')
    t.equal(await inFocus(page), 'Play')
    await page.keyboard.press('Escape')
    await row.dispatchEvent('pointerdown', { pointerType: 'touch', clientX: 300, clientY: 300 })
    await menu.waitFor()
    await menu.getByRole('menuitem', { name: 'Go to The Weir Ensemble' }).click()
    await page.getByRole('heading', { level: 1, name: 'The Weir Ensemble' }).waitFor()
    await page.locator('article').first().click({ button: 'right' })
    await menu.getByRole('menuitem', { name: 'Open the album' }).waitFor()
    await page.keyboard.press('Escape')
  })

  await t.test('the menu opens by its keys and under a finger that rests, says what it is, and is walked by arrows', async (t) => {
    await page.goto(`${url}/albums/${albumId}`)
    const menu = page.getByRole('menu', { name: 'Actions for Song 2' })
    const button = page.getByRole('button', { name: 'Actions for Song 2', exact: true })
    for (const key of ['Shift+F10', 'ContextMenu']) {
      await page.getByRole('button', { name: 'Play Song 2 by The Weir Ensemble' }).focus()
      await page.keyboard.press(key)
      await menu.waitFor()
      t.equal(await button.getAttribute('aria-expanded'), 'true', key)
      const items = menu.locator('button')
      t.same(await items.evaluateAll((all) => all.filter(({ role }) => role !== 'menuitem' && role !== 'menuitemcheckbox').length), 0, 'all that can be done is an item')
      const names = await items.allInnerTexts()
      for (const [pressed, at] of [['', 0], ['ArrowDown', 1], ['ArrowUp', 0], ['ArrowUp', -1], ['ArrowDown', 0], ['End', -1], ['Home', 0]] as const) {
        if (pressed !== '') await page.keyboard.press(pressed)
        t.equal(await inFocus(page), names.at(at), `${pressed} to ${names.at(at)}`)
      }
      await page.keyboard.press('Escape')
      await menu.waitFor({ state: 'detached' })
      t.equal(await inFocus(page), 'Actions for Song 2', 'the focus is given back')
      t.equal(await button.getAttribute('aria-expanded'), null)
    }
    await button.focus()
    await page.keyboard.down('Control')
    await holdKey(page, 'Space', 2)
    await page.keyboard.up('Control')
    await page.getByRole('group', { name: '1 selected' }).waitFor()
    await page.keyboard.press('Escape')

    const hand = await (await v.browser.newContext({ storageState: await page.context().storageState(), hasTouch: true, viewport: { width: 390, height: 844 } })).newPage()
    await hand.goto(`${url}/albums/${albumId}`)
    const box = await hand.locator('[data-row]').nth(1).boundingBox()
    if (box === null) throw new Error('no row')
    const finger = await hand.context().newCDPSession(hand)
    await finger.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: box.x + 80, y: box.y + box.height / 2 }] })
    await hand.getByRole('menu', { name: 'Actions for Song 2' }).waitFor()
    await finger.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    await hand.waitForTimeout(300)
    t.equal(await hand.getByRole('menu', { name: 'Actions for Song 2' }).count(), 1, 'it stays when the finger goes')
    t.equal(await hand.getByRole('region', { name: 'Player' }).getByText('Song 2').count(), 0, 'and nothing plays by that')
    await hand.context().close()
  })

  await t.test('rows are chosen by key and by pointer, and go to a playlist together', async (t) => {
    await page.goto(`${url}/albums/${albumId}`)
    const rows = page.locator('[data-row]')
    await rows.nth(9).locator('.play').focus()
    await page.keyboard.press('Shift+ArrowDown')
    await page.keyboard.press('Shift+ArrowDown')
    await page.getByRole('group', { name: '3 selected' }).waitFor()
    await rows.nth(1).locator('.names').click({ modifiers: ['Control'] })
    await page.getByRole('group', { name: '4 selected' }).waitFor()
    t.equal(await page.getByRole('checkbox', { checked: true }).count(), 4)
    await assertAccessible(t, page, 'choosing', ['light', 'dark'])
    await page.getByRole('button', { name: 'Add to playlist' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('2 are already there').waitFor()
    await assertAccessible(t, page, 'add to a playlist')
    await dialog.getByRole('button', { name: /Morning/ }).click()
    await page.getByText('4 tracks added to Morning').first().waitFor()
    t.same((await titlesOf(playlistId)).slice(10), ['Song 2', 'Song 10', 'Song 11', 'Song 12'])
    await rows.nth(1).getByRole('checkbox').focus()
    await page.keyboard.press('Control+a')
    await page.getByRole('group', { name: '12 selected' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('group', { name: /selected/ }).waitFor({ state: 'detached' })
    // The box is gone first.
    await until(async () => (await inFocus(page))?.includes('Play Song 2 by The Weir Ensemble') === true)
    t.pass('the focus stays in its row')
  })

  await t.test('a row can be dragged to a playlist or the queue, and dropping nowhere does nothing', async (t) => {
    const before = await titlesOf(playlistId)
    const from = await page.locator('[data-row]').nth(4).locator('.names').boundingBox()
    if (from === null) throw new Error('no row')
    const drag = async (): Promise<void> => {
      await page.mouse.move(from.x + 5, from.y + 5)
      await page.mouse.down()
      await page.mouse.move(from.x + 60, from.y + 30, { steps: 5 })
      await page.locator('.rail').getByText('Morning').waitFor()
    }
    await drag()
    const target = await page.locator('.rail li').filter({ hasText: 'Morning' }).boundingBox()
    if (target === null) throw new Error('no rail')
    await page.mouse.move(target.x + 20, target.y + 10, { steps: 4 })
    await page.mouse.up()
    await page.getByText('Added to Morning', { exact: true }).first().waitFor()
    t.same(await titlesOf(playlistId), [...before, 'Song 5'])
    await page.locator('.rail').waitFor({ state: 'detached' })
    await drag()
    await page.mouse.move(from.x + 80, from.y + 90)
    await page.mouse.up()
    await page.locator('.rail').waitFor({ state: 'detached' })
    t.equal((await titlesOf(playlistId)).length, before.length + 1)
  })

  await t.test('what leaves a playlist comes back to its place; it is described, looked through and viewed in other orders', async (t) => {
    await page.goto(`${url}/playlists/${playlistId}`)
    await page.locator('.movable').nth(3).waitFor()
    const before = await titlesOf(playlistId)
    await page.locator('[data-row]').nth(2).locator('.names').click({ modifiers: ['Control'] })
    await page.locator('[data-row]').nth(5).locator('.names').click({ modifiers: ['Control'] })
    await page.locator('[data-row]').nth(3).locator('.names').click({ modifiers: ['Control'] })
    await page.getByRole('button', { name: 'More for what is selected' }).click()
    await page.getByRole('menuitem', { name: 'Remove from this playlist' }).click()
    await page.getByText('3 tracks are removed').first().waitFor()
    t.same(await titlesOf(playlistId), before.filter((_, index) => ![2, 3, 5].includes(index)))
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Back in its place').first().waitFor()
    t.same(await titlesOf(playlistId), before, 'each where it was')
    await page.getByRole('button', { name: 'Add a description' }).click()
    await page.getByLabel('Add a description').fill('Coffee first.')
    await page.keyboard.press('Control+Enter')
    await page.getByText('Coffee first.').waitFor()
    t.equal((await client.get<Playlist>(`/playlists/${playlistId}`)).body.description, 'Coffee first.')
    await page.getByLabel('Find in this playlist').fill('song 12')
    await page.waitForFunction(() => document.querySelectorAll('main [data-row]').length === 1)
    t.equal(await page.locator('.movable').count(), 0, 'nobody moves rows in a part of the list')
    await page.getByLabel('Find in this playlist').fill('')
    await page.getByLabel('View by').selectOption('Title')
    t.match(await page.locator('[data-row] .title').allInnerTexts(), ['Song 1', 'Song 2', 'Song 2', 'Song 3'])
    await assertAccessible(t, page, 'playlist')
  })

  await t.test('a track is rated by key, and favourites have a page of their own for each kind', async (t) => {
    await page.goto(`${url}/albums/${albumId}`)
    await page.getByRole('button', { name: 'Actions for Song 1', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Rate…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: '1 star' }).focus()
    for (const stars of [2, 3, 4]) { await page.keyboard.press('ArrowRight'); await page.getByText(`Rated with ${stars} stars`).first().waitFor() }
    await assertAccessible(t, page, 'rating')
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('img', { name: '4 stars' }).waitFor()
    // The next page asks at once what the server has.
    const told = page.waitForResponse((response) => response.url().includes('/favorites/album'))
    await page.getByRole('button', { name: 'Favourite this album' }).click()
    await told
    await page.goto(`${url}/library/favourites`)
    await page.getByRole('heading', { name: 'No favourites yet' }).waitFor()
    await page.getByRole('navigation', { name: 'Kinds of favourites' }).getByRole('link', { name: 'Albums' }).click()
    await page.locator('article').getByText('Weir', { exact: true }).waitFor()
    await assertAccessible(t, page, 'favourites')
  })

  await t.test('of two presses on a heart in a moment the last one counts; one that fails shows what the server has', async (t) => {
    await page.goto(`${url}/albums/${albumId}`)
    const heart = page.getByRole('button', { name: 'Favourite Song 2', exact: true })
    const shows = async (on: boolean): Promise<void> => { await page.locator(`[aria-label="Favourite Song 2"][aria-pressed=${on}]`).first().waitFor() }
    const serverHas = async (): Promise<boolean> => (await client.get<Track>(`/tracks/${trackIds[1]}`)).body.favourite
    const pattern = '**/api/favorites/**'
    const fault = page.locator('.notices .fault')
    const answered: string[] = []
    const answers = async (count: number): Promise<void> => { await until(async () => await Promise.resolve(answered.length >= count)) }
    const pressedAgain = Promise.withResolvers<undefined>()
    // The first to leave is the last to arrive, if it may.
    await page.route(pattern, async (route) => {
      const method = route.request().method()
      if (method === 'PUT') { await pressedAgain.promise; await Promise.race([answers(1), page.waitForTimeout(700)]) }
      const response = await route.fetch()
      answered.push(method)
      await route.fulfill({ response })
    })
    for (const on of [true, false]) { await heart.click(); await shows(on) }
    pressedAgain.resolve(undefined)
    await answers(2)
    t.same(answered, ['PUT', 'DELETE'], 'one after the other')
    await shows(false)
    t.equal(await serverHas(), false, 'on and off again is off')
    await page.unroute(pattern)
    await page.route(pattern, async (route) => { await route.abort('connectionfailed') })
    await heart.click()
    await fault.getByText('The server can’t be reached just now.').waitFor()
    await shows(false)
    await page.unroute(pattern)
    await page.route(pattern, async (route) => { await route.fetch(); await route.abort('connectionfailed') })
    await fault.getByRole('button', { name: 'Dismiss' }).click()
    await fault.waitFor({ state: 'detached' })
    const asked = page.waitForResponse((response) => response.url().endsWith(`/api/tracks/${trackIds[1]}`))
    await heart.click()
    await asked
    await shows(true)
    t.equal(await serverHas(), true, 'an answer that was lost is asked for')
    t.equal(await fault.count(), 0)
    await page.unroute(pattern)
  })

  await t.test('lists begin at a letter; home goes on with the album that was heard last', async (t) => {
    await page.goto(`${url}/library/albums`)
    await page.getByRole('navigation', { name: 'Jump to a letter' }).getByRole('link', { name: 'H', exact: true }).click()
    await page.locator('article .title').first().getByText('h side').waitFor()
    await assertAccessible(t, page, 'albums')
    await client.send('POST', '/plays', { id: crypto.randomUUID(), trackId: trackIds[7], startedAt: new Date(v.clock.now.getTime() - 1_000).toISOString(), playedMs: 20_000 })
    await page.getByRole('region', { name: 'Player' }).waitFor()
    const kept = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name ?? ''))
    await page.evaluate(async (names) => { for (const name of names) indexedDB.deleteDatabase(name) }, kept)
    await page.goto(url)
    await page.getByRole('button', { name: /^Play/ }).first().waitFor()
    await assertAccessible(t, page, 'home', ['light', 'dark'])
    for (const path of ['/', `/albums/${albumId}`, `/artists/${artistId}`, `/playlists/${playlistId}`, '/library/favourites', '/library/albums']) {
      await page.setViewportSize({ width: 320, height: 640 })
      await page.goto(url + path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.waitForTimeout(300)
      t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320), `${path} at 320 pixels`)
    }
  })

  await t.test('who comes back to a long list finds the same place in it', async (t) => {
    await seedAlbum(db, { title: 'Long', artist: 'The Weir Ensemble', tracks: Array.from({ length: 420 }, (_, n) => ({ title: `Verse ${String(n).padStart(3, '0')}` })) })
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.goto(`${url}/library/tracks`)
    await page.waitForFunction(() => { scrollBy(0, 600); return Number(document.querySelector('main li[aria-setsize]')?.getAttribute('aria-setsize')) > 420 })
    const misplaced = await page.evaluate(async () => {
      const wrong = new Set<string>()
      const topOf = (element: Element | null): number => element?.getBoundingClientRect().top ?? NaN
      for (let top = 0; top < 49 * 300; top += 350) {
        scrollTo(0, top)
        await new Promise((resolve) => { setTimeout(resolve, 20) })
        for (const row of document.querySelectorAll('main li[aria-posinset]')) {
          const place = (Number(row.getAttribute('aria-posinset')) - 1) * 49
          if (!(Math.abs(topOf(row) - topOf(row.parentElement) - place) < 2)) wrong.add(`row at ${place} with ${top} scrolled`)
        }
      }
      return [...wrong]
    })
    t.same(misplaced, [], 'each row stands in its place at every moment')
    await page.evaluate(() => { scrollTo(0, 49 * 300) })
    // All rows of the window and those beside it.
    await page.waitForFunction(() => document.querySelectorAll('main [data-row]').length > 32)
    const top = 49 * 300
    // What stands in the middle of the screen: which rows are kept beyond it is the list’s business.
    const inTheMiddle = async (): Promise<string | undefined> => await page.evaluate(() => document.elementFromPoint(200, 400)?.closest('[data-row]')?.querySelector('.title')?.textContent ?? undefined)
    // A moment after the scrolling its rows are drawn.
    await until(async () => /^Verse \d+$/.test(await inTheMiddle() ?? ''))
    const seen = await inTheMiddle()
    const sees = async (): Promise<void> => { await until(async () => await inTheMiddle() === seen) }
    const asked: string[] = []
    page.on('request', (request) => { if (/\/api\/tracks\?/.test(request.url())) asked.push(request.url()) })
    const goAndReturn = async (meanwhile: () => Promise<unknown>): Promise<void> => {
      await page.locator('main [data-row] .in-album').nth(12).evaluate((link: HTMLElement) => { link.click() })
      await page.getByRole('heading', { level: 1, name: 'Long' }).waitFor()
      await meanwhile()
      await page.goBack()
      await page.getByRole('heading', { level: 1, name: 'Tracks' }).waitFor()
      await page.waitForFunction((place) => Math.abs(scrollY - place) < 3, top)
    }
    await goAndReturn(async () => undefined)
    await sees()
    t.same(asked, [], 'nothing had to be read again')
    await goAndReturn(async () => {
      const told = page.waitForResponse((response) => response.url().includes('/favorites/album'))
      await page.getByRole('button', { name: 'Favourite this album' }).click()
      await (await told).finished()
    })
    await sees()
    while (asked.length < 3) await page.waitForTimeout(50)
    t.pass('after a change it is read again, as far as it was')
    await page.reload()
    await page.waitForFunction((place) => Math.abs(scrollY - place) < 3, top)
    await sees()
    t.pass('and so does who loads the page anew')
  })
  t.same(complaints.filter((complaint) => !/ERR_CONNECTION_FAILED/.test(complaint)), [])
})
