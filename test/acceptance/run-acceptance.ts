import { accounts } from './accounts.ts'
import { type Acceptance, openAcceptance } from './acceptance.ts'
import type { AcceptanceOptions } from './acceptance-options.ts'
import { browsing } from './browsing.ts'
import { type Cast, gatherCast } from './cast.ts'
import type { Observation } from './client.ts'
import { documented } from './documented.ts'
import { full } from './full.ts'
import { listening } from './listening.ts'
import { playing } from './playing.ts'
import { refusals } from './refusals.ts'
import { removal } from './removal.ts'
import { smoke } from './smoke.ts'
import type { Tally } from './suite.ts'
import { surface } from './surface.ts'
import { uploading } from './uploading.ts'

/**
 * Runs a profile against a running service.
 * @param print gets the report, line by line
 * @throws AcceptanceError when the service can’t be found or signed in to
 */
export async function runAcceptance (options: AcceptanceOptions, print: (line: string) => void): Promise<Tally> {
  const observations: Observation[] = []
  const acceptance = await openAcceptance(options, print, (observation) => { if (options.profile === 'full') observations.push(observation) })
  await smoke(acceptance)
  const cast = options.profile === 'smoke' ? undefined : await core(acceptance)
  if (options.profile === 'full' && cast !== undefined) await full(acceptance, cast)
  if (options.profile === 'full') await documented(acceptance, observations)
  const tally = await acceptance.suite.finish()
  if (tally.skipped > 0) print(`\n${tally.skipped} skipped`)
  print(`\n${tally.passed} passed, ${tally.failed} failed`)
  return tally
}

async function core (acceptance: Acceptance): Promise<Cast | undefined> {
  const { suite } = acceptance
  await surface(acceptance)
  let cast: Cast | undefined
  await suite.section('Accounts', async () => { cast = await suite.step('an account of each role is made, and signs in', () => gatherCast(acceptance)) })
  if (cast === undefined) return undefined
  await accounts(acceptance, cast)
  await refusals(acceptance, cast)
  const music = await uploading(acceptance, cast)
  if (music === undefined) return cast
  const listener = cast.listener.client
  await playing(acceptance, listener, music)
  await browsing(acceptance, listener, music)
  await listening(acceptance, cast, music)
  await removal(acceptance, cast, music)
  return cast
}
