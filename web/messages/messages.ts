import { en } from './en.ts'

/** A message: a sentence with {holes}, or one for each plural form of {count}. */
export type Message = string | { readonly one: string, readonly other: string }
export type MessageKey = keyof typeof en
export type Params = Readonly<Record<string, string | number>>

/** Other languages are added as files with the same keys, loaded when chosen. */
const messages: Readonly<Record<MessageKey, Message>> = en
const plural = new Intl.PluralRules('en')
const numbers = new Intl.NumberFormat('en')

/** The text of a message in the reader's language. */
export function t (key: MessageKey, params: Params = {}): string {
  const message = messages[key]
  const text = typeof message === 'string' ? message : message[plural.select(Number(params.count)) === 'one' ? 'one' : 'other']
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = params[name]
    if (value === undefined) return hole
    return typeof value === 'number' ? numbers.format(value) : value
  })
}
