import { isIP } from 'node:net'

/** One setting as the environment gives it: how its text becomes a value, and what a person must know of it. */
export interface Setting<T> {
  readonly parse: (text: string) => T
  readonly meaning: string
  readonly secret?: boolean
}
/** One that always has a value. */
export interface SettingWithFallback<T> extends Setting<T> {
  readonly fallback: string
}

const asIs = (value: string) => value

export const text = (meaning: string, fallback: string): SettingWithFallback<string> => ({ parse: asIs, meaning, fallback })

export const optionalText = (meaning: string): Setting<string> => ({ parse: asIs, meaning })

export const secret = (meaning: string): Setting<string> =>
  ({ parse: (value) => value.replaceAll('\\n', '\n'), meaning, secret: true })

/** Given on one line, with \\n for its line breaks, or as it is. */
export const pem = (meaning: string): Setting<string> => ({ parse: secret(meaning).parse, meaning })

export const integer = (meaning: string, fallback: number, min: number, max: number): SettingWithFallback<number> => ({
  parse (value) {
    const number = Number(value)
    if (!Number.isInteger(number) || number < min || number > max) throw new Error(`must be a whole number from ${min} to ${max}`)
    return number
  },
  fallback: String(fallback),
  meaning
})

export const oneOf = <T extends string>(meaning: string, fallback: NoInfer<T>, ...choices: T[]): SettingWithFallback<T> => ({
  parse (value) {
    const choice = choices.find((c) => c === value)
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}`)
    return choice
  },
  fallback,
  meaning: `${meaning} One of ${choices.join(', ')}.`
})

export const flag = (meaning: string): SettingWithFallback<boolean> => {
  const choice = oneOf(meaning, 'false', 'true', 'false')
  return { ...choice, parse: (value) => choice.parse(value) === 'true' }
}

/** Names that Fastify knows. */
const namedNetworks = ['loopback', 'linklocal', 'uniquelocal']

/** Comma-separated. A network of everybody is refused: each would then say of himself where he is. */
export const networks = (meaning: string): SettingWithFallback<readonly string[]> => ({
  parse (value) {
    const given = value.split(',').map((network) => network.trim()).filter(Boolean)
    const wrong = given.find((network) => !namedNetworks.includes(network) && !isNetwork(network))
    if (wrong !== undefined) throw new Error(`must be networks such as 10.0.0.0/16, with commas between them; ${wrong} is none that could be believed`)
    return given
  },
  fallback: '',
  meaning
})

function isNetwork (text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/')
  const widest = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  const bits = prefix === undefined ? widest : Number(/^\d+$/.exec(prefix)?.[0] ?? 0)
  return more.length === 0 && bits > 0 && bits <= widest
}

/** `music.example.org:3000` is an address too, of the scheme `music.example.org`: hence the schemes. */
const address = (schemes: readonly string[], example: string) => (meaning: string): Setting<string> => ({
  parse (value) {
    const protocol = URL.canParse(value) ? new URL(value).protocol : undefined
    if (protocol === undefined || !schemes.includes(protocol)) throw new Error(`must be an absolute address such as ${example}`)
    return value.replace(/\/+$/, '')
  },
  meaning
})

export const url = address(['http:', 'https:'], 'https://music.example.org')

const postgresAddress = address(['postgres:', 'postgresql:'], 'postgres://user:password@db.example.org:5432/freshet')

export const postgresUrl = (meaning: string): Setting<string> => ({
  parse (value) {
    const text = postgresAddress(meaning).parse(value)
    const { username, password, hostname, pathname } = new URL(text)
    if (![username, password, hostname, pathname].every(isEscaped)) throw new Error('has a % that is no escape; write it as %25')
    return text
  },
  meaning
})

function isEscaped (part: string): boolean {
  try {
    decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}
