import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CDPSession, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { complaintsOf, testBrowser } from '../support/chromium.ts'
import { makeSound } from '../support/media.ts'
import { startFreshet } from '../support/process.ts'
import { temporaryFolder } from '../support/stores.ts'

const root = join(import.meta.dirname, '../..')
const person = { username: 'ada', password: 'an entirely fine passphrase', displayName: 'Ada' }
const patienceMs = 10_000
/** More stops than any page has before what is looked for. */
const mostTabs = 120
/** What goes away and what comes stand in one frame or one of the next; behind the door the client itself is fetched first. */
const mostFrames = (section: string): number => (section === 'Sign in' ? 300 : 10)

type Press = { readonly kind: 'key' | 'text' | 'until', readonly keys: string }
interface Step { readonly number: number, readonly section: string, readonly presses: readonly Press[], readonly role: string, readonly name: string, readonly option: string | null, readonly value: string | null, readonly spoken: string }

/** The lines of the walk in the document; a line that can't be read is a fault of the document. */
function stepsIn (document: string): readonly Step[] {
  return document.split(/^### /m).slice(1).flatMap((part) => [...part.matchAll(/^\| (\d+) \|(.*)\|(.*)\|(.*)\|$/gm)].map(([line, number, keys = '', focus = '', spoken = '']) => {
    const presses = [...keys.matchAll(/`([^`]+)`|“([^”]+)”/g)].map(([, key, text]): Press => (text !== undefined
      ? { kind: 'text', keys: text }
      : { kind: key?.endsWith(' …') === true ? 'until' : 'key', keys: keysOf(key ?? '') }))
    const read = /^(\w+) \*\*(.+?)\*\*(?:, option \*\*(.+?)\*\*)?(?:, “(.+)”)?$/.exec(focus.trim())
    if (read === null || presses.length === 0) throw new Error(`docs/accessibility.md: this step can't be read: ${line}`)
    const [, role = '', name = '', option = null, value = null] = read
    return { number: Number(number), section: part.split('\n')[0] ?? '', presses, role, name, option, value, spoken: spoken.trim() }
  }))
}

/** The buttons of the system that the document names. */
const actionsIn = (document: string): string[] => [...(/The system's own buttons([^]*?)\n\n/.exec(document)?.[1] ?? '').matchAll(/`(\w+)`/g)].map(([, action = '']) => action)

const keysOf = (written: string): string => written.replace(' …', '').replace('Ctrl+', 'Control+').replace(/^(Control\+)([A-Z])$/, (_, held: string, letter: string) => held + letter.toLowerCase())

interface Focus { readonly role: string, readonly name: string, readonly value: string, readonly option: string | null }

/** What has the focus, as the accessibility tree tells it. */
async function focusIn (cdp: CDPSession): Promise<Focus> {
  const nodeOf = async (expression: string) => {
    const { result } = await cdp.send('Runtime.evaluate', { expression })
    if (result.objectId === undefined) return undefined
    const { nodes } = await cdp.send('Accessibility.getPartialAXTree', { objectId: result.objectId, fetchRelatives: false })
    return nodes[0]
  }
  const node = await nodeOf('document.activeElement')
  const option = await nodeOf('document.getElementById(document.activeElement?.getAttribute("aria-activedescendant") ?? "")')
  const said = await cdp.send('Runtime.evaluate', { expression: 'document.activeElement?.getAttribute("aria-valuetext") ?? ""', returnByValue: true })
  return { ...roleAndName(node), value: String(said.result.value), option: option === undefined ? null : roleAndName(option).name }
}

const roleAndName = (node: { role?: { value?: unknown }, name?: { value?: unknown } } | undefined): { role: string, name: string } =>
  ({ role: roleOf(String(node?.role?.value)), name: String(node?.name?.value) })

/** Chromium tells some roles by names of its own. */
const roleOf = (told: string): string => ({ comboBoxSelect: 'combobox', ComboBoxSelect: 'combobox', searchbox: 'textbox', switch: 'checkbox' })[told] ?? told

const fits = (focus: Focus, { role, name, option, value }: Step): boolean =>
  focus.role === role && focus.name === name && (option === null || focus.option?.startsWith(option) === true) && (value === null || focus.value.startsWith(value))

/**
 * Before the client starts: what is spoken, how long the focus was nowhere, and what the system is told of the music. A
 * region that comes with its words is heard only as an alert; one outside of an open dialog is not heard at all.
 */
async function watch (page: Page): Promise<void> {
  await page.addInitScript(() => {
    const watched = { spoken: Array<string>(), nowhereFrames: 0, handlers: {} as Record<string, unknown>, positions: Array<MediaPositionState | undefined>() }
    const { spoken, handlers, positions } = watched
    Object.assign(window, { watched })
    const hear = (region: Element): void => {
      if (document.querySelector('dialog:modal') !== null && region.closest('dialog:modal') === null) return
      const text = (region.textContent ?? '').trim()
      setTimeout(() => { if (text !== '' && region.isConnected) spoken.push(text) }, 100)
    }
    new MutationObserver((records) => {
      for (const { target, addedNodes } of records) {
        const around = (target instanceof Element ? target : target.parentElement)?.closest('[aria-live], [role=status], [role=alert]')
        if (around !== null && around !== undefined) hear(around)
        for (const node of addedNodes) if (node instanceof Element) for (const alert of [node, ...node.querySelectorAll('*')].filter((element) => element.matches('[role=alert]'))) hear(alert)
      }
    }).observe(document, { subtree: true, childList: true, characterData: true })
    let frames = 0
    const look = (): void => {
      frames = document.activeElement === null || document.activeElement === document.body ? frames + 1 : 0
      watched.nowhereFrames = Math.max(watched.nowhereFrames, frames)
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
    const { mediaSession } = navigator
    const setHandler = mediaSession.setActionHandler.bind(mediaSession)
    mediaSession.setActionHandler = (action, handler) => { handlers[action] = handler; setHandler(action, handler) }
    const setPosition = mediaSession.setPositionState.bind(mediaSession)
    mediaSession.setPositionState = (state) => { positions.push(state); setPosition(state) }
  })
}

interface Watched { readonly spoken: string[], nowhereFrames: number, readonly handlers: Record<string, ((details: object) => void) | null>, readonly positions: Array<MediaPositionState | undefined> }

/** What was noticed in the page since it was last forgotten. */
const told = async (page: Page) => await page.evaluate(() => {
  const { spoken, nowhereFrames, handlers, positions } = (window as unknown as { watched: Watched }).watched
  const { playbackState: state, metadata } = navigator.mediaSession
  const actions = Object.keys(handlers).filter((action) => typeof handlers[action] === 'function').sort()
  return { spoken, nowhereFrames, actions, state, title: metadata?.title, artist: metadata?.artist, album: metadata?.album, pictures: metadata?.artwork.length, position: positions.at(-1) }
})
type Told = Awaited<ReturnType<typeof told>>

async function press (page: Page, keys: string): Promise<void> {
  if (keys === 'Alt+ArrowLeft') await page.goBack()
  else if (keys === 'Alt+ArrowRight') await page.goForward()
  else await page.keyboard.press(keys)
}

/** Does one line of the document, by keys alone; those that are the browser's own do what the browser does. */
async function take (page: Page, cdp: CDPSession, step: Step): Promise<{ focus: Focus, told: Told }> {
  await page.evaluate(() => { Object.assign((window as unknown as { watched: Watched }).watched, { nowhereFrames: 0 }).spoken.length = 0 })
  for (const { kind, keys } of step.presses) {
    if (kind === 'text') await page.keyboard.type(keys)
    else if (kind === 'key') await press(page, keys)
    else for (let i = 0; i < mostTabs && !fits(await focusIn(cdp), step); i++) await page.keyboard.press(keys)
  }
  const until = Date.now() + patienceMs
  for (;;) {
    const seen = { focus: await focusIn(cdp), told: await told(page) }
    if ((fits(seen.focus, step) && (step.spoken === '' || seen.told.spoken.includes(step.spoken))) || Date.now() > until) return seen
    await delay(50)
  }
}

/** A service with the demo album, and its admin. */
async function serve (t: Test): Promise<string> {
  const freshet = await startFreshet(t, await temporaryFolder(t))
  t.teardown(async () => { await freshet.interrupt() })
  const headers = { 'content-type': 'application/json', origin: freshet.url }
  const setUp = await fetch(`${freshet.url}/api/setup`, { method: 'POST', headers, body: JSON.stringify({ token: freshet.setupToken() ?? '', ...person }) })
  const { accessToken } = await setUp.json() as { accessToken: string }
  const authorization = `Bearer ${accessToken}`
  await fetch(`${freshet.url}/api/demo-album`, { method: 'POST', headers: { ...headers, authorization }, body: '{}' })
  for (;;) {
    const { items } = await (await fetch(`${freshet.url}/api/tracks`, { headers: { authorization } })).json() as { items?: unknown[] }
    // Busy with the songs, it may turn a question away.
    if ((items?.length ?? 0) >= 8) return freshet.url
    await delay(200)
  }
}

/** The system's buttons work the player, and it is told what plays and where. */
async function systemButtonsWork (t: Test, page: Page, actions: readonly string[]): Promise<void> {
  const press = async (action: string, details: object = {}): Promise<void> => { await page.evaluate(({ action, details }) => { (window as unknown as { watched: Watched }).watched.handlers[action]?.({ action, ...details }) }, { action, details }) }
  const at = async (wanted: (now: Told) => boolean, text: string): Promise<void> => {
    const until = Date.now() + patienceMs
    while (!wanted(await told(page)) && Date.now() < until) await delay(50)
    t.ok(wanted(await told(page)), `${text}: ${JSON.stringify(await told(page))}`)
  }
  const near = (seconds: number) => ({ position }: Told): boolean => Math.abs((position?.position ?? -1) - seconds) < 3
  const first = await told(page)
  t.same(first.actions, actions.toSorted(), 'the buttons that the document names')
  t.match(first, { artist: 'The Weir Ensemble', album: 'First Light on the Freshet', pictures: 3 })
  t.ok((first.position?.duration ?? 0) > 30, 'with the length')
  await press('pause')
  await at(({ state }) => state === 'paused', 'pause')
  await press('seekto', { seekTime: 20 })
  await at(near(20), 'seek to a place')
  await press('seekforward', { seekOffset: 10 })
  await at(near(30), 'forward')
  await press('seekbackward', { seekOffset: 20 })
  await at(near(10), 'back')
  await press('nexttrack')
  await at(({ title }) => title !== undefined && title !== first.title, 'the next track')
  await press('play')
  await at(({ state }) => state === 'playing', 'play')
  await press('seekto', { seekTime: 1 })
  await press('previoustrack')
  await at(({ title }) => title === first.title, 'the track before')
  await press('stop')
  await at((now) => now.state === 'paused' && near(0)(now), 'stop')
}

t.setTimeout(400_000)

t.test('a day by keyboard, as it is written', { timeout: 390_000 }, async (t) => {
  if (!existsSync(join(root, 'dist/web'))) { t.pass('the client is not built', { skip: 'npm run build first' }); return }
  const browser = await testBrowser(t)
  if (browser === undefined) return
  const document = await readFile(join(root, 'docs/accessibility.md'), 'utf8')
  const steps = stepsIn(document)
  t.same(steps.map(({ number }) => number), steps.map((_, index) => index + 1), 'the steps are numbered')
  t.ok(steps.length > 70, `${steps.length} steps`)
  const url = await serve(t)
  const sound = await makeSound(join(await temporaryFolder(t), 'Low Water.flac'), { seconds: 2, tags: { title: 'Low Water', artist: 'Pier Nine', album: 'Tides', track: '1' } })
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', locale: 'en-US' })).newPage()
  const complaints = complaintsOf(page)
  page.on('filechooser', (chooser) => { chooser.setFiles(sound).catch(t.fail) })
  await watch(page)
  await page.goto(url)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Accessibility.enable')

  for (const section of new Set(steps.map(({ section }) => section))) {
    await t.test(section, async (t) => {
      for (const step of steps.filter((step) => step.section === section)) {
        const { focus, told: { spoken, nowhereFrames } } = await take(page, cdp, step)
        const seen = `${focus.role} **${focus.name}**, option ${focus.option}, “${focus.value}”; spoken: ${JSON.stringify(spoken)}`
        t.ok(fits(focus, step), `${step.number}: the focus is on ${step.role} ${step.name}; there is ${seen}`)
        if (step.spoken !== '') t.ok(spoken.includes(step.spoken), `${step.number}: “${step.spoken}” is spoken; there is ${seen}`)
        if (step.number > 1) t.ok(nowhereFrames <= mostFrames(section), `${step.number}: the focus is never lost; it was, for ${nowhereFrames} frames`)
      }
      if (section === 'The queue') await t.test('the system’s buttons', async (t) => { await systemButtonsWork(t, page, actionsIn(document)) })
    })
  }
  t.same(complaints, [])
})
