import { mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ownArchitecture } from '../ami/architecture.ts'
import { sha256Of } from '../ami/disk.ts'
import { startEc2Images } from '../ami/doubles/ec2-images.ts'
import { type Publication, publishImage } from '../ami/publish.ts'
import { runScript } from '../ami/run.ts'
import { imageDir, type ImageManifest } from './image-build.ts'

const usage = `npm run image:publish -- --stage NAME [--region REGION]… [--kms-key ARN] [--dry-run]

Makes the disk that image:build built an image of EC2 in each region (us-east-1) and writes its id to the parameter
/freshet/NAME/image, which the launch template reads. Credentials as the AWS command line has them.

  --dry-run   to a double on this machine, which checks every checksum and puts the disk together again`

async function main (): Promise<void> {
  const { values } = parseArgs({ options: { stage: { type: 'string' }, region: { type: 'string', multiple: true, default: ['us-east-1'] }, 'kms-key': { type: 'string' }, 'dry-run': { type: 'boolean', default: false } } })
  if (values.stage === undefined) throw new Error(`--stage is missing\n\n${usage}`)
  const manifest = JSON.parse(await readFile(join(imageDir, 'manifest.json'), 'utf8').catch(() => { throw new Error('there is no image yet: npm run image:build') })) as ImageManifest
  const architecture = ownArchitecture()
  const disk = join(imageDir, `freshet-${architecture.debian}.raw`)
  const sha256 = await sha256Of(disk)
  if (sha256 !== manifest.sha256.disk) throw new Error(`${disk} is not the disk that was built: run npm run image:build again`)
  const publication = {
    disk,
    sha256,
    name: `freshet-${manifest.version}-${manifest.commit.slice(0, 8)}-${sha256.slice(0, 8)}-${architecture.ec2}`,
    description: `Freshet ${manifest.version}, commit ${manifest.commit}, Node ${manifest.node}`,
    architecture: architecture.ec2,
    stage: values.stage,
    kmsKeyArn: values['kms-key']
  }
  for (const region of values.region) {
    if (values['dry-run']) await rehearse({ ...publication, region })
    else await publish({ ...publication, region })
  }
}

async function publish (publication: Publication): Promise<void> {
  const startedAt = performance.now()
  const { imageId, blocks, parameter } = await publishImage(publication)
  console.log(`${publication.region}: ${imageId} (${publication.name}), ${blocks} blocks in ${((performance.now() - startedAt) / 1000).toFixed(1)} s; ${parameter} names it`)
}

/** What arrives must be the disk, byte for byte. */
async function rehearse (publication: Publication): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-publish-'))
  const volume = join(dir, 'volume')
  // Any will do: the double checks that requests are signed, not by whom.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'rehearsal', AWS_SECRET_ACCESS_KEY: 'rehearsal' })
  const double = await startEc2Images(volume)
  try {
    // Some faults, as a real line has them.
    double.failBlocks(5)
    await publish({ ...publication, endpoint: double.url, pollMs: 100 })
    await truncate(volume, (await stat(publication.disk)).size)
    const arrived = await sha256Of(volume)
    if (arrived !== publication.sha256) throw new Error(`what arrived has the sha256 ${arrived}, the disk ${publication.sha256}`)
    console.log(`dry run: the volume has the disk’s sha256, ${arrived}`)
  } finally {
    await double.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

await runScript(main)
