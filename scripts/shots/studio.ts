import type { Page } from 'playwright-core'
import { type Scene, type Stage, trouble, visit } from './scene.ts'
import { asAda } from './stage.ts'

const page = (name: string, path: string): Scene => ({ name, open: async (page, stage) => { await visit(page, stage, path) } })

async function openEditor (page: Page, stage: Stage): Promise<void> {
  await visit(page, stage, `/studio/edit?album=${stage.albumId}`)
  await page.getByLabel('Year').waitFor()
}

/** Files that are no music, whatever their names say. */
const broken = ['Side A.mp3', 'Side B.mp3', 'Interview.flac'].map((name, i) => ({ name, mimeType: 'audio/mpeg', buffer: Buffer.from(`no sound at all ${i}`.repeat(i + 1)) }))

/** What curators and admins see. */
export const studio: readonly Scene[] = [
  page('upload', '/studio/upload'),
  {
    name: 'studio-ledger',
    async open (page, stage) {
      await visit(page, stage, '/studio/upload')
      await page.locator('input[type=file]').first().setInputFiles(broken)
      await page.locator('[data-state=rejected]').nth(2).waitFor({ timeout: 60_000 })
    }
  },
  page('studio-rejected', '/studio/rejected'),
  {
    name: 'studio-edit',
    async open (page, stage) {
      await openEditor(page, stage)
      await page.getByLabel('Year').fill('1987')
      await page.getByLabel('Genres').fill('Ambient; Field recording')
      await page.getByLabel('Label').focus()
    }
  },
  page('studio-edit-nothing', '/studio/edit'),
  {
    name: 'studio-edits',
    async open (page, stage) {
      const ask = await asAda(stage.url)
      await ask('PATCH', '/tracks', { groups: [{ albumId: stage.albumId, set: { label: 'Weir Street Recordings' } }] })
      await ask('PATCH', '/tracks', { groups: [{ albumId: stage.albumId, set: { genres: ['Ambient', 'Field recording'] } }] })
      await visit(page, stage, '/studio/edits')
    }
  },
  page('studio-health', '/studio/health'),
  { name: 'studio-health-failed', open: async (page, stage) => { await trouble.failed(page, '/health/series*'); await page.goto(`${stage.url}/studio/health`); await page.getByRole('button', { name: 'Try again' }).waitFor() } },
  page('jobs', '/studio/jobs?state=done'),
  page('users', '/studio/users'),
  page('studio-audit', '/studio/audit')
]
