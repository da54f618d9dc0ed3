import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, BrowserContext } from 'playwright-core'
import { findChromium, launchChromium } from '../test/support/chromium.ts'
import { optionsOf, type Screen, screens, take } from './shots/camera.ts'
import { listening } from './shots/listening.ts'
import { offline } from './shots/offline.ts'
import { pages } from './shots/pages.ts'
import { prepare } from './shots/prepare.ts'
import type { Scene, Stage } from './shots/scene.ts'
import { queue } from './shots/queue.ts'
import { settings } from './shots/settings.ts'
import { openStage, password } from './shots/stage.ts'
import { sharing } from './shots/sharing.ts'
import { states } from './shots/states.ts'
import { studio } from './shots/studio.ts'

/**
 * Pictures of every page in its states, desktop and phone, by day and by night, of a service of its own.
 * `npm run shots -- [folder] [--only album,menu] [--stage folder]`; the pictures go to docs/screens by default.
 * `--only` takes the scenes whose names contain one of the parts; `--stage` keeps the service's data there for the next run.
 */
const scenes: readonly Scene[] = [...listening, ...offline, ...pages, ...queue, ...states, ...settings, ...sharing, ...studio]
const { values: { only, stage: kept }, positionals: [folder = join(import.meta.dirname, '../docs/screens')] } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', default: '' }, stage: { type: 'string' } }
})
const wanted = scenes.filter(({ name }) => only.split(',').some((part) => name.includes(part)))

async function main (): Promise<void> {
  const chromium = findChromium()
  if (chromium === undefined) throw new Error('no Chromium: install it, or set CHROMIUM_PATH')
  const dataDir = kept === undefined ? await mkdtemp(join(tmpdir(), 'freshet-shots-')) : resolve(kept)
  await mkdir(dataDir, { recursive: true })
  await mkdir(folder, { recursive: true })
  const opened = await openStage(dataDir)
  const browser = await launchChromium(chromium)
  let failed = 0
  try {
    const stage = await prepare(browser, opened, { dataDir, folder })
    for (const screen of screens) failed += await photograph(browser, stage, screen)
  } finally {
    await browser.close()
    await opened.close()
    if (kept === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
  if (failed > 0) throw new Error(`${failed} scenes could not be taken; see above`)
}

/** Takes all scenes on one screen; a scene that fails is told of, tried again once, and the others go on. */
async function photograph (browser: Browser, stage: Stage, screen: Screen): Promise<number> {
  const contexts = new Map<string, BrowserContext>()
  let failed = 0
  for (const scene of wanted) {
    const who = scene.as ?? 'ada'
    const context = contexts.get(who) ?? await signedIn(browser, stage, screen, who)
    contexts.set(who, context)
    if (!await shoot(context, stage, { scene, screen }) && !await shoot(context, stage, { scene, screen })) failed += 1
  }
  for (const context of contexts.values()) await context.close()
  return failed
}

async function shoot (context: BrowserContext, stage: Stage, { scene, screen }: { readonly scene: Scene, readonly screen: Screen }): Promise<boolean> {
  const name = `${scene.name}-${screen.name}`
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  try {
    await scene.open(page, stage)
    await take(page, folder, name)
    return true
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`)
    await page.screenshot({ path: join(tmpdir(), `freshet-${name}.png`) })
    return false
  } finally {
    await context.setOffline(false)
    await page.close()
  }
}

async function signedIn (browser: Browser, { url }: Stage, screen: Screen, who: string): Promise<BrowserContext> {
  const context = await browser.newContext(optionsOf(screen))
  if (who === 'stranger') return context
  const page = await context.newPage()
  await page.goto(url)
  await page.getByLabel('Username').fill(who)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
  await page.close()
  return context
}

await main()
