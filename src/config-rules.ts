import type { Values } from './config.ts'

/** What is wrong when, and the sentence that says so. */
type Rule = readonly [broken: (v: Values) => boolean, fault: string]

const rules: readonly Rule[] = [
  [(v) => v.STORAGE === 's3' && v.S3_BUCKET === undefined, 'S3_BUCKET is required when STORAGE is s3'],
  [(v) => v.QUEUE === 'sqs' && v.SQS_QUEUE_URL === undefined, 'SQS_QUEUE_URL is required when QUEUE is sqs'],
  [(v) => v.QUEUE === 'sqs' && v.SQS_DEAD_LETTER_QUEUE_URL === undefined, 'SQS_DEAD_LETTER_QUEUE_URL is required when QUEUE is sqs: what fails again and again is set aside there'],
  [(v) => v.WEB_PROCESSES !== 1 && v.FRESHET_ROLE !== 'web' && v.FRESHET_ROLE !== 'upload', 'WEB_PROCESSES goes with FRESHET_ROLE web or upload'],
  [(v) => v.WEB_PROCESSES !== 1 && v.DATABASE_URL === undefined, 'WEB_PROCESSES goes with DATABASE_URL, which is missing: the embedded database serves one process'],
  [(v) => v.MEDIA_URL !== undefined && v.CDN_KEY_PAIR_ID === undefined, 'CDN_KEY_PAIR_ID is required with MEDIA_URL'],
  [(v) => (v.CDN_NEXT_KEY_PAIR_ID === undefined) !== (v.CDN_NEXT_PRIVATE_KEY === undefined), 'CDN_NEXT_KEY_PAIR_ID and CDN_NEXT_PRIVATE_KEY are given together or not at all'],
  [(v) => v.CDN_NEXT_KEY_PAIR_ID !== undefined && v.CDN_NEXT_KEY_PAIR_ID === (v.CDN_KEY_PAIR_ID ?? localEdgeKeyPairId), 'CDN_NEXT_KEY_PAIR_ID must differ from CDN_KEY_PAIR_ID: each key has an id of its own'],
  ...(['DATABASE_USER', 'DATABASE_PASSWORD', 'DATABASE_REPLICA_URL'] as const).map((name): Rule =>
    [(v) => v[name] !== undefined && v.DATABASE_URL === undefined, `${name} goes with DATABASE_URL, which is missing`]),
  [(v) => v.DATABASE_TLS !== 'off' && v.DATABASE_URL === undefined, 'DATABASE_TLS goes with DATABASE_URL, which is missing'],
  ...(['UPLOAD_SECRET', 'REFRESH_SECRET'] as const).map((name): Rule =>
    [(v) => (v[name]?.length ?? Infinity) < 32, `${name} must have at least 32 characters`]),
  [(v) => v.SETUP_TOKEN !== undefined && !/^[\w-]{32,100}$/.test(v.SETUP_TOKEN), 'SETUP_TOKEN must have from 32 to 100 letters, digits, - and _: it stands in an address']
]

const productionRules: readonly Rule[] = [
  ...(['DATABASE_URL', 'PUBLIC_URL', 'CDN_PRIVATE_KEY', 'JWT_PRIVATE_KEY'] as const).map((name): Rule =>
    [(v) => v[name] === undefined, `${name} is required in production`]),
  [(v) => v.STORAGE === 'disk' && v.UPLOAD_SECRET === undefined, 'UPLOAD_SECRET is required in production when STORAGE is disk'],
  [(v) => v.STORAGE === 's3' && v.MEDIA_URL === undefined, 'MEDIA_URL is required in production when STORAGE is s3: browsers fetch media from CloudFront'],
  [(v) => v.PUBLIC_URL !== undefined && !v.PUBLIC_URL.startsWith('https://'), 'PUBLIC_URL must start with https:// in production: sign-in cookies need it'],
  ...(['UPLOAD_SECRET', 'REFRESH_SECRET', 'SETUP_TOKEN'] as const).map((name): Rule =>
    [(v) => isWeak(v[name]), `${name} is too easily guessed for production; make one with: openssl rand -hex 32`]),
  [(v) => isWeak(v.DATABASE_PASSWORD ?? passwordIn(v.DATABASE_URL)), 'DATABASE_PASSWORD, or the password in DATABASE_URL, is too easily guessed for production; make one with: openssl rand -hex 32']
]

/** Names the key of the local edge where CloudFront has given it no id. */
export const localEdgeKeyPairId = 'KLOCALEDGE'

/** What the papers show, and what people type for the time being. */
const wellKnown = /^(password|secret|postgres|freshet|admin|change-?me|example|test)\d*$/i
/** Random hexadecimal text of 32 characters has fewer different ones about once in 10¹² times: C(16, 5) × (5 / 16)³². */
const fewestDifferent = 6
const shortestSecret = 8

function isWeak (secret: string | undefined): boolean {
  return secret !== undefined && (secret.length < shortestSecret || wellKnown.test(secret) || new Set(secret).size < fewestDifferent)
}

function passwordIn (databaseUrl: string | undefined): string | undefined {
  const password = databaseUrl === undefined ? '' : new URL(databaseUrl).password
  return password === '' ? undefined : decodeURIComponent(password)
}

/** One sentence for each rule that the values break. */
export function brokenRules (values: Values): string[] {
  const all = values.NODE_ENV === 'production' ? [...rules, ...productionRules] : rules
  return all.filter(([broken]) => broken(values)).map(([, fault]) => fault)
}
