import type { Acceptance } from './acceptance.ts'
import { expect, expectEqual, expectStatus } from './expectations.ts'
import type { OpenapiDocument } from './openapi-document.ts'

/** Health, headers, the web client and the API’s own description. */
export async function surface ({ suite, stranger, owner }: Acceptance): Promise<void> {
  await suite.section('Surface', async () => {
    await suite.check('the process lives and is ready', async () => {
      expectEqual(expectStatus(await stranger.get('/healthz'), 200).body, { status: 'alive' }, '/healthz')
      expectEqual(expectStatus(await stranger.get('/readyz'), 200).body, { status: 'ready' }, '/readyz')
    })
    await suite.check('every answer carries the headers that keep browsers safe', async () => {
      for (const path of ['/api/me', '/api/nothing', '/', '/media/nothing', '/api/openapi.json']) safe(path, (await stranger.get(path)).headers, stranger.address)
    })
    await suite.check('what the API says is kept by nobody', async () => {
      const { headers } = expectStatus(await owner.get('/api/me'), 200)
      expect(/no-store/.test(headers.get('cache-control') ?? ''), `cache-control is ${headers.get('cache-control')}`)
    })
    await suite.check('the web client comes, with scripts from here only', async () => {
      const page = expectStatus(await stranger.get('/', { headers: { accept: 'text/html' } }), 200)
      expect(/^text\/html/.test(page.headers.get('content-type') ?? ''), `it is ${page.headers.get('content-type')}`)
      const scripts = [...page.bytes.toString().matchAll(/<script[^>]*\bsrc="([^"]+)"/g)].map(([, src]) => src ?? '')
      expect(scripts.length > 0 && scripts.every((src) => src.startsWith('/')), `its scripts are ${scripts.join(', ')}`)
      for (const src of scripts) expect(/javascript/.test(expectStatus(await stranger.get(src), 200).headers.get('content-type') ?? ''), `${src} is no script`)
    })
    await suite.check('the API describes itself', async () => {
      const { body } = expectStatus(await stranger.get<OpenapiDocument>('/api/openapi.json'), 200)
      expectEqual(body.openapi, '3.1.0', 'the version')
      for (const path of ['/api/session', '/api/tracks/{id}/stream', '/api/uploads']) expect(path in body.paths, `${path} is not in it`)
      expectStatus(await stranger.get('/api/docs/'), 200)
    })
  })
}

function safe (path: string, headers: Headers, address: string): void {
  const wanted: Readonly<Record<string, RegExp>> = {
    'content-security-policy': /default-src 'none'/,
    'x-content-type-options': /^nosniff$/,
    'referrer-policy': /^no-referrer$/,
    ...address.startsWith('https:') ? { 'strict-transport-security': /max-age=\d{7,}/ } : {}
  }
  for (const [name, pattern] of Object.entries(wanted)) expect(pattern.test(headers.get(name) ?? ''), `${path} has ${name}: ${headers.get(name)}`)
  expect(!/unsafe-inline|unsafe-eval/.test(headers.get('content-security-policy')?.replace(/style-src[^;]*/, '') ?? ''), `${path} lets scripts run inline`)
  expect(headers.get('x-powered-by') === null, `${path} tells what it is made with`)
}
