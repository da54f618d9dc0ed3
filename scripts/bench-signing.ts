import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { getSignedUrl } from '@aws-sdk/cloudfront-signer'
import { createMediaSigner } from '../src/platform/cdn/cloudfront-signer.ts'
import { mediaKeysOf } from '../src/platform/cdn/media-keys.ts'
import { createSignedUrlVerifier } from '../src/platform/cdn/verify-signed-url.ts'

// Prints what one core signs and verifies: P-256 and RSA-2048, with the key parsed once and parsed each time.

const mediaUrl = 'https://music.example.org'
const roundMs = 250
const rounds = 5
const expiresAt = new Date(Date.now() + 3_600_000)
const keys = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'RSA-2048': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}

/** Calls a second of CPU time: the best of some rounds, since other programs only ever slow us down. */
function rate (work: (i: number) => void): number {
  let best = 0
  for (let round = 0, i = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    const first = i
    for (const until = performance.now() + roundMs; performance.now() < until;) for (let n = 0; n < 20; n++) work(i++)
    const { user, system } = process.cpuUsage(before)
    best = Math.max(best, (i - first) / ((user + system) / 1e6))
  }
  return best
}

function measure (name: string, privateKey: KeyObject): Record<string, string> {
  const signer = createMediaSigner({ mediaUrl, keys: mediaKeysOf('K', privateKey) })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const url = `${mediaUrl}/media/track/attempt/aac-96.mp4`
  const addresses = Array.from({ length: 4_000 }, (_, i) => signer.signObject(`media/track/${i}/aac-96.mp4`, expiresAt).url)
  const access = signer.signPrefix('media/track/', expiresAt)
  const publicKeys = new Map([['K', createPublicKey(privateKey)]])
  const verifier = createSignedUrlVerifier({ publicKeys, now: () => new Date() })
  const verify = (address: string | undefined) => {
    if (verifier({ url: address ?? '', clientAddress: '127.0.0.1' }) !== undefined) throw new Error('a good address was refused')
  }
  const microseconds = (perSecond: number) => `${(1e6 / perSecond).toFixed(1)} µs`
  return {
    key: name,
    'prefixes signed/s': rate((i) => { signer.signPrefix(`media/track/${i}/`, expiresAt) }).toFixed(0),
    'objects signed/s': rate((i) => { signer.signObject(`media/track/${i}/aac-96.mp4`, expiresAt) }).toFixed(0),
    'with PEM text/s': rate(() => { getSignedUrl({ url, keyPairId: 'K', privateKey: pem, dateLessThan: expiresAt, algorithm: 'SHA256' }) }).toFixed(0),
    // 4,000 in turn is more than the verifier remembers.
    'verify, new': microseconds(rate((i) => verify(addresses[i % addresses.length]))),
    'verify, seen': microseconds(rate((i) => verify(signer.address(`media/track/${i % 7}/aac-96.mp4`, access))))
  }
}

console.table(Object.entries(keys).map(([name, key]) => measure(name, key)))
console.log('target: 30,000 signatures a second and core')
