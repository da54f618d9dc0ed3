import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, type CORSRule, DeleteBucketCorsCommand, PutBucketCorsCommand, S3Client } from '@aws-sdk/client-s3'
import { freePort } from './process.ts'

export interface S3Server {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly credentials: { readonly accessKeyId: string, readonly secretAccessKey: string }
  /** Replaces the bucket's CORS rules; none at first. */
  allowPages(rules: CORSRule[]): Promise<void>
  stop(): Promise<void>
}

const programs = ['ceph-mon', 'ceph-osd', 'ceph', 'radosgw', 'radosgw-admin', 'monmaptool', 'setpriv']
/** The one key that the server encrypts with when it is asked to. */
export const kmsKeyId = 'freshet-test-key'
const startWithinMs = 60_000

/** Why no S3 server can be started on this machine, if it can't. */
export function s3ServerLack (): string | undefined {
  const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0)
  return missing.length === 0 ? undefined : `no S3 server here: ${missing.join(', ')} not installed (Debian: radosgw ceph-mon ceph-osd ceph-common)`
}

/**
 * Ceph's S3 gateway on loopback over a cluster of one monitor and one OSD in memory, with an empty bucket. Takes about
 * a second. The daemons die with this process, however it ends.
 */
export async function startS3Server (): Promise<S3Server> {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-s3-'))
  const daemons: ChildProcess[] = []
  const stop = async () => {
    await Promise.all(daemons.map(ended))
    await rm(dir, { recursive: true, force: true })
  }
  try {
    const server = await startCluster(dir, daemons)
    return { ...server, allowPages: (rules) => allowPages(server, rules), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function ended (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    // Nothing in memory is worth an orderly end.
    child.kill('SIGKILL')
  })
}

async function startCluster (dir: string, daemons: ChildProcess[]): Promise<Place> {
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()]
  const fsid = randomUUID()
  const osdId = randomUUID()
  const endpoint = `http://127.0.0.1:${gatewayPort}`
  const run = (program: string, ...args: string[]) => runToEnd(program, ['-c', join(dir, 'ceph.conf'), ...args])
  const start = (program: string, ...args: string[]) => { daemons.push(startDaemon(program, ['-c', join(dir, 'ceph.conf'), '-f', ...args])) }

  await Promise.all(['mon', 'osd', 'mgr', 'rgw', 'crash'].map((name) => mkdir(join(dir, name))))
  await writeFile(join(dir, 'ceph.conf'), clusterConfig(dir, fsid, monitorPort))
  await writeFile(join(dir, 'keyring'), keyring())
  await runToEnd('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${monitorPort}]`, join(dir, 'monmap')])
  await run('ceph-mon', '-i', 'a', '--mkfs', '--monmap', join(dir, 'monmap'))
  start('ceph-mon', '-i', 'a')
  await run('ceph', 'osd', 'new', osdId)
  await run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osdId)
  start('ceph-osd', '-i', '0')
  start('radosgw', '-n', 'client.admin', '--rgw-frontends', `beast endpoint=127.0.0.1:${gatewayPort}`)
  await answers(endpoint)
  const credentials = { accessKeyId: `FRESHET${randomBytes(6).toString('hex').toUpperCase()}`, secretAccessKey: randomBytes(20).toString('hex') }
  await run('radosgw-admin', 'user', 'create', '--uid=freshet', '--display-name=freshet', `--access-key=${credentials.accessKeyId}`, `--secret-key=${credentials.secretAccessKey}`)
  const place = { endpoint, region: 'us-east-1', bucket: 'music' }
  await createBucket(place, credentials)
  return { ...place, credentials }
}

type Place = Pick<S3Server, 'endpoint' | 'region' | 'bucket' | 'credentials'>

async function allowPages ({ endpoint, region, bucket, credentials }: Place, rules: CORSRule[]): Promise<void> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  if (rules.length === 0) await client.send(new DeleteBucketCorsCommand({ Bucket: bucket }))
  else await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: rules } }))
  client.destroy()
}

async function createBucket ({ endpoint, region, bucket }: Pick<S3Server, 'endpoint' | 'region' | 'bucket'>, credentials: S3Server['credentials']): Promise<void> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
}

function clusterConfig (dir: string, fsid: string, monitorPort: number): string {
  const settings = {
    fsid,
    mon_host: `[v2:127.0.0.1:${monitorPort}/0]`,
    public_addr: '127.0.0.1',
    cluster_addr: '127.0.0.1',
    ms_bind_ipv6: 'false',
    osd_objectstore: 'memstore',
    memstore_device_bytes: String(2 ** 31),
    osd_pool_default_size: '1',
    osd_pool_default_min_size: '1',
    osd_pool_default_pg_num: '1',
    osd_pool_default_pgp_num: '1',
    osd_pool_default_pg_autoscale_mode: 'off',
    osd_crush_chooseleaf_type: '0',
    mon_allow_pool_size_one: 'true',
    mon_max_pg_per_osd: '2000',
    mon_data_avail_crit: '1',
    mon_data_avail_warn: '1',
    // A change of the cluster's map waits a second by default, and making the pools takes a dozen.
    paxos_propose_interval: '0.01',
    paxos_min_wait: '0.01',
    run_dir: dir,
    admin_socket: '',
    pid_file: '',
    log_file: '/dev/null',
    mon_cluster_log_file: '/dev/null',
    keyring: join(dir, 'keyring'),
    mon_data: join(dir, 'mon'),
    osd_data: join(dir, 'osd'),
    mgr_data: join(dir, 'mgr'),
    rgw_data: join(dir, 'rgw'),
    // Buckets can stand in the host's name too: music.localhost.
    rgw_dns_name: 'localhost',
    // Encryption as by KMS, without a KMS and without TLS.
    rgw_crypt_require_ssl: 'false',
    rgw_crypt_s3_kms_backend: 'testing',
    rgw_crypt_s3_kms_encryption_keys: `${kmsKeyId}=${Buffer.alloc(32, 7).toString('base64')}`,
    crash_dir: join(dir, 'crash')
  }
  return `[global]\n${Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`).join('')}`
}

/** Ceph's own form of a key: type AES (1), creation time, length, 16 bytes. */
function cephKey (): string {
  const header = Buffer.alloc(12)
  header.writeUInt16LE(1, 0)
  header.writeUInt32LE(Math.floor(Date.now() / 1000), 2)
  header.writeUInt16LE(16, 10)
  return Buffer.concat([header, randomBytes(16)]).toString('base64')
}

function keyring (): string {
  return [
    `[mon.]\nkey = ${cephKey()}\ncaps mon = "allow *"`,
    `[client.admin]\nkey = ${cephKey()}\ncaps mon = "allow *"\ncaps osd = "allow *"\ncaps mgr = "allow *"`,
    `[osd.0]\nkey = ${cephKey()}\ncaps mon = "allow profile osd"\ncaps osd = "allow *"`
  ].join('\n') + '\n'
}

/** `setpriv` ends the daemon when this process dies, however it dies. */
function startDaemon (program: string, args: string[]): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], { stdio: 'ignore' })
}

function runToEnd (program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], { stdio: ['ignore', 'ignore', 'pipe'], timeout: startWithinMs })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString() })
    child.once('error', reject)
    child.once('close', (code) => code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}: ${said.slice(-2000)}`)))
  })
}

async function answers (endpoint: string): Promise<void> {
  for (const until = Date.now() + startWithinMs; ;) {
    try {
      await fetch(endpoint, { signal: AbortSignal.timeout(2_000) })
      return
    } catch (error) {
      if (Date.now() > until) throw new Error(`the S3 server did not answer at ${endpoint}`, { cause: error })
      await sleep(50)
    }
  }
}
