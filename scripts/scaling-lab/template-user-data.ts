import type { JsonReader } from './json-reader.ts'

/**
 * A setting that is a number in a launch template's user data; undefined where it is left out. Values that only exist after a
 * deploy are gaps in the text.
 */
export function userDataNumber (name: string, launchTemplate: JsonReader | undefined): number | undefined {
  const encoded = launchTemplate?.at('Properties.LaunchTemplateData.UserData').at('Fn::Base64')
  if (encoded === undefined || encoded.isMissing) return undefined
  const [, joined] = encoded.at('Fn::Join').list()
  const text = joined === undefined ? encoded.text() : joined.list().map((part) => typeof part.value === 'string' ? part.value : '').join('')
  const [, value] = new RegExp(`^${name}=(\\d+)$`, 'm').exec(text) ?? []
  return value === undefined ? undefined : Number(value)
}
