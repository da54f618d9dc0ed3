import type { Page } from 'playwright-core'
import { inLanguage, type Scene, type Stage, trouble, visit } from './scene.ts'

async function scrollTo (page: Page, id: string): Promise<void> {
  await page.locator(`#${id}`).waitFor()
  await page.evaluate(`document.getElementById('${id}').scrollIntoView()`)
  await page.waitForTimeout(300)
}

const settingsPage = async (page: Page, stage: Stage): Promise<void> => { await visit(page, stage, '/account') }

/** What people keep for themselves. */
export const settings: readonly Scene[] = [
  { name: 'account', open: settingsPage },
  { name: 'settings-sound', open: async (page, stage) => { await settingsPage(page, stage); await scrollTo(page, 'sound') } },
  {
    name: 'settings-app-password',
    as: 'lis',
    open: async (page, stage) => {
      await settingsPage(page, stage)
      await page.getByLabel('Name of the app or device').fill('Phone')
      await page.getByRole('button', { name: 'Make a password' }).click()
      await page.getByLabel('The password for', { exact: false }).waitFor()
      await scrollTo(page, 'app-passwords')
    }
  },
  { name: 'settings-failed', open: async (page, stage) => { await trouble.failed(page, '/sessions'); await settingsPage(page, stage); await scrollTo(page, 'password') } },
  {
    name: 'settings-delete',
    as: 'lis',
    open: async (page, stage) => {
      await settingsPage(page, stage)
      await page.getByRole('button', { name: 'Delete your account…' }).click()
      await page.getByRole('dialog').waitFor()
      await page.waitForTimeout(300)
    }
  },
  { name: 'listen-german', open: async (page, stage) => { await inLanguage(page, stage, { path: '/', language: 'de' }) } },
  { name: 'settings-portuguese', open: async (page, stage) => { await inLanguage(page, stage, { path: '/account', language: 'pt-BR' }) } }
]
