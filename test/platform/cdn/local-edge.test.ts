import { execFileSync, spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { get as httpGet, type IncomingMessage, type RequestOptions } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { getSignedUrl } from '@aws-sdk/cloudfront-signer'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { createMediaSigner, expiryFor } from '../../../src/platform/cdn/cloudfront-signer.ts'
import { mediaKeysOf, mediaSigningKey } from '../../../src/platform/cdn/media-keys.ts'
import { localEdge } from '../../../src/platform/cdn/local-edge.ts'
import { type ReadObject, readFromDisk, readFromStore } from '../../../src/platform/cdn/served-object.ts'
import { newJwtKeyPem, newSigningKeyPem } from '../../../src/platform/secrets.ts'
import { DiskObjectStore } from '../../../src/platform/storage/disk-object-store.ts'
import { temporaryFolder } from '../../support/stores.ts'

const mediaUrl = 'https://music.example.org'
const ec = mediaSigningKey(newSigningKeyPem())
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const keys = new Map([['KEC', ec], ['KRSA', rsa]])
const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const inAnHour = () => new Date(Date.now() + 3_600_000)
const song = 'media/track/attempt/aac-96.mp4'
const cover = 'media/artwork/cover/1/64.webp'

interface Edge {
  readonly store: DiskObjectStore
  /** Answers a signed address, or a path, as the edge would over the network. */
  ask (url: string, headers?: Record<string, string>, options?: RequestOptions): Promise<IncomingMessage & { readonly body: Buffer }>
  /** The same, unread. */
  begin (url: string, headers?: Record<string, string>, options?: RequestOptions): Promise<IncomingMessage>
  readonly clock: { now: Date | undefined }
}

/** Without buffering: the caller reads, or hangs up. */
async function edge (t: Test, reader: (store: DiskObjectStore) => ReadObject = readFromDisk): Promise<Edge> {
  const store = new DiskObjectStore({ dir: await temporaryFolder(t), publicUrl: mediaUrl, secret: 'x'.repeat(32) })
  const clock: Edge['clock'] = { now: undefined }
  const app = Fastify({ forceCloseConnections: true })
  const publicKeys = new Map([...keys].map(([id, key]) => [id, createPublicKey(key)]))
  await app.register(localEdge, { mediaUrl, publicKeys, readObject: reader(store), now: () => clock.now ?? new Date() })
  const origin = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  t.teardown(async () => {
    await app.close()
    await store.close()
  })
  const begin: Edge['begin'] = (url, headers = {}, options = {}) => new Promise((resolve, reject) => {
    // As text: URL would tidy the path.
    httpGet({ host: origin.hostname, port: origin.port, path: url.replace(mediaUrl, ''), headers, ...options }, resolve).on('error', reject)
  })
  const ask: Edge['ask'] = async (...args) => {
    const response = await begin(...args)
    return Object.assign(response, { body: await buffer(response) })
  }
  return { store, ask, begin, clock }
}

const signerOf = (keyPairId: string) => {
  const privateKey = keys.get(keyPairId) ?? ec
  return createMediaSigner({ mediaUrl, keys: mediaKeysOf(keyPairId, privateKey) })
}
const signed = (key: string, expiresAt = inAnHour()) => signerOf('KEC').signObject(key, expiresAt).url

/** By CloudFront's documentation, with nothing of ours or the SDK's. */
function opensslSigned (dir: string, { url, policy, expires }: { url: string, policy: string, expires?: number }, key: 'KEC' | 'KRSA', digest: 'sha1' | 'sha256'): string {
  const pem = join(dir, `${key}.pem`)
  writeFileSync(pem, pemOf(keys.get(key) ?? ec))
  const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/[+=/]/g, (char) => ({ '+': '-', '=': '_', '/': '~' })[char] ?? '')
  const signature = base64(execFileSync('openssl', ['dgst', `-${digest}`, '-sign', pem], { input: policy }))
  const what = expires === undefined ? `Policy=${base64(Buffer.from(policy))}` : `Expires=${expires}`
  return `${url}?${what}&Signature=${signature}&Key-Pair-Id=${key}${digest === 'sha256' ? '&Hash-Algorithm=SHA256' : ''}`
}

t.test('a signed prefix opens what is under it, and nothing else', async (t) => {
  const { store, ask } = await edge(t)
  for (const key of [song, 'media/track/attempt/waveform.bin', 'media/track/other/aac-96.mp4', 'originals/sha256/ab/abcd', cover]) {
    await store.put(key, Buffer.from(key), { contentType: 'audio/mp4' })
  }
  for (const id of keys.keys()) {
    const signer = signerOf(id)
    const access = signer.signPrefix('media/track/attempt/', inAnHour())
    for (const key of [song, 'media/track/attempt/waveform.bin']) {
      const { statusCode, body } = await ask(signer.address(key, access))
      t.same([statusCode, body.toString()], [200, key])
    }
    for (const key of ['media/track/other/aac-96.mp4', 'originals/sha256/ab/abcd', cover]) {
      t.equal((await ask(signer.address(key, access))).statusCode, 403)
    }
    t.equal((await ask(signer.signObject('originals/sha256/ab/abcd', inAnHour()).url)).statusCode, 200)
  }
})

t.test('anonymous, expired, early, foreign and tampered addresses are refused', async (t) => {
  const { store, ask, clock } = await edge(t)
  await store.put(song, Buffer.from('song'), { contentType: 'audio/mp4' })
  await store.put('media/track/attempt/aac-256.mp4', Buffer.from('better'), { contentType: 'audio/mp4' })
  const canned = signed(song)
  const signer = signerOf('KEC')
  const custom = signer.address(song, signer.signPrefix('media/track/attempt/', inAnHour()))
  const other = signerOf('KRSA').signObject(song, inAnHour()).url
  const parameter = (url: string, name: string) => new RegExp(`${name}=[^&]*`).exec(url)?.[0] ?? ''
  const widened = `Policy=${Buffer.from(JSON.stringify({ Statement: [{ Resource: '*', Condition: { DateLessThan: { 'AWS:EpochTime': 4e9 } } }] })).toString('base64').replaceAll('=', '_')}`
  const stranger = createMediaSigner({ mediaUrl, keys: mediaKeysOf('KEC', mediaSigningKey(newSigningKeyPem())) })
  const refused: Record<string, [string, string]> = {
    'no signature at all': [`/${song}`, 'MissingKey'],
    'no signature': [canned.replace(parameter(canned, 'Signature'), ''), 'AccessDenied'],
    'no policy and no expiry': [canned.replace(parameter(canned, 'Expires'), ''), 'AccessDenied'],
    'another object': [canned.replace('aac-96', 'aac-256'), 'AccessDenied'],
    'a later expiry': [canned.replace(/Expires=(\d+)/, (_, at) => `Expires=${Number(at) + 1}`), 'AccessDenied'],
    'another policy': [custom.replace(parameter(custom, 'Policy'), widened), 'AccessDenied'],
    'a policy that is no base64': [custom.replace(parameter(custom, 'Policy'), 'Policy=%'), 'MalformedPolicy'],
    'a flipped signature': [canned.replace(/Signature=(.{20})(.)/, (_, head, char) => `Signature=${head}${char === 'A' ? 'B' : 'A'}`), 'AccessDenied'],
    'a signature that is no signature': [canned.replace(parameter(canned, 'Signature'), 'Signature=AAAA'), 'AccessDenied'],
    'a signature that is no base64': [canned.replace(parameter(canned, 'Signature'), 'Signature=*'), 'MalformedSignature'],
    'an unknown key': [canned.replace('Key-Pair-Id=KEC', 'Key-Pair-Id=KOLD'), 'InvalidKey'],
    'the wrong key': [canned.replace('Key-Pair-Id=KEC', 'Key-Pair-Id=KRSA'), 'AccessDenied'],
    'a stranger’s key under our id': [stranger.signObject(song, inAnHour()).url, 'AccessDenied'],
    'the signature of another address': [canned.replace(parameter(canned, 'Signature'), parameter(other, 'Signature')), 'AccessDenied'],
    'another hash': [canned.replace('Hash-Algorithm=SHA256', 'Hash-Algorithm=SHA1'), 'AccessDenied'],
    'an unknown hash': [canned.replace('Hash-Algorithm=SHA256', 'Hash-Algorithm=MD5'), 'AccessDenied'],
    'a parameter added to a canned address': [`${canned}&more=1`, 'AccessDenied'],
    'an expiry in the past': [signed(song, new Date(Date.now() - 1_000)), 'AccessDenied'],
    'another site': [createMediaSigner({ mediaUrl: 'https://elsewhere.example.org', keys: mediaKeysOf('KEC', ec) }).signObject(song, inAnHour()).url.replace('elsewhere', 'music'), 'AccessDenied'],
    'a missing object': [signed('media/none'), 'AccessDenied']
  }
  // The genuine ones first: what the edge remembers of them must not help the others.
  for (const url of [canned, custom]) t.equal((await ask(url)).statusCode, 200)
  for (const [what, [url, code]] of Object.entries(refused)) {
    const { statusCode, headers, body } = await ask(url)
    t.equal(statusCode, 403, what)
    t.match(headers['content-type'], 'text/xml')
    t.match(body.toString(), `<Error><Code>${code}</Code>`, what)
  }
  clock.now = new Date(Date.now() + 3_601_000)
  for (const url of [canned, custom]) t.equal((await ask(url)).statusCode, 403, 'remembered as genuine, and yet expired')
})

t.test('signatures made by openssl are understood: both kinds of policy, key and hash', async (t) => {
  const { store, ask, clock } = await edge(t)
  const dir = await temporaryFolder(t)
  await store.put(song, Buffer.from('song'), { contentType: 'audio/mp4' })
  const url = `${mediaUrl}/${song}`
  const expires = Math.floor(Date.now() / 1000) + 600
  const until = { DateLessThan: { 'AWS:EpochTime': expires } }
  const statement = (Resource: string, Condition: object, more = {}) => JSON.stringify({ Statement: [{ Resource, Condition, ...more }] })
  const status = async (policy: string, key: 'KEC' | 'KRSA' = 'KEC', digest: 'sha1' | 'sha256' = 'sha256') =>
    (await ask(opensslSigned(dir, { url, policy }, key, digest))).statusCode
  for (const key of ['KEC', 'KRSA'] as const) {
    for (const digest of ['sha1', 'sha256'] as const) {
      t.equal((await ask(opensslSigned(dir, { url, policy: statement(url, until), expires }, key, digest))).statusCode, 200, `canned ${key} ${digest}`)
      t.equal(await status(statement(url, until), key, digest), 200, `custom ${key} ${digest}`)
    }
  }
  for (const resource of ['*', 'http*://music.example.org/*', `${mediaUrl}/media/*/aac-??.mp4`, `${url}*`]) t.equal(await status(statement(resource, until)), 200, resource)
  for (const resource of ['', `${mediaUrl}/media/*/aac-???.mp4`, `${url}?`, `${mediaUrl}/media`, 'http://music.example.org/*']) t.equal(await status(statement(resource, until)), 403, resource)
  const conditions: Array<[object, number]> = [
    [{ ...until, DateGreaterThan: { 'AWS:EpochTime': expires - 1_200 } }, 200],
    [{ ...until, DateGreaterThan: { 'AWS:EpochTime': expires - 1 } }, 403],
    [{ ...until, IpAddress: { 'AWS:SourceIp': '127.0.0.0/8' } }, 200],
    [{ ...until, IpAddress: { 'AWS:SourceIp': '127.0.0.1' } }, 200],
    [{ ...until, IpAddress: { 'AWS:SourceIp': '0.0.0.0/0' } }, 200],
    [{ ...until, IpAddress: { 'AWS:SourceIp': '192.0.2.0/24' } }, 403],
    [{ ...until, IpAddress: { 'AWS:SourceIp': '127.0.0.1/33' } }, 403],
    [{ ...until, IpAddress: { 'AWS:SourceIp': 'localhost' } }, 403],
    [{ ...until, IpAddress: '127.0.0.1' }, 403],
    [{ ...until, UserAgent: { 'AWS:UserAgent': 'x' } }, 403],
    [{}, 403],
    [{ DateLessThan: { 'AWS:EpochTime': String(expires) } }, 403],
    [{ DateLessThan: expires }, 403]
  ]
  for (const [condition, expected] of conditions) t.equal(await status(statement(url, condition)), expected, JSON.stringify(condition))
  const twice = JSON.stringify({ Statement: [{ Resource: url, Condition: until }, { Resource: '*', Condition: until }] })
  for (const policy of ['null', '[]', '{}', '"x"', 'not json', '{"Statement":[]}', '{"Statement":{}}', '{"Statement":[null]}', twice, statement(url, until, { Effect: 'Deny' })]) {
    t.equal(await status(policy), 403, policy)
  }
  const early = opensslSigned(dir, { url, policy: statement(url, { ...until, DateGreaterThan: { 'AWS:EpochTime': expires - 1 } }) }, 'KEC', 'sha256')
  clock.now = new Date((expires - 0.5) * 1000)
  t.equal((await ask(early)).statusCode, 200, 'once its time has come')
})

const noAws = spawnSync('aws', ['--version']).status !== 0 && 'the AWS command line is not installed (Debian: awscli)'
if (process.env.CI === 'true' && noAws !== false) t.fail(noAws)
t.test('addresses signed by the AWS command line are understood', { skip: noAws }, async (t) => {
  const { store, ask } = await edge(t)
  const pem = join(await temporaryFolder(t), 'rsa.pem')
  writeFileSync(pem, rsa.export({ type: 'pkcs1', format: 'pem' }))
  await store.put(song, Buffer.from('song'), { contentType: 'audio/mp4' })
  const sign = (...more: string[]) => execFileSync('aws', [
    'cloudfront', 'sign', '--url', `${mediaUrl}/${song}`, '--key-pair-id', 'KRSA', '--private-key', `file://${pem}`, '--date-less-than', inAnHour().toISOString(), ...more
  ], { encoding: 'utf8' }).trim()
  const [canned, custom, elsewhere] = [sign(), sign('--date-greater-than', '2020-01-01T00:00:00Z', '--ip-address', '127.0.0.0/8'), sign('--ip-address', '192.0.2.1')]
  for (const url of [canned, custom]) {
    t.equal((await ask(url)).statusCode, 200)
    t.equal((await ask(url.replace('aac-96', 'aac-97'))).statusCode, 403)
  }
  t.equal((await ask(elsewhere)).statusCode, 403)
})

t.test('no path leads out of what was signed', async (t) => {
  const { store, ask } = await edge(t)
  await store.put('media/secret/1/aac-96.mp4', Buffer.from('secret'), { contentType: 'audio/mp4' })
  await store.put('incoming/secret', Buffer.from('secret'), { contentType: 'audio/mp4' })
  await store.put(song, Buffer.from('song'), { contentType: 'audio/mp4' })
  const signer = signerOf('KEC')
  const { query } = signer.signPrefix('media/track/', inAnHour())
  const tried = [
    '/media/track/../secret/1/aac-96.mp4', '/media/track/%2e%2e/secret/1/aac-96.mp4', '/media/track/..%2fsecret/1/aac-96.mp4', '/media/track/..%252fsecret/1/aac-96.mp4',
    '/media/track/..\\secret/1/aac-96.mp4', '/media/track/%2e%2e/%2e%2e/incoming/secret', '/media/track//../secret', '/media/track/attempt/', '/media/track/attempt//aac-96.mp4',
    '/media/track/attempt/aac-96.mp4%00', '/media/track/attempt/aac-96.mp4;json', '/media/track/attempt/./aac-96.mp4', '/media/track/%2fetc%2fpasswd', '/media//track/x'
  ]
  for (const path of tried) {
    const { statusCode, body } = await ask(`${path}?${query}`)
    t.equal(statusCode, 403, path)
    t.notMatch(body.toString(), 'secret')
  }
  t.equal((await ask(`/incoming/secret?${signer.signPrefix('', inAnHour()).query}`)).statusCode, 404, 'only media and originals are served at all')
  t.equal((await ask(`/media/track/%E0%A4%A?${query}`)).statusCode, 400)
  t.equal((await ask(`/media/track/attempt/%61ac-96.mp4?${query}`)).statusCode, 200, 'an escape is the letter')
  t.equal((await ask(`/${song}?v=1&${query}`)).statusCode, 200, 'a star takes a query too')
})

t.test('an address is good exactly as the signer returned it', async (t) => {
  const { store, ask } = await edge(t)
  await store.put('media/A.b_c-d~'.slice(0, -1), Buffer.from('odd'), { contentType: 'audio/mp4' })
  t.equal((await ask(signed('media/A.b_c-d'))).statusCode, 200)
  // The SDK escapes what the caller did not; the object does not exist, but the signature must be found good.
  const spaced = signed('media/a b(1)')
  t.match(spaced, '/media/a%20b(1)?')
  t.match((await ask(spaced)).body.toString(), '<Message>Access Denied</Message>', 'not the refusal of a signature')
  const withQuery = getSignedUrl({ url: `${mediaUrl}/media/A.b_c-d?download=1&x=%7E`, keyPairId: 'KEC', privateKey: pemOf(ec), dateLessThan: inAnHour(), algorithm: 'SHA256' })
  t.equal((await ask(withQuery)).statusCode, 200)
  t.equal((await ask(withQuery.replace('download=1', 'download=2'))).statusCode, 403)
  let tilde = ''
  while (!tilde.includes('~')) tilde = signed('media/A.b_c-d')
  const again = new URL(tilde)
  again.searchParams.delete('none')
  t.match(again.href, '%7E')
  t.equal((await ask(again.href)).statusCode, 200, 'a client that writes the query anew escapes ~')
})

for (const [name, reader] of [['pooled files', readFromDisk], ['streams of any store', readFromStore]] as const) {
  t.test(`ranges are those of the bytes (${name})`, async (t) => {
    const { store, ask } = await edge(t, reader)
    for (const size of [0, 1, 1_000, 700_001]) {
      const bytes = randomBytes(size)
      const { etag, lastModifiedAt } = await store.put(song, bytes, { contentType: 'audio/mp4' })
      const url = signed(song)
      const whole = await ask(url)
      t.ok(whole.body.equals(bytes))
      t.match(whole.headers, { 'content-length': String(size), 'content-type': 'audio/mp4', etag, 'accept-ranges': 'bytes', 'last-modified': lastModifiedAt.toUTCString(), 'cache-control': /immutable/ })
      for (let i = 0; i < 60; i++) {
        const [a, b] = [Math.floor(Math.random() * (size + 2)), Math.floor(Math.random() * (size + 300))]
        const range = [`bytes=${a}-${b}`, `bytes=${a}-`, `bytes=-${b}`][i % 3] ?? ''
        const [start, end] = [[a, Math.min(b, size - 1)], [a, size - 1], [Math.max(0, size - b), size - 1]][i % 3] ?? []
        const { statusCode, headers, body } = await ask(url, { range })
        if (start === undefined || end === undefined) continue
        const expected = i % 3 === 0 && b < a ? 200 : start > end ? 416 : 206
        t.equal(statusCode, expected, `${range} of ${size}`)
        if (statusCode === 416) t.equal(headers['content-range'], `bytes */${size}`)
        if (statusCode !== 206) continue
        t.ok(body.equals(bytes.subarray(start, end + 1)), `${range} of ${size}`)
        t.match(headers, { 'content-range': `bytes ${start}-${end}/${size}`, 'content-length': String(end + 1 - start), etag })
      }
    }
  })
}

t.test('HEAD and conditional requests answer as HTTP has it', async (t) => {
  const { store, ask } = await edge(t)
  const { etag, lastModifiedAt } = await store.put(song, randomBytes(1_000), { contentType: 'audio/mp4' })
  const url = signed(song)
  const modified = lastModifiedAt.toUTCString()
  const earlier = new Date(lastModifiedAt.getTime() - 5_000).toUTCString()
  const expectations: Array<[Record<string, string>, number, number]> = [
    [{}, 200, 1_000],
    [{ range: 'bytes=0-9' }, 206, 10],
    [{ range: 'bytes=0-9,20-29' }, 200, 1_000],
    [{ range: 'items=0-9' }, 200, 1_000],
    [{ range: 'bytes=-0' }, 416, 0],
    [{ range: 'bytes=1000-' }, 416, 0],
    [{ range: 'bytes=0-9', 'if-range': etag }, 206, 10],
    [{ range: 'bytes=0-9', 'if-range': modified }, 206, 10],
    [{ range: 'bytes=0-9', 'if-range': `W/${etag}` }, 200, 1_000],
    [{ range: 'bytes=0-9', 'if-range': '"other"' }, 200, 1_000],
    [{ range: 'bytes=0-9', 'if-range': earlier }, 200, 1_000],
    [{ 'if-none-match': etag }, 304, 0],
    [{ 'if-none-match': `"x", W/${etag}` }, 304, 0],
    [{ 'if-none-match': '*' }, 304, 0],
    [{ 'if-none-match': '"x"', 'if-modified-since': modified }, 200, 1_000],
    [{ 'if-modified-since': modified }, 304, 0],
    [{ 'if-modified-since': earlier }, 200, 1_000]
  ]
  for (const [headers, status, length] of expectations) {
    for (const method of ['GET', 'HEAD']) {
      const response = await ask(url, headers, { method })
      t.equal(response.statusCode, status, `${method} ${JSON.stringify(headers)}`)
      t.equal(response.body.length, method === 'HEAD' ? 0 : length)
      if (length > 0) t.equal(response.headers['content-length'], String(length))
    }
  }
  t.equal((await ask(url, {}, { method: 'POST' })).statusCode, 404)
})

t.test('what a browser could run is saved, never shown', async (t) => {
  const { store, ask } = await edge(t)
  const types: Array<[string, string | undefined]> = [['audio/flac', undefined], ['image/webp', undefined], ['text/html', 'attachment'], ['image/svg+xml', 'attachment'], ['application/octet-stream', 'attachment']]
  for (const [contentType, disposition] of types) {
    await store.put(cover, Buffer.from('<script>'), { contentType })
    const { headers } = await ask(signed(cover))
    t.equal(headers['content-disposition'], disposition, contentType)
    t.match(headers, { 'content-type': contentType, 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'; sandbox" })
  }
})

t.test('a deleted or replaced object is never served from a file still open', async (t) => {
  const { store, ask } = await edge(t)
  await store.put(song, Buffer.from('first'), { contentType: 'audio/mp4' })
  t.equal((await ask(signed(song))).body.toString(), 'first')
  await store.put(song, Buffer.from('second'), { contentType: 'audio/mp4' })
  t.equal((await ask(signed(song))).body.toString(), 'second')
  await store.delete(song)
  t.equal((await ask(signed(song))).statusCode, 403)
})

t.test('slow listeners hold back the reading, and those who leave cost nothing', async (t) => {
  const count = { reading: 0, sent: 0 }
  const counting = (store: DiskObjectStore): ReadObject => {
    const read = readFromDisk({
      async openForReading (key) {
        const object = await store.openForReading(key)
        count.reading++
        return {
          ...object,
          async read (...args) { const bytes = await object.read(...args); count.sent += bytes; return bytes },
          close () { count.reading--; object.close() }
        }
      }
    })
    return read
  }
  const { store, begin, ask } = await edge(t, counting)
  const bytes = randomBytes(48 * 1024 ** 2)
  await store.put(song, bytes, { contentType: 'audio/mp4' })
  const openFiles = () => readdirSync('/proc/self/fd').length
  const before = openFiles()
  const listeners = await Promise.all(Array.from({ length: 70 }, () => begin(signed(song), {}, { agent: false })))
  await sleep(300)
  t.equal(count.reading, 70)
  t.ok(count.sent / 70 < 16 * 1024 ** 2, `read ahead ${Math.round(count.sent / 70 / 1024)} KiB a listener`)
  const [stays, ...leave] = listeners
  for (const response of leave) response.destroy()
  t.ok(stays !== undefined && bytes.equals(await buffer(stays)), 'who stays gets every byte')
  for (const deadline = performance.now() + 10_000; count.reading > 0 && performance.now() < deadline;) await sleep(20)
  t.equal(count.reading, 0, 'all have given the file back')
  t.ok(bytes.subarray(5, 500_000).equals((await ask(signed(song), { range: 'bytes=5-499999' })).body), 'buffers of those who left are whole again')
  for (const deadline = performance.now() + 10_000; openFiles() > before + 3 && performance.now() < deadline;) await sleep(20)
  t.ok(openFiles() <= before + 3, `${openFiles()} files open, ${before} before`)
})

t.test('many objects at once, more than files are kept open', async (t) => {
  const { store, ask } = await edge(t)
  const before = readdirSync('/proc/self/fd').length
  const names = Array.from({ length: 300 }, (_, i) => `media/many/${i}`)
  await Promise.all(names.map((name) => store.put(name, Buffer.from(name), { contentType: 'audio/mp4' })))
  for (let round = 0; round < 2; round++) {
    for (const name of names) t.equal((await ask(signed(name))).body.toString(), name)
  }
  const files = readdirSync('/proc/self/fd').length - before
  t.ok(files < 280, `${files} files open`)
})

t.test('expiries fall on the end of a window, so that addresses stay the same within it', (t) => {
  const at = (time: string) => expiryFor(new Date(time), 3_600, 900).toISOString()
  t.equal(at('2026-01-01T10:00:00.001Z'), '2026-01-01T11:15:00.000Z')
  t.equal(at('2026-01-01T10:14:59.999Z'), '2026-01-01T11:15:00.000Z')
  t.equal(at('2026-01-01T10:15:00.000Z'), '2026-01-01T11:15:00.000Z')
  t.end()
})

t.test('a key that CloudFront would not take is refused by name', (t) => {
  const fault = (pem: string, message: RegExp) => t.throws(() => mediaSigningKey(pem), { code: 'SIGNING_KEY_INVALID', message })
  fault('not a key', /CDN_PRIVATE_KEY is not a private key in PEM form/)
  fault(newJwtKeyPem(), /CDN_PRIVATE_KEY is a key of type ed25519/)
  fault(pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey), /secp384r1/)
  fault(pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), /rsa 1024/)
  fault(createPublicKey(ec).export({ type: 'spki', format: 'pem' }).toString(), /not a private key/)
  t.equal(mediaSigningKey(pemOf(rsa)).asymmetricKeyType, createPrivateKey(pemOf(rsa)).asymmetricKeyType)
  t.end()
})
