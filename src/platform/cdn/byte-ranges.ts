import type { ByteRange, ObjectInfo } from '../storage/object-store.ts'

/** Header values of a request that decide how much of an object it gets. */
export interface Conditions {
  readonly range: string | undefined
  readonly ifRange: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly ifModifiedSince: string | undefined
}

export type Selection =
  | { readonly status: 200 | 206, readonly range: ByteRange }
  | { readonly status: 304 | 416, readonly range?: undefined }

/**
 * What to answer, as RFC 9110 has it (13.2.2, 14.2). Several ranges at once get the whole object, which is what
 * CloudFront does before S3.
 */
export function selectBytes (info: ObjectInfo, conditions: Conditions): Selection {
  if (isUnchanged(info, conditions)) return { status: 304 }
  const whole = { status: 200, range: { start: 0, end: info.sizeBytes - 1 } } as const
  if (conditions.range === undefined || !isSameObject(info, conditions.ifRange)) return whole
  const range = parseRange(conditions.range, info.sizeBytes)
  if (range === 'ignored') return whole
  return range === 'unsatisfiable' ? { status: 416 } : { status: 206, range }
}

function isUnchanged ({ etag, lastModifiedAt }: ObjectInfo, { ifNoneMatch, ifModifiedSince }: Conditions): boolean {
  if (ifNoneMatch !== undefined) return ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, '')).some((tag) => tag === '*' || tag === etag)
  return ifModifiedSince !== undefined && Date.parse(ifModifiedSince) >= wholeSeconds(lastModifiedAt)
}

/** A weak validator must not match here: the parts could be of different bytes. */
function isSameObject ({ etag, lastModifiedAt }: ObjectInfo, ifRange: string | undefined): boolean {
  if (ifRange === undefined) return true
  return ifRange.includes('"') ? ifRange === etag : Date.parse(ifRange) === wholeSeconds(lastModifiedAt)
}

/** HTTP's dates have no fractions. */
function wholeSeconds (date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000
}

function parseRange (header: string, sizeBytes: number): ByteRange | 'ignored' | 'unsatisfiable' {
  const [, first = '', last = ''] = /^bytes=\s*(\d*)-(\d*)\s*$/.exec(header) ?? []
  if (first === '' && last === '') return 'ignored'
  if (first !== '' && last !== '' && Number(last) < Number(first)) return 'ignored'
  const range = first === '' ? lastBytes(Number(last), sizeBytes) : { start: Number(first), end: Math.min(Number(last || Infinity), sizeBytes - 1) }
  return range.start <= range.end ? range : 'unsatisfiable'
}

function lastBytes (count: number, sizeBytes: number): ByteRange {
  return { start: Math.max(0, sizeBytes - count), end: sizeBytes - 1 }
}
