/** One thing looked at: what was found, or what is wrong and what to do. */
export interface Finding {
  readonly subject: string
  readonly fault: boolean
  readonly text: string
}

/** A check says what it found, or throws what is wrong. */
export async function look (subject: string, check: () => Promise<string>): Promise<Finding> {
  try {
    return { subject, fault: false, text: await check() }
  } catch (error) {
    return { subject, fault: true, text: messageOf(error) }
  }
}

/** Node gives one that tried several addresses an empty message of its own. */
function messageOf (error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
