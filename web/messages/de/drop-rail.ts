import type { dropRail as english } from '../en/drop-rail.ts'
import type { Translation } from '../translation.ts'

export const dropRail: Translation<'de', typeof english> = {
  'drop.title': '{name} ablegen auf',
  'drop.new': 'Andere oder neue Playlist'
}
