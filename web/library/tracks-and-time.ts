import { total } from '../app/format.ts'
import { t } from '../messages/messages.ts'

/** How much there is; nothing has no length. */
export function tracksAndTime ({ trackCount, durationMs }: { readonly trackCount: number, readonly durationMs: number }): string {
  const count = t('library.tracks-count', { count: trackCount })
  return trackCount === 0 ? count : `${count}, ${total(durationMs)}`
}
