import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import { complaintsOf, pageWithoutWorker, testBrowser } from '../support/chromium.ts'
import { makeSound } from '../support/media.ts'
import { startFreshet } from '../support/process.ts'
import { temporaryFolder } from '../support/stores.ts'
import { coloursSettle } from './show-by.ts'

const password = 'an entirely fine passphrase'
/** A job may wait for a worker that is busy with another test. */
const patience = { timeout: 150_000 }

async function visitor (browser: Browser, url: string, locale = 'en-US'): Promise<{ page: Page, complaints: string[] }> {
  const page = await pageWithoutWorker(browser, { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', locale })
  const complaints = complaintsOf(page)
  await page.goto(url)
  return { page, complaints }
}

const said = async (page: Page, text: string): Promise<void> => { await page.getByText(text).first().waitFor() }
const speaks = async (page: Page, language: string): Promise<void> => { await page.locator(`html[lang="${language}"]`).waitFor({ state: 'attached' }) }
const mainLabels = async (page: Page, name: string): Promise<string[]> => await page.getByRole('navigation', { name }).first().getByRole('link').allInnerTexts()
/** Seconds into the track. */
const position = async (page: Page): Promise<number> => Number(await page.getByRole('slider', { name: /^(Place in the track|Stelle im Titel)$/ }).first().inputValue())

async function violations (page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' | ')}`)
}

t.setTimeout(400_000)

t.test('what people set for themselves', { timeout: 390_000 }, async (t) => {
  const browser = await testBrowser(t)
  if (browser === undefined) return
  const freshet = await startFreshet(t, await temporaryFolder(t))
  t.teardown(async () => { await freshet.interrupt() })
  const { url } = freshet
  const { page, complaints } = await visitor(browser, `${url}/setup#token=${freshet.setupToken() ?? ''}`)

  await t.test('the language of the browser is spoken from the first word on', async (t) => {
    const german = await visitor(browser, url, 'de-AT')
    await german.page.getByText('Diese Sammlung hat noch keinen Admin', { exact: false }).waitFor()
    await speaks(german.page, 'de')
    t.equal(await german.page.locator('html').getAttribute('dir'), 'ltr')
    await german.page.context().close()
  })

  await t.test('a language that can’t be fetched leaves English, and says so', async (t) => {
    const unlucky = await visitor(browser, 'about:blank', 'pt-BR')
    await unlucky.page.route('**/assets/pt-br-*.js', async (route) => { await route.abort() })
    await unlucky.page.goto(url)
    await said(unlucky.page, 'Almost there')
    await speaks(unlucky.page, 'en')
    await unlucky.page.context().close()
  })

  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Username').fill('ada')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('heading', { name: 'The shelf is empty' }).waitFor()

  await t.test('changing the language changes the page at once, and the music goes on', async (t) => {
    const folder = await temporaryFolder(t)
    await makeSound(join(folder, 'a.flac'), { seconds: 60, tags: { title: 'Meltwater', artist: 'Otter', album: 'Riverbank' } })
    await page.goto(`${url}/studio/upload`)
    await page.locator('input[type=file]').first().setInputFiles(join(folder, 'a.flac'))
    await page.locator('[data-state=published]').first().waitFor(patience)
    await page.goto(`${url}/library/tracks`)
    await page.getByRole('button', { name: 'Play Meltwater by Otter' }).first().click()
    await page.getByRole('button', { name: 'Pause', exact: true }).first().waitFor(patience)
    await page.getByRole('button', { name: 'Account of Ada' }).click()
    await page.getByRole('menuitem', { name: 'Settings' }).click()
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor()
    await page.evaluate(() => { document.documentElement.dataset.mark = 'not reloaded' })
    const before = await position(page)

    await page.getByRole('combobox', { name: 'Language' }).selectOption({ label: 'Deutsch' })

    await page.getByRole('heading', { level: 1, name: 'Einstellungen' }).waitFor()
    await speaks(page, 'de')
    t.match(await page.title(), /^Einstellungen/)
    t.ok((await mainLabels(page, 'Hauptbereiche')).includes('Sammlung'))
    await page.getByRole('status').getByText('Gespeichert').waitFor()
    t.equal(await page.locator('html').getAttribute('data-mark'), 'not reloaded')
    t.ok(await page.getByRole('button', { name: 'Anhalten', exact: true }).first().isVisible(), 'still playing')
    await page.waitForFunction((before) => Number(document.querySelector<HTMLInputElement>('.bar .wave input')?.value) > before, before, patience)
  })

  await t.test('a choice follows to another browser, and back within seconds', async (t) => {
    const other = await visitor(browser, url)
    await other.page.getByLabel('Username').fill('ada')
    await other.page.getByLabel('Password', { exact: true }).fill(password)
    await other.page.getByRole('button', { name: 'Sign in' }).click()
    await speaks(other.page, 'de')
    await other.page.goto(`${url}/account`)
    await other.page.getByRole('combobox', { name: 'Sprache' }).selectOption({ label: 'Português (Brasil)' })
    await other.page.getByRole('heading', { level: 1, name: 'Configurações' }).waitFor()
    await page.getByRole('heading', { level: 1, name: 'Configurações' }).waitFor(patience)
    await speaks(page, 'pt-BR')
    await page.getByRole('combobox', { name: 'Idioma' }).selectOption('en')
    await other.page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor(patience)
    await other.page.context().close()
  })

  await t.test('what can’t be saved says so, and is saved once the server is back', async (t) => {
    const path = '**/api/me/preferences'
    await page.route(path, async (route) => { await route.abort() })
    await page.getByLabel('Lossless').check()
    await said(page, 'Not saved yet')
    await page.unroute(path)
    await page.getByRole('status').getByText('Saved', { exact: true }).waitFor(patience)
    await page.reload()
    await page.getByLabel('Lossless').and(page.locator(':checked')).waitFor()
  })

  await t.test('the page is accessible, by day and by night, and narrow', async (t) => {
    for (const theme of ['Day', 'Night']) {
      await page.getByLabel(theme, { exact: true }).check()
      await coloursSettle(page)
      t.same(await violations(page), [], theme)
    }
    await page.setViewportSize({ width: 320, height: 700 })
    t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing runs over the edge')
    await page.setViewportSize({ width: 1280, height: 800 })
  })

  await t.test('an app password is shown once, works, and ends', async (t) => {
    await page.getByLabel('Name of the app or device').fill('Phone')
    await page.getByRole('button', { name: 'Make a password' }).click()
    const field = page.getByLabel('The password for “Phone” is made')
    const secret = await field.inputValue()
    t.equal(await field.evaluate((input) => input === document.activeElement), true, 'what was made has the focus')
    const asApp = async () => (await fetch(`${url}/api/home`, { headers: { authorization: `Basic ${Buffer.from(`ada:${secret}`).toString('base64')}` } })).status
    t.equal(await asApp(), 200)
    await page.getByRole('button', { name: 'Revoke Phone' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await said(page, 'You have no app passwords.')
    while (await asApp() !== 401) await page.waitForTimeout(50)
    t.notOk(await field.isVisible())
  })

  await t.test('one’s data comes as a file', async (t) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download your data' }).click()])
    t.match(download.suggestedFilename(), /^freshet-.*\.json$/)
    t.match(JSON.parse(await readFile(await download.path(), 'utf8')), { account: [{ username: 'ada' }], preferences: { quality: 'lossless' }, uploads: [{ path: 'a.flac' }] })
  })

  await t.test('deleting the account wants name and password, and tells the last admin what to do', async (t) => {
    await page.getByRole('button', { name: 'Delete your account…' }).click()
    const dialog = page.getByRole('dialog')
    const remove = dialog.getByRole('button', { name: 'Delete for good' })
    await dialog.getByLabel('Type ada to confirm').fill('eve')
    await dialog.getByLabel('Your password', { exact: true }).fill('wrong')
    await remove.click()
    await dialog.getByText('That isn’t your username.').waitFor()
    await dialog.getByLabel('Type ada to confirm').fill('ada')
    await remove.click()
    await dialog.getByText('That isn’t your current password.').waitFor()
    t.same(await violations(page), [])
    await dialog.getByLabel('Your password', { exact: true }).fill(password)
    await remove.click()
    await dialog.getByText('You are the last admin.', { exact: false }).waitFor()

    const json = { 'content-type': 'application/json', origin: url }
    const { accessToken } = await (await fetch(`${url}/api/session`, { method: 'POST', headers: json, body: JSON.stringify({ username: 'ada', password }) })).json() as { accessToken: string }
    await fetch(`${url}/api/users`, { method: 'POST', headers: { ...json, authorization: `Bearer ${accessToken}` }, body: JSON.stringify({ username: 'grace', password, role: 'admin' }) })
    await remove.click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    t.equal((await fetch(`${url}/api/session`, { method: 'POST', headers: json, body: JSON.stringify({ username: 'ada', password }) })).status, 401)
  })

  t.same(complaints.filter((text) => !text.includes('ERR_FAILED')), [])
})
