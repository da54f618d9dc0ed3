import type { Page } from 'playwright-core'

/** The running service that is photographed. */
export interface Stage {
  readonly url: string
  /** The album of the demo and the playlist with songs of it. */
  readonly albumId: string
  readonly playlistId: string
  readonly artistId: string
  /** Ids of all albums by their titles. */
  readonly albums: Readonly<Record<string, string>>
}

/** Waits until the fonts are there and nothing slides in any more. */
export async function settle (page: Page): Promise<void> {
  await page.evaluate('document.fonts.ready')
  await page.waitForTimeout(500)
}

/** A page in one of its states. */
export interface Scene {
  /** The picture's name, in kebab-case; `-<screen>-<theme>.webp` follows. */
  readonly name: string
  /** Who looks: ada is admin, lis a listener. Nobody has signed in for 'stranger'. Ada by default. */
  readonly as?: 'ada' | 'lis' | 'stranger'
  /** Leaves the page as it is to be taken. What it intercepts, or sets off-line, is undone afterwards. */
  open (page: Page, stage: Stage): Promise<void>
}

/** Opens a path and waits until it has settled. */
export async function visit (page: Page, stage: Stage, path: string): Promise<void> {
  await page.goto(stage.url + path)
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
  await settle(page)
}

/** Answers of the API as they come from a server in trouble, or not at all. */
export const trouble = {
  /** They never come. */
  loading: async (page: Page, path: string): Promise<void> => { await page.route(`**/api${path}`, () => undefined) },
  failed: async (page: Page, path: string): Promise<void> => { await page.route(`**/api${path}`, async (route) => { await route.fulfill({ status: 500, json: { error: { code: 'INTERNAL', message: 'something went wrong' } } }) }) },
  unreachable: async (page: Page, path: string): Promise<void> => { await page.route(`**/api${path}`, async (route) => { await route.abort('connectionrefused') }) },
  gone: async (page: Page, path: string): Promise<void> => { await page.route(`**/api${path}`, async (route) => { await route.fulfill({ status: 404, json: { error: { code: 'NOT_FOUND', message: 'there is nothing here' } } }) }) }
}

/** Shows a page in a language without keeping the choice: the server hears nothing of it. */
export async function inLanguage (page: Page, stage: Stage, { path, language }: { readonly path: string, readonly language: string }): Promise<void> {
  await page.route('**/api/me', async (route) => {
    const answer = await route.fetch()
    const me = await answer.json() as { preferences: object }
    await route.fulfill({ response: answer, json: { ...me, preferences: { ...me.preferences, language } } })
  })
  await visit(page, stage, path)
  await page.locator(`html[lang="${language}"]`).waitFor({ state: 'attached' })
  await page.waitForTimeout(300)
}
