import type { nowPlaying as english } from '../en/now-playing.ts'
import type { Translation } from '../translation.ts'

export const nowPlaying: Translation<'de', typeof english> = {
  'now.lyrics': 'Text',
  'now.credits': 'Angaben',
  'now.queue': 'Warteschlange',
  'now.view': 'Neben dem Player',
  'lyrics.none': 'Zu diesem Titel gibt es keinen Text.',
  'lyrics.follow': 'Wieder folgen',
  'lyrics.lines': 'Text, Zeile für Zeile',
  'lyrics.pause': 'Musik ohne Worte',
  'credits.album': 'Album',
  'credits.year': 'Jahr',
  'credits.genres': 'Genres',
  'credits.isrc': 'ISRC',
  'credits.file': 'Datei',
  'credits.file-value': '{codec}, {rate} kHz',
  'credits.file-bits': '{codec}, {bits} Bit, {rate} kHz',
  'credits.loudness': 'Lautheit',
  'credits.loudness-value': '{lufs} LUFS, Spitze {peak} dBTP',
  'quality.now': 'Spielt als {quality}',
  'quality.auto': 'Nach dem Tempo deiner Leitung gewählt.',
  'quality.saving': 'Du sparst Daten.',
  'quality.high': 'Du hast hohe Qualität gewählt.',
  'quality.lossless': 'Du hast verlustfrei gewählt.',
  'quality.unavailable': 'Du hast verlustfrei gewählt, aber dieser Browser oder dieser Titel hat nur dies.',
  'quality.gain-up': '{db} dB lauter gespielt, damit alle Musik gleich laut klingt.',
  'quality.gain-down': '{db} dB leiser gespielt, damit alle Musik gleich laut klingt.',
  'quality.gain-none': 'So laut gespielt, wie es aufgenommen wurde.',
  'quality.settings': 'Einstellungen'
}
