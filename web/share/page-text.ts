/** The texts of the page behind a link: three languages of a kilobyte, in the language that the server chose. */
interface Words {
  readonly play: string
  readonly pause: string
  readonly next: string
  readonly previous: string
  readonly position: string
  readonly player: string
  readonly songs: Readonly<Record<'one' | 'other', string>>
  readonly more: string
  readonly tracks: string
  readonly disc: string
  readonly label: string
  readonly from: string
  readonly sharedBy: string
  readonly until: string
  readonly loading: string
  readonly endedTitle: string
  readonly endedText: string
  readonly lineTitle: string
  readonly lineText: string
  readonly retry: string
  readonly line: string
  readonly undecodable: string
  readonly stalled: string
  readonly ended: string
  readonly minute: Readonly<Record<'one' | 'other', string>>
  readonly second: Readonly<Record<'one' | 'other', string>>
  readonly of: string
}

const en: Words = {
  play: 'Play',
  pause: 'Pause',
  next: 'Next track',
  previous: 'Previous track',
  position: 'Place in the track',
  player: 'Player',
  songs: { one: '1 song', other: '{n} songs' },
  more: 'and {n} more',
  tracks: 'Tracks',
  disc: 'Disc {n}',
  label: 'Label: {name}',
  from: 'from {album}',
  sharedBy: 'Shared by {name}',
  until: 'The link is good until {day}.',
  loading: 'Loading',
  endedTitle: 'This link has ended',
  endedText: 'It was taken back, its time is up, or the address has a slip. Whoever sent it to you can make a new one.',
  lineTitle: 'That didn’t load',
  lineText: 'The server can’t be reached just now.',
  retry: 'Try again',
  line: 'The line dropped. Press play to try again.',
  undecodable: 'This browser can’t play this track.',
  stalled: 'Waiting for the line…',
  ended: 'This link has ended.',
  minute: { one: '{n} minute', other: '{n} minutes' },
  second: { one: '{n} second', other: '{n} seconds' },
  of: '{at} of {total}'
}
const de: Words = {
  play: 'Abspielen',
  pause: 'Anhalten',
  next: 'Nächster Titel',
  previous: 'Voriger Titel',
  position: 'Stelle im Titel',
  player: 'Player',
  songs: { one: '1 Titel', other: '{n} Titel' },
  more: 'und {n} weitere',
  tracks: 'Titel',
  disc: 'CD {n}',
  label: 'Label: {name}',
  from: 'aus {album}',
  sharedBy: 'Geteilt von {name}',
  until: 'Der Link gilt bis {day}.',
  loading: 'Wird geladen',
  endedTitle: 'Dieser Link gilt nicht mehr',
  endedText: 'Er wurde zurückgenommen, seine Zeit ist um, oder in der Adresse steckt ein Fehler. Wer ihn dir geschickt hat, kann einen neuen machen.',
  lineTitle: 'Das hat nicht geklappt',
  lineText: 'Der Server ist gerade nicht zu erreichen.',
  retry: 'Noch einmal',
  line: 'Die Verbindung ist weg. Drück auf Abspielen, um es noch einmal zu versuchen.',
  undecodable: 'Dieser Browser kann den Titel nicht abspielen.',
  stalled: 'Wartet auf die Verbindung …',
  ended: 'Dieser Link gilt nicht mehr.',
  minute: { one: '{n} Minute', other: '{n} Minuten' },
  second: { one: '{n} Sekunde', other: '{n} Sekunden' },
  of: '{at} von {total}'
}
const ptBr: Words = {
  play: 'Tocar',
  pause: 'Pausar',
  next: 'Próxima faixa',
  previous: 'Faixa anterior',
  position: 'Posição na faixa',
  player: 'Player',
  songs: { one: '1 faixa', other: '{n} faixas' },
  more: 'e mais {n}',
  tracks: 'Faixas',
  disc: 'Disco {n}',
  label: 'Selo: {name}',
  from: 'de {album}',
  sharedBy: 'Compartilhado por {name}',
  until: 'O link vale até {day}.',
  loading: 'Carregando',
  endedTitle: 'Este link não vale mais',
  endedText: 'Ele foi cancelado, o prazo acabou ou há um erro no endereço. Quem enviou pode criar outro.',
  lineTitle: 'Não deu para carregar',
  lineText: 'Não é possível falar com o servidor agora.',
  retry: 'Tentar de novo',
  line: 'A conexão caiu. Toque em Tocar para tentar de novo.',
  undecodable: 'Este navegador não consegue tocar esta faixa.',
  stalled: 'Esperando a conexão…',
  ended: 'Este link não vale mais.',
  minute: { one: '{n} minuto', other: '{n} minutos' },
  second: { one: '{n} segundo', other: '{n} segundos' },
  of: '{at} de {total}'
}

export interface PageText extends Omit<Words, 'songs' | 'more' | 'disc' | 'label' | 'from' | 'sharedBy' | 'until' | 'minute' | 'second' | 'of'> {
  songs (count: number): string
  more (count: number): string
  disc (number: number): string
  label (name: string): string
  from (album: string): string
  sharedBy (name: string): string
  until (at: string): string
  /** As it is said: 1 minute 5 seconds of 3 minutes. */
  place (seconds: number, ofSeconds: number): string
}

/** The words of a language, `en` where there are none. */
export function pageText (language: string): PageText {
  const words = { de, 'pt-BR': ptBr }[language] ?? en
  const plural = new Intl.PluralRules(language)
  const numbers = new Intl.NumberFormat(language)
  const form = (forms: Words['songs'], n: number): string => forms[plural.select(n) === 'one' ? 'one' : 'other'].replace('{n}', numbers.format(n))
  const spoken = (seconds: number): string => {
    const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds) % 60]
    return [minutes > 0 ? form(words.minute, minutes) : '', rest > 0 || minutes === 0 ? form(words.second, rest) : ''].filter(Boolean).join(' ')
  }
  return {
    ...words,
    songs: (count) => form(words.songs, count),
    more: (count) => words.more.replace('{n}', () => numbers.format(count)),
    disc: (number) => words.disc.replace('{n}', () => numbers.format(number)),
    label: (name) => words.label.replace('{name}', () => name),
    from: (album) => words.from.replace('{album}', () => album),
    sharedBy: (name) => words.sharedBy.replace('{name}', () => name),
    until: (at) => words.until.replace('{day}', () => new Intl.DateTimeFormat(language, { dateStyle: 'long' }).format(new Date(at))),
    place: (seconds, ofSeconds) => words.of.replace('{at}', () => spoken(seconds)).replace('{total}', () => spoken(ofSeconds))
  }
}
