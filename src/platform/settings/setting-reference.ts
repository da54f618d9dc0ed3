import createError from '@fastify/error'

export const ReferenceUnusableError = createError<[string]>('REFERENCE_UNUSABLE', '%s', 500)

/** What a setting's value points to instead of being the value itself. */
export type SettingReference =
  | { readonly kind: 'secret', readonly text: string, readonly name: string, readonly member: string | undefined }
  | { readonly kind: 'parameter', readonly text: string, readonly name: string }

const secretPrefix = 'aws-secret:'
const parameterPrefix = 'aws-ssm:'

/** undefined for a plain value. */
export function readReference (value: string): SettingReference | undefined {
  if (value.startsWith(parameterPrefix)) return { kind: 'parameter', text: value, name: value.slice(parameterPrefix.length) }
  if (!value.startsWith(secretPrefix)) return undefined
  // The names of secrets can't contain a #.
  const [name = '', ...member] = value.slice(secretPrefix.length).split('#')
  return { kind: 'secret', text: value, name, member: member.length === 0 ? undefined : member.join('#') }
}

/** Of an ARN, which says where the thing is; a plain name is looked for in the machine's own region. */
export function regionOfName (name: string): string | undefined {
  return /^arn:[\w-]+:(?:secretsmanager|ssm):([\w-]+):/.exec(name)?.[1]
}
