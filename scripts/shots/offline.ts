import type { Page } from 'playwright-core'
import { type Scene, type Stage, visit } from './scene.ts'

const keepButton = (page: Page) => page.locator('button.keep').first()

/** Chooses to keep what the page shows, and waits until that is written down: whoever leaves sooner has chosen nothing. */
async function choose (page: Page): Promise<void> {
  if (await keepButton(page).getAttribute('aria-haspopup') === null) await keepButton(page).click()
  await page.locator('button.keep[aria-haspopup]').first().waitFor()
}

/** Keeps the demo album in this browser and waits until it is whole. Kept already, it stays so. */
async function keepDemo (page: Page, stage: Stage): Promise<void> {
  await visit(page, stage, `/albums/${stage.albumId}`)
  await choose(page)
  await page.locator('button.keep[title="Kept in this browser"]').first().waitFor()
}

/** The line is cut, for the page and its service worker; what is shown already stays. */
async function loseLine (page: Page): Promise<void> {
  await page.route('**/api/**', async (route) => { await route.abort('internetdisconnected') })
  await page.context().setOffline(true)
}

/** Music kept for the time without a line. */
export const offline: readonly Scene[] = [
  { name: 'kept-empty', as: 'lis', open: async (page, stage) => { await visit(page, stage, '/kept') } },
  {
    name: 'kept-fetching',
    as: 'lis',
    open: async (page, stage) => {
      await page.route('**/media/**', async (route) => { if (!route.request().url().endsWith('.webp')) await new Promise((resolve) => { setTimeout(resolve, 2_500) }); await route.continue() })
      await visit(page, stage, `/playlists/${stage.playlistId}`)
      await choose(page)
      await visit(page, stage, '/kept')
    }
  },
  { name: 'kept', open: async (page, stage) => { await keepDemo(page, stage); await visit(page, stage, '/kept') } },
  { name: 'kept-album', open: async (page, stage) => { await keepDemo(page, stage); await page.waitForTimeout(6_000) } },
  {
    name: 'kept-thrown-away',
    open: async (page, stage) => {
      await page.addInitScript('{ const key = Object.keys(localStorage).find((name) => name.startsWith(\'freshet.kept.\')); if (key) localStorage.setItem(key, JSON.stringify([...JSON.parse(localStorage.getItem(key)).filter(({ refId }) => refId !== \'gone\'), { kind: \'album\', refId: \'gone\', name: \'Harbour Lights\' }])) }')
      await visit(page, stage, '/kept')
      await page.getByRole('heading', { name: 'The browser has thrown away kept music' }).waitFor()
    }
  },
  {
    name: 'kept-full',
    open: async (page, stage) => {
      // A disk that is full, as a browser tells of it.
      await page.addInitScript('{ const put = IDBObjectStore.prototype.put; IDBObjectStore.prototype.put = function (value, key) { if (value instanceof Blob) throw new DOMException(\'full\', \'QuotaExceededError\'); return key === undefined ? put.call(this, value) : put.call(this, value, key) } }')
      await visit(page, stage, `/playlists/${stage.playlistId}`)
      await choose(page)
      await visit(page, stage, '/kept')
      await page.getByRole('heading', { name: 'There is no more room' }).waitFor()
    }
  },
  {
    name: 'offline-home',
    open: async (page, stage) => {
      await keepDemo(page, stage)
      await loseLine(page)
      await page.goto(stage.url)
      await page.getByRole('heading', { name: 'Off-line: kept music' }).waitFor()
      await page.waitForTimeout(500)
    }
  },
  {
    name: 'offline-needs-line',
    open: async (page, stage) => {
      await visit(page, stage, '/')
      await loseLine(page)
      await page.goto(`${stage.url}/account`)
      await page.getByRole('heading', { name: 'This page needs the line' }).waitFor()
      await page.waitForTimeout(500)
    }
  },
  {
    name: 'update-ready',
    open: async (page, stage) => {
      // A first visit has no version before.
      await visit(page, stage, '/')
      await page.evaluate('navigator.serviceWorker.ready.then(() => true)')
      // A registration with a newer version that waits, as the browser would give it.
      await page.addInitScript('Object.defineProperty(ServiceWorkerRegistration.prototype, \'waiting\', { get () { return this.active } })')
      await visit(page, stage, '/')
      await page.getByText('A new version is ready.').first().waitFor()
    }
  }
]
