import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import t from 'tap'
import { complaintsOf, pageWithoutWorker, testBrowser } from '../support/chromium.ts'
import { makePicture, makeSound } from '../support/media.ts'
import { startFreshet } from '../support/process.ts'
import { dropFiles } from './drop-files.ts'
import { showBy } from './show-by.ts'

const password = 'an entirely fine passphrase'
/** A job may wait for a worker that is busy with another test. */
const patience = { timeout: 120_000 }
const titles = ['first light', 'second wind', 'third rail']

/** By day and by night. */
async function violations (page: Page): Promise<string[]> {
  const found = []
  for (const colorScheme of ['dark', 'light'] as const) {
    await showBy(page, colorScheme)
    found.push(...(await new AxeBuilder({ page }).analyze()).violations)
  }
  return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' | ')}`)
}

/** Waits until the server, asked by somebody else, says that a file is rejected. */
async function rejectedOnServer (url: string, name: string): Promise<void> {
  const json = { 'content-type': 'application/json' }
  const { accessToken } = await (await fetch(`${url}/api/session`, { method: 'POST', headers: json, body: JSON.stringify({ username: 'admin', password }) })).json() as { accessToken: string }
  for (const until = Date.now() + patience.timeout; ;) {
    const { items } = await (await fetch(`${url}/api/uploads?show=rejected`, { headers: { authorization: `Bearer ${accessToken}` } })).json() as { items: Array<{ relativePath: string }> }
    if (items.some(({ relativePath }) => relativePath === name)) return
    if (Date.now() > until) throw new Error(`${name} was not rejected`)
    await new Promise((resolve) => { setTimeout(resolve, 300) })
  }
}

// A busy machine encodes slowly.
t.setTimeout(400_000)

t.test('the studio', { timeout: 390_000 }, async (t) => {
  const browser = await testBrowser(t)
  if (browser === undefined) return
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-studio-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))
  const freshet = await startFreshet(t, dataDir)
  t.teardown(async () => { await freshet.interrupt() })
  const files = await Promise.all(titles.map(async (title, i) => {
    const name = `${title}.flac`
    return { name, bytes: await readFile(await makeSound(join(dataDir, name), { seconds: 1 + i / 2, tags: { title, artist: 'Pier Nine', album: 'Tides', album_artist: 'Pier Nine', track: '1', date: '2003' } })) }
  }))
  const page = await pageWithoutWorker(browser, { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
  const complaints = complaintsOf(page)
  const asked: string[] = []
  page.on('request', (request) => { asked.push(`${request.method()} ${new URL(request.url()).pathname}`) })
  await page.goto(`${freshet.url}/setup#token=${freshet.setupToken() ?? ''}`)
  await page.getByLabel('Username').fill('admin')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('heading', { name: 'The shelf is empty' }).waitFor()

  await t.test('shows the stages of dropped files live, and asks for none of them', async (t) => {
    const line = page.waitForResponse('**/api/events', patience)
    await page.goto(`${freshet.url}/studio/upload`)
    await page.getByRole('heading', { name: 'Upload', level: 1 }).waitFor()
    // Who hears nothing yet may find the short songs done.
    await line
    await page.evaluate(() => {
      const seen = new Set<string>()
      Object.assign(window, { seenStages: seen })
      new MutationObserver(() => { for (const row of document.querySelectorAll('[data-stage]')) { const stage = row.getAttribute('data-stage'); if (stage !== null) seen.add(stage) } }).observe(document, { subtree: true, childList: true, attributes: true })
    })
    await dropFiles(page, [...files, { name: 'broken.mp3', bytes: Buffer.from('this was never an mp3 file, whatever its name says') }])
    await page.locator('[data-state=published]').nth(2).waitFor(patience)
    await page.locator('[data-state=rejected]').waitFor(patience)
    const seen = await page.evaluate(() => [...(window as unknown as { seenStages: Set<string> }).seenStages])
    t.ok(seen.length >= 1, `stages were seen: ${seen.join(', ')}`)
    t.same(asked.filter((request) => /^GET \/api\/uploads\/[0-9a-f-]{36}$/.test(request)), [], 'no upload was asked after')
    await page.getByText('Another track has the same number.').first().waitFor(patience)
    t.same(await violations(page), [])
  })

  await t.test('settles a conflict in the row itself', async (t) => {
    await page.getByRole('button', { name: 'Tags of second wind.flac' }).click()
    const form = page.getByRole('form', { name: 'Tags of second wind.flac' })
    await form.getByLabel('Number').fill('2')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.waitFor({ state: 'detached' })
    t.match(await page.locator('.notices').innerText(), /second wind is changed/)
  })

  await t.test('groups what was rejected, says what to do, and gives it as CSV', async (t) => {
    await page.goto(`${freshet.url}/studio/rejected`)
    await page.getByText('It is not a sound file').or(page.getByText('There is no sound in it')).first().waitFor(patience)
    t.same(await violations(page), [])
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as CSV' }).click()])
    t.match(await readFile(await download.path(), 'utf8'), /^file,size in bytes,reason code,reason,at\r\nbroken\.mp3,/)
  })

  await t.test('the ledger is there again after a reload', async (t) => {
    await page.goto(`${freshet.url}/studio/upload`)
    await page.getByText('third rail.flac').waitFor(patience)
    await page.getByRole('button', { name: /^Rejected 1$/ }).click()
    await page.getByText('broken.mp3').waitFor()
    t.equal(await page.getByText('third rail.flac').count(), 0)
  })

  await t.test('catches up with what it missed, however often the server refuses', async (t) => {
    let refused = 0
    const before = complaints.length
    await page.route('**/api/session/refresh', async (route) => {
      await new Promise((resolve) => { setTimeout(resolve, 4_000) })
      await route.continue()
    })
    await page.route('**/api/events', async (route) => { await route.abort('connectionrefused') })
    const line = page.waitForRequest('**/api/events', patience)
    await page.goto(`${freshet.url}/studio/jobs`)
    await line
    t.pass('a page that stood before its session was renewed has its line of events afterwards')
    await page.unroute('**/api/session/refresh')
    await page.getByRole('link', { name: 'Upload' }).first().click()
    // Its answer as of a worker that isn't as quick.
    await page.route('**/api/uploads/*/complete', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...await response.json() as object, state: 'received', stage: null, reason: null, reasonCode: null } })
    })
    await dropFiles(page, [{ name: 'late.mp3', bytes: Buffer.from('this was no mp3 file either') }])
    await page.locator('[data-state=received]').waitFor(patience)
    await page.unroute('**/api/uploads/*/complete')
    await page.route('**/api/uploads?limit=200*', async (route) => {
      refused += 1
      if (refused > 2) await route.continue()
      else await route.fulfill({ status: 503, headers: { 'retry-after': '1' }, json: { error: { code: 'OVERLOADED', message: 'too busy' } } })
    })
    await rejectedOnServer(freshet.url, 'late.mp3')
    await page.unroute('**/api/events')
    await page.locator('[data-state=rejected]').waitFor(patience)
    t.equal(refused, 3, 'and asked until there was an answer')
    await page.unroute('**/api/uploads?limit=200*')
    // The refusals, which the browser tells of.
    complaints.splice(before, complaints.length)
  })

  await t.test('edits many tracks at once, shows what changes, and takes it back', async (t) => {
    await page.goto(`${freshet.url}/library/albums`)
    await page.getByRole('link', { name: /Tides/ }).first().click()
    await page.waitForURL(/\/albums\//)
    const albumId = page.url().split('/').at(-1) ?? ''
    await page.goto(`${freshet.url}/studio/edit?album=${albumId}`)
    await page.getByLabel('Title', { exact: true }).waitFor()
    t.equal(await page.getByLabel('Title', { exact: true }).getAttribute('placeholder'), 'several values')
    await page.getByRole('button', { name: 'Case' }).click()
    await page.getByRole('menuitem', { name: 'Title Case' }).click()
    await page.getByRole('button', { name: 'Number in order' }).click()
    await page.getByLabel('Year').fill('1987')
    await page.getByLabel('Genres').fill('Dub; Ambient')
    await page.getByLabel('Label').focus()
    const preview = page.getByRole('region', { name: 'What changes' })
    t.match(await preview.innerText(), /2003 1987/)
    t.same(await violations(page), [])
    await page.getByRole('button', { name: 'Step back' }).click()
    t.notMatch(await preview.innerText(), /Dub/)
    await page.getByRole('button', { name: 'Step forward' }).click()
    await page.getByRole('button', { name: 'Save 3 tracks' }).click()
    await page.getByText('3 tracks are changed').first().waitFor(patience)
    await page.goto(`${freshet.url}/albums/${albumId}`)
    await page.getByText('Second Wind').first().waitFor()
    await page.goto(`${freshet.url}/studio/edits`)
    await page.getByRole('button', { name: 'Undo the edit of Tides' }).click()
    await page.getByRole('button', { name: 'Do again: the edit of Tides' }).waitFor(patience)
    t.same(await violations(page), [])
    await page.goto(`${freshet.url}/albums/${albumId}`)
    await page.getByText('second wind').first().waitFor()

    const picture = await makePicture(join(dataDir, 'sleeve.png'), 500)
    await page.goto(`${freshet.url}/studio/edit?album=${albumId}`)
    await page.locator('input[type=file][accept*=png]').setInputFiles(picture)
    await page.getByRole('button', { name: 'Take down' }).waitFor(patience)
    t.ok(await page.locator('.sleeve img').count() === 1, 'a picture from the browser hangs on the sleeve')
  })

  await t.test('hangs a picture on an artist, puts another in its place, takes it down and brings it back', async (t) => {
    await page.goto(`${freshet.url}/library/artists`)
    await page.getByRole('link', { name: /Pier Nine/ }).first().click()
    const field = page.getByRole('region', { name: 'Picture' })
    const hangs = async (): Promise<string> => (await field.locator('img').getAttribute('src', patience) ?? '').split('?')[0] ?? ''
    await field.getByRole('button', { name: 'Choose a picture' }).waitFor(patience)
    await field.locator('input').setInputFiles(await makePicture(join(dataDir, 'band.png'), 400))
    await field.getByRole('button', { name: 'Take down' }).waitFor(patience)
    const first = await hangs()
    t.same(await violations(page), [])
    await field.locator('input').setInputFiles(await makePicture(join(dataDir, 'later.png'), 480))
    await page.waitForFunction((before) => !(document.querySelector('section[aria-label=Picture] img')?.getAttribute('src') ?? before).startsWith(before), first, patience)
    const second = await hangs()
    t.ok(second !== '' && second !== first, 'another picture hangs')
    await field.locator('input').setInputFiles({ name: 'no.png', mimeType: 'image/png', buffer: Buffer.from('no picture') })
    await field.getByRole('alert').filter({ hasText: /./ }).waitFor(patience)
    t.equal(await hangs(), second, 'what is no picture changes nothing')
    await field.getByRole('button', { name: 'Take down' }).click()
    await field.getByRole('button', { name: 'Choose a picture' }).waitFor(patience)
    t.equal(await field.locator('img').count(), 0)
    await field.getByRole('button', { name: 'Undo' }).click()
    await field.getByRole('button', { name: 'Take down' }).waitFor(patience)
    t.equal(await hangs(), second)
  })

  await t.test('opens the editor from the menus of an album and of what is chosen', async (t) => {
    await page.goto(`${freshet.url}/library/albums`)
    await page.getByRole('link', { name: /Tides/ }).first().click()
    await page.locator('main .play').first().waitFor()
    await page.getByRole('button', { name: 'More about Tides' }).click()
    await page.getByRole('menuitem', { name: 'Edit tags' }).click()
    await page.waitForURL(/\/studio\/edit\?album=/)
    await page.getByText('3 of 3 tracks chosen').waitFor()
    await page.getByLabel('Year').fill('1999')
    await page.getByLabel('Label').focus()
    const question = page.getByRole('dialog', { name: 'Leave without saving?' })
    for (const leave of [() => page.getByRole('link', { name: 'Library', exact: true }).first().click(), () => page.goBack()]) {
      await leave()
      await question.getByRole('button', { name: 'Cancel' }).click()
      t.match(page.url(), /\/studio\/edit\?album=/)
      t.equal(await page.getByLabel('Year').inputValue(), '1999', 'who has not saved is asked, and stays as they were')
    }
    const asked = page.waitForEvent('dialog')
    await page.evaluate(() => { setTimeout(() => { location.reload() }) })
    const dialog = await asked
    t.equal(dialog.type(), 'beforeunload', 'also by the browser, where the page is loaded anew or closed')
    await dialog.dismiss()
    t.equal(await page.getByLabel('Year').inputValue(), '1999')
    await page.goBack()
    await question.getByRole('button', { name: 'Leave' }).click()
    await page.locator('main .play').first().focus()
    await page.keyboard.press('Control+a')
    await page.getByRole('button', { name: 'More for what is selected' }).click()
    await page.getByRole('menuitem', { name: 'Edit tags' }).click()
    await page.waitForURL(/\/studio\/edit\?tracks=/)
    await page.getByText('3 of 3 tracks chosen').waitFor()
    t.pass()
  })

  await t.test('says how it goes, with the alarm as the needle', async (t) => {
    await page.goto(`${freshet.url}/studio/health`)
    await page.locator('[data-figure=database] .now').waitFor(patience)
    await page.waitForFunction(() => /\d/.test(document.querySelector('[data-figure=database] .now')?.textContent ?? ''), undefined, patience)
    t.match(await page.locator('[data-figure=latency]').innerText(), /500 ms/)
    t.equal(await page.locator('[data-figure=latency] line.needle').count(), 1)
    t.match(await page.locator('main').innerText(), /are left on the disk/)
    t.same(await violations(page), [])
  })

  await t.test('and who did what', async (t) => {
    await page.goto(`${freshet.url}/studio/audit?action=tracks.`)
    await page.getByText('tracks.edited').first().waitFor(patience)
    t.same(await violations(page), [])
    for (const path of ['users', 'jobs']) {
      await page.goto(`${freshet.url}/studio/${path}`)
      await page.getByRole('heading', { level: 1, name: path === 'users' ? 'People' : 'Jobs' }).waitFor()
      await page.waitForTimeout(400)
      t.same(await violations(page), [], path)
    }
    t.same(complaints, [])
  })
})
