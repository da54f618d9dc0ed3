import type { Page } from 'puppeteer-core'
import { openDatabase, type Database } from '../../src/platform/database/database.ts'
import { tell } from '../../src/platform/database/notifications.ts'
import { longestTask, settle, watch } from './watch.ts'

const filters = ['Under way', 'Rejected', 'Done', 'All']
/** The worker's, of one file. */
const stages = ['read', 'renditions', 'publish']
/** As a fleet of some thirty workers would tell. */
const eventsPerSecond = 100
const sendingMs = 8_000

interface Ledger { readonly page: Page, readonly url: string, readonly databaseUrl: string, readonly trackIds: readonly string[], readonly files: number }

/**
 * So many small files taken in and sent to a real server; what its workers would tell is told here, as making the
 * versions of so many tracks would take an hour.
 */
export async function measureLedger ({ page, url, databaseUrl, trackIds, files }: Ledger): Promise<void> {
  const db = openDatabase(databaseUrl, { poolSize: 2, onError: (error) => { console.error(error.message) } })
  try {
    await page.goto(`${url}/studio/upload`)
    await page.waitForSelector('.drop')
    await watch(page)
    await make(page, files)
    await longestTask(page, `${files} files taken in`, { act: async () => { await choose(page, files) } })
    await longestTask(page, 'files are sent', { act: async () => { await settle(sendingMs) } })
    for (const name of filters) await longestTask(page, `filter while sending: ${name}`, { act: async () => { await press(page, 'section .filters button', name) } })
    await longestTask(page, 'all paused', { act: async () => { await press(page, '.sum button', 'Pause all') } })
    await longestTask(page, 'all resumed', { act: async () => { await press(page, '.sum button', 'Resume all') } })
    await received(db, files)
    await tellOfAll(page, db, trackIds)
    for (const name of filters) await longestTask(page, `filter: ${name}`, { act: async () => { await press(page, 'section .filters button', name) } })
    await longestTask(page, 'the finished cleared', { act: async () => { await press(page, '.sum button', 'Clear what is done') } })
    await measureEarlier(page, db, url)
  } finally {
    await db.close()
  }
}

/** The files themselves, which a person has already. */
async function make (page: Page, files: number): Promise<void> {
  await page.evaluate(`{
    const list = new DataTransfer()
    for (let i = 0; i < ${files}; i++) list.items.add(new File([new Uint8Array(900 + i)], 'Song ' + i + '.flac', { lastModified: 1700000000000 }))
    const input = document.querySelector('input[type=file][multiple]')
    input.files = list.files
  }`)
  await settle(1_000)
}

async function choose (page: Page, files: number): Promise<void> {
  await page.evaluate('setTimeout(() => document.querySelector("input[type=file][multiple]").dispatchEvent(new Event("change", { bubbles: true })), 100)')
  await page.waitForSelector(`section li[aria-setsize="${files}"]`)
}

async function press (page: Page, selector: string, name: string): Promise<void> {
  await page.evaluate(`{ const button = [...document.querySelectorAll(${JSON.stringify(selector)})].find((each) => each.textContent.trim().startsWith(${JSON.stringify(name)})); if (button === undefined) throw new Error('no button ' + ${JSON.stringify(name)}); button.click() }`)
}

async function received (db: Database, files: number): Promise<void> {
  const startedAt = performance.now()
  for (;;) {
    const { rows: [row] } = await db.pool.query<{ count: number }>("SELECT count(*)::int AS count FROM upload WHERE state = 'received'")
    if ((row?.count ?? 0) >= files) break
    if (performance.now() - startedAt > 400_000) throw new Error(`only ${row?.count} files were sent`)
    await settle(500)
  }
  console.log(`the rest was sent in ${Math.round((performance.now() - startedAt) / 1000)} s`)
}

/** One after another, with each list in sight; then all the rest at once. */
async function tellOfAll (page: Page, db: Database, trackIds: readonly string[]): Promise<void> {
  const { rows } = await db.pool.query<{ id: string }>('SELECT id FROM upload ORDER BY created_at')
  const ids = rows.map(({ id }) => id)
  const lots = Math.min(150, Math.floor(ids.length / 8))
  const tellSome = async (from: number): Promise<void> => {
    for (const [at, id] of ids.slice(from, from + lots).entries()) {
      for (const stage of stages) {
        await tellUpload(db, { id, state: 'received', stage })
        await settle(1_000 / eventsPerSecond)
      }
      await publish(db, id, trackIds[from + at] ?? '')
    }
  }
  for (const [i, name] of filters.entries()) {
    await press(page, 'section .filters button', name)
    await settle(500)
    await longestTask(page, `${lots * 4} events, shown: ${name}`, { act: async () => { await tellSome(i * lots) } })
  }
  const rest = ids.slice(filters.length * lots)
  await longestTask(page, `${rest.length} events at once`, {
    act: async () => {
      for (const [at, id] of rest.entries()) await publish(db, id, trackIds[at] ?? '')
      await page.waitForFunction(`document.querySelector('.sum p').textContent.startsWith('${ids.length.toLocaleString('en')} of')`, { timeout: 60_000 }).catch(async () => { console.log(await page.evaluate("document.querySelector('.sum p').textContent")) })
    }
  })
}

async function publish (db: Database, id: string, trackId: string): Promise<void> {
  await db.pool.query("UPDATE upload SET state = 'published', track_id = $2, finished_at = now() WHERE id = $1", [id, trackId])
  await tellUpload(db, { id, state: 'published', stage: null, trackId })
}

async function tellUpload (db: Database, data: Record<string, unknown>): Promise<void> {
  await tell(db, { to: { permission: 'see jobs' }, topic: 'upload', data })
}

/** The server's list: read to its end, then told of what is on it. */
async function measureEarlier (page: Page, db: Database, url: string): Promise<void> {
  await page.goto(`${url}/studio/upload`)
  await page.waitForSelector('section li .row')
  await watch(page)
  await longestTask(page, 'earlier uploads, scrolled to the end', {
    act: async () => {
      await page.evaluate('(async () => { for (let rows = 0, still = 0; still < 20;) { scrollTo(0, document.documentElement.scrollHeight); await new Promise((resolve) => setTimeout(resolve, 100)); const now = Number(document.querySelector(\'section li\')?.getAttribute(\'aria-setsize\')); still = now === rows ? still + 1 : 0; rows = now } })()')
    }
  })
  console.log(`${await page.evaluate("document.querySelector('section li').getAttribute('aria-setsize')")} of the server’s rows are loaded`)
  const { rows } = await db.pool.query<{ id: string }>('SELECT id FROM upload ORDER BY created_at LIMIT 200')
  await longestTask(page, '200 events among the earlier uploads', {
    act: async () => {
      for (const { id } of rows) { await tellUpload(db, { id, state: 'published', stage: null }); await settle(1_000 / eventsPerSecond) }
    }
  })
}
