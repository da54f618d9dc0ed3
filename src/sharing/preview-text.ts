import type { SharedContent } from './shared-content.ts'

interface Words {
  readonly by: (title: string, artist: string) => string
  readonly songs: (count: number) => string
  readonly minutes: (minutes: number) => string
  readonly sharedBy: (name: string) => string
  readonly cover: (title: string) => string
  readonly needsScript: string
  readonly ended: string
  readonly endedWhy: string
}

/** What a preview and a page without scripts say; the page itself has its texts from the client's message files. */
const languages = {
  en: {
    by: (title, artist) => `${title} by ${artist}`,
    songs: (count) => count === 1 ? '1 song' : `${count} songs`,
    minutes: (minutes) => `${minutes} min`,
    sharedBy: (name) => `Shared by ${name}`,
    cover: (title) => `Cover of ${title}`,
    needsScript: 'To listen, switch JavaScript on and reload.',
    ended: 'This link has ended',
    endedWhy: 'Whoever sent it to you can make a new one.'
  },
  de: {
    by: (title, artist) => `${title} von ${artist}`,
    songs: (count) => count === 1 ? '1 Titel' : `${count} Titel`,
    minutes: (minutes) => `${minutes} Min.`,
    sharedBy: (name) => `Geteilt von ${name}`,
    cover: (title) => `Cover von ${title}`,
    needsScript: 'Schalte JavaScript ein und lade die Seite neu, um zu hören.',
    ended: 'Dieser Link gilt nicht mehr',
    endedWhy: 'Wer ihn dir geschickt hat, kann einen neuen machen.'
  },
  'pt-BR': {
    by: (title, artist) => `${title}, de ${artist}`,
    songs: (count) => count === 1 ? '1 faixa' : `${count} faixas`,
    minutes: (minutes) => `${minutes} min`,
    sharedBy: (name) => `Compartilhado por ${name}`,
    cover: (title) => `Capa de ${title}`,
    needsScript: 'Para ouvir, ative o JavaScript e recarregue a página.',
    ended: 'Este link não vale mais',
    endedWhy: 'Quem enviou pode criar outro.'
  }
} as const satisfies Record<string, Words>

type Language = keyof typeof languages
const known = Object.keys(languages) as Language[]

export interface PreviewText {
  readonly language: Language
  readonly title: string
  readonly description: string
  readonly coverAlt: string
  readonly needsScript: string
}

/** The words for what is shared, or, with null, for a link that has ended. */
export function previewText (content: SharedContent | null, acceptLanguage: string | undefined): PreviewText {
  const language = wantedLanguage(acceptLanguage)
  const words: Words = languages[language]
  if (content === null) return { language, title: words.ended, description: words.endedWhy, coverAlt: '', needsScript: words.needsScript }
  const { title, artistCredit, year, trackCount, durationMs, sharedBy, note } = content
  const facts = [year === null ? '' : String(year), content.kind === 'track' ? '' : words.songs(trackCount), words.minutes(Math.max(1, Math.round(durationMs / 60_000)))]
  const shared = note === '' ? `${words.sharedBy(sharedBy)}.` : `${words.sharedBy(sharedBy)}: ${note}`
  return {
    language,
    title: artistCredit === null ? title : words.by(title, artistCredit),
    description: `${facts.filter(Boolean).join(', ')}. ${shared}`,
    coverAlt: words.cover(title),
    needsScript: words.needsScript
  }
}

/** The first language of the header that there are words in; the order is nearly always that of the weights. */
function wantedLanguage (header = ''): Language {
  for (const wanted of header.split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase() ?? '')) {
    const found = known.find((language) => language.slice(0, 2) === wanted.slice(0, 2))
    if (found !== undefined) return found
  }
  return 'en'
}
