import type { Page } from 'puppeteer-core'
import { report } from '../page-bench/goal.ts'
import { longestTask, watch } from './watch.ts'

/** All rows of a long list chosen at once, put into a new playlist, and opened in the editor. */
export async function measureChoosing (page: Page, { url, count }: { readonly url: string, readonly count: number }): Promise<void> {
  await page.goto(`${url}/library/tracks`)
  await page.waitForSelector('main li .play')
  await watch(page)
  await page.evaluate(`(async () => { while (Number(document.querySelector('main li[aria-setsize]')?.getAttribute('aria-setsize')) < ${count}) { scrollTo(0, document.documentElement.scrollHeight); await new Promise((resolve) => setTimeout(resolve, 50)) } scrollTo(0, 0) })()`)
  await page.waitForSelector('main li[aria-posinset="1"] .play')
  await page.focus('main li[aria-posinset="1"] .play')
  await longestTask(page, `all ${count} rows are chosen`, {
    act: async () => {
      await page.keyboard.down('Control')
      await page.keyboard.press('a')
      await page.keyboard.up('Control')
      await page.waitForFunction(`document.querySelector('.bar .count')?.textContent.replace(/\\D/g, '') === '${count}'`, { timeout: 10_000 })
    }
  })
  const addedMs = await timed(async () => {
    await longestTask(page, 'and put into a new playlist', {
      afterMs: 0,
      act: async () => {
        await pressNamed(page, '.bar button', 'Add to playlist')
        await page.locator('dialog form input.input').fill('Everything')
        await page.locator('dialog form button.primary').click()
        await page.waitForFunction('/tracks added to Everything/.test(document.querySelector(".notices").textContent)', { timeout: 60_000 })
      }
    })
  })
  report('until it says so', addedMs, { goal: 10_000, unit: 'ms' })
  const openedMs = await timed(async () => {
    await page.locator('.bar [aria-haspopup=menu]').click()
    await pressNamed(page, '[role=menuitem]', 'Edit tags')
    await page.waitForSelector(`main .tracks li[aria-setsize="${count}"]`, { timeout: 60_000 })
  })
  report('and opened in the editor', openedMs, { goal: 5_000, unit: 'ms' })
}

async function pressNamed (page: Page, selector: string, name: string): Promise<void> {
  await page.waitForFunction(`[...document.querySelectorAll('${selector}')].some((each) => each.textContent.includes('${name}'))`)
  await page.evaluate(`[...document.querySelectorAll('${selector}')].find((each) => each.textContent.includes('${name}')).click()`)
}

async function timed (act: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await act()
  return performance.now() - startedAt
}
