import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { WorkerEvents } from './metric-events.ts'

const Message = Type.Union([
  Type.Object({ event: Type.Literal('jobEnded'), stages: Type.Array(Type.String()), failedStage: Type.Union([Type.String(), Type.Null()]) }),
  Type.Object({ event: Type.Literal('trackPublished'), seconds: Type.Number() })
])

/** Tells of events by messages too: a worker that is a child process has no port to be asked at. */
export function alsoSendEvents (events: WorkerEvents, send: (message: object) => void): WorkerEvents {
  return {
    jobEnded (job) {
      events.jobEnded(job)
      send({ event: 'jobEnded', ...job })
    },
    trackPublished (seconds) {
      events.trackPublished(seconds)
      send({ event: 'trackPublished', seconds })
    }
  }
}

/** The other end. What isn't such a message is somebody else's. */
export function receiveEvent (message: unknown, events: WorkerEvents): void {
  if (!Value.Check(Message, message)) return
  if (message.event === 'jobEnded') events.jobEnded(message)
  else events.trackPublished(message.seconds)
}
