import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { CompleteSnapshotCommand, EBSClient, PutSnapshotBlockCommand, StartSnapshotCommand } from '@aws-sdk/client-ebs'
import { DescribeImagesCommand, DescribeSnapshotsCommand, EC2Client, RegisterImageCommand } from '@aws-sdk/client-ec2'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'

export interface Publication {
  readonly disk: string
  readonly sha256: string
  /** Unique in the account; an image of this name is used again. */
  readonly name: string
  readonly description: string
  readonly architecture: 'x86_64' | 'arm64'
  readonly stage: string
  readonly region: string
  /** Of the snapshot; undefined leaves encryption to the account's default. */
  readonly kmsKeyArn?: string | undefined
  /** Of a double; undefined for Amazon's own. */
  readonly endpoint?: string | undefined
  readonly pollMs?: number
}

export interface PublishedImage {
  readonly imageId: string
  readonly snapshotId: string | undefined
  readonly blocks: number
  readonly parameter: string
}

/** https://docs.aws.amazon.com/ebs/latest/APIReference/API_PutSnapshotBlock.html */
const blockBytes = 524_288
const gibibyte = 2 ** 30
/** The direct APIs allow 1,000 blocks a second and snapshot; a line is full long before. */
const concurrency = 32
const attempts = 8
const pollEveryMs = 5_000
const completedWithinMs = 30 * 60_000
const rootDevice = '/dev/xvda'

/**
 * Puts the disk into a snapshot by the EBS direct APIs, without any instance, registers it as an image and writes the
 * image's id where the launch template looks for it. The same disk under the same name isn't sent twice.
 */
export async function publishImage (publication: Publication): Promise<PublishedImage> {
  const { region, endpoint, stage, name } = publication
  const options = { region, maxAttempts: attempts, ...endpoint === undefined ? {} : { endpoint } }
  const clients = { ebs: new EBSClient(options), ec2: new EC2Client(options), ssm: new SSMClient(options) }
  const parameter = `/freshet/${stage}/image`
  try {
    const known = await clients.ec2.send(new DescribeImagesCommand({ Owners: ['self'], Filters: [{ Name: 'name', Values: [name] }] }))
    const knownId = known.Images?.[0]?.ImageId
    const made = knownId === undefined ? await makeImage(clients, publication) : { imageId: knownId, snapshotId: undefined, blocks: 0 }
    // EC2 checks the parameter's type itself: only the id of an image that is there is taken.
    await clients.ssm.send(new PutParameterCommand({ Name: parameter, Value: made.imageId, Type: 'String', DataType: 'aws:ec2:image', Overwrite: true }))
    return { ...made, parameter }
  } finally {
    for (const client of Object.values(clients)) client.destroy()
  }
}

async function makeImage ({ ebs, ec2 }: { ebs: EBSClient, ec2: EC2Client }, publication: Publication): Promise<Omit<PublishedImage, 'parameter'>> {
  const { snapshotId, blocks } = await uploadSnapshot(ebs, publication)
  await completed(ec2, snapshotId, publication.pollMs ?? pollEveryMs)
  const { ImageId: imageId } = await ec2.send(new RegisterImageCommand({
    Name: publication.name,
    Description: publication.description,
    Architecture: publication.architecture,
    VirtualizationType: 'hvm',
    BootMode: 'uefi',
    EnaSupport: true,
    SriovNetSupport: 'simple',
    // Instances of this image answer no metadata request without a token, whatever the launch template says.
    ImdsSupport: 'v2.0',
    RootDeviceName: rootDevice,
    BlockDeviceMappings: [{ DeviceName: rootDevice, Ebs: { SnapshotId: snapshotId, VolumeType: 'gp3', DeleteOnTermination: true } }],
    TagSpecifications: [{ ResourceType: 'image', Tags: [{ Key: 'Name', Value: publication.name }, { Key: 'freshet:sha256', Value: publication.sha256 }] }]
  }))
  if (imageId === undefined) throw new Error('RegisterImage answered without an image')
  return { imageId, snapshotId, blocks }
}

async function uploadSnapshot (ebs: EBSClient, { disk, sha256, name, kmsKeyArn }: Publication): Promise<{ snapshotId: string, blocks: number }> {
  const { size } = await stat(disk)
  const { SnapshotId: snapshotId } = await ebs.send(new StartSnapshotCommand({
    VolumeSize: Math.ceil(size / gibibyte),
    Description: name,
    // Whoever starts over after a fault goes on with the snapshot of the first attempt.
    ClientToken: sha256.slice(0, 64),
    Timeout: 60,
    Tags: [{ Key: 'Name', Value: name }],
    ...kmsKeyArn === undefined ? {} : { Encrypted: true, KmsKeyArn: kmsKeyArn }
  }))
  if (snapshotId === undefined) throw new Error('StartSnapshot answered without a snapshot')
  const digests = await putBlocks(ebs, snapshotId, disk, size)
  const ordered = [...digests].sort(([a], [b]) => a - b).map(([, digest]) => digest)
  await ebs.send(new CompleteSnapshotCommand({
    SnapshotId: snapshotId,
    ChangedBlocksCount: digests.size,
    Checksum: createHash('sha256').update(Buffer.concat(ordered)).digest('base64'),
    ChecksumAlgorithm: 'SHA256',
    ChecksumAggregationMethod: 'LINEAR'
  }))
  return { snapshotId, blocks: digests.size }
}

/** Blocks of zeros are left out: that is what a snapshot has where nothing was written. */
async function putBlocks (ebs: EBSClient, snapshotId: string, disk: string, size: number): Promise<Map<number, Buffer>> {
  const zeros = Buffer.alloc(blockBytes)
  const digests = new Map<number, Buffer>()
  const file = await open(disk)
  let next = 0
  const worker = async () => {
    for (let index = next++; index * blockBytes < size; index = next++) {
      const block = Buffer.alloc(blockBytes)
      await file.read(block, 0, blockBytes, index * blockBytes)
      if (block.equals(zeros)) continue
      const digest = createHash('sha256').update(block).digest()
      await ebs.send(new PutSnapshotBlockCommand({
        SnapshotId: snapshotId, BlockIndex: index, BlockData: block, DataLength: blockBytes, Checksum: digest.toString('base64'), ChecksumAlgorithm: 'SHA256'
      }))
      digests.set(index, digest)
    }
  }
  try {
    await Promise.all(Array.from({ length: concurrency }, worker))
  } finally {
    await file.close()
  }
  return digests
}

async function completed (ec2: EC2Client, snapshotId: string, pollMs: number): Promise<void> {
  for (const until = performance.now() + completedWithinMs; performance.now() < until; await sleep(pollMs)) {
    const { Snapshots: [snapshot] = [] } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] }))
    if (snapshot?.State === 'completed') return
    if (snapshot?.State === 'error') throw new Error(`the snapshot ${snapshotId} failed: ${snapshot.StateMessage ?? 'no reason given'}`)
  }
  throw new Error(`the snapshot ${snapshotId} was not completed within ${completedWithinMs / 60_000} minutes`)
}
