import type { Page } from 'playwright-core'
import { type Scene, type Stage, visit } from './scene.ts'
import { asAda } from './stage.ts'

const note = 'For the long drive on Sunday. Start with the second one.'

/** A link made for this picture. */
async function link ({ url }: Stage, body: Record<string, unknown>): Promise<string> {
  const ask = await asAda(url)
  const made = await ask('POST', '/shares', body)
  return String(made.url)
}

async function openLink (page: Page, stage: Stage, body: Record<string, unknown>): Promise<void> {
  await page.goto(await link(stage, body))
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.waitForTimeout(700)
}

async function wishes ({ url }: Stage): Promise<void> {
  const ask = await asAda(url)
  await ask('POST', '/requests', { title: 'Ghost of a Flea', artist: 'The Weir Street Band', note: 'The live one, from the church' })
  await ask('POST', '/requests', { title: 'Undertow', artist: '' })
}

/** Links for people without an account, and songs that are missed. */
export const sharing: readonly Scene[] = [
  {
    name: 'share-page',
    as: 'stranger',
    async open (page, stage) {
      await openLink(page, stage, { kind: 'album', itemId: stage.albumId, note })
      await page.getByRole('region', { name: 'Player' }).getByRole('button', { name: 'Play', exact: true }).click()
      await page.waitForTimeout(2_500)
    }
  },
  { name: 'share-page-playlist', as: 'stranger', open: async (page, stage) => { await openLink(page, stage, { kind: 'playlist', itemId: stage.playlistId, days: 30 }) } },
  { name: 'share-page-ended', as: 'stranger', open: async (page, { url }) => { await page.goto(`${url}/s/${'x'.repeat(43)}`); await page.getByRole('heading', { level: 1 }).waitFor() } },
  {
    name: 'share-dialog',
    async open (page, stage) {
      await visit(page, stage, `/playlists/${stage.playlistId}`)
      await page.getByRole('button', { name: 'Share a link' }).click()
      await page.getByLabel('A few words for the page').fill(note)
      await page.getByRole('button', { name: 'Make the link' }).click()
      await page.getByLabel('Your link').waitFor()
    }
  },
  { name: 'requests', as: 'lis', open: async (page, stage) => { await wishes(stage); await visit(page, stage, '/requests?title=Low%20Water') } },
  { name: 'studio-requests', open: async (page, stage) => { await wishes(stage); await visit(page, stage, '/studio/requests') } }
]
