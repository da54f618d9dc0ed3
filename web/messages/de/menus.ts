import type { menus as english } from '../en/menus.ts'
import type { Translation } from '../translation.ts'

export const menus: Translation<'de', typeof english> = {
  'selection.begin': 'Auswählen',
  'selection.select': '{title} auswählen',
  'selection.count': { one: '{count} ausgewählt', other: '{count} ausgewählt' },
  'selection.count-loaded': { one: '{count} ausgewählt, die Liste geht weiter', other: '{count} ausgewählt, die Liste geht weiter' },
  'selection.whole': 'Ganze Liste auswählen',
  'selection.most': { one: 'Der erste Titel ist ausgewählt: Mehr fasst eine Warteschlange nicht.', other: 'Die ersten {count} Titel sind ausgewählt: Mehr fasst eine Warteschlange nicht.' },
  'selection.more': 'Mehr für die Auswahl',
  'selection.end': 'Auswahl beenden',
  'favourite.all': 'Alle zu Favoriten machen',
  'favourite.all-added': { one: '{count} Titel ist ein Favorit', other: '{count} Titel sind Favoriten' },
  'rating.open': 'Bewerten …',
  'rating.title': '{title} bewerten',
  'rating.value': { one: '{count} Stern', other: '{count} Sterne' },
  'rating.set': { one: 'Mit {count} Stern bewertet', other: 'Mit {count} Sternen bewertet' },
  'rating.removed': 'Die Bewertung ist entfernt',
  'rating.remove': 'Bewertung entfernen',
  'rating.done': 'Fertig',
  'menu.shuffle': 'Zufällig',
  'menu.open-album': 'Album öffnen',
  'menu.open-artist': 'Künstler öffnen',
  'menu.open-playlist': 'Playlist öffnen',
  'menu.empty': 'Darin ist nichts zu spielen.',
  'menu.edit-tags': 'Tags bearbeiten'
}
