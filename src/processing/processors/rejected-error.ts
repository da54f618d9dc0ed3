/**
 * The file itself is the fault: another attempt would end the same way.
 * `reason` is a sentence for the curator; every other error may be tried again.
 */
export class RejectedError extends Error {
  readonly code: RejectionCode
  readonly reason: string
  constructor (code: RejectionCode, reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options)
    this.name = 'RejectedError'
    this.code = code
    this.reason = reason
  }
}

export type RejectionCode = 'EMPTY_FILE' | 'NOT_AUDIO' | 'NO_AUDIO' | 'DAMAGED_AUDIO' | 'EMPTY_AUDIO' | 'TOO_LONG' | 'UNSUPPORTED_AUDIO' | 'NOT_A_PICTURE'
