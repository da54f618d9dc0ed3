import { spoken } from './language.svelte.ts'
import type { Message, Messages, Params, Translate } from './translation.ts'

/** Gives the text of a message in the language of the moment, with its holes filled. */
export function translator<English extends Messages> (english: English): Translate<English> {
  return (key, params: Params = {}) => {
    const voice = spoken()
    const message: Message | undefined = voice.texts[key] ?? english[key]
    if (message === undefined) throw new Error(`no message ${key}`)
    const text = typeof message === 'string' ? message : message[voice.plural.select(Number(params.count))] ?? message.other
    return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
      const value = params[name]
      if (value === undefined) return hole
      return typeof value === 'number' ? voice.numbers.format(value) : value
    })
  }
}
