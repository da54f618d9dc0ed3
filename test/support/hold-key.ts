import type { Page } from 'playwright-core'

/** A key that is held: the browser tells of it so often. */
export async function holdKey (page: Page, key: string, times: number): Promise<void> {
  for (let time = 0; time < times; time++) await page.keyboard.down(key)
  await page.keyboard.up(key)
}
