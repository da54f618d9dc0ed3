import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { testPassword } from '../support/app.ts'
import { complaintsOf } from '../support/chromium.ts'
import { webServer } from '../support/web-server.ts'
import { furnish, routes, send, type Stage, type State, states } from './page-states.ts'

const root = join(import.meta.dirname, '../..')
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** By night nothing but the colours is another. */
const colourRules = ['color-contrast', 'link-in-text-block']

/** By a link, without another start of the client; the reader arrives at the heading. */
async function go (page: Page, path: string): Promise<void> {
  await follow(page, path)
  await page.waitForFunction(() => document.querySelector('main .bones') === null && document.activeElement?.matches('main h1') === true)
}

async function follow (page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    const link = Object.assign(document.createElement('a'), { href: to })
    document.body.append(link)
    link.click()
    link.remove()
  }, path)
}

async function signIn (page: Page, username: string): Promise<void> {
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(testPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
}

interface Checked { readonly violations: ReadonlyArray<{ readonly id: string, readonly nodes: ReadonlyArray<{ readonly html: string, readonly failureSummary?: string }> }> }

/** The checker is sent to a document once: sending it costs more than most checks. */
async function axe (page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!await page.evaluate(() => 'axe' in window)) await new AxeBuilder({ page }).setLegacyMode().withRules(['document-title']).analyze()
  const options = rules === undefined
    ? { runOnly: { type: 'tag', values: tags }, rules: { 'label-content-name-mismatch': { enabled: true } }, resultTypes: ['violations'] }
    : { runOnly: { type: 'rule', values: rules }, resultTypes: ['violations'] }
  const { violations } = await page.evaluate(async (how) => await (window as unknown as { axe: { run (on: Document, how: object): Promise<Checked> } }).axe.run(document, how), options)
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 300)} ${failureSummary ?? ''}`).join(' | ')}`)
}

/** The whole page, by day and by night, and that nothing of it lies outside of a narrow window. */
async function isClean (t: Test, page: Page, { name, narrow = [] }: State): Promise<void> {
  await page.waitForFunction(() => document.querySelector('dialog, [role=menu], main') !== null)
  await settled(page)
  t.same(await axe(page), [], `${name}, day`)
  t.same(await leftToRight(page), [], `${name}: what is written from right to left stands so`)
  await page.emulateMedia({ colorScheme: 'dark' })
  await settled(page)
  const atFirst = await axe(page, colourRules)
  // On a busy machine colours may still be on their way.
  if (atFirst.length > 0) await page.waitForTimeout(1_000)
  t.same(atFirst.length > 0 ? await axe(page, colourRules) : [], [], `${name}, night`)
  await page.emulateMedia({ colorScheme: 'light' })
  await settled(page)
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 800 }
  for (const px of narrow) {
    await page.setViewportSize({ width: px, height: 1_800 })
    await settled(page)
    t.same(await axe(page), [], `${name}, ${px} pixels wide`)
    t.same(await outside(page), [], `${name}, ${px} pixels wide, without scrolling to the side`)
  }
  if (narrow.length > 0) await page.setViewportSize({ width, height })
}

/** Colours are between two values while they change. */
async function settled (page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)) })
    await Promise.allSettled(document.getAnimations().map(async ({ finished }) => await finished))
  })
}

/** What reaches beyond the window, though nothing that scrolls by itself holds it. */
async function outside (page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= width) return []
    return [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > width + 1).slice(0, 5).map((element) => element.outerHTML.slice(0, 120))
  })
}

/** Text in Arabic script that stands as if it ran from left to right. */
async function leftToRight (page: Page): Promise<string[]> {
  return await page.evaluate(() => [...document.querySelectorAll('body *')]
    .filter((element) => [...element.childNodes].some((node) => node instanceof Text && /^[\p{Script=Arabic} ]{2,}$/u.test(node.data.trim())) && element.closest('svg') === null && element.checkVisibility() && getComputedStyle(element).direction !== 'rtl')
    .map((element) => element.outerHTML.slice(0, 160)))
}

/** As a browser does that enlarges nothing but text. */
async function enlarge (page: Page, times: number): Promise<void> {
  await page.evaluate((factor) => {
    const sizes = [...document.querySelectorAll<HTMLElement>('body, body *')].map((element) => [element, parseFloat(getComputedStyle(element).fontSize), parseFloat(getComputedStyle(element).lineHeight)] as const)
    for (const [element, size, line] of sizes) {
      element.style.fontSize = `${size * factor}px`
      if (!Number.isNaN(line)) element.style.lineHeight = `${line * factor}px`
    }
  }, times)
}

async function stageFor (t: Test): Promise<(Stage & { browser: Browser }) | undefined> {
  const server = await webServer(t)
  if (server === undefined) return undefined
  const { url, browser } = server
  const context = await browser.newContext({ viewport: { width: 1280, height: 1_400 }, reducedMotion: 'reduce', colorScheme: 'light' })
  const page = await context.newPage()
  await page.goto(`${url}/setup#token=${'x'.repeat(43)}`)
  await page.getByRole('button', { name: 'Make the account' }).waitFor()
  await isClean(t, page, { name: 'the first admin', narrow: [320] })
  const { ada, ids } = await furnish(server)
  await page.goto(url)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await isClean(t, page, { name: 'the door', narrow: [390, 320] })
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('.fault').first().waitFor()
  await isClean(t, page, { name: 'the door, with faults' })
  await signIn(page, 'ada')
  return { browser, server, url, ada, ids, page }
}

/** A busy machine takes six times as long. */
t.setTimeout(400_000)

t.test('every page in every state is clean, by day and by night, on a wide screen and a narrow one', { timeout: 390_000 }, async (t) => {
  const stage = await stageFor(t)
  if (stage === undefined) return
  const { page, url, ids, server, ada, browser } = stage
  const complaints = complaintsOf(page)

  await t.test('no page is left out', async (t) => {
    const source = await readFile(join(root, 'web/app/pages-by-path.ts'), 'utf8')
    const patterns = [...source.matchAll(/page\('([^']+)'/g)].map(([, pattern = '']) => new RegExp(`^${pattern.replaceAll(/:\w+/g, '[^/]+')}$`))
    t.ok(patterns.length > 20)
    const paths = routes.map(({ path }) => path?.(ids).split('?')[0] ?? '')
    t.same(patterns.filter((pattern) => !paths.some((path) => pattern.test(path))).map(String), [])
  })

  for (const state of [...routes, ...states]) {
    await t.test(state.name, async (t) => {
      if (state.path !== undefined) await go(page, state.path(ids))
      await state.open?.(stage)
      await isClean(t, page, state)
      await state.close?.(stage)
    })
  }

  await t.test('in the system’s own colours the needle, the spines, what is chosen and the focus are seen', async (t) => {
    await page.emulateMedia({ forcedColors: 'active' })
    await go(page, '/')
    await page.locator('.shelf a').nth(1).waitFor()
    await settled(page)
    await page.locator('.shelf a').first().focus()
    await page.keyboard.press('ArrowRight')
    await page.waitForFunction(() => document.activeElement?.matches('.shelf a') === true)
    const seen = await page.evaluate(() => {
      const ground = getComputedStyle(document.body).backgroundColor
      const drawn = (selector: string): boolean => { const element = document.querySelector(selector); return element !== null && getComputedStyle(element).backgroundColor !== ground }
      const focused = document.activeElement === null ? null : getComputedStyle(document.activeElement)
      const ring = document.activeElement === null ? null : getComputedStyle(document.activeElement, '::after')
      return { needle: drawn('.needle'), place: drawn('nav [aria-current=page]'), spine: getComputedStyle(document.querySelector('.shelf a') ?? document.body).borderStyle, focus: ring?.borderTopStyle, slides: focused?.transitionDuration }
    })
    t.same(seen, { needle: true, place: true, spine: 'solid', focus: 'solid', slides: '0s' })
    await page.emulateMedia({ forcedColors: 'none' })
  })

  await t.test('what loads, what failed, and what needs the line', async (t) => {
    const pattern = '**/api/albums/*'
    const held: Array<() => void> = []
    await page.route(pattern, async (route) => { await new Promise<void>((resolve) => { held.push(resolve) }); await route.abort('connectionfailed') })
    await follow(page, `/albums/${ids.album}`)
    await page.locator('main .bones').waitFor()
    await isClean(t, page, { name: 'loading' })
    for (const release of held) release()
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    await isClean(t, page, { name: 'failed', narrow: [320] })
    await page.unroute(pattern)
    await page.context().setOffline(true)
    await page.getByText('You are off-line.', { exact: false }).first().waitFor()
    await go(page, '/studio/health')
    await page.getByRole('heading', { name: 'This page needs the line' }).waitFor()
    await isClean(t, page, { name: 'off-line' })
    await page.context().setOffline(false)
  })

  await t.test('what a role does not show, and what somebody without an account sees', async (t) => {
    const { url: link } = await send<{ url: string }>(server, ada, ['POST', '/shares', { kind: 'album', itemId: ids.album, note: 'For Sunday' }])
    const stranger = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })).newPage()
    for (const [name, address] of [['a shared album', link], ['a link that ended', `${url}/s/${'x'.repeat(43)}`]] as const) {
      await stranger.goto(address)
      await stranger.getByRole('heading', { level: 1 }).waitFor()
      await isClean(t, stranger, { name, narrow: [320] })
    }
    await stranger.goto(`${url}/studio/users`)
    await signIn(stranger, 'lis')
    await stranger.getByRole('heading', { name: 'This page isn’t for your role' }).waitFor()
    await isClean(t, stranger, { name: 'forbidden' })
  })

  await t.test('text of twice its size fits on the main pages, and so does a page at 200 %', async (t) => {
    for (const [what, width, text] of [['zoomed', 640, 1], ['large text', 1280, 2]] as const) {
      await page.setViewportSize({ width, height: 800 })
      for (const { name, path } of routes.filter(({ narrow }) => narrow !== undefined)) {
        await go(page, path?.(ids) ?? '/')
        if (text !== 1) await enlarge(page, text)
        t.same(await outside(page), [], `${name}, ${what}`)
        await page.evaluate(() => { for (const element of document.querySelectorAll<HTMLElement>('body, body *')) { element.style.fontSize = ''; element.style.lineHeight = '' } })
      }
    }
  })
  t.same(complaints.filter((text) => !/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_FAILED|ERR_FAILED/.test(text)), [])
})
