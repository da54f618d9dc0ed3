import { parseArgs } from 'node:util'

export const profiles = ['smoke', 'core', 'full'] as const
export type Profile = typeof profiles[number]

export interface AcceptanceOptions {
  readonly address: string
  readonly connect: string | undefined
  readonly profile: Profile
  readonly credentials: Credentials
  /** Makes the first admin with the credentials. */
  readonly setupToken: string | undefined
  /** How long a track may take to be published. */
  readonly patienceMs: number
  /** A folder with files in many formats, for the profile full. */
  readonly music: string | undefined
  /** Whether the profile full may run into the limit of sign-ins. */
  readonly limits: boolean
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** What can’t go on, in one sentence for whoever started the suite. */
export class AcceptanceError extends Error {}

export const usage = `npm run acceptance -- ADDRESS [--profile smoke|core|full] [--setup TOKEN] [--connect ADDRESS] [--patience SECONDS] [--music FOLDER] [--limits]

Checks a running Freshet over HTTP: ADDRESS is where its users find it. Sign-in by ACCEPTANCE_USERNAME and
ACCEPTANCE_PASSWORD, an account that may do what the profile asks: core and full need an admin.

  --profile   smoke: sign in, search, a signed play. core (default): every feature. full: also large, many, at once
  --setup     token or link of a fresh instance: the first admin is made with the credentials
  --connect   connect here instead of to ADDRESS, which the service has as its public address
  --patience  seconds that a track may take to be published (120)
  --music     folder with files to upload in many formats (full)
  --limits    run into the limit of sign-ins too (full): this machine then waits up to 15 minutes for that account`

/** @throws AcceptanceError naming what is missing or wrong */
export function readOptions (args: readonly string[], env: NodeJS.ProcessEnv): AcceptanceOptions {
  const { values, positionals } = parse(args)
  const [given] = positionals
  if (given === undefined || positionals.length > 1) throw new AcceptanceError(`name one address, such as http://localhost:3000\n\n${usage}`)
  const profile = profiles.find((name) => name === (values.profile ?? 'core'))
  if (profile === undefined) throw new AcceptanceError(`--profile must be one of ${profiles.join(', ')}`)
  const patienceSeconds = Number(values.patience ?? 120)
  if (!(patienceSeconds > 0)) throw new AcceptanceError('--patience must be a number of seconds')
  return {
    address: toAddress(given),
    connect: values.connect === undefined ? undefined : toAddress(values.connect),
    profile,
    credentials: readCredentials(env),
    setupToken: values.setup?.replace(/^.*#token=/, ''),
    patienceMs: patienceSeconds * 1000,
    music: values.music,
    limits: values.limits ?? false
  }
}

function parse (args: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { profile: text, setup: text, connect: text, patience: text, music: text, limits: { type: 'boolean' } } })
  } catch (error) {
    throw new AcceptanceError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}

function toAddress (given: string): string {
  if (!/^https?:\/\//.test(given) || !URL.canParse(given)) throw new AcceptanceError(`${given} is not an address; write it as http://localhost:3000 or https://music.example.org`)
  return given.replace(/\/+$/, '')
}

function readCredentials ({ ACCEPTANCE_USERNAME: username, ACCEPTANCE_PASSWORD: password }: NodeJS.ProcessEnv): Credentials {
  if (username === undefined || password === undefined || username === '' || password === '') {
    throw new AcceptanceError('set ACCEPTANCE_USERNAME and ACCEPTANCE_PASSWORD to the account to sign in with; with --setup, to that of the first admin')
  }
  return { username, password }
}
