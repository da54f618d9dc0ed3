import type { listen as english } from '../en/listen.ts'
import type { Translation } from '../translation.ts'

export const listen: Translation<'de', typeof english> = {
  'home.all': 'Alle zeigen',
  'home.all-new': 'Alle neuen Alben',
  'home.all-playlists': 'Alle Playlists',
  'home.favourites': 'Favoriten',
  'home.recently-played': 'Zuletzt gehört',
  'home.most-played': 'Diesen Monat am meisten gespielt',
  'home.no-favourites': 'Drück das Herz eines Titels, dann wartet er hier auf dich.',
  'home.nothing-played': 'Hier steht, was du gehört hast.'
}
