import createError from '@fastify/error'

export const QueueOptionsInvalidError = createError<[string]>('QUEUE_OPTIONS_INVALID', '%s', 500)

/** Limits of SQS, which every queue keeps: code written against one runs against another. Bytes are those of a batch. */
export const queueLimits = { batch: 10, batchBytes: 262_144, maxWaitSeconds: 20, maxDelaySeconds: 900, maxVisibilitySeconds: 43_200 } as const

const ranges = {
  max: [1, queueLimits.batch],
  waitSeconds: [0, queueLimits.maxWaitSeconds],
  delaySeconds: [0, queueLimits.maxDelaySeconds],
  visibilitySeconds: [0, queueLimits.maxVisibilitySeconds]
} as const

/** @throws QueueOptionsInvalidError */
export function checkQueueOption (name: keyof typeof ranges, value: number): void {
  const [min, max] = ranges[name]
  if (!(value >= min && value <= max)) throw new QueueOptionsInvalidError(`${name} must be from ${min} to ${max}, not ${value}`)
}
