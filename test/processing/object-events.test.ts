import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { SqsJobQueue } from '../../src/platform/queue/sqs-job-queue.ts'
import { parseMessage } from '../../src/processing/object-events.ts'
import { ended, openPipeline, type Pipeline, until, workIn } from '../support/pipeline.ts'
import { startSqsServer } from '../support/sqs-server.ts'

/** A record as S3 writes it (event version 2.3), with what Freshet has no use for. */
function record (key: string, { eventName = 'ObjectCreated:CompleteMultipartUpload', bucket = 'music', size = 7 } = {}) {
  return {
    eventVersion: '2.3',
    eventSource: 'aws:s3',
    awsRegion: 'us-east-1',
    eventTime: '2026-11-21T09:00:00.000Z',
    eventName,
    userIdentity: { principalId: 'AWS:AROAEXAMPLE' },
    responseElements: { 'x-amz-request-id': 'C3D13FE58DE4C810' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'incoming',
      bucket: { name: bucket, ownerIdentity: { principalId: 'A3NL1KOZZKExample' }, arn: `arn:aws:s3:::${bucket}` },
      object: { key, size, eTag: 'd41d8cd98f00b204e9800998ecf8427e', versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko', sequencer: '0055AED6DCD90281E5' }
    }
  }
}
const event = (...records: object[]) => JSON.stringify({ Records: records })
const throughTopic = (message: string) => JSON.stringify({ Type: 'Notification', MessageId: randomUUID(), TopicArn: 'arn:aws:sns:us-east-1:1:media', Subject: 'Amazon S3 Notification', Message: message })

t.test('every shape is read by one parser', async (t) => {
  const created = (key: string) => ({ kind: 'object-created' as const, key, sizeBytes: 7 })
  t.same(parseMessage(event(record('a'), record('b'))), [created('a'), created('b')], 'several records in one message')
  t.same(parseMessage(event(record('incoming/L%C3%A9o+Ferr%C3%A9+%2B+100%25+%26+more'))), [created('incoming/Léo Ferré + 100% & more')], 'an encoded key')
  t.same(parseMessage(throughTopic(event(record('a')))), [created('a')], 'through a topic')
  t.same(parseMessage(throughTopic(JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'music' }))), [])
  for (const eventName of ['ObjectRemoved:Delete', 'ObjectRemoved:DeleteMarkerCreated', 'ObjectRestore:Completed', 'LifecycleExpiration:Delete', 'ObjectTagging:Put', 'ReducedRedundancyLostObject']) {
    t.same(parseMessage(event(record('a', { eventName }))), [], eventName)
  }
  for (const eventName of ['ObjectCreated:Put', 's3:ObjectCreated:Copy', 'ObjectCreated:CompleteMultipartUpload']) t.equal(parseMessage(event(record('a', { eventName }))).length, 1, eventName)
  t.throws(() => parseMessage(throughTopic('not JSON')), { code: 'MESSAGE_INVALID' })
})

/** A ticket whose browser went away; its object is there unless `absent`. */
async function openUpload ({ db, store }: Pipeline, { absent = false, size = 7 } = {}): Promise<string> {
  const id = randomUUID()
  const key = `incoming/${id}`
  await db.prisma.upload.create({ data: { id, source: 'browser', relativePath: `${id}.flac`, sizeBytes: size, fingerprint: id, objectKey: key, partSizeBytes: size, state: 'open' } })
  if (!absent) await store.put(key, Buffer.from('no song'), { contentType: 'audio/flac' })
  return id
}

/** The file is no music, so it ends rejected: what is looked at is that it ends, once. */
async function eventsArrive (t: Test, pipeline: Pipeline): Promise<void> {
  const { db, store, queue } = pipeline
  const send = (...bodies: string[]) => queue.send(bodies)
  const stateOf = async (id: string) => (await db.prisma.upload.findUniqueOrThrow({ where: { id } })).state
  const quiet = () => until(async () => { const { waiting, inFlight } = await queue.depth(); return waiting + inFlight === 0 })
  await workIn(t, pipeline)

  const twice = await openUpload(pipeline)
  await send(event(record(`incoming/${twice}`)), event(record(`incoming/${twice}`)), event(record(`incoming/${twice}`), record(`incoming/${twice}`)))
  t.equal((await ended(pipeline, twice)).state, 'rejected')
  t.equal(await db.prisma.job.count({ where: { uploadId: twice } }), 1, 'of many events one job')

  const early = await openUpload(pipeline, { absent: true })
  await send(event(record(`incoming/${early}`)))
  await quiet()
  t.equal(await stateOf(early), 'open', 'an event before its object changes nothing')
  await store.put(`incoming/${early}`, Buffer.from('no song'), { contentType: 'audio/flac' })
  await send(event(record('somewhere/else'), record(`incoming%2F${early}`)))
  t.equal((await ended(pipeline, early)).state, 'rejected', 'a later one does')

  const foreign = await openUpload(pipeline, { absent: true })
  const short = await openUpload(pipeline, { size: 8 })
  await send(event(record(`incoming/${foreign}`, { bucket: 'another' })), event(record(`incoming/${short}`, { size: 8 })), event(record(`incoming/${twice}`)),
    JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent' }), event(record('incoming/not-an-id')), event(record(`incoming/${twice}`, { eventName: 'ObjectRemoved:Delete' })))
  await quiet()
  t.equal(await stateOf(foreign), 'open', 'what another bucket has is not here')
  t.equal(await stateOf(short), 'open', 'the store has another size than the event and the ticket')
  t.equal(await db.prisma.job.count({ where: { uploadId: twice } }), 1, 'a late event makes no second job')

  const wrapped = await openUpload(pipeline)
  await send('{"neither":"job nor event"}', throughTopic(event(record(`incoming/${wrapped}`))))
  t.equal((await ended(pipeline, wrapped)).state, 'rejected', 'past a message that nobody understands')
}

t.test('events through the Postgres queue', async (t) => eventsArrive(t, await openPipeline(t)))

t.test('events through SQS', async (t) => {
  const server = await startSqsServer(t)
  const pipeline = await openPipeline(t)
  const queue = new SqsJobQueue({ ...server, ...server.queues('events') })
  t.teardown(() => queue.close())
  await eventsArrive(t, { ...pipeline, queue })
})
