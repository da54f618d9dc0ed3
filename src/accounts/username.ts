import createError from '@fastify/error'

export const UsernameInvalidError = createError<[string]>('USERNAME_INVALID', 'the username %s', 400)

const maxCharacters = 64

export interface Username {
  /** As typed, in Unicode's composed form; shown. */
  readonly username: string
  /** What makes two names the same. */
  readonly usernameKey: string
}

/**
 * Unicode's compatibility form, trimmed, 1 to 64 characters, no control, format or private characters.
 * @throws UsernameInvalidError
 */
export function parseUsername (text: string): Username {
  const username = text.normalize('NFKC').trim()
  if (username === '') throw new UsernameInvalidError('is empty')
  if ([...username].length > maxCharacters) throw new UsernameInvalidError(`has more than ${maxCharacters} characters`)
  if (/\p{C}/u.test(username)) throw new UsernameInvalidError('has characters that cannot be seen')
  return { username, usernameKey: usernameKeyOf(username) }
}

/** The key under which a name that somebody claims is looked for; any text has one, and none that is invalid is found. */
export function usernameKeyOf (claimed: string): string {
  return claimed.normalize('NFKC').trim().toLowerCase()
}
