/** Writes of the player and the session, and questions that are asked by POST: none of them changes what a list shows. */
const noEdit = /^\/(devices|plays|queue|session)\b|\/(conflicts|editable|holding|lookup)$/

let edits = 0

/** How many times this tab changed something that lists show. */
export const editsSoFar = (): number => edits

export function countEdit (method: string, path: string): void {
  if (method !== 'GET' && !noEdit.test(path)) edits += 1
}
