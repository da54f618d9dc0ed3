import type { Page } from 'playwright-core'
import { type Scene, type Stage, trouble, visit } from './scene.ts'

const page = (name: string, path: string): Scene => ({ name, open: async (page, stage) => { await visit(page, stage, path) } })

async function openAlbum (page: Page, stage: Stage): Promise<void> {
  await visit(page, stage, `/albums/${stage.albumId}`)
}

/** What a listener sees from day to day, and what there is when something is amiss. */
export const listening: readonly Scene[] = [
  { name: 'sign-in', as: 'stranger', open: async (page, { url }) => { await page.goto(url); await page.getByRole('heading', { name: 'Sign in' }).waitFor(); await page.waitForTimeout(700) } },
  {
    name: 'album',
    async open (page, stage) {
      await openAlbum(page, stage)
      await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click()
      await page.mouse.move(0, 0)
      await page.waitForTimeout(2_500)
    }
  },
  {
    name: 'player',
    async open (page, stage) {
      await openAlbum(page, stage)
      const player = page.getByRole('button', { name: /^Open the player/ })
      if (!await player.isVisible()) await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click()
      await player.click()
      await page.waitForTimeout(700)
    }
  },
  page('listen', '/'),
  {
    name: 'shelf',
    async open (page, stage) {
      await visit(page, stage, '/')
      await page.getByRole('list', { name: 'Pulled from the shelf lately' }).locator('a').nth(2).focus()
      await page.waitForTimeout(400)
    }
  },
  page('albums', '/library/albums'),
  page('artists', '/library/artists'),
  page('tracks', '/library/tracks'),
  page('genres', '/library/genres'),
  { name: 'artist', open: async (page, stage) => { await visit(page, stage, `/artists/${stage.artistId}`) } },
  page('playlists', '/playlists'),
  { name: 'playlist', open: async (page, stage) => { await visit(page, stage, `/playlists/${stage.playlistId}`); await page.locator('.movable').first().waitFor() } },
  page('search', '/search?q=the%20wier'),
  page('search-nothing', '/search?q=zzyzx'),
  page('missing', '/nowhere'),
  { name: 'album-failed', open: async (page, stage) => { await trouble.failed(page, '/albums/*'); await page.goto(`${stage.url}/albums/${stage.albumId}`); await page.getByRole('button', { name: 'Try again' }).waitFor() } },
  { name: 'album-loading', open: async (page, stage) => { await trouble.loading(page, '/albums/*'); await page.goto(`${stage.url}/albums/${stage.albumId}`); await page.waitForTimeout(4_000) } },
  { name: 'forbidden', as: 'lis', open: async (page, stage) => { await visit(page, stage, '/studio/users') } }
]
