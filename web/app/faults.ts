import { t } from '../messages/messages.ts'
import { ApiError, UnreachableError } from './api.ts'

/** What went wrong, as a sentence for a reader. */
export function faultText (error: unknown): string {
  if (error instanceof UnreachableError) return navigator.onLine ? t('fault.unreachable') : t('fault.offline')
  if (!(error instanceof ApiError)) return t('fault.unexpected')
  if (error.status === 401) return t('fault.signed-out')
  if (error.status === 403) return t('fault.forbidden')
  if (error.status === 404) return t('fault.not-found')
  if (error.status === 429) return t('fault.too-many', { seconds: error.retryAfterSeconds ?? 60 })
  if (error.status >= 500) return t('fault.server')
  return error.message === '' ? t('fault.unexpected') : sentence(error.message)
}

function sentence (text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(upper) ? upper : `${upper}.`
}

export const isForbidden = (error: unknown): boolean => error instanceof ApiError && error.status === 403
export const isMissing = (error: unknown): boolean => error instanceof ApiError && error.status === 404
