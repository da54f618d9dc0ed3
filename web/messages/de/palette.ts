import type { palette as english } from '../en/palette.ts'
import type { Translation } from '../translation.ts'

export const palette: Translation<'de', typeof english> = {
  'palette.title': 'Suche und Befehle',
  'palette.placeholder': 'Suchen, oder > für Befehle',
  'palette.recent': 'Letzte Suchen',
  'palette.commands': 'Befehle',
  'palette.tracks': 'Titel',
  'palette.albums': 'Alben',
  'palette.artists': 'Künstler',
  'palette.more': 'Mehr',
  'palette.all': 'Alle Treffer für „{query}“',
  'palette.nothing': 'Nichts in der Sammlung passt zu „{query}“.',
  'palette.meant': 'Treffer für „{meant}“',
  'palette.count': { one: '{count} Treffer', other: '{count} Treffer' },
  'palette.keys': 'Enter spielt oder öffnet. Strg und Enter stellen in die Warteschlange.',
  'command.go': 'Gehe zu {name}',
  'command.queue': 'Warteschlange ein- oder ausblenden',
  'command.forget-searches': 'Letzte Suchen vergessen',
  'command.language': 'Sprache: {name}',
  'command.sleep': { one: 'Schlaf-Timer: {count} Minute', other: 'Schlaf-Timer: {count} Minuten' },
  'command.sleep-track': 'Schlaf-Timer: Ende dieses Titels',
  'command.sleep-off': 'Schlaf-Timer: aus'
}
