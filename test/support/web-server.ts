import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import type { Test } from 'tap'
import { testApp, type TestApp } from './app.ts'
import { testBrowser } from './chromium.ts'
import { freePort } from './process.ts'

const webRoot = join(import.meta.dirname, '../../dist/web')

export interface WebServer extends TestApp { readonly url: string, readonly browser: Browser }

/** The real app with the built client, and a browser. Undefined where either is missing: then the test is skipped, visibly. */
export async function webServer (t: Test, builtPage = 'index.html'): Promise<WebServer | undefined> {
  if (!existsSync(join(webRoot, builtPage))) { t.pass('the client is not built', { skip: 'npm run build first' }); return undefined }
  const browser = await testBrowser(t)
  if (browser === undefined) return undefined
  const port = await freePort()
  const url = `http://localhost:${port}`
  const server = await testApp(t, { webRoot, env: { PORT: String(port), PUBLIC_URL: url, ORGANISATION: 'Commonplace' } })
  await server.app.listen({ host: 'localhost', port })
  return { ...server, url, browser }
}
