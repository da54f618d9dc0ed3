import type { queue as english } from '../en/queue.ts'
import type { Translation } from '../translation.ts'

export const queue: Translation<'de', typeof english> = {
  'queue.undo': 'Rückgängig',
  'queue.undone': 'Rückgängig gemacht',
  'queue.removed': '{title} ist aus der Warteschlange',
  'queue.removed-many': { one: '{count} Titel ist aus der Warteschlange', other: '{count} Titel sind aus der Warteschlange' },
  'queue.replaced': 'Eine neue Warteschlange läuft',
  'queue.full': 'In die Warteschlange passen 10.000 Titel. Nimm erst welche heraus.',
  'queue.refused': 'Der Server hat die letzte Änderung der Warteschlange nicht angenommen; sie ist zurückgenommen.',
  'queue.waiting': 'Offline: Was du hier änderst, kommt auf deinen anderen Geräten an, sobald die Verbindung wieder da ist.',
  'queue.gone': 'Nicht mehr in der Sammlung',
  'queue.awaited': 'Der Titel wird geholt …',
  'queue.tab-next': 'Warteschlange',
  'queue.tab-heard': 'Gehört',
  'queue.heard-nothing': 'Was du hörst, erscheint hier.',
  'queue.from': 'Aus {name}',
  'queue.devices': 'Läuft auf',
  'queue.plays-on': 'Läuft auf {name}',
  'queue.this-browser': 'Dieser Browser',
  'queue.some-browser': 'Ein Browser',
  'queue.plays-there': 'spielt',
  'queue.play-here': 'Hier spielen',
  'queue.pause-there': 'Auf {name} anhalten',
  'queue.next-there': 'Nächster Titel auf {name}',
  'queue.no-other': 'Melde dich auf einem anderen Gerät an, dann kann die Musik dorthin umziehen.',
  'queue.devices-failed': 'Deine Geräte lassen sich gerade nicht auflisten.',
  'queue.taken': 'Die Musik läuft jetzt auf einem anderen Gerät.'
}
