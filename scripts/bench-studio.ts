import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { launch } from 'puppeteer-core'
import { openDatabase } from '../src/platform/database/database.ts'
import { findChromium } from '../test/support/chromium.ts'
import { build } from './build.ts'
import { startArchive } from './page-bench/archive.ts'
import { measureChoosing } from './studio-bench/choosing.ts'
import { measureEditor } from './studio-bench/editor.ts'
import { measureLedger } from './studio-bench/ledger.ts'

// The studio's big lists in Chromium: an upload ledger of 5,000 files, 5,000 tracks chosen and in the editor; the longest
// task of what is done there, and how long the server takes.  npm run bench:studio -- [--rows 5000] [--only choosing|editor|ledger]
const { values: { rows, only } } = parseArgs({ options: { rows: { type: 'string', default: '5000' }, only: { type: 'string' } } })
const count = Number(rows)

build('client', 'server', 'web')
const executablePath = findChromium()
if (executablePath === undefined) throw new Error('no Chromium: install it, or set CHROMIUM_PATH')
const profile = await mkdtemp(join(tmpdir(), 'freshet-studio-profile-'))
const archive = await startArchive(count)
const browser = await launch({ executablePath, userDataDir: profile, headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
try {
  const db = openDatabase(archive.databaseUrl, { poolSize: 1, onError: (error) => { console.error(error.message) } })
  await db.pool.query("UPDATE user_account SET role = 'admin' WHERE username = $1", [archive.username])
  await db.close()
  const page = await browser.newPage()
  page.on('dialog', (dialog) => { dialog.accept().catch(() => undefined) })
  await page.setViewport({ width: 1440, height: 900 })
  await page.goto(archive.url)
  await page.locator('input[autocomplete=username]').fill(archive.username)
  await page.locator('input[autocomplete=current-password]').fill(archive.password)
  await page.locator('button.primary').click()
  await page.waitForSelector('header nav')
  if (only === undefined || only === 'choosing') await measureChoosing(page, { url: archive.url, count })
  if (only === undefined || only === 'editor') await measureEditor(page, { url: archive.url, trackIds: archive.trackIds.slice(0, count) })
  if (only === undefined || only === 'ledger') await measureLedger({ page, url: archive.url, databaseUrl: archive.databaseUrl, trackIds: archive.trackIds, files: count })
} finally {
  await browser.close()
  await archive.stop()
  await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
}
