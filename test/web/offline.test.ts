import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { parseRange } from '../../web/offline/kept-answer.ts'
import { testPassword } from '../support/app.ts'
import { complaintsOf, testBrowser } from '../support/chromium.ts'
import { heardSoFar, putOnEars, soundsFor, soundsNow } from '../support/ear.ts'
import { builtClient, type OfflineStage, openOfflineStage, pieceBytes } from '../support/offline-stage.ts'

const patience = { timeout: 60_000 }
/** Room for the client and the three tracks of the small album, and not for the ten of the large one. */
const roomBytes = 20_000_000

t.setTimeout(400_000)

t.test('ranges are read as RFC 9110 has them', async (t) => {
  t.same(parseRange('bytes=0-99', 1_000), { first: 0, last: 99 })
  t.same(parseRange('bytes=900-', 1_000), { first: 900, last: 999 })
  t.same(parseRange('bytes=900-5000', 1_000), { first: 900, last: 999 })
  t.same(parseRange('bytes=-100', 1_000), { first: 900, last: 999 })
  for (const header of ['bytes=1000-', 'bytes=5-2', 'bytes=-', 'bytes=0-1,3-4', 'pieces=0-1']) t.equal(parseRange(header, 1_000), null, header)
})

async function signIn (page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.getByLabel('Username').fill('lis')
  await page.getByLabel('Password', { exact: true }).fill(testPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor(patience)
}

async function until (page: Page, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + patience.timeout
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${String(holds)}`)
    await page.waitForTimeout(100)
  }
}

async function accountMenu (page: Page, item: string): Promise<void> {
  await page.getByRole('banner').locator('button.account').click()
  await page.getByRole('menuitem', { name: item, exact: true }).click()
}

const kept = (page: Page) => page.getByRole('list', { name: 'Kept music' })
const pressKeep = async (page: Page): Promise<void> => { await page.getByRole('button', { name: 'Keep in this browser' }).first().click() }

/** What a store of the page's browser answers; null where there is no such store. */
const inStore = async (page: Page, name: string, expression: string): Promise<unknown> => await page.evaluate(`(async () => {
  const name = (await indexedDB.databases()).map(({ name }) => name).find((name) => name.startsWith('${name}'))
  if (name === undefined) return null
  const database = await new Promise((resolve) => { indexedDB.open(name).onsuccess = ({ target }) => { resolve(target.result) } })
  const answer = await new Promise((resolve) => { (${expression})(database).onsuccess = ({ target }) => { resolve(target.result) } })
  database.close()
  return answer
})()`)
const countPieces = async (page: Page): Promise<unknown> => await inStore(page, 'freshet-kept-', '(database) => database.transaction("chunks").objectStore("chunks").count()')
const countPlays = async (page: Page): Promise<unknown> => await inStore(page, 'freshet-plays', '(database) => database.transaction("plays").objectStore("plays").count()')
const holdsMusic = async (page: Page): Promise<boolean> => await page.evaluate(async () => (await indexedDB.databases()).some(({ name }) => name?.startsWith('freshet-kept-') === true))

t.test('music that is kept plays without the server', { timeout: 390_000 }, async (t) => {
  if (!existsSync(join(builtClient, 'service-worker.js'))) { t.pass('the client is not built', { skip: 'npm run build first' }); return }
  const browser = await testBrowser(t)
  if (browser === undefined) return
  const stage = await openOfflineStage(t)
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
  await context.addInitScript(() => { localStorage.setItem('freshet.kept-quality', 'lossless') })
  const page = await context.newPage()
  await putOnEars(page)
  const cdp = await context.newCDPSession(page)
  // From the start: a browser asks for the room that is left now and then only.
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: stage.url, quotaSize: roomBytes })
  const complaints = complaintsOf(page)
  await signIn(page, stage.url)
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null, undefined, patience)
  // The browser's own cache would answer for pieces that were fetched before.
  await cdp.send('Network.enable')
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true })
  await keepingAnAlbum(t, page, stage)
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: false })
  await t.test('a playlist that changes in the library changes here', async (t) => { await followsPlaylist(t, page, stage) })
  await t.test('a full disk is told, loses nothing, and the keeping goes on once there is room', async (t) => { await fullDisk(t, page, { stage, cdp }) })
  t.same(complaints.filter((complaint) => !complaint.includes('ERR_EMPTY_RESPONSE')), [], 'nothing broke a policy or was left uncaught')
  await withoutLine(t, context, stage)
  await loss(t, page, { stage, cdp })
  await t.test('a new version waits while music plays, and comes at the pause', async (t) => { await update(t, page, stage) })
  await leaving(t, page, stage)
})

async function keepingAnAlbum (t: Test, page: Page, { url, albumId, line }: OfflineStage): Promise<void> {
  await t.test('while the line is bad it waits, and what isn’t whole is not shown as kept', async (t) => {
    line.bad = true
    await page.goto(`${url}/albums/${albumId}`)
    await pressKeep(page)
    await page.getByText('Riverbank is being kept').first().waitFor(patience)
    await page.goto(`${url}/kept`)
    await kept(page).getByText('Waits for the line').waitFor(patience)
    t.match(await kept(page).innerText(), /0 of 3 tracks/)
  })
  await t.test('a download goes on where it stopped, and is told when it is whole', async (t) => {
    // No client is there to try again by itself.
    await page.goto(`${url}/api/setup`)
    line.bad = false
    line.pieces.length = 0
    await page.goto(`${url}/kept`)
    await page.getByText('Riverbank is kept and plays off-line').first().waitFor(patience)
    t.match(await kept(page).innerText(), /Riverbank[\s\S]*3 of 3 tracks[\s\S]*[\d.]+ MB/)
    t.same(line.pieces, [pieceBytes, 0, pieceBytes, 0, pieceBytes], 'the piece that was here is not fetched again')
  })
  await t.test('what the caches hold is the client and pictures: no answer of the API, no signed address', async (t) => {
    const addresses = await page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((request) => request.url)))).flat())
    t.ok(addresses.length > 20)
    t.same(addresses.filter((address) => /\/api\/|Signature|\/store\//.test(address)), [])
  })
}

async function followsPlaylist (t: Test, page: Page, stage: OfflineStage): Promise<void> {
  const { lis, trackIds: [first = '', second = ''], url } = stage
  const { body } = await stage.as(lis, { method: 'POST', url: '/api/playlists', payload: { name: 'Evening', trackIds: [first] } })
  const { id } = body as { id: string }
  await page.goto(`${url}/playlists/${id}`)
  await pressKeep(page)
  await page.getByText('Evening is kept and plays off-line').or(page.getByText('Evening is being kept')).first().waitFor(patience)
  const added = await stage.as(lis, { method: 'POST', url: `/api/playlists/${id}/items`, payload: { trackIds: [second] } })
  t.equal(added.status, 201)
  await page.goto(`${url}/kept`)
  await kept(page).getByText('2 of 2 tracks').waitFor(patience)
  await stage.as(lis, { method: 'DELETE', url: `/api/playlists/${id}` })
  await page.reload()
  await kept(page).getByText('2 of 2 tracks').waitFor({ ...patience, state: 'detached' })
  await page.getByText('Evening is no longer kept').first().waitFor(patience)
  await kept(page).getByText('3 of 3 tracks').waitFor(patience)
  t.pass('and goes with it, without what the album has')
}

async function fullDisk (t: Test, page: Page, { stage: { url, largeId }, cdp }: { readonly stage: OfflineStage, readonly cdp: CDPSession }): Promise<void> {
  await page.goto(`${url}/albums/${largeId}`)
  await pressKeep(page)
  await page.getByText('The browser gives no more room.').first().waitFor(patience)
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
  await page.goto(`${url}/kept`)
  await page.getByRole('heading', { name: 'There is no more room' }).waitFor(patience)
  const [large = '', small = ''] = await kept(page).getByRole('listitem').allInnerTexts()
  t.match(small, /Riverbank[\s\S]*3 of 3 tracks[\s\S]*[\d.]+ MB/, 'what was whole is whole')
  t.match(large, /Downstream[\s\S]*[1-9] of 10 tracks[\s\S]*There is no more room/, 'of the rest is kept what went in')
  await page.getByRole('button', { name: 'Play Riverbank' }).click()
  await soundsNow(page)
  await page.getByRole('button', { name: 'Pause', exact: true }).first().click()
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: url })
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('Downstream is kept and plays off-line').first().waitFor(patience)
  t.equal(await page.getByRole('heading', { name: 'There is no more room' }).count(), 0)
  await page.getByRole('button', { name: 'More about Downstream' }).click()
  await page.getByRole('menuitem', { name: 'Remove from this browser' }).click()
  await page.getByText('Downstream is no longer kept').first().waitFor(patience)
  t.equal(await countPieces(page), 6, 'and leaves nothing behind when it is removed')
}

async function withoutLine (t: Test, context: BrowserContext, stage: OfflineStage): Promise<void> {
  for (const open of context.pages()) await open.goto('about:blank')
  await stage.cut(context)
  const page = await context.newPage()
  await putOnEars(page)
  await t.test('the client starts without line and server, says so, and shows what is kept', async (t) => {
    await page.goto(stage.url)
    await page.getByRole('heading', { name: 'Off-line: kept music' }).waitFor(patience)
    t.comment(`shown ${Math.round(await page.evaluate(() => performance.now()))} ms after the start`)
    await page.getByRole('searchbox', { name: 'Search what is kept' }).fill('meltw')
    t.equal(await page.getByRole('list', { name: 'Kept tracks' }).getByRole('listitem').count(), 1)
  })
  await t.test('it plays with sound', async (t) => {
    await page.getByRole('button', { name: 'Play Riverbank' }).click()
    await soundsNow(page)
    t.pass('it is heard at the loudspeaker')
    await page.waitForFunction(() => Number(document.querySelector<HTMLInputElement>('input[aria-label="Place in the track"]')?.value ?? 0) > 1, undefined, patience)
  })
  await t.test('what needs the line says so, and comes by itself once it is back', async (t) => {
    await accountMenu(page, 'Settings')
    await page.getByRole('heading', { name: 'This page needs the line' }).waitFor(patience)
    await until(page, async () => await countPlays(page) === 1)
    await page.getByRole('button', { name: 'Pause', exact: true }).first().click()
    t.equal(await stage.db.prisma.play.count(), 0)
    await stage.mend(context)
    await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor(patience)
  })
  await t.test('what was played is told then, and counts once', async (t) => {
    await until(page, async () => await countPlays(page) === 0)
    t.equal(await stage.db.prisma.play.count(), 1)
    t.equal((await stage.db.prisma.track.findFirstOrThrow({ where: { id: stage.trackIds[0] ?? '' } })).playCount, 1)
  })
  await page.close()
}

async function loss (t: Test, page: Page, { stage: { url, trackIds: [first = ''] }, cdp }: { readonly stage: OfflineStage, readonly cdp: CDPSession }): Promise<void> {
  await page.goto(`${url}/kept`)
  await kept(page).getByText('3 of 3 tracks').waitFor(patience)
  await t.test('pieces that were lost are told and fetched again', async (t) => {
    await inStore(page, 'freshet-kept-', `(database) => database.transaction("chunks", "readwrite").objectStore("chunks").delete(["${first}", 1])`)
    await page.reload()
    await page.getByText('The browser has lost pieces of 1 kept track.').first().waitFor(patience)
    await page.getByText('Riverbank is kept and plays off-line').first().waitFor(patience)
    t.equal(await countPieces(page), 6)
  })
  await t.test('kept music that the browser threw away is told, and kept again on request', async (t) => {
    // As a browser evicts: everything of the origin that has no promise to stay.
    await cdp.send('Storage.clearDataForOrigin', { origin: url, storageTypes: 'indexeddb,cache_storage,service_workers' })
    await page.reload()
    await page.getByRole('heading', { name: 'The browser has thrown away kept music' }).waitFor(patience)
    t.match(await page.getByRole('alert').first().innerText(), /Gone from here: Riverbank/)
    await page.getByRole('button', { name: 'Keep again' }).click()
    await kept(page).getByText('3 of 3 tracks').waitFor(patience)
  })
}

async function update (t: Test, page: Page, { webRoot }: OfflineStage): Promise<void> {
  const file = join(webRoot, 'service-worker.js')
  await page.getByRole('button', { name: 'Play Riverbank' }).click()
  await soundsNow(page)
  await writeFile(file, `${await readFile(file, 'utf8')}\n// newer`)
  await page.evaluate(async () => { await (await navigator.serviceWorker.getRegistration())?.update() })
  await page.evaluate('globalThis.former = true')
  await page.getByRole('button', { name: 'Reload' }).click()
  await page.getByText('It comes when the music pauses.').first().waitFor(patience)
  await page.waitForTimeout(1_000)
  t.equal(await page.evaluate('globalThis.former'), true, 'the page stands')
  t.ok(soundsFor(await heardSoFar(page), 1_000), 'and sounds without a gap')
  await page.getByRole('button', { name: 'Pause', exact: true }).first().click()
  await until(page, async () => await page.evaluate('globalThis.former === undefined').then(Boolean, () => false))
  await kept(page).waitFor(patience)
}

async function leaving (t: Test, page: Page, stage: OfflineStage): Promise<void> {
  const { url, albumId, lis, ada } = stage
  await t.test('whoever signs out is asked, and takes the music with them', async (t) => {
    const question = page.getByRole('dialog', { name: 'Sign out and remove the kept music?' })
    await page.keyboard.press('Control+k')
    await page.keyboard.type('>sign out')
    await page.keyboard.press('Enter')
    await question.getByRole('button', { name: 'Cancel' }).click()
    t.ok(await holdsMusic(page), 'also by a command')
    await accountMenu(page, 'Sign out')
    await question.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Username').waitFor(patience)
    await until(page, async () => !await holdsMusic(page))
    t.equal(await page.evaluate(() => Object.keys(localStorage).some((key) => /^freshet\.(kept\.|identity)/.test(key))), false)
  })
  await t.test('so does a disabled account, at the next contact', async (t) => {
    await signIn(page, url)
    await page.goto(`${url}/albums/${albumId}`)
    await pressKeep(page)
    await page.getByText('Riverbank is kept and plays off-line').first().waitFor(patience)
    t.ok(await holdsMusic(page))
    t.equal((await stage.as(ada, { method: 'PATCH', url: `/api/users/${lis.userId}`, payload: { disabled: true } })).status, 200)
    await page.reload()
    await page.getByLabel('Username').waitFor(patience)
    await until(page, async () => !await holdsMusic(page))
  })
}
