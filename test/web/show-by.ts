import type { Page } from 'playwright-core'

/** By day or by night, with all colours there. */
export async function showBy (page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  await coloursSettle(page)
}

/** They change with a frame, of which a busy machine draws few. */
export async function coloursSettle (page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let [frames, still] = [0, 0]; still < 3 && frames < 200; frames++) {
      await new Promise((resolve) => { requestAnimationFrame(resolve) })
      still = document.getAnimations().some((animation) => animation instanceof CSSTransition) ? 0 : still + 1
    }
  })
}
