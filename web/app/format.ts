import { t } from '../messages/messages.ts'

const numbers = new Intl.NumberFormat()
const days = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export const formatNumber = (value: number): string => numbers.format(value)
export const formatDay = (at: string): string => days.format(new Date(at))
export const formatMoment = (at: string): string => moments.format(new Date(at))

/** With a true minus sign: −13.2. */
export const formatLoudness = (lufs: number): string => lufs.toFixed(1).replace('-', '−')

/** As a clock: 3:34, 1:02:09. */
export function clock (ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const rest = String(seconds % 60).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}:${rest}`
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`
}

/** A total in short: 52 min, 1 h 02 min. */
export function total (ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1) return t('time.seconds-short', { n: Math.round(ms / 1000) })
  if (minutes < 60) return t('time.minutes-short', { n: minutes })
  return t('time.hours-short', { hours: Math.floor(minutes / 60), minutes: String(minutes % 60).padStart(2, '0') })
}

/** As it is said: 1 minute 5 seconds. */
export function spokenTime (seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor(whole / 60) % 60
  const words = [
    hours > 0 ? t('time.hours', { count: hours }) : '',
    minutes > 0 ? t('time.minutes', { count: minutes }) : '',
    whole % 60 > 0 || whole < 60 ? t('time.seconds', { count: whole % 60 }) : ''
  ]
  return words.filter(Boolean).join(' ')
}

const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** Decimal units, three figures: 4.21 MB. */
export function formatBytes (bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** step
  return `${value.toLocaleString(undefined, { maximumSignificantDigits: value < 1000 ? 3 : 4 })} ${units[step] ?? 'B'}`
}
