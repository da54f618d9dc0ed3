import { type DoubleAnswer, type DoubleRequest, type HttpDouble, startHttpDouble } from './http-double.ts'

export interface LogEvent { readonly timestamp: number, readonly message: string }

export interface AwsJsonDouble extends HttpDouble {
  /** By `group:stream`, as they came. */
  readonly logs: ReadonlyMap<string, readonly LogEvent[]>
  /** Calls of `PutLogEvents` as their events, in order. */
  readonly batches: ReadonlyArray<readonly LogEvent[]>
  /** The next so many calls are answered with this error instead. */
  failNext (times: number, type: string, status?: number): void
}

export interface AwsJsonValues {
  readonly secrets?: Readonly<Record<string, string>>
  readonly parameters?: Readonly<Record<string, string>>
  /** Log groups that are there already. */
  readonly groups?: readonly string[]
}

type Body = Readonly<Record<string, unknown>>

/** Secrets Manager, Parameter Store and CloudWatch Logs, as far as Freshet asks them; with CloudWatch Logs' limits. */
export async function startAwsJson ({ secrets = {}, parameters = {}, groups = [] }: AwsJsonValues): Promise<AwsJsonDouble> {
  const logs = new Map<string, LogEvent[]>()
  const batches: LogEvent[][] = []
  const knownGroups = new Set(groups)
  let failing = { times: 0, type: '', status: 400 }

  const calls: Readonly<Record<string, (body: Body) => DoubleAnswer>> = {
    'secretsmanager.GetSecretValue': ({ SecretId }) => found(secrets[String(SecretId)], 'ResourceNotFoundException', (SecretString) => ({ Name: SecretId, SecretString })),
    'AmazonSSM.GetParameter': ({ Name }) => found(parameters[String(Name)], 'ParameterNotFound', (Value) => ({ Parameter: { Name, Value, Type: 'SecureString' } })),
    'AmazonSSM.PutParameter': () => ok({ Version: 1, Tier: 'Standard' }),
    'Logs_20140328.CreateLogGroup': ({ logGroupName }) => { knownGroups.add(String(logGroupName)); return ok({}) },
    'Logs_20140328.CreateLogStream' ({ logGroupName, logStreamName }) {
      if (!knownGroups.has(String(logGroupName))) return refused('ResourceNotFoundException', 'The specified log group does not exist.')
      const stream = `${logGroupName}:${logStreamName}`
      if (logs.has(stream)) return refused('ResourceAlreadyExistsException', 'The specified log stream already exists')
      logs.set(stream, [])
      return ok({})
    },
    'Logs_20140328.PutLogEvents' ({ logGroupName, logStreamName, logEvents }) {
      const stream = logs.get(`${logGroupName}:${logStreamName}`)
      if (stream === undefined) return refused('ResourceNotFoundException', 'The specified log stream does not exist.')
      const events = logEvents as LogEvent[]
      const fault = batchFault(events)
      if (fault !== undefined) return refused('InvalidParameterException', fault)
      stream.push(...events)
      batches.push(events)
      return ok({ nextSequenceToken: '1' })
    }
  }
  const answer = ({ headers, body }: DoubleRequest): DoubleAnswer => {
    if (!/^AWS4-HMAC-SHA256 /.test(headers.authorization ?? '')) return refused('MissingAuthenticationTokenException', 'not signed')
    if (failing.times > 0) {
      failing.times--
      return refused(failing.type, 'planted', failing.status)
    }
    const call = calls[String(headers['x-amz-target'])]
    return call === undefined ? refused('UnknownOperationException', String(headers['x-amz-target'])) : call(JSON.parse(body.toString()) as Body)
  }
  return { ...await startHttpDouble(answer), logs, batches, failNext (times, type, status = 400) { failing = { times, type, status } } }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
function batchFault (events: readonly LogEvent[]): string | undefined {
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0)
  if (events.length < 1 || events.length > 10_000) return `${events.length} events`
  if (bytes > 1_048_576) return `Upload too large: ${bytes} bytes exceeds limit of 1048576`
  if (events.some(({ timestamp }, index) => timestamp < (events[index - 1]?.timestamp ?? 0))) return 'Log events in a single PutLogEvents request must be in chronological order.'
  const span = (events.at(-1)?.timestamp ?? 0) - (events[0]?.timestamp ?? 0)
  if (span > 24 * 3_600_000) return 'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.'
  return events.some(({ message }) => message === '') ? 'empty message' : undefined
}

function found (value: string | undefined, error: string, toBody: (value: string) => object): DoubleAnswer {
  return value === undefined ? refused(error, 'not found') : ok(toBody(value))
}

function ok (body: object): DoubleAnswer {
  return { status: 200, body: JSON.stringify(body), headers: { 'content-type': 'application/x-amz-json-1.1' } }
}

function refused (type: string, message: string, status = 400): DoubleAnswer {
  return { status, body: JSON.stringify({ __type: type, message }), headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': type } }
}
