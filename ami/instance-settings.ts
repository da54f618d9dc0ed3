/**
 * Writes what the instance's user data says for systemd's EnvironmentFile, and which role is to start. It runs on the
 * instance before everything else of ours, without any package.
 */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What an instance is told about itself. */
export interface Instance {
  readonly userData: string
  readonly instanceId: string
  readonly region: string
  readonly availabilityZone: string
}

const roles = ['web', 'upload', 'worker']
/** How the program runs is the image's affair. */
const imageOwns: Readonly<Record<string, string>> = { NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '3000', DATA_DIR: '/var/lib/freshet' }
const forbidden = /^(LD_.*|NODE_OPTIONS|NODE_PATH|NODE_EXTRA_CA_CERTS|PATH|HOME|SHELL|BASH_ENV|ENV|IFS)$/
const metadataAddress = 'http://169.254.169.254'
const tokenSeconds = 300
const requestMs = 3_000
const attempts = 15
const pauseMs = 1_000

/**
 * The settings in user data: lines NAME=value, `#` for remarks.
 * @throws Error naming every line that is wrong; never its value
 */
export function parseUserData (text: string): Map<string, string> {
  const found = new Map<string, string>()
  const faults: string[] = []
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [name, value] = split(line)
    const fault = faultOf(name, value, found)
    if (fault === undefined) found.set(name, value ?? '')
    else faults.push(`line ${index + 1}: ${fault}`)
  }
  const role = found.get('FRESHET_ROLE')
  if (role === undefined || !roles.includes(role)) faults.push(`FRESHET_ROLE must be one of ${roles.join(', ')}`)
  if (faults.length > 0) throw new Error(`The user data of this instance is wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  return found
}

function split (line: string): [name: string, value: string | undefined] {
  const at = line.indexOf('=')
  return at < 0 ? [line, undefined] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
}

function faultOf (name: string, value: string | undefined, found: ReadonlyMap<string, string>): string | undefined {
  // Whatever it is, it may be a secret that lost its name: it isn't repeated.
  if (value === undefined || !/^[A-Z][A-Z0-9_]*$/.test(name)) return 'not NAME=value'
  if (forbidden.test(name)) return `${name} is not a setting`
  if (found.has(name)) return `${name} is there twice`
  const owned = imageOwns[name]
  return owned === undefined || owned === value ? undefined : `${name} is always ${owned} in this image`
}

/** All settings of this instance, those that it gives itself included. */
export function settingsOf (instance: Instance, metadataUrl: string): Map<string, string> {
  const given = parseUserData(instance.userData)
  return new Map([
    ['INSTANCE_METADATA_URL', metadataUrl],
    ['AWS_REGION', instance.region],
    // Amazon's SDK asks at the usual address by itself.
    ...metadataUrl === metadataAddress ? [] : [['AWS_EC2_METADATA_SERVICE_ENDPOINT', metadataUrl] as const],
    ...given,
    ...Object.entries(imageOwns),
    ['INSTANCE_ID', instance.instanceId],
    ['AVAILABILITY_ZONE', instance.availabilityZone]
  ])
}

/** In the quoting of systemd.exec(5): within double quotes, a backslash before what would mean something. */
export function environmentFile (settings: ReadonlyMap<string, string>): string {
  return [...settings].map(([name, value]) => `${name}="${value.replaceAll(/["\\`$]/g, '\\$&')}"\n`).join('')
}

/**
 * Asks the instance metadata service, version 2. The network may have come up only just now: no answer is asked again.
 * @throws Error naming what could not be had
 */
export async function readInstance (metadataUrl: string, { tries = attempts, waitMs = pauseMs } = {}): Promise<Instance> {
  const token = await insist(tries, waitMs, () => request(`${metadataUrl}/latest/api/token`, { method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(tokenSeconds) } }))
  const get = (path: string) => insist(tries, waitMs, () => request(`${metadataUrl}/latest/${path}`, { headers: { 'x-aws-ec2-metadata-token': token } }))
  const [userData, instanceId, region, availabilityZone] = await Promise.all([
    get('user-data'), get('meta-data/instance-id'), get('meta-data/placement/region'), get('meta-data/placement/availability-zone')
  ])
  return { userData, instanceId, region, availabilityZone }
}

class FinalError extends Error {}

async function request (url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(requestMs) })
  const text = await response.text()
  if (response.status === 404) throw new FinalError(`${url} is not there${url.endsWith('/user-data') ? ': the launch template must give user data with the settings' : ''}`)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return text
}

async function insist<T> (tries: number, waitMs: number, ask: () => Promise<T>): Promise<T> {
  for (let left = tries; ; left--) {
    try {
      return await ask()
    } catch (error) {
      if (error instanceof FinalError || left <= 1) throw new Error(`The instance metadata could not be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}

/**
 * Leaves in `dir`: settings.env, and one empty file each for what is to start (a unit's ConditionPathExists).
 * @returns a sentence for the journal
 */
export async function writeSettings (dir: string, settings: ReadonlyMap<string, string>): Promise<string> {
  await mkdir(dir, { recursive: true })
  const role = settings.get('FRESHET_ROLE') ?? ''
  const unit = role === 'worker' ? 'worker' : 'web'
  const other = unit === 'web' ? 'worker' : 'web'
  const shipsLogs = settings.get('SHIP_LOGS') !== 'false'
  await rm(join(dir, other), { force: true })
  await rm(join(dir, 'ship-logs'), { force: true })
  await writeFile(join(dir, 'settings.env'), environmentFile(settings), { mode: 0o640 })
  // An earlier run may have left it with other rights.
  await chmod(join(dir, 'settings.env'), 0o640)
  await writeFile(join(dir, unit), '')
  if (shipsLogs) await writeFile(join(dir, 'ship-logs'), '')
  return `${settings.get('INSTANCE_ID')} in ${settings.get('AVAILABILITY_ZONE')} is a ${role} instance: ${settings.size} settings`
}

if (import.meta.main) {
  const [dir = '/run/freshet'] = process.argv.slice(2)
  const metadataUrl = process.env.INSTANCE_METADATA_URL ?? metadataAddress
  try {
    process.stdout.write(`${await writeSettings(dir, settingsOf(await readInstance(metadataUrl), metadataUrl))}\n`)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
