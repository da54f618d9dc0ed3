import type { ApiError } from '../app/api.ts'
import { t } from '../messages/playback.ts'

/** Why the server gives no music, in words. */
export function refusal (error: ApiError): string {
  if (error.code === 'TRACK_NOT_READY') return t('player.not-ready')
  return error.status === 401 ? t('fault.signed-out') : t('player.refused')
}
