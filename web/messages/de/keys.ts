import type { keys as english } from '../en/keys.ts'
import type { Translation } from '../translation.ts'

export const keys: Translation<'de', typeof english> = {
  'keys.title': 'Tasten',
  'keys.enabled': 'Einzelne Tasten steuern den Player',
  'keys.enabled-hint': 'Nicht während du tippst. Schalte es aus, wenn die Tasten deinen eigenen Werkzeugen in die Quere kommen.',
  'keys.toggle': 'Abspielen oder anhalten',
  'keys.previous-next': 'Voriger, nächster Titel',
  'keys.seek': '5 Sekunden zurück, vor',
  'keys.skip': 'Voriger, nächster Titel',
  'keys.tenths': 'Zu einem Zehntel des Titels springen',
  'keys.mute': 'Ton aus oder an',
  'keys.like': 'Laufenden Titel zum Favoriten machen',
  'keys.shuffle': 'Zufällige Folge',
  'keys.repeat': 'Wiederholen',
  'keys.queue': 'Warteschlange zeigen oder verbergen',
  'keys.search': 'Suche',
  'keys.help': 'Diese Liste',
  'keys.move': 'Eine Zeile der Warteschlange oder Playlist verschieben'
}
