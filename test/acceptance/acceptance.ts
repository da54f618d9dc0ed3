import { randomBytes } from 'node:crypto'
import type { Me, SignedIn } from '../../src/accounts/schemas.ts'
import { type AcceptanceOptions, AcceptanceError, type Credentials } from './acceptance-options.ts'
import { type Client, type ClientOptions, createClient, reasonOf } from './client.ts'
import { createSuite, type Suite } from './suite.ts'

/** What the sections work with. */
export interface Acceptance {
  readonly options: AcceptanceOptions
  readonly suite: Suite
  /** Nobody in particular. */
  readonly stranger: Client
  /** The account that the suite was given. */
  readonly owner: Client
  readonly me: Me
  /** In the name of everything that the suite makes, so that two runs don’t meet and leftovers are known. */
  readonly prefix: string
}

/**
 * Finds the service and signs in, before anything is checked.
 * @throws AcceptanceError when that can’t be done
 */
export async function openAcceptance (options: AcceptanceOptions, print: (line: string) => void, observe: NonNullable<ClientOptions['observe']> = () => {}): Promise<Acceptance> {
  const stranger = createClient({ address: options.address, connect: options.connect, observe })
  await findService(stranger, options)
  if (options.setupToken !== undefined) await setUp(stranger, options.setupToken, options.credentials)
  const { accessToken } = await signIn(stranger, options.credentials)
  const owner = stranger.as(accessToken)
  const { body: me } = await owner.get<Me>('/api/me')
  return { options, suite: createSuite(print), stranger, owner, me, prefix: `acceptance-${randomBytes(4).toString('hex')}` }
}

async function findService (stranger: Client, { address, connect }: AcceptanceOptions): Promise<void> {
  const place = connect === undefined ? address : `${address} (by ${connect})`
  const answer = await stranger.get<{ status?: unknown } | undefined>('/healthz').catch((error: unknown) => {
    throw new AcceptanceError(`nobody answers at ${place}: ${reasonOf(error)}`)
  })
  if (answer.body?.status !== 'alive') throw new AcceptanceError(`what answers at ${place} is not Freshet: /healthz gave ${answer.status}`)
}

async function setUp (stranger: Client, token: string, credentials: Credentials): Promise<void> {
  const { status, body } = await stranger.request<{ error?: { message?: string } }>('POST', '/api/setup', { body: { token, ...credentials } })
  if (status !== 201) throw new AcceptanceError(`the first admin could not be made (${status}): ${body?.error?.message ?? 'no reason given'}`)
}

async function signIn (stranger: Client, credentials: Credentials): Promise<SignedIn> {
  const { status, body } = await stranger.request<SignedIn & { error?: { message?: string } }>('POST', '/api/session', { body: credentials })
  if (status === 401) throw new AcceptanceError(`${stranger.address} does not know ${credentials.username} with this password: check ACCEPTANCE_USERNAME and ACCEPTANCE_PASSWORD`)
  if (status !== 200) throw new AcceptanceError(`signing in as ${credentials.username} was answered with ${status}: ${body?.error?.message ?? 'no reason given'}`)
  return body
}
