import { SQSServiceException } from '@aws-sdk/client-sqs'
import createError from '@fastify/error'

export const QueueUnusableError = createError<[string]>('QUEUE_UNUSABLE', '%s', 503)
export const QueueSendFailedError = createError<[number, number, string]>('QUEUE_SEND_FAILED', '%d of %d messages were not taken by the queue: %s', 503)

const staleNames = ['ReceiptHandleIsInvalid', 'MessageNotInflight', 'InvalidParameterValue']
const absentNames = ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue']
const forbiddenNames = ['AccessDenied', 'AccessDeniedException', 'UnrecognizedClientException', 'InvalidClientTokenId', 'SignatureDoesNotMatch', 'InvalidSecurity', 'CredentialsProviderError', 'ExpiredToken']

/** SQS has no more use for the receipt: the message is gone, visible again, or with somebody else. */
export function isStaleReceipt (error: unknown): boolean {
  return error instanceof SQSServiceException && staleNames.includes(error.name)
}

/** What stands in the way of using the queue that a setting names, and what to do about it. */
export function queueFault (setting: string, error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  if (absentNames.includes(name)) return `${setting} names a queue that does not exist; check the address, its region and its account`
  if (forbiddenNames.includes(name)) return `${setting}: this machine's role may not read the queue's attributes (${message}); allow sqs:GetQueueAttributes`
  return `${setting}: the queue can't be reached (${name}: ${message}); check the address, SQS_ENDPOINT and the network`
}
