import createError from '@fastify/error'
import Type from 'typebox'
import { Value } from 'typebox/value'

export const MessageInvalidError = createError<[string]>('MESSAGE_INVALID', 'the queue message is neither a job nor an event of the object store: %s', 400)

/** What a message on the queue asks for. */
export type Instruction =
  | { readonly kind: 'run-job', readonly jobId: string }
  | { readonly kind: 'object-created', readonly key: string, readonly sizeBytes: number }

const uuid = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
const JobMessage = Type.Object({ jobId: Type.String({ pattern: uuid }) })
const StoreEvent = Type.Object({
  Records: Type.Array(Type.Object({
    eventName: Type.String(),
    s3: Type.Object({ object: Type.Object({ key: Type.String(), size: Type.Optional(Type.Number()) }) })
  }))
})
/** A topic between the bucket and the queue wraps what it passes on, unless it was told not to. */
const TopicMessage = Type.Object({ Type: Type.Literal('Notification'), TopicArn: Type.String(), Message: Type.String() })
/** What S3 sends once, when somebody sets up the notification. */
const TestEvent = Type.Object({ Event: Type.Literal('s3:TestEvent') })

/**
 * The one parser for everything that reaches the queue: our own `{"jobId":…}` and S3's event JSON, which may hold
 * several records, encodes keys as forms do, may come through a topic, and comes at least once, late and in any order.
 * Only creations count. An event is a hint: whoever acts on one asks the store.
 * @throws MessageInvalidError
 */
export function parseMessage (body: string): Instruction[] {
  const message = withoutTopic(parseJson(body))
  if (Value.Check(JobMessage, message)) return [{ kind: 'run-job', jobId: message.jobId }]
  if (Value.Check(TestEvent, message)) return []
  if (!Value.Check(StoreEvent, message)) throw new MessageInvalidError(body.slice(0, 200))
  return message.Records
    .filter(({ eventName }) => /^(s3:)?ObjectCreated:/.test(eventName))
    .map(({ s3: { object } }) => ({ kind: 'object-created', key: decodeKey(object.key), sizeBytes: object.size ?? 0 }))
}

function withoutTopic (message: unknown): unknown {
  return Value.Check(TopicMessage, message) ? parseJson(message.Message) : message
}

function parseJson (body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new MessageInvalidError(body.slice(0, 200))
  }
}

/** S3 writes blanks as `+` and everything unusual as %XX. */
function decodeKey (key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    throw new MessageInvalidError(`the key ${key} is not URL-encoded`)
  }
}
