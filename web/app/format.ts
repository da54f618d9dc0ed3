import { t } from '../messages/messages.ts'

export { clock } from './clock.ts'

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
