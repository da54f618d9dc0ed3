import { spoken } from '../messages/language.svelte.ts'

/** Making a formatter is slow: one for as long as its language is spoken. */
function inLocale<Formatter> (make: (locale: string) => Formatter): () => Formatter {
  let made: { readonly locale: string, readonly formatter: Formatter } | undefined
  return () => {
    const { locale } = spoken()
    if (made?.locale !== locale) made = { locale, formatter: make(locale) }
    return made.formatter
  }
}

const numbers = inLocale((locale) => new Intl.NumberFormat(locale))
const tenths = inLocale((locale) => new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }))
const days = inLocale((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }))
const moments = inLocale((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }))

export const formatNumber = (value: number): string => numbers().format(value)
export const formatDay = (at: string): string => days().format(new Date(at))
export const formatMoment = (at: string): string => moments().format(new Date(at))

/** With a true minus sign: −13.2. */
export const formatLoudness = (lufs: number): string => tenths().format(lufs).replace('-', '−')

const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** Decimal units, three figures: 4.21 MB. */
export function formatBytes (bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** step
  return `${value.toLocaleString(spoken().locale, { maximumSignificantDigits: value < 1000 ? 3 : 4 })} ${units[step] ?? 'B'}`
}
