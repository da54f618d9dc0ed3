import { startFauxqs } from 'fauxqs'
import type { Test } from 'tap'

export interface SqsServer {
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string, readonly secretAccessKey: string }
  /** A queue of its own and the one that takes its dead letters. */
  queues(name: string, options?: { readonly maxReceives?: number | null }): { readonly url: string, readonly deadLetterUrl: string }
  /** Puts a message into a queue as another service would. */
  sendAs(queue: string, body: string): void
}

/** A server that speaks the protocol of SQS, in this process, until the end of the test. */
export async function startSqsServer (t: Test): Promise<SqsServer> {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false })
  t.teardown(() => server.stop())
  const endpoint = `http://127.0.0.1:${server.port}`
  // It names itself by a host that no URL can have.
  const at = (queueUrl: string) => queueUrl.replace(/^http:\/\/[^/]+/, endpoint)
  return {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    queues (name, { maxReceives = 3 } = {}) {
      const dead = server.createQueue(`${name}-dead`)
      const attributes = maxReceives === null ? {} : { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.queueArn, maxReceiveCount: maxReceives }) }
      const { queueUrl } = server.createQueue(name, { attributes })
      return { url: at(queueUrl), deadLetterUrl: at(dead.queueUrl) }
    },
    sendAs (queue, body) { server.sendMessage(queue, body) }
  }
}
