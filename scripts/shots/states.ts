import type { Page } from 'playwright-core'
import { inLanguage, type Scene, settle, type Stage, trouble, visit } from './scene.ts'

/** The page of an album of the invented ones. */
const album = (name: string, title: string): Scene => ({ name, open: async (page, stage) => { await visit(page, stage, `/albums/${stage.albums[title] ?? title}`) } })
const long = 'A Very Long Evening in the House of the Lighthouse Keeper’s Second Daughter'

async function play (page: Page, stage: Stage, title: string): Promise<void> {
  await visit(page, stage, `/albums/${stage.albums[title] ?? title}`)
  await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click()
  await page.waitForTimeout(2_500)
}

async function openPlayer (page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Open the player/ }).first().click()
  await settle(page)
}

/** Pages with more, less or other things on them than usual, and in trouble. */
export const states: readonly Scene[] = [
  album('album-one-track', 'Tin'),
  album('album-no-cover', 'Stille Post'),
  album('album-long-names', long),
  album('album-arabic', 'ضوء الصباح'),
  { name: 'player-long-names', open: async (page, stage) => { await play(page, stage, long) } },
  { name: 'player-lyrics', open: async (page, stage) => { await play(page, stage, 'Harbour Lamps'); await openPlayer(page); await page.getByRole('button', { name: 'Lyrics', exact: true }).click(); await page.getByText('The tide is turning slow').first().scrollIntoViewIfNeeded(); await page.waitForTimeout(2_000) } },
  { name: 'player-no-cover', open: async (page, stage) => { await play(page, stage, 'Stille Post'); await openPlayer(page) } },
  { name: 'player-offline', open: async (page, stage) => { await visit(page, stage, `/albums/${stage.albumId}`); await page.context().setOffline(true); await page.waitForTimeout(1_500) } },
  {
    name: 'sign-in-fault',
    as: 'stranger',
    open: async (page, { url }) => {
      await page.goto(url)
      await page.getByLabel('Username').fill('ada')
      await page.getByLabel('Password', { exact: true }).fill('not the passphrase')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('alert').filter({ hasText: /./ }).first().waitFor()
      await settle(page)
    }
  },
  { name: 'listen-loading', open: async (page, { url }) => { await trouble.loading(page, '/home*'); await page.goto(url); await page.waitForTimeout(1_500) } },
  { name: 'listen-failed', open: async (page, { url }) => { await trouble.failed(page, '/home*'); await page.goto(url); await page.getByRole('button', { name: 'Try again' }).waitFor() } },
  { name: 'listen-slow', open: async (page, { url }) => { await trouble.loading(page, '/home*'); await page.goto(url); await page.getByText('This takes longer').first().waitFor() } },
  { name: 'album-gone', open: async (page, stage) => { await trouble.gone(page, '/albums/*'); await visit(page, stage, `/albums/${stage.albumId}`) } },
  { name: 'palette-nothing', open: async (page, stage) => { await palette(page, stage, 'zzyzx') } },
  { name: 'palette-failed', open: async (page, stage) => { await trouble.failed(page, '/search*'); await palette(page, stage, 'weir') } },
  {
    name: 'notice-undo',
    open: async (page, stage) => {
      await visit(page, stage, `/playlists/${stage.playlistId}`)
      await page.getByRole('button', { name: /^Actions for/ }).nth(1).click()
      await page.getByRole('menuitem', { name: 'Remove from this playlist' }).click()
      await page.getByRole('button', { name: 'Undo' }).first().waitFor()
      await settle(page)
    }
  },
  { name: 'keys', open: async (page, stage) => { await visit(page, stage, '/'); await page.keyboard.press('?'); await page.getByRole('dialog').waitFor(); await settle(page) } },
  { name: 'album-german', open: async (page, stage) => { await inLanguage(page, stage, { path: `/albums/${stage.albumId}`, language: 'de' }) } },
  { name: 'listen-portuguese', open: async (page, stage) => { await inLanguage(page, stage, { path: '/', language: 'pt-BR' }) } },
  // A phone is wide when it lies on its side.
  { name: 'listen-wide', open: async (page, stage) => { await page.setViewportSize((page.viewportSize()?.width ?? 0) < 760 ? { width: 844, height: 390 } : { width: 2048, height: 1100 }); await visit(page, stage, '/') } },
  { name: 'listen-narrow', open: async (page, stage) => { await page.setViewportSize({ width: 320, height: 640 }); await visit(page, stage, '/') } }
]

async function palette (page: Page, stage: Stage, words: string): Promise<void> {
  await visit(page, stage, '/')
  await page.keyboard.press('Control+k')
  await page.keyboard.type(words)
  await page.waitForTimeout(2_500)
}
