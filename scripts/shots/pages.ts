import { type Scene, visit } from './scene.ts'

/** The palette, the menus and what is done with many tracks at once. */
export const pages: readonly Scene[] = [
  { name: 'palette', open: async (page, stage) => { await visit(page, stage, '/'); await page.keyboard.press('Control+k'); await page.getByRole('listbox').waitFor(); await page.waitForTimeout(300) } },
  {
    name: 'palette-results',
    async open (page, stage) {
      await visit(page, stage, '/')
      await page.keyboard.press('Control+k')
      await page.keyboard.type('the wier')
      await page.getByText('Showing results for').waitFor()
      await page.waitForTimeout(300)
    }
  },
  {
    name: 'menu',
    async open (page, stage) {
      await visit(page, stage, `/albums/${stage.albumId}`)
      await page.getByRole('button', { name: /^Actions for/ }).nth(2).click()
      await page.getByRole('menu').waitFor()
    }
  },
  {
    name: 'selection',
    async open (page, stage) {
      await visit(page, stage, `/albums/${stage.albumId}`)
      await page.locator('main .play').nth(1).focus()
      for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowDown')
      await page.getByText('4 selected').first().waitFor()
    }
  },
  {
    name: 'rating',
    async open (page, stage) {
      await visit(page, stage, `/albums/${stage.albumId}`)
      await page.getByRole('button', { name: /^Actions for/ }).nth(2).click()
      await page.getByRole('menuitem', { name: 'Rate…' }).click()
      await page.getByRole('radio', { name: '4 stars' }).check({ force: true })
      await page.waitForTimeout(300)
    }
  },
  {
    name: 'add-to-playlist',
    async open (page, stage) {
      await visit(page, stage, `/albums/${stage.albumId}`)
      await page.getByRole('button', { name: /^Actions for/ }).nth(2).click()
      await page.getByRole('menuitem', { name: 'Add to playlist' }).click()
      await page.getByRole('dialog').getByText('A slow morning').waitFor()
      await page.waitForTimeout(300)
    }
  },
  {
    name: 'drop-rail',
    async open (page, stage) {
      await visit(page, stage, `/albums/${stage.albumId}`)
      await page.locator('[data-row]').nth(1).dispatchEvent('dragstart', { dataTransfer: await page.evaluateHandle('new DataTransfer()') })
      await page.getByText('A slow morning').waitFor()
      await page.waitForTimeout(300)
    }
  },
  { name: 'favourites', open: async (page, stage) => { await visit(page, stage, '/library/favourites') } },
  { name: 'favourites-none', as: 'lis', open: async (page, stage) => { await visit(page, stage, '/library/favourites?kind=album') } },
  { name: 'artists-letter', open: async (page, stage) => { await visit(page, stage, '/library/artists?from=n') } },
  {
    name: 'genre',
    async open (page, stage) {
      await visit(page, stage, '/library/genres')
      await page.getByRole('link', { name: /Jazz/ }).click()
      await page.getByRole('heading', { level: 1, name: 'Jazz' }).waitFor()
      await page.waitForTimeout(700)
    }
  },
  { name: 'listen-rtl', open: async (page, stage) => { await visit(page, stage, '/'); await page.evaluate("document.documentElement.dir = 'rtl'"); await page.waitForTimeout(300) } }
]
