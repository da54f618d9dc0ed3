import { isAbort, UnreachableError } from '../app/api.ts'
import { faultText } from '../app/faults.ts'
import { t } from '../messages/studio.ts'
import { LineLostError, PageRefusedError, StoreRefusedError } from './send-part.ts'

/** Why a file could not be sent, as a sentence for its sender. */
export function sendFaultText (error: unknown): string {
  if (error instanceof StoreRefusedError) return t('upload.fault.store', { status: error.status })
  if (error instanceof PageRefusedError) return t('upload.fault.cors', { page: location.origin })
  if (error instanceof LineLostError || isAbort(error)) return faultText(new UnreachableError(error))
  return error instanceof DOMException ? t('upload.fault.vanished') : faultText(error)
}
