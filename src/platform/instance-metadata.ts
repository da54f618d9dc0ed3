import { setTimeout as delay } from 'node:timers/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'

/** EC2 takes this machine away at `at`: about two minutes after it said so. */
export interface SpotNotice {
  readonly action: string
  readonly at: string
}

export interface SpotWatchOptions {
  /** Base address of the instance metadata service. */
  readonly url: string
  /** Called once. */
  readonly onNotice: (notice: SpotNotice) => void
  /** Told of the first failure of a row. */
  readonly onError: (error: unknown) => void
}

/** Amazon advises every five seconds; what was promised within five leaves time for the work itself. */
const pollEveryMs = 2_000
const answerWithinMs = 1_500
const tokenLifeSeconds = 21_600

const InstanceAction = Type.Object({ action: Type.String(), time: Type.String() })

/**
 * Asks the metadata service (IMDSv2) for a Spot notice until there is one.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
 * @returns ends the watch
 */
export function watchSpotNotice ({ url, onNotice, onError }: SpotWatchOptions): () => Promise<void> {
  const stopped = new AbortController()
  const ask = metadataReader(url)
  const watch = async () => {
    let failing = false
    while (!stopped.signal.aborted) {
      try {
        const notice = await readNotice(ask)
        failing = false
        if (notice !== null) {
          onNotice(notice)
          return
        }
      } catch (error) {
        if (!failing) onError(error)
        failing = true
      }
      await delay(pollEveryMs, undefined, { signal: stopped.signal, ref: false }).catch(() => { /* stopped: the loop ends */ })
    }
  }
  const watching = watch()
  return async () => {
    stopped.abort()
    await watching
  }
}

type MetadataReader = (path: string) => Promise<Response>

async function readNotice (ask: MetadataReader): Promise<SpotNotice | null> {
  const answer = await ask('/latest/meta-data/spot/instance-action')
  if (answer.status === 404) return null
  if (!answer.ok) throw new Error(`the instance metadata answered ${answer.status}`)
  const body: unknown = await answer.json()
  if (!Value.Check(InstanceAction, body)) throw new Error('the instance metadata gave a Spot notice of an unknown form')
  return { action: body.action, at: body.time }
}

/** Reads with a session token, which it asks for at first and again when it is refused. */
function metadataReader (url: string): MetadataReader {
  let token: string | undefined
  const get = (path: string, tokenText: string) => fetch(url + path, { headers: { 'x-aws-ec2-metadata-token': tokenText }, signal: AbortSignal.timeout(answerWithinMs) })
  return async (path) => {
    token ??= await newToken(url)
    const answer = await get(path, token)
    if (answer.status !== 401) return answer
    token = await newToken(url)
    return await get(path, token)
  }
}

async function newToken (url: string): Promise<string> {
  const answer = await fetch(`${url}/latest/api/token`, {
    method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(tokenLifeSeconds) }, signal: AbortSignal.timeout(answerWithinMs)
  })
  if (!answer.ok) throw new Error(`the instance metadata gave no token but ${answer.status}`)
  return await answer.text()
}
