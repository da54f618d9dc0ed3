export interface Question { readonly title: string, readonly body: string, readonly confirm: string }

let question = $state.raw<Question | null>(null)
let settle: (answer: boolean) => void = () => {}

export const asked = { get question () { return question } }

/** Asks before something that can't be undone. */
export async function confirmed (next: Question): Promise<boolean> {
  settle(false)
  question = next
  return await new Promise((resolve) => { settle = resolve })
}

export function answerQuestion (answer: boolean): void {
  question = null
  settle(answer)
}
