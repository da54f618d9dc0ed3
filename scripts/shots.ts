import { mkdtemp, mkdir, readdir, rm } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { findChromium, launchChromium } from '../test/support/chromium.ts'
import { freePort } from '../test/support/process.ts'

/**
 * Screenshots of every page, desktop and phone, by day and by night, of a service of its own with the demo album.
 * `npm run shots [folder]`; the folder is docs/screens by default.
 */
const root = join(import.meta.dirname, '..')
const folder = process.argv[2] ?? join(root, 'docs/screens')
const password = 'an entirely fine passphrase'
const screens = [
  { name: 'desktop', viewport: { width: 1440, height: 900 }, hasTouch: false, isMobile: false },
  { name: 'phone', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 1 }
] as const
const themes = [{ name: 'day', colorScheme: 'light' }, { name: 'night', colorScheme: 'dark' }] as const

async function main (): Promise<void> {
  const chromium = findChromium()
  if (chromium === undefined) throw new Error('no Chromium: install it, or set CHROMIUM_PATH')
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-shots-'))
  const freshet = await start(dataDir)
  const browser = await launchChromium(chromium)
  try {
    await mkdir(folder, { recursive: true })
    const empty = await browser.newContext({ viewport: screens[0].viewport })
    await prepare(await empty.newPage(), freshet)
    await empty.close()
    for (const { name: screen, ...options } of screens) {
      for (const { name: theme, colorScheme } of themes) {
        const context = await browser.newContext({ ...options, colorScheme, reducedMotion: 'reduce' })
        await photograph(context, freshet.url, async (page, name) => { await page.screenshot({ path: join(folder, `${name}-${screen}-${theme}.png`) }) })
        await context.close()
      }
    }
  } finally {
    await browser.close()
    await freshet.stop()
    await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
}

interface Started { readonly url: string, readonly setupUrl: string, stop(): Promise<void> }

async function start (dataDir: string): Promise<Started> {
  const port = await freePort()
  const child = spawn(process.execPath, [join(root, 'scripts/start.ts')], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, DATA_DIR: dataDir, PORT: String(port), ORGANISATION: 'Commonplace' } })
  const ended = new Promise<void>((resolve) => { child.once('exit', () => { resolve() }) })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString() })
  while (!/\/setup#token=\S+/.test(output)) {
    if (child.exitCode !== null) throw new Error(`Freshet ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const url = `http://localhost:${port}`
  return {
    url,
    setupUrl: /http\S+\/setup#token=\S+/.exec(output)?.[0] ?? url,
    async stop () {
      child.kill('SIGINT')
      await ended
    }
  }
}

/** The first admin, the demo album by the upload page, a playlist, a favourite, and some plays. */
async function prepare (page: Page, { url, setupUrl }: Started): Promise<void> {
  await page.goto(setupUrl)
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Username').fill('ada')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again', { exact: true }).fill(password)
  await page.screenshot({ path: join(folder, 'setup-desktop-day.png') })
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('heading', { name: 'The shelf is empty' }).waitFor()
  await page.screenshot({ path: join(folder, 'empty-desktop-day.png') })
  await page.goto(`${url}/studio/upload`)
  const demo = join(root, 'dist/demo')
  const files = (await readdir(demo, { recursive: true })).filter((name) => /\.(flac|wav|mp3|ogg)$/.test(name)).map((name) => join(demo, name))
  await page.locator('input[type=file]').first().setInputFiles(files)
  await page.locator('[data-state]').first().waitFor()
  await page.waitForTimeout(1_500)
  await page.screenshot({ path: join(folder, 'ledger-desktop-day.png') })
  await page.locator('[data-state=published]').nth(files.length - 1).waitFor({ timeout: 180_000 })
  await page.goto(`${url}/library/albums`)
  await page.locator('article .title').first().click()
  await page.getByRole('button', { name: /^Favourite/ }).nth(1).click()
  await page.getByRole('button', { name: /^More about/ }).click()
  await page.getByRole('menuitem', { name: 'Add to playlist' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('A slow morning')
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

async function photograph (context: BrowserContext, url: string, shoot: (page: Page, name: string) => Promise<void>): Promise<void> {
  const page = await context.newPage()
  await page.goto(url)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await shoot(page, 'sign-in')
  await page.getByLabel('Username').fill('ada')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
  const visit = async (name: string, path: string): Promise<void> => {
    await page.goto(url + path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.waitForTimeout(700)
    await shoot(page, name)
  }
  await visit('albums', '/library/albums')
  await page.locator('article .title').first().click()
  await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click()
  await page.waitForTimeout(2_500)
  await shoot(page, 'album')
  await page.getByRole('button', { name: /^Actions for/ }).nth(2).click()
  await shoot(page, 'menu')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Open the player/ }).click()
  await page.waitForTimeout(700)
  await shoot(page, 'player')
  await page.getByRole('button', { name: 'Close the player' }).click()
  if (await page.getByRole('button', { name: 'Queue', exact: true }).isVisible()) await page.getByRole('button', { name: 'Queue', exact: true }).click()
  await visit('listen', '/')
  await page.getByRole('list', { name: 'New on the shelf' }).locator('a').first().focus()
  await shoot(page, 'shelf')
  await visit('search', '/search?q=the%20wier')
  await visit('artists', '/library/artists')
  await page.locator('.artist').first().click()
  await page.getByRole('heading', { name: 'Albums' }).waitFor()
  await shoot(page, 'artist')
  await visit('tracks', '/library/tracks')
  await visit('genres', '/library/genres')
  await visit('playlists', '/playlists')
  await page.locator('.line').first().click()
  await page.locator('.movable').first().waitFor()
  await shoot(page, 'playlist')
  await visit('account', '/account')
  await visit('upload', '/studio/upload')
  await visit('jobs', '/studio/jobs?state=done')
  await visit('users', '/studio/users')
  await visit('missing', '/nowhere')
}

await main()
