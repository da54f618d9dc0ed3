/** A message: a sentence with {holes}, or one for each plural form of {count}. */
export type Message = string | Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>
export type Messages = Readonly<Record<string, Message>>

/** The plural forms that a language tells apart, as Intl.PluralRules does. */
interface Forms {
  readonly de: 'one' | 'other'
  readonly 'pt-BR': 'one' | 'many' | 'other'
}

/** What a language must say for an area of English: every message, and every plural form the language has. */
export type Translation<Language extends keyof Forms, English> = {
  readonly [Key in keyof English]: English[Key] extends string ? string : Readonly<Record<Forms[Language], string>>
}

type TextOf<Known> = Known extends string ? Known : Known extends { readonly other: infer Text } ? Text : never
type Holes<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never
type ParamsOf<Known> = Readonly<Record<Holes<TextOf<Known>>, string | number>>

/** The messages that need no values: what a label can be. */
export type PlainKey<English> = { readonly [Key in keyof English & string]: [Holes<TextOf<English[Key]>>] extends [never] ? Key : never }[keyof English & string]

export type Params = Readonly<Record<string, string | number>>
/** A message with no holes takes no values; one with holes takes a value for each of them. */
export type Translate<English> = <Key extends keyof English & string>(
  key: Key, ...params: [Holes<TextOf<English[Key]>>] extends [never] ? [none?: Params] : [params: ParamsOf<English[Key]>]
) => string
