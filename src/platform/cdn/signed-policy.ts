import { BlockList, isIP } from 'node:net'

/** What a policy allows, checked and ready to be applied. */
export interface SignedPolicy {
  readonly resource: string
  readonly expiresAtSeconds: number
  readonly startsAtSeconds: number
  /** Undefined where any address is allowed. */
  readonly sources: BlockList | undefined
}

/**
 * Reads a policy as CloudFront defines it: one statement with a resource, an end, and optionally a start and a network.
 * @returns undefined when it is anything else; a condition that isn't known must not be passed over
 */
export function readPolicy (text: string): SignedPolicy | undefined {
  const statement = onlyStatement(parseJson(text))
  const condition = only(statement?.['Condition'], 'DateLessThan', 'DateGreaterThan', 'IpAddress')
  const resource = statement?.['Resource']
  if (condition === undefined || typeof resource !== 'string') return undefined
  const { DateLessThan: end, DateGreaterThan: start = { 'AWS:EpochTime': 0 }, IpAddress: source } = condition
  const [expiresAtSeconds, startsAtSeconds] = [epochTime(end), epochTime(start)]
  const sources = source === undefined ? undefined : network(source)
  if (expiresAtSeconds === undefined || startsAtSeconds === undefined || sources === 'malformed') return undefined
  return { resource, expiresAtSeconds, startsAtSeconds, sources }
}

function onlyStatement (policy: unknown): Record<string, unknown> | undefined {
  const statements = only(policy, 'Statement')?.['Statement']
  return Array.isArray(statements) && statements.length === 1 ? only(statements[0], 'Resource', 'Condition') : undefined
}

/** The policy of a signature that comes without one; the signer wrote exactly these bytes. */
export function cannedPolicy (resource: string, expiresAtSeconds: string): string {
  return `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${expiresAtSeconds}}}}]}`
}

/** Whether the pattern, in which `*` is any text and `?` any one character, matches the whole text. */
export function matchesWildcards (pattern: string, text: string): boolean {
  let at = 0
  let star = -1
  let starAt = 0
  for (let i = 0; i < text.length;) {
    const char = pattern[at]
    if (char === '*') {
      star = at++
      starAt = i
    } else if (char === '?' || char === text[i]) {
      at++
      i++
    } else if (star !== -1) {
      // The last star takes one character more.
      at = star + 1
      i = ++starAt
    } else {
      return false
    }
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}

export function allowsSource ({ sources }: SignedPolicy, address: string): boolean {
  if (sources === undefined) return true
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  return isIP(plain) !== 0 && sources.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}

function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Malformed, which the caller refuses.
    return undefined
  }
}

/** The value as an object with no members but these. */
function only (value: unknown, ...names: string[]): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value)
  return entries.every(([name]) => names.includes(name)) ? Object.fromEntries(entries) : undefined
}

function epochTime (value: unknown): number | undefined {
  const seconds = only(value, 'AWS:EpochTime')?.['AWS:EpochTime']
  return Number.isSafeInteger(seconds) && Number(seconds) >= 0 ? Number(seconds) : undefined
}

function network (value: unknown): BlockList | undefined | 'malformed' {
  const cidr = only(value, 'AWS:SourceIp')?.['AWS:SourceIp']
  if (typeof cidr !== 'string') return 'malformed'
  // How CloudFront writes "any address", IPv6 included.
  if (cidr === '0.0.0.0/0') return undefined
  const [, address = '', bits] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/i.exec(cidr) ?? []
  const family = isIP(address)
  const widest = family === 6 ? 128 : 32
  const prefix = Number(bits ?? widest)
  if (family === 0 || prefix > widest) return 'malformed'
  const sources = new BlockList()
  sources.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
  return sources
}
