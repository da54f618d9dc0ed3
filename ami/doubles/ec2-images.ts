import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { type DoubleAnswer, type DoubleRequest, type HttpDouble, startHttpDouble } from './http-double.ts'

export interface Ec2Images extends HttpDouble {
  /** Parameters of RegisterImage as they came, by image id. */
  readonly images: ReadonlyMap<string, URLSearchParams>
  readonly parameters: ReadonlyMap<string, string>
  /** So many blocks are refused before they are taken. */
  failBlocks (times: number): void
}

const blockBytes = 524_288
const gibibyte = 2 ** 30
const snapshotId = 'snap-0freshet000000001'
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest()

interface Snapshot {
  readonly file: FileHandle
  readonly digests: Map<number, Buffer>
  completed: boolean
}

/**
 * EBS direct APIs, EC2's images and SSM's parameters, as far as publishing asks them. Refuses what EBS would: a wrong
 * checksum of a block or of the whole, a wrong count. What was written lies in `file` afterwards, as a volume would.
 */
export async function startEc2Images (file: string): Promise<Ec2Images> {
  const snapshot: Snapshot = { file: await open(file, 'w+'), digests: new Map(), completed: false }
  const images = new Map<string, URLSearchParams>()
  const parameters = new Map<string, string>()
  let failures = 0

  const answer = async (request: DoubleRequest): Promise<DoubleAnswer> => {
    if (!/^AWS4-HMAC-SHA256 /.test(request.headers.authorization ?? '')) return refused(403, 'AccessDeniedException', 'not signed')
    if (request.headers['x-amz-target'] === 'AmazonSSM.PutParameter') return putParameter(request.body, parameters, images)
    if (request.path === '/') return ec2(new URLSearchParams(request.body.toString()), snapshot, images)
    if (request.method === 'PUT' && failures > 0) {
      failures--
      return refused(500, 'InternalServerException', 'planted')
    }
    return await ebs(request, snapshot)
  }
  const double = await startHttpDouble(answer)
  return {
    ...double,
    images,
    parameters,
    failBlocks (times) { failures = times },
    async stop () {
      await double.stop()
      await snapshot.file.close()
    }
  }
}

async function ebs ({ method, path, headers, body }: DoubleRequest, snapshot: Snapshot): Promise<DoubleAnswer> {
  if (method === 'POST' && path === '/snapshots') {
    const { VolumeSize } = JSON.parse(body.toString()) as { VolumeSize: number }
    await snapshot.file.truncate(VolumeSize * gibibyte)
    return json(201, { SnapshotId: snapshotId, BlockSize: blockBytes, VolumeSize, Status: 'pending' })
  }
  const index = /^\/snapshots\/snap-\w+\/blocks\/(\d+)$/.exec(path)?.[1]
  if (method === 'PUT' && index !== undefined) return await putBlock(Number(index), body, headers['x-amz-checksum'], snapshot)
  if (method === 'POST' && /^\/snapshots\/completion\/snap-\w+$/.test(path)) return complete(headers, snapshot)
  return refused(404, 'ResourceNotFoundException', path)
}

async function putBlock (index: number, body: Buffer, checksum: unknown, { file, digests }: Snapshot): Promise<DoubleAnswer> {
  const digest = sha256(body)
  if (body.length !== blockBytes) return refused(400, 'ValidationException', `a block has ${blockBytes} bytes, not ${body.length}`)
  if (checksum !== digest.toString('base64')) return refused(400, 'ValidationException', 'INVALID_CHECKSUM')
  await file.write(body, 0, body.length, index * blockBytes)
  digests.set(index, digest)
  return json(201, {}, { 'x-amz-checksum': digest.toString('base64'), 'x-amz-checksum-algorithm': 'SHA256' })
}

function complete (headers: DoubleRequest['headers'], snapshot: Snapshot): DoubleAnswer {
  const ordered = [...snapshot.digests].sort(([a], [b]) => a - b).map(([, digest]) => digest)
  if (Number(headers['x-amz-changedblockscount']) !== ordered.length) return refused(400, 'ValidationException', 'INVALID_CHANGED_BLOCKS_COUNT')
  if (headers['x-amz-checksum'] !== sha256(Buffer.concat(ordered)).toString('base64')) return refused(400, 'ValidationException', 'INVALID_CHECKSUM')
  snapshot.completed = true
  return json(202, { Status: 'pending' })
}

function ec2 (asked: URLSearchParams, { completed }: Snapshot, images: Map<string, URLSearchParams>): DoubleAnswer {
  const action = asked.get('Action') ?? ''
  const contents: Readonly<Record<string, () => string | undefined>> = {
    DescribeImages: () => `<imagesSet>${[...images].filter(([, image]) => image.get('Name') === asked.get('Filter.1.Value.1')).map(([id]) => `<item><imageId>${id}</imageId></item>`).join('')}</imagesSet>`,
    DescribeSnapshots: () => `<snapshotSet><item><snapshotId>${asked.get('SnapshotId.1')}</snapshotId><status>${completed ? 'completed' : 'pending'}</status></item></snapshotSet>`,
    RegisterImage () {
      if (!completed) return undefined
      const id = `ami-0freshet${String(images.size + 1).padStart(9, '0')}`
      images.set(id, asked)
      return `<imageId>${id}</imageId>`
    }
  }
  const content = contents[action]?.()
  if (content === undefined) return { status: 400, body: `<Response><Errors><Error><Code>InvalidRequest</Code><Message>${action}</Message></Error></Errors></Response>`, headers: { 'content-type': 'text/xml' } }
  return { status: 200, body: `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>${content}</${action}Response>`, headers: { 'content-type': 'text/xml' } }
}

function putParameter (body: Buffer, parameters: Map<string, string>, images: ReadonlyMap<string, unknown>): DoubleAnswer {
  const { Name, Value } = JSON.parse(body.toString()) as { Name: string, Value: string }
  if (!images.has(Value)) return refused(400, 'ValidationException', `${Value} is no image`)
  parameters.set(Name, Value)
  return json(200, { Version: 1, Tier: 'Standard' })
}

function json (status: number, body: object, headers: Readonly<Record<string, string>> = {}): DoubleAnswer {
  return { status, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
}

function refused (status: number, type: string, message: string): DoubleAnswer {
  return json(status, { __type: type, message }, { 'x-amzn-errortype': type })
}
