/** A message: a sentence with {holes}, or one for each plural form of {count}. */
export type Message = string | { readonly one: string, readonly other: string }
export type Params = Readonly<Record<string, string | number>>
export type Translate<Key extends string> = (key: Key, params?: Params) => string

const plural = new Intl.PluralRules('en')
const numbers = new Intl.NumberFormat('en')

/** Gives the text of a message with its holes filled. */
export function translator<Messages extends Readonly<Record<string, Message>>> (messages: Messages): Translate<keyof Messages & string> {
  return (key, params = {}) => {
    const message: Message | undefined = messages[key]
    if (message === undefined) throw new Error(`no message ${key}`)
    const text = typeof message === 'string' ? message : message[plural.select(Number(params.count)) === 'one' ? 'one' : 'other']
    return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
      const value = params[name]
      if (value === undefined) return hole
      return typeof value === 'number' ? numbers.format(value) : value
    })
  }
}
