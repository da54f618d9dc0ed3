import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { complaintsOf, testBrowser } from '../support/chromium.ts'
import { heardSoFar, putOnEars } from '../support/ear.ts'
import { makePicture, makeSound } from '../support/media.ts'
import { type RunningFreshet, startFreshet } from '../support/process.ts'
import { dropFiles } from './drop-files.ts'
import { showBy } from './show-by.ts'

const password = 'an entirely fine passphrase'
const titles = ['Kingfisher Arrives', 'Meltwater', 'The Lock Keeper'] as const
/** A job may wait for a worker that is busy with another test. */
const patience = { timeout: 60_000 }

async function fixtures (t: Test): Promise<Array<{ name: string, bytes: Uint8Array }>> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-web-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const coverPath = await makePicture(join(folder, 'cover.png'))
  return await Promise.all(titles.map(async (title, i) => {
    const name = `${i + 1} ${title}.flac`
    const tags = { title, artist: 'Otter & Heron', album: 'Riverbank', track: String(i + 1), date: '2021', genre: 'Ambient' }
    return { name, bytes: await readFile(await makeSound(join(folder, name), { seconds: 40 + i, tags, coverPath })) }
  }))
}

async function person (browser: Browser, url: string): Promise<{ context: BrowserContext, page: Page, complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  await putOnEars(page)
  await page.goto(url)
  return { context, page, complaints }
}

async function signIn (page: Page, username: string): Promise<void> {
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
}

/** Where the needle stands, in seconds; -1 while nothing plays. */
const playingSeconds = async (page: Page): Promise<number> => await page.evaluate(() => {
  const playing = document.querySelector('.bar .transport .play')?.getAttribute('aria-label') === 'Pause'
  return playing ? Number(document.querySelector<HTMLInputElement>('.bar .wave input')?.value ?? -1) : -1
})

async function playsPast (page: Page, seconds: number): Promise<void> {
  await page.waitForFunction((past) => document.querySelector('.bar .transport .play')?.getAttribute('aria-label') === 'Pause' && Number(document.querySelector<HTMLInputElement>('.bar .wave input')?.value) > past, seconds, patience)
}

/** The loudest sample of the last seconds on the way to the loudspeaker, 0 to 1. */
async function loudestSample (page: Page): Promise<number> {
  return Math.max(...(await heardSoFar(page)).slice(-20).map(({ peak }) => peak))
}

async function violations (page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' | ')}`)
}

// A busy machine encodes slowly.
t.setTimeout(400_000)

t.test('from a drop of files to a song in a listener’s ears', { timeout: 390_000 }, async (t) => {
  const browser = await testBrowser(t)
  if (browser === undefined) return
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-web-data-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))
  const freshet = await startFreshet(t, dataDir)
  t.teardown(async () => { await freshet.interrupt() })
  const files = await fixtures(t)

  await t.test('the first admin comes by the link and makes a curator and a listener', async (t) => {
    await makePeople(t, browser, freshet)
  })

  const curator = await person(browser, `${freshet.url}/studio/upload`)
  const { page } = curator
  await t.test('a curator signs in, arrives at the page asked for, and drops files that get published', async (t) => {
    await signIn(page, 'curator')
    await page.getByRole('heading', { name: 'Upload', level: 1 }).waitFor()
    await dropFiles(page, [...files, { name: 'notes.txt', bytes: Buffer.from('not music') }, { name: 'broken.mp3', bytes: Buffer.from('this was never an mp3 file, whatever its name says') }])
    t.match(await page.locator('.notices').innerText(), /1 file is not music/, 'what is no music is left out, and said')
    t.equal(await page.locator('[data-state]').count(), files.length + 1, 'every file has a row')
    t.ok(await page.getByRole('progressbar').count() > 0, 'progress is shown')
    await page.locator('[data-state=published]').nth(files.length - 1).waitFor(patience)
    await page.locator('[data-state=rejected]').waitFor(patience)
    t.ok((await page.locator('[data-state=rejected] .names .fine').innerText()).length > 10, 'a broken file says why')
    await dropFiles(page, files.slice(0, 1))
    t.equal(await page.locator('[data-state]').count(), files.length + 1, 'the same file dropped again is the same row')
  })

  await t.test('a misspelt title is found by pressing / and typing, and plays with Enter', async (t) => {
    await page.keyboard.press('/')
    await page.keyboard.type('kingfischer arives', { delay: 15 })
    await page.getByRole('dialog').getByText('Kingfisher Arrives').first().waitFor(patience)
    await page.keyboard.press('Enter')
    await playsPast(page, 0.5)
    const before = await playingSeconds(page)
    await playsPast(page, before + 0.5)
    t.ok(await loudestSample(page) > 0.01, 'what goes to the loudspeaker is not silent, and time goes on')
    await page.waitForFunction(() => navigator.mediaSession.metadata?.title === 'Kingfisher Arrives', undefined, patience)
    t.pass('the system knows what plays')
    // The browser lists what it has fetched to the end.
    await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => /media.*Signature=/.test(name)), undefined, patience)
    t.pass('from a signed address')
  })

  await t.test('the needle moves by keyboard, says the time in words, and the music follows', async (t) => {
    const needle = page.getByRole('slider', { name: 'Place in the track' })
    await needle.focus()
    await page.keyboard.press('Escape')
    await page.locator('h1').focus()
    await page.keyboard.press('5')
    await playsPast(page, 19)
    t.match(await needle.getAttribute('aria-valuetext'), /^2\d seconds of 40 seconds$/)
    t.ok(await page.evaluate(() => document.querySelector('.wave canvas') !== null))
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor()
    t.equal(await playingSeconds(page), -1, 'Space pauses')
    // What stands is not made up for by the time that passes.
    const at = Number(await needle.inputValue())
    await page.keyboard.press('ArrowLeft')
    await page.waitForFunction((before) => Number(document.querySelector<HTMLInputElement>('.bar .wave input')?.value) < before - 3, at, patience)
  })

  await t.test('an album goes into a new playlist, is put in another order by keyboard, and stays after a reload', async (t) => {
    await makePlaylist(t, page)
  })

  await t.test('the queue survives the reload, paused where it was', async (t) => {
    await page.getByRole('button', { name: 'Play', exact: true }).last().waitFor()
    await page.waitForFunction(() => Number(document.querySelector<HTMLInputElement>('.bar .wave input')?.value) > 5, undefined, patience)
    t.pass('the needle stands where it stood')
    await page.getByRole('button', { name: 'Queue', exact: true }).click()
    await page.getByRole('complementary', { name: 'Queue' }).getByText('Kingfisher Arrives').first().waitFor(patience)
    t.equal(await playingSeconds(page), -1, 'nothing plays by itself')
  })

  await t.test('a listener has no upload page and no way to its API', async (t) => {
    const { page, complaints } = await person(browser, freshet.url)
    await signIn(page, 'listener')
    t.equal(await page.getByRole('link', { name: 'Studio' }).count(), 0)
    await page.goto(`${freshet.url}/studio/upload`)
    await page.getByRole('heading', { name: 'This page isn’t for your role' }).waitFor()
    const { accessToken } = await (await fetch(`${freshet.url}/api/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username: 'listener', password }) })).json() as { accessToken: string }
    const refused = await fetch(`${freshet.url}/api/uploads`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` }, body: JSON.stringify({ relativePath: 'a.flac', sizeBytes: 10, contentType: 'audio/flac', fingerprint: 'a' }) })
    t.equal(refused.status, 403)
    t.same(complaints, [])
  })

  await t.test('every page is free of axe violations by day and by night, and fits 320 pixels', async (t) => {
    await checkPages(t, browser, freshet)
  })
  t.same(curator.complaints, [], 'the browser had nothing to complain of: no broken policy, no uncaught fault')
})

async function makePeople (t: Test, browser: Browser, freshet: RunningFreshet): Promise<void> {
  const { page, context, complaints } = await person(browser, `${freshet.url}/setup#token=${freshet.setupToken() ?? ''}`)
  await page.getByRole('heading', { name: 'Set up' }).waitFor()
  t.same(await violations(page), [])
  await page.getByLabel('Username').fill('admin')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('heading', { name: 'The shelf is empty' }).waitFor()
  t.same(await violations(page), [], 'the empty library')
  await page.goto(`${freshet.url}/studio/users`)
  for (const role of ['curator', 'listener']) {
    await page.getByRole('button', { name: 'New person' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Username').fill(role)
    await dialog.getByLabel('First password', { exact: true }).fill(password)
    await dialog.getByLabel('Role').selectOption(role)
    await dialog.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('combobox', { name: `Role of ${role}` }).waitFor()
  }
  t.same(complaints, [])
  await context.close()
}

async function makePlaylist (t: Test, page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Library', exact: true }).first().click()
  await page.getByRole('link', { name: 'Riverbank' }).first().click()
  await page.getByRole('heading', { name: 'Riverbank', level: 1 }).waitFor()
  t.ok(await page.evaluate(() => document.activeElement?.tagName === 'H1'), 'the focus starts at the new page’s heading')
  await page.getByRole('button', { name: 'More about Riverbank' }).click()
  await page.getByRole('menuitem', { name: 'Add to playlist' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Evening')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('link', { name: 'Playlists', exact: true }).first().click()
  await page.getByRole('link', { name: /Evening/ }).click()
  const rows = page.getByRole('list', { name: 'Evening' }).locator('.title')
  await rows.nth(2).waitFor()
  t.same(await rows.allInnerTexts(), [...titles])
  const saved = page.waitForResponse((response) => response.url().endsWith('/move') && response.ok())
  await page.getByRole('button', { name: `Move ${titles[0]}` }).focus()
  await page.keyboard.press('Alt+ArrowDown')
  await saved
  t.match(await page.locator('[role=status][aria-live]').innerText(), `${titles[0]}: place 2 of 3`, 'and the new place is spoken')
  const dragged = page.waitForResponse((response) => response.url().endsWith('/move') && response.ok())
  await dragRow(page, titles[2], titles[1])
  await dragged
  const expected = [titles[2], titles[1], titles[0]]
  t.same(await rows.allInnerTexts(), expected)
  await page.reload()
  await rows.nth(2).waitFor()
  t.same(await rows.allInnerTexts(), expected, 'the order is kept')
}

async function dragRow (page: Page, from: string, to: string): Promise<void> {
  const handle = await page.getByRole('button', { name: `Move ${from}` }).boundingBox()
  const goal = await page.getByRole('button', { name: `Move ${to}` }).boundingBox()
  if (handle === null || goal === null) throw new Error('the rows are not shown')
  await page.mouse.move(handle.x + 8, handle.y + 20)
  await page.mouse.down()
  await page.mouse.move(goal.x + 8, goal.y + 24, { steps: 5 })
  await page.mouse.move(goal.x + 8, goal.y + 10, { steps: 2 })
  await page.mouse.up()
}

async function checkPages (t: Test, browser: Browser, freshet: RunningFreshet): Promise<void> {
  const { page, context, complaints } = await person(browser, freshet.url)
  await page.getByRole('heading', { level: 1 }).waitFor()
  t.same(await violations(page), [], 'sign-in')
  await signIn(page, 'admin')
  const { albums } = await page.evaluate(async () => {
    const { accessToken } = await (await fetch('/api/session/refresh', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).json() as { accessToken: string }
    return await (await fetch('/api/search?q=riverbank', { headers: { authorization: `Bearer ${accessToken}` } })).json() as { albums: Array<{ id: string, artists: Array<{ id: string }> }> }
  })
  const paths = ['/', '/search?q=river', '/library/albums', '/library/artists', '/library/tracks', '/library/genres', '/genres/Ambient', `/albums/${albums[0]?.id ?? ''}`,
    `/artists/${albums[0]?.artists[0]?.id ?? ''}`, '/playlists', '/account', '/studio/upload', '/studio/jobs?state=done', '/studio/users', '/nowhere']
  for (const path of paths) {
    await page.goto(freshet.url + path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    // The line of events stays open: the network is never idle.
    await page.waitForTimeout(700)
    for (const colorScheme of ['light', 'dark'] as const) {
      await showBy(page, colorScheme)
      t.same(await violations(page), [], `${path} ${colorScheme}`)
    }
    await page.setViewportSize({ width: 320, height: 640 })
    t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320), `${path} needs no sideways scrolling at 320 pixels`)
    await page.setViewportSize({ width: 1280, height: 800 })
  }
  t.same(complaints, [])
  await context.close()
}
