import type { Page } from 'puppeteer-core'
import { report } from '../page-bench/goal.ts'
import { longestTask, settle, watch } from './watch.ts'

/** Tracks of the whole catalogue in one edit: what the page does, and how long the server takes. */
export async function measureEditor (page: Page, { url, trackIds }: { readonly url: string, readonly trackIds: readonly string[] }): Promise<void> {
  const count = trackIds.length
  await page.goto(`${url}/studio/upload`)
  await page.evaluate(`sessionStorage.setItem('freshet.edit', 'bench ' + ${JSON.stringify(trackIds.join(','))})`)
  const openedAt = performance.now()
  await page.goto(`${url}/studio/edit?chosen=bench`)
  await page.waitForSelector(`main li[aria-setsize="${count}"]`, { timeout: 60_000 })
  report(`${count} tracks in the editor after`, performance.now() - openedAt, { goal: 5_000, unit: 'ms' })
  await watch(page)
  for (const [field, value] of [['year', '1987'], ['genres', 'Ambient; Dub']] as const) {
    await longestTask(page, `${field} of ${count} tracks is changed`, { act: async () => { await write(page, field, value) } })
  }
  await longestTask(page, 'a step back', { act: async () => { await chord(page, 'z') } })
  await longestTask(page, 'a step forward', { act: async () => { await chord(page, 'y') } })
  await longestTask(page, 'all are put away', { act: async () => { await page.locator('.all input').click() } })
  await longestTask(page, 'all are chosen', { act: async () => { await page.locator('.all input').click() } })
  await save(page, 'year and genres', count)
  await write(page, 'albumTitle', 'Everything at once')
  await settle(500)
  await save(page, 'one album for all', count)
  const startedAt = performance.now()
  await page.locator('.notices button').click()
  await page.waitForFunction("document.body.innerText.includes('It is as it was')", { timeout: 120_000 })
  report('and undone', performance.now() - startedAt, { goal: 30_000, unit: 'ms' })
}

async function write (page: Page, field: string, value: string): Promise<void> {
  await page.locator(`.field.${field} input`).fill(value)
  await page.keyboard.press('Tab')
}

async function save (page: Page, what: string, count: number): Promise<void> {
  await page.evaluate('Object.assign(longest, { event: 0, task: 0, tasks: 0 })')
  const startedAt = performance.now()
  await page.locator('.bar .primary').click()
  await page.waitForSelector('[aria-busy=true]', { timeout: 3_000 })
  const saidMs = performance.now() - startedAt
  await page.waitForFunction("document.querySelector('.bar .primary').disabled && document.querySelector('main [aria-busy=true]') === null", { timeout: 120_000 })
  report(`${what} of ${count} tracks: saved after`, performance.now() - startedAt, { goal: 30_000, unit: 'ms' })
  report('the page says that it saves, after', saidMs, { goal: 1_000, unit: 'ms' })
  const { task } = await page.evaluate('longest') as { task: number }
  report('longest task of it', task, { goal: 50, unit: 'ms' })
}

async function chord (page: Page, key: 'z' | 'y'): Promise<void> {
  await page.evaluate('document.activeElement.blur()')
  await page.keyboard.down('Control')
  await page.keyboard.press(key)
  await page.keyboard.up('Control')
}
