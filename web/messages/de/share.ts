import type { share as english } from '../en/share.ts'
import type { Translation } from '../translation.ts'

export const share: Translation<'de', typeof english> = {
  'share.title': '{name} teilen',
  'share.hint': 'Wer den Link hat, kann ohne Konto hören: dies hier und sonst nichts. Dein Name steht auf der Seite.',
  'share.note': 'Ein paar Worte für die Seite',
  'share.note-hint': 'Darf leer bleiben.',
  'share.lasts': 'Der Link gilt',
  'share.lasts-always': 'Bis ich ihn beende',
  'share.lasts-days': { one: '{count} Tag', other: '{count} Tage' },
  'share.make': 'Link machen',
  'share.made': 'Der Link ist fertig',
  'share.link': 'Dein Link',
  'share.once': 'Kopier ihn jetzt: Zur Sicherheit wird er nur dieses eine Mal gezeigt.',
  'share.copy': 'Kopieren',
  'share.copied': 'Der Link ist kopiert',
  'share.copy-refused': 'Der Browser kopiert hier nicht. Der Link ist markiert: Kopiere ihn mit der Tastatur.',
  'share.send': 'Senden …',
  'share.another': 'Noch einen machen',
  'share.existing': 'Links, die es schon gibt',
  'share.list-title': 'Deine Links',
  'share.list-empty': 'Du hast noch nichts geteilt. Links machst du auf der Seite einer Playlist, im Menü eines Albums oder eines Titels.',
  'share.since': 'seit {day}',
  'share.until': 'bis {day}',
  'share.plays': { one: '{count}-mal gehört', other: '{count}-mal gehört' },
  'share.gone': 'Was er geteilt hat, ist nicht mehr in der Sammlung',
  'share.end': 'Beenden',
  'share.end-of': 'Den Link zu {name} beenden',
  'share.ended': 'Der Link gilt nicht mehr'
}
