import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { newPage, screens, takeOnBoth } from './camera.ts'
import type { Stage } from './scene.ts'
import { asAda, demoFiles, fillShelf, type OpenStage, password } from './stage.ts'

/** The upload page publishes the demo album, also on a busy machine. */
const publishedWithinMs = 900_000

/** The first admin, the demo album by the upload page, the invented records, a playlist, a favourite and a listener;
 * photographed on the way. A folder that has all of it already is taken as it is;
 * one whose first half was broken off goes on with the records. */
export async function prepare (browser: Browser, opened: OpenStage, { dataDir, folder }: { readonly dataDir: string, readonly folder: string }): Promise<Stage> {
  const noted = join(dataDir, 'stage.json')
  if (existsSync(noted)) return { ...JSON.parse(await readFile(noted, 'utf8')) as Stage, url: opened.url }
  if (opened.setupUrl !== null) await open(browser, { url: opened.url, setupUrl: opened.setupUrl }, folder)
  await fillShelf(dataDir, opened.url)
  const stage = await furnish(opened.url)
  await writeFile(noted, JSON.stringify(stage))
  return stage
}

async function open (browser: Browser, { url, setupUrl }: { readonly url: string, readonly setupUrl: string }, folder: string): Promise<void> {
  const page = await newPage(browser, screens[0])
  page.setDefaultTimeout(60_000)
  await page.goto(setupUrl)
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Username').fill('ada')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again', { exact: true }).fill(password)
  await takeOnBoth(page, folder, 'setup')
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('heading', { name: 'The shelf is empty' }).waitFor()
  await takeOnBoth(page, folder, 'listen-empty')
  for (const [name, path] of [['albums-empty', '/library/albums'], ['playlists-empty', '/playlists']] as const) {
    await page.goto(url + path)
    await page.getByRole('heading', { level: 1 }).first().waitFor()
    await takeOnBoth(page, folder, name)
  }
  await page.goto(`${url}/studio/upload`)
  const files = await demoFiles()
  await page.locator('input[type=file]').first().setInputFiles(files)
  await page.locator('[data-state]').first().waitFor()
  await page.waitForTimeout(1_500)
  await takeOnBoth(page, folder, 'upload-running')
  await published(url, files.length)
  await page.locator('[data-state=published]').nth(files.length - 1).waitFor()
  await takeOnBoth(page, folder, 'upload-published')
  await page.context().close()
}

async function published (url: string, count: number): Promise<void> {
  const ask = await asAda(url)
  const until = Date.now() + publishedWithinMs
  while (((await ask('GET', '/tracks?limit=40')).items ?? []).length < count) {
    if (Date.now() > until) throw new Error(`the demo album was not published within ${publishedWithinMs / 60_000} min`)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
}

/** What somebody has after a while, by the API. */
async function furnish (url: string): Promise<Stage> {
  const ask = await asAda(url)
  await ask('POST', '/users', { username: 'lis', password, displayName: 'Lis', role: 'listener' })
  const tracks = (await ask('GET', '/tracks?sort=added&limit=40')).items ?? []
  const albums = (await ask('GET', '/albums?sort=title&limit=40')).items ?? []
  const demo = albums.find(({ title }) => title === 'First Light on the Freshet')
  if (demo === undefined) throw new Error('the demo album is not on the shelf')
  const playlist = await ask('POST', '/playlists', { name: 'A slow morning', description: 'Coffee first.', visibility: 'shared', trackIds: tracks.slice(0, 14).map(({ id }) => id) })
  await ask('POST', '/playlists', { name: 'For the drive home', trackIds: tracks.slice(10, 20).map(({ id }) => id) })
  await ask('POST', '/playlists', { name: 'Everything that was ever played at the long table by the river, and a little more', trackIds: [] })
  for (const { id } of tracks.slice(0, 6)) await ask('PUT', `/favorites/track/${id}`)
  for (const [at, { id }] of tracks.slice(3, 26).entries()) {
    await ask('POST', '/plays', { id: crypto.randomUUID(), trackId: id, startedAt: new Date(Date.now() - at * 3_600_000).toISOString(), playedMs: 60_000 })
  }
  const byTitle = Object.fromEntries(albums.map(({ title = '', id }) => [title, id]))
  return { url, albumId: demo.id, playlistId: String(playlist.id), artistId: demo.artists?.[0]?.id ?? '', albums: byTitle }
}
