import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CORSRule } from '@aws-sdk/client-s3'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { freshet } from '../support/cli.ts'
import { complaintsOf, testBrowser } from '../support/chromium.ts'
import { ffmpeg } from '../support/media.ts'
import { type RunningFreshet, startFreshet } from '../support/process.ts'
import { type S3Server, s3ServerLack, startS3Server } from '../support/s3-server.ts'
import { temporaryFolder } from '../support/stores.ts'
import { dropFiles } from './drop-files.ts'

const password = 'an entirely fine passphrase'
/** A busy machine encodes slowly. */
const patience = { timeout: 90_000 }
/** Browsers take every name under localhost for this machine; Node asks the system, which may not know. */
const localNames = `data:text/javascript,${encodeURIComponent("import dns from 'node:dns'; const { lookup } = dns; dns.lookup = (name, ...rest) => lookup(name.endsWith('.localhost') ? '127.0.0.1' : name, ...rest)")}`

/** As infra/constructs/media-store.ts has them. */
const rulesFor = (page: string): CORSRule => ({ AllowedOrigins: [page], AllowedMethods: ['PUT'], AllowedHeaders: ['content-type', 'if-none-match', 'content-md5', 'x-amz-*'], ExposeHeaders: ['ETag'], MaxAgeSeconds: 3600 })

async function s3Server (t: Test): Promise<S3Server | undefined> {
  const lack = s3ServerLack()
  if (lack !== undefined) {
    if (process.env.CI === 'true') t.fail(lack)
    else t.pass('no S3 server', { skip: lack })
    return undefined
  }
  const server = await startS3Server()
  t.teardown(() => server.stop())
  return server
}

function settingsOf ({ bucket, credentials, endpoint }: S3Server, style: 'path' | 'host'): NodeJS.ProcessEnv {
  return {
    STORAGE: 's3',
    S3_BUCKET: bucket,
    S3_ENDPOINT: style === 'path' ? endpoint : endpoint.replace('127.0.0.1', 'localhost'),
    S3_FORCE_PATH_STYLE: String(style === 'path'),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    NODE_OPTIONS: `--import ${localNames}`
  }
}

/** The first admin at the page where files are dropped. */
async function uploadPage (t: Test, browser: Browser, { url, setupToken }: RunningFreshet): Promise<{ page: Page, complaints: string[], parts: string[] }> {
  const context = await browser.newContext()
  t.teardown(() => context.close())
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  const parts: string[] = []
  page.on('response', (response) => {
    if (response.request().method() === 'PUT' && response.ok() && response.url().includes('partNumber=')) parts.push(`${new URL(response.url()).host} ${new URL(response.url()).searchParams.get('partNumber') ?? ''}`)
  })
  await page.goto(`${url}/setup#token=${setupToken() ?? ''}`)
  await page.getByLabel('Username').fill('admin')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('heading', { name: 'The shelf is empty' }).waitFor()
  await page.goto(`${url}/studio/upload`)
  await page.getByRole('heading', { name: 'Upload', level: 1 }).waitFor()
  return { page, complaints, parts }
}

/** Two parts, of few seconds. */
async function song (t: Test, name: string): Promise<{ name: string, bytes: Uint8Array }> {
  const path = join(await temporaryFolder(t), name)
  await ffmpeg('-f', 'lavfi', '-i', 'anoisesrc=color=pink:duration=12:sample_rate=96000', '-ac', '2', '-c:a', 'pcm_s32le', '-metadata', `title=${name}`, path)
  return { name, bytes: await readFile(path) }
}

t.setTimeout(400_000)

t.test('a browser sends its files straight to the bucket', { timeout: 390_000 }, async (t) => {
  const browser = await testBrowser(t)
  const server = browser === undefined ? undefined : await s3Server(t)
  if (browser === undefined || server === undefined) return

  for (const style of ['path', 'host'] as const) {
    await t.test(`which the address names in its ${style}`, async (t) => {
      const dataDir = await temporaryFolder(t)
      const running = await startFreshet(t, dataDir, settingsOf(server, style))
      t.teardown(async () => { await running.interrupt() })
      const { page, complaints, parts } = await uploadPage(t, browser, running)
      const doctor = async () => (await freshet(['doctor'], { env: { ...settingsOf(server, style), DATA_DIR: dataDir, PORT: new URL(running.url).port } })).stdout.split('\n').find((line) => line.includes(' Uploads: '))

      await server.allowPages([])
      const file = await song(t, `${style}.wav`)
      await dropFiles(page, [file])
      await page.locator('[data-state=failed]').waitFor(patience)
      t.match(await page.locator('[data-state=failed]').innerText(), `CORS rules must allow PUT from ${running.url}`, 'a curator is told what the bucket lacks')
      t.match(await doctor(), /^✗ Uploads: browsers may not send files .*must allow PUT from/)
      await server.allowPages([{ ...rulesFor(running.url), ExposeHeaders: [] }])
      await page.getByRole('button', { name: `Try ${file.name} again` }).click()
      // It may have been sending for less than a look: what failed says something else now.
      await page.locator('[data-state=failed]', { hasText: 'expose ETag' }).waitFor(patience)
      t.match(await doctor(), /^✗ Uploads: .*must expose ETag/)

      await server.allowPages([rulesFor(running.url)])
      complaints.length = 0
      t.match(await doctor(), `✓ Uploads: pages of ${running.url} may send to http://`)
      await page.getByRole('button', { name: `Try ${file.name} again` }).click()
      await page.locator('[data-state=published]').waitFor(patience)
      const host = new URL(server.endpoint).host
      const store = style === 'path' ? host : host.replace('127.0.0.1', `${server.bucket}.localhost`)
      t.same([...new Set(parts)].sort(), [`${store} 1`, `${store} 2`], 'the bytes went to the store itself, part by part')
      t.same(complaints, [], 'and no policy was broken')
    })
  }
})
