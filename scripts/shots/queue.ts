import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { type Scene, type Stage, trouble, visit } from './scene.ts'
import { asAda } from './stage.ts'

/** The album of the demo, as a queue that stands still. */
async function queueAlbum (page: Page, stage: Stage): Promise<void> {
  await setQueue(stage, 1)
  await visit(page, stage, `/albums/${stage.albumId}`)
}

/** So many times the songs of the shelf, and nothing for 0. */
async function setQueue (stage: Stage, times: number): Promise<void> {
  const ask = await asAda(stage.url)
  const tracks = (await ask('GET', '/tracks?sort=added&limit=40')).items ?? []
  const entries = Array.from({ length: times }, (_, time) => tracks.map(({ id }, i) => ({ key: `shot${time}x${i}`, trackId: id, from: { kind: 'tracks', id: i < 8 ? 'one' : 'two', name: i < 8 ? 'First Light on the Freshet' : 'A slow morning' } }))).flat()
  const operations: object[] = [{ id: randomUUID(), kind: 'replace', seed: null, current: entries[2]?.key ?? null, entries: entries.slice(0, 500).map((entry, ordinal) => ({ ...entry, ordinal })) }]
  for (let from = 500; from < entries.length; from += 500) operations.push({ id: randomUUID(), kind: 'insert', after: 'end', entries: entries.slice(from, from + 500) })
  for (const operation of operations) await ask('POST', '/queue/operations', { operations: [operation] })
}

const openQueue = async (page: Page): Promise<void> => {
  if (await page.getByRole('button', { name: 'Undo', exact: true }).isVisible()) return
  const button = page.getByRole('region', { name: 'Player' }).getByRole('button', { name: 'Queue', exact: true })
  if (await button.isVisible()) await button.click()
  else {
    await page.getByRole('button', { name: /^Open the player/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Heard' }).waitFor()
    // Not under the dialog’s head.
    await page.evaluate("document.querySelector('dialog .panel').scrollIntoView(); document.querySelector('dialog').scrollBy(0, -64)")
  }
  await page.waitForTimeout(900)
}

/** The player's bar with what plays made different, by what the server says of the tracks. */
const barWith = (name: string, change: (track: Record<string, unknown>) => object): Scene => ({
  name,
  async open (page, stage) {
    await page.route('**/api/tracks/lookup', async (route) => {
      const answer = await route.fetch()
      const { items } = await answer.json() as { items: Array<Record<string, unknown>> }
      await route.fulfill({ response: answer, json: { items: items.map((track) => ({ ...track, ...change(track) })) } })
    })
    // Other entries than before, of which nothing is kept.
    await page.addInitScript("indexedDB.deleteDatabase('freshet-queue')")
    await queueAlbum(page, stage)
    await page.waitForTimeout(600)
  }
})

const play = async (page: Page): Promise<void> => { await page.getByRole('region', { name: 'Player' }).getByRole('button', { name: 'Play', exact: true }).click() }

/** The queue, the devices and the player's bar in their states. */
export const queue: readonly Scene[] = [
  { name: 'queue', open: async (page, stage) => { await queueAlbum(page, stage); await openQueue(page) } },
  { name: 'queue-heard', open: async (page, stage) => { await queueAlbum(page, stage); await openQueue(page); await page.getByRole('button', { name: 'Heard' }).click(); await page.waitForTimeout(900) } },
  { name: 'queue-many', open: async (page, stage) => { await setQueue(stage, 250); await visit(page, stage, '/'); await openQueue(page); await page.waitForTimeout(1_500) } },
  {
    name: 'queue-devices',
    async open (page, stage) {
      await queueAlbum(page, stage)
      const button = page.getByRole('button', { name: /^Plays on/ }).first()
      if (!await button.isVisible()) await page.getByRole('button', { name: /^Open the player/ }).click()
      await page.getByRole('button', { name: /^Plays on/ }).last().click()
      await page.waitForTimeout(900)
    }
  },
  { name: 'player-full', open: async (page, stage) => { await queueAlbum(page, stage); await page.getByRole('button', { name: /^Open the player/ }).click(); await page.getByRole('button', { name: 'Lyrics', exact: true }).click(); await page.waitForTimeout(900) } },
  { name: 'bar-loading', open: async (page, stage) => { await trouble.loading(page, '/tracks/*/st*'); await queueAlbum(page, stage); await play(page); await page.waitForTimeout(1_500) } },
  { name: 'bar-failed', open: async (page, stage) => { await trouble.failed(page, '/tracks/*/st*'); await queueAlbum(page, stage); await play(page); await page.waitForTimeout(3_000) } },
  { name: 'bar-off-line', open: async (page, stage) => { await queueAlbum(page, stage); await page.context().setOffline(true); await play(page); await page.waitForTimeout(3_000) } },
  barWith('bar-long', () => ({ title: 'The unabridged account of everything that the river carried past the mill in a single wet November, with notes', artistCredit: 'The Very Long Name Ensemble of the Upper and the Lower Valley', artists: [] })),
  barWith('bar-rtl', () => ({ title: 'أغنية النهر الطويل', artistCredit: 'فرقة الوادي', artists: [] })),
  barWith('bar-no-cover', ({ album }) => ({ album: { ...album as object, artwork: null } })),
  { name: 'queue-empty', open: async (page, stage) => { await setQueue(stage, 0); await visit(page, stage, '/'); await openQueue(page).catch(() => undefined); await page.waitForTimeout(600) } }
]
