import { lazy } from '../app/lazy.ts'
import type { Messages } from './translation.ts'

export type Language = 'en' | 'de' | 'pt-BR'

/** English comes with the pages; another language is one file that comes when it is wanted. */
const translations: Readonly<Record<Exclude<Language, 'en'>, () => Promise<{ texts: Messages }>>> = {
  de: () => import('./de.ts'),
  'pt-BR': () => import('./pt-br.ts')
}

interface Voice {
  readonly language: Language
  /** The reader's own region where it speaks this language: Austria writes 1 234,5. */
  readonly locale: string
  readonly texts: Messages
  readonly plural: Intl.PluralRules
  readonly numbers: Intl.NumberFormat
}

let voice = $state.raw(voiceOf('en', {}))
let wanted: Language = 'en'

/** What the pages speak at this moment; a template that reads it follows the change. */
export const spoken = (): Voice => voice

/** The first language of the browser that there are texts for. */
export function browserLanguage (preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const base = tag.slice(0, 2)
    if (base === 'en' || base === 'de') return base
    if (base === 'pt') return 'pt-BR'
  }
  return 'en'
}

/**
 * Speaks another language (null: the browser's) from now on, everywhere and without a reload. What was spoken goes on
 * until the texts are here. Rejects where they can't be fetched.
 */
export async function speak (choice: Language | null): Promise<void> {
  const next = choice ?? browserLanguage(navigator.languages)
  wanted = next
  if (next === voice.language) return
  const texts = next === 'en' ? {} : (await lazy(translations[next])).texts
  // Somebody may have chosen again meanwhile.
  if (wanted !== next) return
  voice = voiceOf(next, texts)
  document.documentElement.lang = next
  document.documentElement.dir = /^(ar|fa|he|ur)/.test(next) ? 'rtl' : 'ltr'
}

function voiceOf (language: Language, texts: Messages): Voice {
  const locale = navigator.languages.find((tag) => tag.slice(0, 2) === language.slice(0, 2)) ?? language
  const plural = once(() => new Intl.PluralRules(language))
  const numbers = once(() => new Intl.NumberFormat(locale))
  return { language, locale, texts, get plural () { return plural() }, get numbers () { return numbers() } }
}

function once<T> (make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** The first of each takes a slow phone 25 ms: call while nothing else is to be done, each in a task of its own. */
export function readyNumbers (): void {
  setTimeout(() => voice.plural)
  setTimeout(() => voice.numbers)
}
