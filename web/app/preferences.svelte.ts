import { type Language, speak } from '../messages/language.svelte.ts'
import { t } from '../messages/messages.ts'
import { accessToken } from './access-token.ts'
import { ApiError, request } from './api.ts'
import { keptJson } from './kept-json.ts'
import { notify } from './notices.svelte.ts'

/** What a person has chosen; it follows them to their other devices. */
export interface Preferences {
  /** null: the browser's. */
  readonly language: Language | null
  readonly quality: 'auto' | 'saving' | 'high' | 'lossless'
  readonly loudness: 'auto' | 'track' | 'album' | 'off'
  /** 0–12; 0 joins tracks as they are. */
  readonly crossfadeSeconds: number
  readonly skipSilence: boolean
  /** Whether single keys control the player (WCAG 2.1.4). */
  readonly singleKeys: boolean
}

const defaults: Preferences = { language: null, quality: 'auto', loudness: 'auto', crossfadeSeconds: 0, skipSilence: false, singleKeys: true }
const among = (...values: readonly unknown[]) => (value: unknown): boolean => values.includes(value)
/** What may be kept: this browser may hold what another version wrote, or half of it. */
const fits: { readonly [Name in keyof Preferences]: (value: unknown) => boolean } = {
  language: among(null, 'en', 'de', 'pt-BR'),
  quality: among('auto', 'saving', 'high', 'lossless'),
  loudness: among('auto', 'track', 'album', 'off'),
  crossfadeSeconds: (value) => typeof value === 'number' && value >= 0 && value <= 12,
  skipSilence: among(true, false),
  singleKeys: among(true, false)
}
/** This browser's copy: the first page speaks the right language before anybody is known. */
const copyKey = 'freshet.preferences'
/** What the server doesn't know yet. */
const unsentKey = 'freshet.preferences.unsent'
const againMs = 5_000

let current = $state.raw<Preferences>({ ...defaults, ...kept(copyKey) })
let unsent: Partial<Preferences> = kept(unsentKey)
let state = $state<'saved' | 'saving' | 'unsaved'>('saved')
let sending = false

export const preferences = {
  get current () { return current },
  /** Whether the server has what was chosen last; what it hasn't is sent again until it has. */
  get state () { return state },
  set (change: Partial<Preferences>): void {
    keepUnsent({ ...unsent, ...change })
    show({ ...current, ...change })
    send()
  },
  /** Takes what the server says; what it doesn't know yet goes on. */
  adopt (known: Preferences): void {
    show({ ...known, ...unsent })
    send()
  },
  /** Somebody else may sign in next. */
  forgetUnsent (): void { keepUnsent({}) }
}

/** Never rejects: without its texts the language before goes on, and the reader is told. */
export async function speakPreferred (): Promise<void> {
  await speak(current.language).catch(() => { notify(t('app.language-failed'), { kind: 'fault' }) })
}

function kept (key: string): Partial<Preferences> {
  const kept = keptJson(key)
  return typeof kept !== 'object' || kept === null ? {} : Object.fromEntries(Object.entries(kept).filter(([name, value]) => isPreference(name) && fits[name](value)))
}

function isPreference (name: string): name is keyof Preferences { return Object.hasOwn(fits, name) }

function show (next: Preferences): void {
  const before = current.language
  current = next
  localStorage.setItem(copyKey, JSON.stringify(next))
  if (next.language !== before) speakPreferred()
}

function keepUnsent (next: Partial<Preferences>): void {
  unsent = next
  localStorage.setItem(unsentKey, JSON.stringify(next))
}

async function send (): Promise<void> {
  if (sending || accessToken() === null || Object.keys(unsent).length === 0) return
  sending = true
  state = 'saving'
  const sent = unsent
  try {
    await request('PATCH', '/me/preferences', { body: sent })
    // What was chosen meanwhile is still to be sent.
    keepUnsent(Object.fromEntries(Object.entries(unsent).filter(([name, value]) => sent[name as keyof Preferences] !== value)))
    state = 'saved'
  } catch (error) {
    // Refused for what it says, it would be refused for ever.
    if (error instanceof ApiError && error.status === 400) keepUnsent({})
    state = 'unsaved'
    setTimeout(() => { send() }, againMs)
    return
  } finally {
    sending = false
  }
  await send()
}
