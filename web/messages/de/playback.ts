import type { playback as english } from '../en/playback.ts'
import type { Translation } from '../translation.ts'

export const playback: Translation<'de', typeof english> = {
  'playback.waiting': 'Die Leitung ist langsam. Warte auf die Musik …',
  'playback.press-play': 'Der Browser möchte erst einen Klick. Drück auf Abspielen.',
  'playback.missing': 'Die Datei fehlt auf dem Server.',
  'playback.skipped': '„{title}“ lässt sich nicht abspielen. {reason}',
  'playback.elsewhere': 'Läuft in einem anderen Tab: {title} von {artist}',
  'playback.take-over': 'Hier weiterhören',
  'playback.slept': 'Der Schlaf-Timer hat die Musik beendet. Gute Nacht.',
  'playback.options': 'Tempo und Schlaf-Timer',
  'playback.speed': 'Tempo',
  'playback.speed-value': '{n}-fach',
  'playback.speed-hint': 'Die Tonhöhe bleibt. Dieser Browser merkt sich das Tempo.',
  'playback.sleep': 'Schlaf-Timer',
  'playback.sleep-off': 'Aus',
  'playback.sleep-minutes': { one: 'In {count} Minute', other: 'In {count} Minuten' },
  'playback.sleep-track': 'Am Ende des Titels',
  'playback.sleep-queue': 'Am Ende der Warteschlange',
  'playback.sleep-left': { one: 'Endet in {count} Minute', other: 'Endet in {count} Minuten' }
}
