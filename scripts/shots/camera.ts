import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import sharp from 'sharp'

export const screens = [
  { name: 'desktop', viewport: { width: 1440, height: 900 }, hasTouch: false, isMobile: false },
  { name: 'phone', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 1 }
] as const
export type Screen = typeof screens[number]
const themes = [{ name: 'day', colorScheme: 'light' }, { name: 'night', colorScheme: 'dark' }] as const
/** Of WebP. Text stays sharp, and a picture takes about 20 kB. */
const quality = 60

export const optionsOf = ({ name: _, ...options }: Screen): BrowserContextOptions => ({ ...options, reducedMotion: 'reduce' })

/** In the page: two frames are drawn, with the new colours on canvases too, and what fades has ended. */
const painted = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const fading = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity)
  Promise.allSettled(fading.map(({ finished }) => finished)).then(() => requestAnimationFrame(() => done()))
})))`

/** Takes what a page shows, by day and by night, without loading it anew. */
export async function take (page: Page, folder: string, name: string): Promise<void> {
  for (const { name: theme, colorScheme } of themes) {
    await page.emulateMedia({ colorScheme })
    await page.evaluate(painted)
    await page.waitForTimeout(200)
    await sharp(await page.screenshot()).webp({ quality, effort: 5 }).toFile(join(folder, `${name}-${theme}.webp`))
  }
}

/** Takes one page on both screens, for states that can be reached only once. */
export async function takeOnBoth (page: Page, folder: string, name: string): Promise<void> {
  for (const { name: screen, viewport } of screens.toReversed()) {
    await page.setViewportSize(viewport)
    await page.waitForTimeout(300)
    await take(page, folder, `${name}-${screen}`)
  }
}

export async function newPage (browser: Browser, screen: Screen): Promise<Page> {
  return await (await browser.newContext(optionsOf(screen))).newPage()
}
